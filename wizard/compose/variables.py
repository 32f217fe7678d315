"""What a text of a Compose file says once its variables are put in."""

import re
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

Read = Callable[[str], bytes | None]
"""Returns what a file holds, or None where there is none, or none that may be read."""

PutIn = Callable[[str], str]
"""Puts variables into a text."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+")
_OPERATOR = re.compile(r":?[-+?]")
_BRACE = re.compile(r"\$\{|\}")
# The folder's owner writes it: possessive, so that no file takes long.
_SETTING = re.compile(r"[ \t]*+(?:export[ \t]++)?([\w.-]++)[ \t]*+[=:][ \t]*+")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_ESCAPED = re.compile(r"\\([\"\\])")
_REMARK = re.compile(r"\s#")

_DEEPEST = 20
"""How deep defaults may stand in defaults; beyond that they stay as they are written."""


def put_in(text: str, values: Mapping[str, str]) -> str:
    """Return a text with variables put in (compose-spec, 12-interpolation.md).

    One that has neither a value nor a default stays as it is written, and so do two dollar signs,
    which stand for one.
    """
    return _Template(text, values).made() if "$" in text else text


def unset(text: str) -> str:
    """Return a text as it is while none of the variables in it is set."""
    return put_in(text, {})


def of_file(text: str, outer: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables that a ``.env`` sets, each with its last value.

    A value may name variables of ``outer``, and else of earlier lines; others stay in it. Compose
    takes a colon for the sign of equality, too, and what is in quotes may go over several lines
    (compose-go, dotenv/parser.go).
    """
    found: dict[str, str] = {}
    known = ChainMap(dict(outer or {}), found)
    at, text = 0, text.removeprefix("\ufeff")
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        setting = _SETTING.match(text, at, end)
        if setting is not None:
            quoted = _QUOTED.match(text, setting.end())
            if quoted is None:
                value = put_in(_REMARK.split(f" {text[setting.end() : end]}")[0].strip(), known)
            elif quoted[1] is None:
                value = quoted[2]
            else:
                value = put_in(_ESCAPED.sub(r"\1", quoted[1]), known)
            found[setting[1]] = value
            if quoted is not None:
                end = text.find("\n", quoted.end())
                end = len(text) if end < 0 else end
        at = end + 1
    return found


class Variables:
    """What the variables of a Compose file are by files of variables, read once one is asked for.

    What is said further outside stays: an included file cannot say anything else.
    """

    def __init__(self, read: Read, files: Sequence[str], outer: "Variables | None" = None) -> None:
        """Say where they stand.

        Args:
            read: How files are read.
            files: The files of variables, of which a later one wins.
            outer: The variables of the file that includes this one.
        """
        self._read, self._files, self._outer = read, files, outer

    def put_in(self, text: str) -> str:
        """Return a text with them put in; one of which nothing is known stays as it is written."""
        return put_in(text, self._said) if "$" in text else text

    @cached_property
    def _said(self) -> Mapping[str, str]:
        outer = self._outer._said if self._outer else {}
        found: dict[str, str] = {}
        for path in self._files:
            text = (self._read(path) or b"").decode("utf-8", "replace")
            found |= of_file(text, {**found, **outer})
        return {**found, **outer}


class _Template:
    """A text with variables, and where the braces end that are opened in it."""

    def __init__(self, text: str, values: Mapping[str, str]) -> None:
        self._text, self._values = text, values
        self._ends: dict[int, int] = {}
        opened: list[int] = []
        for brace in _BRACE.finditer(text):
            if brace[0] != "}":
                opened.append(brace.start())
            elif opened:
                self._ends[opened.pop()] = brace.start()

    def made(self) -> str:
        return self._between(0, len(self._text), 0)

    def _between(self, start: int, end: int, depth: int) -> str:
        pieces, at = [], start
        while (dollar := self._text.find("$", at, end)) >= 0:
            pieces.append(self._text[at:dollar])
            piece, at = self._variable(dollar, end, depth)
            pieces.append(piece)
        return "".join((*pieces, self._text[at:end]))

    def _variable(self, dollar: int, end: int, depth: int) -> tuple[str, int]:
        """Return what stands for a variable, and where the text goes on behind it."""
        if self._text.startswith("$$", dollar):
            return "$$", dollar + 2
        close = self._ends.get(dollar)
        if close is None:
            plain = _NAME.match(self._text, dollar + 1, end)
            after = plain.end() if plain else dollar + 1
            written = self._text[dollar:after]
            return (self._values.get(plain[0], written) if plain else written), after
        written, name = self._text[dollar : close + 1], _NAME.match(self._text, dollar + 2, close)
        operator = _OPERATOR.match(self._text, name.end(), close) if name else None
        if name is None or depth >= _DEEPEST or (operator is None and name.end() != close):
            return written, close + 1
        said = self._values.get(name[0])
        kind = operator[0] if operator else ""
        # With a colon an empty value counts as none.
        is_set = said is not None and (said != "" or not kind.startswith(":"))
        if operator is not None and kind[-1] in ("+" if is_set else "-"):
            return self._between(operator.end(), close, depth + 1), close + 1
        if kind.endswith("+"):
            return "", close + 1
        return (said if is_set and said is not None else written), close + 1
