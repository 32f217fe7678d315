"""Files of sections and keys: systemd.syntax(7), and NetworkManager's keyfiles."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One assignment, with the place where it stands."""

    section: str
    key: str
    value: str
    path: str
    line: int


def parse(text: str, path: str) -> Iterator[Entry]:
    """Yield the assignments of a text, in their order; continued lines are joined."""
    section, parts, begun = "", list[str](), 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if not parts:
            begun = number
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        whole = " ".join([*parts, line])
        parts = []
        if whole.startswith("[") and whole.endswith("]"):
            section = whole[1:-1]
            continue
        key, sign, value = whole.partition("=")
        if sign:
            yield Entry(section, key.strip(), value.strip(), path, begun)


def truth(value: str) -> bool | None:
    """Return what systemd takes a word for, or None where it is neither yes nor no."""
    word = value.lower()
    if word in ("1", "yes", "y", "true", "t", "on"):
        return True
    return False if word in ("0", "no", "n", "false", "f", "off") else None
