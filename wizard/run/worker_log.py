"""The log of the process that changes the host: what that says, and what is read of it."""

import contextlib
import sys
from pathlib import Path

from wizard.platform.errors import ExitCode
from wizard.platform.text import clean, clean_line

EXIT = "exit "
"""How the last line of the worker's log begins: its exit code follows."""

DOING = "doing "
"""How a line begins that says what the worker does before the first step and after the last."""


def say(text: str) -> None:
    """Write a line, or do without where that cannot be done."""
    # The log may be on the very disk that is full.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def say_doing(words: str) -> None:
    """Write what is done before the first step, or after the last."""
    say(f"{DOING}{words}")


def say_exit(code: int) -> None:
    """Write the last line, which tells the exit code."""
    say(f"{EXIT}{code:d}")


def doing(log: Path) -> str:
    """Return what a worker last said that it does; nothing where it has said nothing yet."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    said = [line.removeprefix(DOING) for line in lines if line.startswith(DOING)]
    return clean_line(said[-1]) if said else ""


def last_words(log: Path) -> str:
    """Return the last line that is a sentence of a worker, or an empty text where there is none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    said = [line for line in lines if line.strip() and not line.startswith((EXIT, DOING))]
    return clean(said[-1]) if said else ""


def exit_code(log: Path) -> int:
    """Return the exit code that a worker's log ends with; that of a fault where it has none."""
    try:
        last = log.read_text(encoding="utf-8", errors="replace").rstrip().rpartition("\n")[2]
    except OSError:
        last = ""
    said = last.removeprefix(EXIT)
    return int(said) if said != last and said.isdecimal() else ExitCode.UNEXPECTED
