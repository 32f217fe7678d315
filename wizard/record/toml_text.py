"""The record as a TOML text that a person can read, and what such a text says."""

import json
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from functools import lru_cache
from typing import Any, get_origin

import tomli_w

from wizard.platform.errors import Refused
from wizard.platform.text import clean_line
from wizard.record import toml_reading
from wizard.record.record import FORMAT, Record, State, StepRecord, StepState

_DEEPEST = 20
"""How deep tables and lists of a step may be nested; no step nests its own deeper than five."""

_HEADER = """\
# What the wizard did on this host, step by step. To take it back: wizard --undo
# By hand: run the commands under "undo" of every step that is not "planned" or "undone",
# the last step first. The text of each file as it was is under its step's "before".
# What the record of another project that is set up names as well has to stay for that.
"""

_STEP = frozenset(each.name for each in fields(StepRecord))
"""What a step of a record may say."""

_NESTED = ("steps", "state", "host", "choices")

_FOOTER = "# The end. A record without this line is not whole.\n"


def dumps(record: Record) -> str:
    """Return the record as TOML."""
    table = {**vars(record), "state": str(record.state)}
    about = ("format", "wizard", "generation", "id")
    first = ("state", "started", "finished", "error", "digest")
    waiting = ("window", "deadline", "expires", "boot")
    plain = {key: table[key] for key in (*about, *first, *waiting)}
    if record.changes:
        plain["changes"] = record.changes
    if not record.steps:
        plain["steps"] = []
    tables = (_table_text(name, json.dumps(table[name])) for name in ("host", "choices"))
    steps = (_step_text(json.dumps(vars(step))) for step in record.steps)
    return "\n".join([_HEADER + tomli_w.dumps(plain), *tables, *steps]) + _FOOTER


# Each move saves the record whole, and changes little of it: a step, and of that its state or a
# line of output. So the text of what is as it was is kept, for steps and for the tables in them.


@lru_cache(maxsize=64)
def _step_text(step: str) -> str:
    """Return a step, given as JSON, as TOML."""
    table = json.loads(step)
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    plain = {key: value for key, value in table.items() if key not in tables}
    texts = (_table_text(f"steps.{key}", json.dumps(value)) for key, value in tables.items())
    return "\n".join([tomli_w.dumps({"steps": [plain]}), *texts])


@lru_cache(maxsize=128)
def _table_text(name: str, table: str) -> str:
    """Return a table, given as JSON, as TOML below its name."""
    said = json.loads(table)
    for each in reversed(name.split(".")):
        said = {each: said}
    return tomli_w.dumps(said)


def loads(text: str, path: str = "the record") -> Record:
    """Return the record in a TOML text.

    What a step does not say as it should is empty there, and hinders that step alone.

    Raises:
        Refused: it is not TOML, of a format this wizard does not know, not whole, or not a record.
    """
    where = clean_line(path)
    try:
        table = toml_reading.parse(text)
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"{where} is not whole: {clean_line(str(error))}. Nothing was changed. It lists by "
            "hand what was done; look at it before you continue."
        ) from error
    if table.get("format") != FORMAT:
        raise Refused(
            f"{where} has format {clean_line(str(table.get('format')))}, and this wizard reads "
            f"format {FORMAT}. Nothing was changed. Use the wizard that wrote it, version "
            f"{clean_line(str(table.get('wizard')))}."
        )
    if not text.endswith(_FOOTER):
        raise Refused(
            f"{where} is not whole: its end is missing. Nothing was changed. It lists by hand what "
            "was done; look at it before you continue."
        )
    try:
        return _record(table)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Refused(
            f"{where} is not a record of the wizard ({clean_line(str(error))}). Nothing was "
            "changed. Move it away if you know that nothing of it is on this host."
        ) from error


def _record(table: Mapping[str, Any]) -> Record:
    _check_types(table)
    values = {key: value for key, value in table.items() if key not in _NESTED}
    return Record(
        **values,
        host=_texts_by_name(table["host"]),
        choices=_table(table["choices"]),
        state=State(table["state"]),
        steps=[_step(number, each) for number, each in enumerate(table["steps"], 1)],
    )


def _step(number: int, said: object) -> StepRecord:
    """Return a step as far as it can be read.

    Raises:
        ValueError: it holds something that this wizard does not know.
    """
    table = said if isinstance(said, dict) else {}
    unknown = table.keys() - _STEP
    if unknown:
        raise ValueError(f"a step holds {', '.join(sorted(unknown))}")
    title, kind, given = (table.get(key) for key in ("title", "kind", "number"))
    return StepRecord(
        number=given if isinstance(given, int) else number,
        kind=kind if isinstance(kind, str) else "",
        title=title if isinstance(title, str) and title else f"Step {number}",
        state=_step_state(table.get("state")),
        commands=_texts(table.get("commands")),
        parameters=_table(table.get("parameters")),
        undo=_texts(table.get("undo")),
        before=_table(table.get("before")),
        output=_texts(table.get("output")),
        left=_texts(table.get("left")),
        choices=_texts_by_name(table.get("choices")),
    )


def _step_state(said: object) -> StepState:
    """Return how a step stands; one that does not say so may have changed something."""
    return next((state for state in StepState if state == said), StepState.APPLYING)


def _texts(said: object) -> list[str]:
    return [str(each) for each in said] if isinstance(said, list) else []


def _texts_by_name(said: object) -> dict[str, str]:
    return {key: str(value) for key, value in said.items()} if isinstance(said, dict) else {}


def _table(said: object) -> dict[str, Any]:
    """Return a table to be changed by whoever likes; empty where it is nested too deep."""
    try:
        return dict(_own(said, _DEEPEST)) if isinstance(said, dict) else {}
    except _TooDeep:
        return {}


class _TooDeep(Exception):
    """Tables and lists are nested in each other too often."""


def _own(said: Any, levels: int) -> Any:  # noqa: ANN401 - as deep as it goes, of TOML's own types
    if not levels:
        raise _TooDeep
    if isinstance(said, dict):
        return {
            key: _own(value, levels - 1) if isinstance(value, dict | list) else value
            for key, value in said.items()
        }
    return [_own(each, levels - 1) if isinstance(each, dict | list) else each for each in said]


def _check_types(table: Mapping[str, Any]) -> None:
    for each in fields(Record):
        wanted = get_origin(each.type) or each.type
        if each.name not in table or not isinstance(wanted, type) or issubclass(wanted, StrEnum):
            continue
        if not isinstance(table[each.name], wanted):
            raise TypeError(f"{each.name} is no {wanted.__name__}")
