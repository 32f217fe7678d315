"""Tells those who are logged in over SSH, where wall(1) does not find them."""

import fcntl
import os
import re
import stat
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wizard.host.processes import PROC, Process, process
from wizard.platform.word_wrap import wrapped

_UTMP = Path("/run/utmp")
_DEVICES = Path("/dev")

_NAMES = ("sshd", "sshd-session")
"""How sshd calls the process of a login; the second since OpenSSH 9.8."""

# Several sessions over one connection stand in one title.
_TITLE = re.compile(r"sshd(?:-session)?: \S+@(pts/\d+(?:,pts/\d+)*)")

_TIOCGEXCL = 0x80045440
"""Asks whether a terminal is in exclusive mode (ioctl_tty(2)); Python has no name for it."""

_WIDTH = 80
"""Columns of a terminal that does not say."""

_MOST = 64
"""Terminals of one user that are written to, so that nobody's number hides anybody else."""


@dataclass(frozen=True)
class Terminal:
    """A terminal that sshd made for a login, and whose it is."""

    path: Path
    uid: int


def tell(text: str) -> None:
    """Write a line to the terminal of every login over SSH, on a host without utmp(5).

    There wall(1) asks logind, which does not know the terminal of such a login: Debian from 13 on.
    Nobody is waited for: a terminal that takes nothing now is passed over.
    """
    if _UTMP.exists():
        return
    told = Counter[int]()
    for terminal in logins():
        told[terminal.uid] += 1
        if told[terminal.uid] > _MOST:
            continue
        with suppress(OSError):
            _write(terminal, text)


def logins(proc: Path = PROC, devices: Path = _DEVICES) -> Iterator[Terminal]:
    """Yield the terminals of logins, each once.

    Anybody can give a process the title of a login's. So it counts if it is root's own, or the
    child of one of root's that runs the same program, as sshd's of an ordinary user is
    (sshd(8), privilege separation).
    """
    seen = set()
    for number in sorted(int(each.name) for each in proc.iterdir() if each.name.isdecimal()):
        found = process(number, proc)
        title = _TITLE.match(" ".join(found.words)) if found else None
        if found is None or title is None or not found.own or found.name not in _NAMES:
            continue
        if found.uid and not _is_sshd_s(number, found, proc):
            continue
        for name in title[1].split(","):
            terminal = Terminal(devices / name, found.uid)
            if terminal not in seen:
                seen.add(terminal)
                yield terminal


def _is_sshd_s(number: int, found: Process, proc: Path) -> bool:
    parent = process(found.parent, proc)
    if parent is None or parent.uid != 0 or not parent.own:
        return False
    try:
        return (proc / str(number) / "exe").samefile(proc / str(found.parent) / "exe")
    except OSError:
        return False


def _is_taken(descriptor: int) -> bool:
    """Return whether a program has the terminal to itself, as the wizard's screens do."""
    taken = array("i", [0])
    with suppress(OSError):
        fcntl.ioctl(descriptor, _TIOCGEXCL, taken)
    return bool(taken[0])


def _write(terminal: Terminal, text: str) -> None:
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(terminal.path, flags)
    try:
        status = os.fstat(descriptor)
        ours = stat.S_ISCHR(status.st_mode) and status.st_uid == terminal.uid
        if ours and not _is_taken(descriptor):
            lines = wrapped(text, os.get_terminal_size(descriptor).columns or _WIDTH).split("\n")
            # In a program that reads each key a line feed alone goes straight down (termios(3)).
            words = "\r\n".join(["", *lines, ""])
            os.write(descriptor, words.encode("utf-8", "replace"))
    finally:
        os.close(descriptor)
