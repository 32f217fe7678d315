"""What the verbs write: prose that fits the terminal, and what a program or a shell is to read."""

from __future__ import annotations

import os
import sys

# What typing has takes longer to load than most verbs. Type checkers take this for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_WIDTH = 80
"""Columns of a terminal that does not say."""

_SCRIPT = "#!"
"""What the text of a script begins with (execve(2), Interpreter scripts)."""


def columns(stream: TextIO | None) -> int:
    """Return the width of the terminal that a stream leads to; 80 where it leads to none."""
    if stream is None:  # closed before the program began
        return _WIDTH
    try:
        return os.get_terminal_size(stream.fileno()).columns or _WIDTH
    except (OSError, ValueError):
        return _WIDTH


def show(text: str) -> None:
    """Write text as it is: a script, JSON, or what has its lines already."""
    _write(sys.stdout, text)


def say(text: str) -> None:
    """Write prose so that it fits the terminal, and into a file as it is; a script stays whole."""
    _write(sys.stdout, _fitting(text, sys.stdout))


def complain(text: str) -> None:
    """Write on standard error what went wrong."""
    # Here, for most verbs have nothing to complain of.
    from wizard.platform.text import clean

    _write(sys.stderr, _fitting(clean(text), sys.stderr))


def _fitting(text: str, stream: TextIO) -> str:
    if not stream.isatty() or text.startswith(_SCRIPT):
        return text
    from wizard.platform.word_wrap import wrapped

    return wrapped(text, columns(stream))


def _write(stream: TextIO, text: str) -> None:
    stream.write(text if text.endswith("\n") else f"{text}\n")
    stream.flush()
