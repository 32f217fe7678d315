"""Standard output and error, whose reader may have gone, or may not know every letter."""

import codecs
import fcntl
import io
import os
import sys
import termios
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress

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
    """Have the terminal for this program alone, so that no announcement is written over screens.

    Who has CAP_SYS_ADMIN can write there all the same (ioctl_tty(2), TIOCEXCL).
    """
    with suppress(OSError, ValueError):
        fcntl.ioctl(sys.stdout.fileno(), termios.TIOCEXCL)
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            fcntl.ioctl(sys.stdout.fileno(), termios.TIOCNXCL)


def let_go() -> None:
    """Write out what is buffered, to nowhere where nobody reads any more.

    Python would otherwise try at its very end, complain, and end with status 120.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # closed before the program began
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            try:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            except (OSError, ValueError):
                continue
