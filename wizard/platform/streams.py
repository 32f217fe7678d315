"""Standard output and error, whose reader may have gone, or may not know every letter."""

from __future__ import annotations

import codecs
import fcntl
import io
import os
import sys
import termios
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# What typing has takes longer to load than most verbs. Type checkers take this for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_PLAIN = "plain"
"""The name under which Python knows :func:`plain`."""

_LIKE = str.maketrans(
    "·…–—“”„‘’»«×→←↑↓│─┌┐└┘├┤┬┴┼█░▁▂▃▄▅▆▇",
    '-.--"""\'\'><x><^v|-+++++++++#._______',
)
"""Letters of ASCII that look like others, each as wide."""


def plain(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for letters that an encoding does not have, as wide on a terminal."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end].translate(_LIKE)
    return "".join(map(_stand_in, letters)), error.end


def _stand_in(letter: str) -> str:
    if letter.isascii():
        return letter
    if unicodedata.combining(letter):
        return ""
    return "??" if unicodedata.east_asian_width(letter) in "WF" else "?"


def open_closed() -> None:
    """Lead the standard streams that were closed before the program began to nowhere.

    Whoever closes them wants no words, but the exit code; and what is opened later must not get
    their numbers, to which commands write. To be called before anything is opened: the lowest
    number that is free is that of the stream (open(2)).
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8"))


def to_nowhere(stream: TextIO) -> None:
    """Lead a stream that nobody reads any more to nowhere, so that what follows is still done."""
    with suppress(OSError, ValueError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)


def take_every_letter() -> None:
    """Let no letter end the program that the encoding of the person's language does not have.

    On a terminal one like it stands there. A script or JSON goes into a file as it is, in UTF-8.
    """
    codecs.register_error(_PLAIN, plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors=_PLAIN)
            else:
                stream.reconfigure(encoding="utf-8", errors="surrogateescape")


@contextmanager
def to_itself() -> Iterator[None]:
    """Have the terminal for this program alone: no announcement says there what it says itself.

    Who has CAP_SYS_ADMIN can write there all the same (ioctl_tty(2), TIOCEXCL).
    """
    with _ended_in_order():
        with suppress(OSError, ValueError):
            fcntl.ioctl(sys.stdout.fileno(), termios.TIOCEXCL)
        try:
            yield
        finally:
            with suppress(OSError, ValueError):
                fcntl.ioctl(sys.stdout.fileno(), termios.TIOCNXCL)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM unwind the stack, or the terminal would stay closed to others afterwards."""
    # Here, for most verbs do without it.
    import signal

    def end(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    ours = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    try:
        if ours:
            signal.signal(signal.SIGTERM, end)
    except ValueError:  # Only the main thread may.
        ours = False
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def let_go() -> None:
    """Write out what is buffered, to nowhere where nobody reads any more.

    Python would otherwise try at its very end, complain, and end with status 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            to_nowhere(stream)
