"""Words as systemd's unit files want them."""

from collections.abc import Sequence


def quoted(word: str) -> str:
    """Return a word as systemd.syntax(7) and the specifiers of systemd.unit(5) want it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if not escaped or set(escaped) & set(" \t\"'\\;") else escaped


def command_line(words: Sequence[str]) -> str:
    """Return a command for ``ExecStart=``, where a dollar sign begins a variable.

    systemd takes no quotes in the path of the program itself (systemd.service(5)).
    """
    return " ".join(quoted(word).replace("$", "$$") for word in words)
