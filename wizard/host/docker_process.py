"""Which process Docker is, from what only root of this host can have made."""

import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from wizard.host.looking import COMMAND_TIMEOUT, CannotTell, is_active, output, read_if_there
from wizard.host.processes import PROC, Process, number_in, trusted

PID_FILE = Path("/run/docker.pid")
"""Where dockerd writes its number unless it is told another place (dockerd(8), --pidfile)."""

SOCKET_UNIT, SERVICE_UNIT = "docker.socket", "docker.service"

_NAME = "dockerd"
_INIT = 1


def engine_process(path: Path) -> Process | None:
    """Return the dockerd that answers on a socket; None where it is not known."""
    listener = _listener(path)
    return running() if listener == _INIT else trusted(listener, _NAME)


def engine_words(path: Path) -> tuple[str, ...]:
    """Return the words of the dockerd that answers on a socket; none where it is not known."""
    process = engine_process(path)
    return process.words if process else ()


def running() -> Process | None:
    """Return the dockerd of this host, by systemd's word or by the PID file that is root's."""
    return trusted(_main_pid(), _NAME) or trusted(number_in(PID_FILE), _NAME)


def unit_of(process: Process) -> str:
    """Return the service of systemd that a process runs in; empty if unknown.

    The control groups of systemd are named after its units, and a process cannot change its own
    unless it is root (systemd, control group interfaces).
    """
    return unit_in((read_if_there(PROC / str(process.pid) / "cgroup") or "").splitlines())


def unit_in(groups: Sequence[str]) -> str:
    """Return the service in the lines of ``/proc/PID/cgroup`` (cgroups(7)); empty for none."""
    for line in groups:
        hierarchy, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        if (hierarchy == "0" or controllers == "name=systemd") and "/system.slice/" in place:
            name = place.partition("/system.slice/")[2].split("/")[0]
            if name.endswith(".service"):
                return name
    return ""


def sleeps() -> bool:
    """Whether systemd listens for a Docker that does not run, which a connection would wake."""
    if is_active(SERVICE_UNIT) or running() is not None:
        return False
    try:
        # There is no link below /run/systemd/units for a socket.
        return output(("systemctl", "is-active", SOCKET_UNIT)).strip() == "active"
    except CannotTell:
        return False


def _listener(path: Path) -> int:
    """Return the process that called listen(2) on a socket (unix(7), SO_PEERCRED), or 0.

    Where systemd did, and handed the socket over, that is PID 1.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
            asked.settimeout(COMMAND_TIMEOUT)
            asked.connect(str(path))
            credentials = asked.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    except OSError:
        return 0
    # A process of another PID namespace has the number 0.
    pid, _uid, _gid = struct.unpack("iII", credentials)
    return int(pid)


def _main_pid() -> int:
    if not is_active(SERVICE_UNIT):
        return 0
    try:
        said = output(("systemctl", "show", "--property=MainPID", "--value", SERVICE_UNIT)).strip()
    except CannotTell:
        return 0
    return int(said) if said.isascii() and said.isdigit() else 0
