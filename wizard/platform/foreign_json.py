"""Reads JSON that other programs print: whatever it holds, one kind of error says it is unfit."""

import json
from typing import Any


def value(text: str | bytes) -> Any:  # noqa: ANN401 - as various as JSON
    """Return what a text holds.

    Raises:
        ValueError: it is no JSON, or nested deeper than Python follows.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def table(text: str | bytes) -> dict[str, Any]:
    """Return the object that a text holds.

    Raises:
        ValueError: it holds anything else.
    """
    found = value(text)
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def tables(text: str | bytes) -> list[dict[str, Any]]:
    """Return the objects of the list that a text holds, empty ones left out.

    An empty text stands for an empty list: some releases of ``ip`` print nothing where there is
    nothing, and empty objects between.

    Raises:
        ValueError: it holds anything else.
    """
    found = value(text.strip() or "[]")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("it is no list of objects")
    return [each for each in found if each]
