"""How this computer reaches into a running practice machine: with commands, and its files.

``leader`` is the number, on this computer, of the machine's PID 1.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "TERM": "xterm-256color",
    "LANG": "C.UTF-8",
}

OF_THE_COMPUTER = (
    "block_suspend", "mac_admin", "mac_override", "sys_module", "sys_pacct", "sys_rawio",
    "sys_time", "syslog", "wake_alarm",
)  # fmt: skip
"""Powers over what no namespace parts from this computer (capabilities(7)), which nothing in a
machine has. To set the time zone alone, as with timedatectl(1), would set this computer's clock
(settimeofday(2))."""


def command(leader: int, argv: Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
    """Return the command that, on this computer, runs argv as root in the machine.

    Args:
        leader: The machine.
        argv: The command; a program is looked up in the machine.
        env: Variables added to root's usual ones, which are all it gets.
    """
    variables = _ENVIRONMENT | dict(env or {})
    return [
        "nsenter", f"--target={leader}", "--all", "--root", "--wd", "--",
        "/usr/bin/setpriv", f"--bounding-set={','.join(f'-{each}' for each in OF_THE_COMPUTER)}",
        "/usr/bin/env", "--ignore-environment", "--chdir=/root",
        *(f"{name}={value}" for name, value in variables.items()),
        *argv,
    ]  # fmt: skip


def path(leader: int, path: str | Path) -> Path:
    """Return where this computer sees a file of the machine.

    An absolute symbolic link in the machine leads astray from here: resolve it in there.
    """
    return Path(f"/proc/{leader}/root") / str(path).lstrip("/")
