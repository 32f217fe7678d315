"""Tells those who are logged in over SSH, where wall(1) does not find them."""

import re
from pathlib import Path

from wizard.system import System

_UTMP = Path("/run/utmp")

# How sshd names the process of a login (sshd-session since OpenSSH 9.8).
_TITLE = re.compile(r"^sshd(?:-session)?: \S+@(pts/\d+)\b", re.MULTILINE)


def tell(system: System, text: str) -> None:
    """Write a line to the terminal of every login over SSH, on a host without utmp(5).

    There wall(1) asks logind, which does not know the terminal of such a login: Debian from 13 on.
    """
    if _UTMP.exists():
        return
    processes = system.run(("ps", "-e", "-o", "args=")).output
    for terminal in sorted(set(_TITLE.findall(processes))):
        # One that nobody reads from would be waited for without end.
        system.run(("timeout", "1", "tee", f"/dev/{terminal}"), f"\r\n{text}\r\n")
