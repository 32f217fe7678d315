"""Breaks text into lines for a known width, so that nothing has to be cut off."""

import re
import textwrap
from functools import partial

CONTINUED = "» "
"""Begins what did not fit on the line above, where the text itself must stay as it is."""

_NARROWEST = 8

_WORD = re.compile(r"\S+")
_SEAMS = "-/.:_"
"""Signs after which a name or a path is broken, where it has to be."""


def prose(text: str, width: int, first: str = "", later: str = "") -> list[str]:
    """Break sentences between words; a word that is longer than a line after a sign in it."""
    room = max(width, len(later) + _NARROWEST)
    return textwrap.wrap(
        # What is left of a word never fits beside what was broken off, so that no blank is seen.
        _WORD.sub(partial(_broken, room - min(len(first), len(later))), text),
        room,
        initial_indent=first,
        subsequent_indent=later,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def _broken(room: int, word: re.Match[str]) -> str:
    """Return a word with blanks where it is broken, if it is longer than the room."""
    parts, rest = [], word[0]
    while len(rest) > room:
        at = max(rest.rfind(sign, 0, room) for sign in _SEAMS) + 1
        if at < _NARROWEST:
            break
        parts.append(rest[:at])
        rest = rest[at:]
    return " ".join([*parts, rest])


def command(line: str, width: int) -> list[str]:
    r"""Break a command as a shell lets one: at a blank outside quotes, with a ``\`` before it."""
    lines: list[str] = []
    for part in line.split("\n"):
        rest, indent = part, ""
        room = max(width, _NARROWEST)
        while len(indent + rest) > room:
            at = _last_blank(rest, room - len(indent) - 2)
            if at is None:
                break
            lines.append(f"{indent}{rest[:at]} \\")
            rest, indent = rest[at + 1 :], "    "
        lines += literal(indent + rest, width)
    return lines


def literal(line: str, width: int) -> list[str]:
    """Break a line anywhere; what goes on begins with the sign for it."""
    room = max(width, _NARROWEST)
    lines = [line[:room]]
    rest = line[room:]
    while rest:
        lines.append(CONTINUED + rest[: room - len(CONTINUED)])
        rest = rest[room - len(CONTINUED) :]
    return lines


def _last_blank(text: str, limit: int) -> int | None:
    """Return the place of the last blank up to ``limit`` that is outside quotes, or None."""
    quote, found, escaped = "", None, False
    for place, character in enumerate(text[: limit + 1]):
        if escaped:
            escaped = False
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "\\":
            escaped = True
        elif character == " " and text[:place].strip():
            found = place
    return found
