"""What the TOML of a record says, of which each save changes little."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_STEP = "[[steps]]\n"


def parse(text: str) -> Mapping[str, Any]:
    """Return what a TOML text says; of a step that is as it was, that is known already.

    While a run is at work its record is read ten times a second, and Python's own parser goes
    through each letter. What is nested in the table belongs to later calls as well.

    Raises:
        ValueError: it is not TOML.
        RecursionError: it is nested deeper than any record.
    """
    head, *steps = text.split(f"\n{_STEP}")
    try:
        table = _told(head)
        found = [_step(each) for each in steps]
    except (ValueError, RecursionError):
        # The line may stand in a text, or it is no TOML: where is for the whole to say.
        return tomllib.loads(text)
    if not steps:
        return table
    return {**table, "steps": found} if "steps" not in table else tomllib.loads(text)


def _step(text: str) -> object:
    table = _told(_STEP + text)
    if table.keys() != {"steps"}:
        raise ValueError("there is more in it than a step")
    (step,) = table["steps"]
    return step


@lru_cache(maxsize=128)
def _told(text: str) -> Mapping[str, Any]:
    return tomllib.loads(text)
