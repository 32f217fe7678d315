"""What a text of a Compose file says once its variables are put in."""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w*)(?:(:?-)([^${}]*))?\})")
# The folder's owner writes it: possessive, and within a line, so that no file takes long.
_SETTING = re.compile(r"^[ \t]*+(?:export[ \t]++)?(\w++)[ \t]*+[=:][ \t]*+(.*)$", re.MULTILINE)
_QUOTED = re.compile(r"([\"'])(.*?)\1")


def put_in(text: str, values: Mapping[str, str]) -> str:
    """Return a text with variables put in (compose-spec, 12-interpolation.md).

    One that has neither a value nor a default stays as it is written.
    """

    def value(found: re.Match[str]) -> str:
        said = values.get(found[1] or found[2] or "")
        default = found[4] if found[3] else None
        # With a colon the default stands for an empty value, too.
        missing = said is None or (not said and found[3] == ":-")
        return (found[0] if default is None else default) if missing else str(said)

    return _VARIABLE.sub(value, text)


def unset(text: str) -> str:
    """Return a text as it is while none of the variables in it is set."""
    return put_in(text, {})


def of_file(text: str) -> dict[str, str]:
    """Return the variables that a ``.env`` sets, each with its last value; others stay in it.

    Compose takes a colon for the sign of equality, too (compose-go, dotenv/parser.go).
    """
    found = {}
    for name, value in _SETTING.findall(text):
        quoted = _QUOTED.match(value)
        found[name] = quoted[2] if quoted else re.split(r"\s#", f" {value}")[0].strip()
    return found
