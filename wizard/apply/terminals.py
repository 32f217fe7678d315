"""Tells those who are logged in over SSH, where wall(1) does not find them."""

import contextlib
import os
import re
from pathlib import Path

_UTMP = Path("/run/utmp")

# How sshd names the process of a login (sshd-session since OpenSSH 9.8).
_TITLE = re.compile(r"sshd(?:-session)?: \S+@(pts/\d+)\b")


def tell(text: str) -> None:
    """Write a line to the terminal of every login over SSH, on a host without utmp(5).

    There wall(1) asks logind, which does not know the terminal of such a login: Debian from 13 on.
    """
    if _UTMP.exists():
        return
    for terminal in sorted(_terminals()):
        # One that is gone, or that nobody reads from, is no reason to stop.
        with contextlib.suppress(OSError):
            _write(f"/dev/{terminal}", f"\r\n{text}\r\n")


def _terminals() -> set[str]:
    found = set()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            title = _TITLE.match(process.read_text(encoding="utf-8", errors="replace"))
            if title is not None:
                found.add(title[1])
    return found


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
