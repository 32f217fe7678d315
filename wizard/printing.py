"""What the verbs write: prose that fits the terminal, and what a program or a shell is to read."""

from __future__ import annotations

import os
import sys

from wizard.platform import streams
from wizard.platform.errors import WizardError

# What typing has takes longer to load than most verbs. Type checkers take this for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_WIDTH = 80
"""Columns of a terminal that does not say."""

_SCRIPT = "#!"
"""What the text of a script begins with (execve(2), Interpreter scripts)."""


def columns(stream: TextIO) -> int:
    """Return the width of the terminal that a stream leads to; 80 where it leads to none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _WIDTH
    except (OSError, ValueError):
        return _WIDTH


def show(text: str) -> None:
    """Write text as it is: a script, JSON, or what has its lines already."""
    _write(sys.stdout, _line(text))


def say(text: str) -> None:
    """Write prose so that it fits the terminal, and into a file as it is; a script stays whole."""
    _write(sys.stdout, _line(_fitting(text, sys.stdout)))


def complain(text: str) -> None:
    """Write on standard error what went wrong; where that cannot be, the exit code says it."""
    # Here, for most verbs have nothing to complain of.
    from wizard.platform.text import clean

    try:
        _write(sys.stderr, _line(_fitting(clean(text), sys.stderr)))
    except WizardError:
        streams.to_nowhere(sys.stderr)


def _fitting(text: str, stream: TextIO) -> str:
    if not stream.isatty() or text.startswith(_SCRIPT):
        return text
    from wizard.platform.word_wrap import wrapped

    return wrapped(text, columns(stream))


def _write(stream: TextIO, text: str) -> None:
    """Write text out; where its reader has gone, the rest is done all the same.

    Raises:
        WizardError: it cannot be written.
    """
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        streams.to_nowhere(stream)
    except OSError as error:
        raise WizardError(
            f"What the wizard says cannot be written: {error.strerror}. What was begun goes on "
            "without it; see wizard --status."
        ) from error


def _line(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
