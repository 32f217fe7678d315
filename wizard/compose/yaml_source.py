"""Values as YAML source in one line, as every Compose reads them."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Content: TypeAlias = "str | Sequence[Content] | dict[str, Content]"
"""What is to be written: YAML source in one line, a list of more, or a mapping to more."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
# Words that YAML 1.1, which Compose v1 reads, takes for something else than text.
_NOT_TEXT = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def word(name: str, *, quoted: bool = False) -> str:
    """Return a name as YAML source that every Compose reads as text."""
    plain = _PLAIN.fullmatch(name) and name.lower() not in _NOT_TEXT and not quoted
    return name if plain else f'"{name}"'


def source(value: str) -> str:
    """Return any text as a scalar's source in one line."""
    return word(value) if _PLAIN.fullmatch(value) else text_source(value)


def text_source(value: str) -> str:
    """Return any text as a scalar's source in quotes."""
    return "'" + value.replace("'", "''") + "'"


def flow(content: Content, *, quoted: bool) -> str:
    """Return content in one line, with every name in double quotes if ``quoted``."""

    def name(source: str) -> str:
        is_text = _PLAIN.fullmatch(source) and source not in ("true", "false")
        return f'"{source}"' if quoted and is_text else source

    if isinstance(content, str):
        return name(content)
    if not isinstance(content, dict):
        return f"[{', '.join(flow(item, quoted=quoted) for item in content)}]"
    pairs: Mapping[str, str] = {
        name(key): flow(value, quoted=quoted) for key, value in content.items()
    }
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"
