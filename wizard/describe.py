"""Puts a host into words: a line for each part, what is in the way, and what to mind."""

import textwrap
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Any

from wizard.answers import obstacles
from wizard.answers.choices import Choices
from wizard.host.every_part import PARTS
from wizard.host.host import Host, Unknown
from wizard.host.obstacle import Cause, Obstacle
from wizard.host.part import Part, Verdict
from wizard.host.parts import root
from wizard.platform import json_text

_TABLES = ("forwarding", "accept_ra", "proxy_ndp", "labels", "options")
_WIDTH = 80


@dataclass(frozen=True)
class Line:
    """One finding in plain words. An ``unknown`` says why it is; a ``problem`` is in the way."""

    label: str
    words: str
    verdict: Verdict


def of_host(host: Host) -> tuple[Line, ...]:
    """Return a line for each part of a host."""
    return tuple(describe(part, part.of(host)) for part in PARTS)


def in_words(host: Host) -> dict[str, str]:
    """Return the words about each part of a host by its label, as a record keeps them."""
    return {line.label: line.words for line in of_host(host)}


def describe(part: Part[Any], value: object) -> Line:
    """Put what was found of a part into words."""
    if isinstance(value, Unknown):
        return Line(part.label, value.reason, "problem" if part.needed else "unknown")
    return Line(part.label, *part.words(value))


def problems(host: Host, choices: Choices | None = None) -> tuple[Obstacle, ...]:
    """Return what is in the way on this host. With any of these nothing can be planned."""
    return obstacles.obstacles(host, choices)


def doubts(host: Host, choices: Choices) -> tuple[Obstacle, ...]:
    """Return what makes a plan useless here unless it changes.

    None of it forbids a plan to somebody who chooses to go on all the same.
    """
    forbidden = forbidding(host, choices)
    avoidable = [each for each in problems(host, choices) if each not in forbidden]
    return (
        *(Obstacle(Cause.NOT_ROOT, note) for note in root.notes(host.root)),
        *(
            replace(each, remedy=each.remedy.removesuffix(obstacles.GO_ON_BY_FILE))
            for each in avoidable
        ),
    )


def forbidding(host: Host, choices: Choices) -> tuple[Obstacle, ...]:
    """Return what is in the way on this host whatever somebody chooses."""
    return problems(host, replace(choices, unproven=True))


def notes(host: Host) -> tuple[str, ...]:
    """Return what to mind on this host, each a sentence or two; none of it is in the way."""
    found = ((part, part.of(host)) for part in PARTS)
    return tuple(
        note
        for part, value in found
        if not isinstance(value, Unknown)
        for note in part.notes(value)
    )


def as_text(host: Host) -> str:
    """Return the host as ``wizard --detect`` prints it, 80 columns wide."""
    margin = max(len(part.label) for part in PARTS) + 2
    lines = []
    for line in of_host(host):
        words = f"unknown: {line.words}" if line.verdict == "unknown" else line.words
        lines.append(_wrapped(words, f"{line.label:<{margin}}", " " * margin))
    in_the_way = [each.sentence for each in problems(host)]
    for title, sentences in (("In the way", in_the_way), ("Please note", notes(host))):
        if sentences:
            lines += ["", f"{title}:", *(_wrapped(one, "- ", "  ") for one in sentences)]
    return "\n".join(lines) + "\n"


def as_json(host: Host) -> str:
    """Return the host as ``wizard --detect --json`` prints it.

    The keys are the names of the fields; an unknown part is an object with the one key
    ``unknown``, which holds the reason. Each of ``problems`` is an object with the ``cause``, by
    the name that ``wizard --explain`` takes, the ``sentence``, and ``commands``, what to type
    where that is another on each host; ``notes`` are sentences.
    """
    parts = {field.name: _plain(getattr(host, field.name)) for field in fields(host)}
    parts["problems"] = [each.as_table() for each in problems(host)]
    parts["notes"] = list(notes(host))
    return json_text.dumps(parts) + "\n"


def _wrapped(text: str, first: str, later: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_on_hyphens=False,
    )


def _plain(value: object) -> object:
    if isinstance(value, Unknown):
        return {"unknown": value.reason}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value) if field.repr}
        return {
            name: dict(part) if name in _TABLES else _plain(part) for name, part in parts.items()
        }
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, StrEnum):
        return value.value
    return value if value is None or isinstance(value, bool | int | str) else str(value)
