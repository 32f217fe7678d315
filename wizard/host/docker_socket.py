"""The way to Docker: its socket, and a plain sentence where that leads nowhere."""

import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.host import docker_process
from wizard.host.looking import BECOME_ROOT, COMMAND_TIMEOUT, IMPORTING, CannotTell, installed
from wizard.host.obstacle import Cause
from wizard.platform.text import clean_line

if TYPE_CHECKING:
    from docker.api.client import APIClient

DEFAULT = Path("/var/run/docker.sock")

RUNTIME = Path("/run/user")
"""Below it each user's own Docker has its socket (Docker, rootless mode)."""

CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker and Podman put into their containers; a machine that was made of an image may
have them too."""

_INSIDE = (
    "the wizard seems to run inside a container itself, and what it would change is that "
    "container. Start it on the host on which Docker runs."
)

ASKED = "Docker"
"""Whose answer everything is that comes by its socket, as the beginning of a sentence."""

ROOTLESS = (
    "its containers leave through a program of its own and not through the host's bridges, where "
    "the wizard works. It needs a Docker that runs as root."
)
INSTALL = (
    "Docker is not installed on this host: install it, for example with "
    "“apt install docker.io docker-compose”, and start the wizard again."
)
START = (
    "Docker is installed but not running: start it with “systemctl start docker” and look at "
    "“journalctl -u docker” if it does not stay up."
)


def socket_path() -> Path:
    """Return the path of Docker's socket: the one in ``DOCKER_HOST``, else the default.

    Raises:
        CannotTell: ``DOCKER_HOST`` leads to Docker on another machine.
    """
    address = os.environ.get("DOCKER_HOST", "")
    if not address:
        return DEFAULT
    scheme, _, path = address.partition("://")
    if scheme == "unix" and path.startswith("/"):
        return Path(path)
    raise CannotTell(
        f"DOCKER_HOST is set to {clean_line(address)}, which is not a socket of this host. The "
        "wizard changes the host it runs on: run it where Docker runs, without "
        "DOCKER_HOST.",
        Cause.DOCKER_ELSEWHERE,
    )


def connect() -> "APIClient":
    """Return a client that speaks Docker's own version of the API.

    Nobody is woken: where systemd listens for a Docker that does not run, that is the finding.

    Raises:
        CannotTell: There is no Docker, it is not root's, or it does not answer within
            ``COMMAND_TIMEOUT``.
    """
    path = socket_path()
    shown = clean_line(str(path))
    if path == DEFAULT and docker_process.sleeps():
        raise CannotTell(START, Cause.DOCKER_NOT_RUNNING)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(COMMAND_TIMEOUT)
            probe.connect(os.fspath(path))
            # unix(7), SO_PEERCRED: who called listen(2) on it, and for a Docker that is root.
            peer = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            pid, owner, _group = struct.unpack("iII", peer)
            if owner not in (0, os.geteuid()):
                raise CannotTell(
                    f"The program that answers on {shown} is not root's, so what it says of this "
                    "host is not relied on. Unset DOCKER_HOST to use root's own Docker.",
                    Cause.DOCKER_OF_OTHERS,
                )
            if is_outside(pid):
                raise CannotTell(
                    f"The Docker that answers on {shown} is not here: {_INSIDE}",
                    Cause.IN_CONTAINER,
                )
    except PermissionError:
        raise CannotTell(
            f"The Docker socket {shown} is closed to this user: {BECOME_ROOT}.",
            Cause.DOCKER_CLOSED,
        ) from None
    except FileNotFoundError:
        raise _nobody(path) from None
    except ConnectionRefusedError:
        raise _nobody(path, f"Nobody listens on the Docker socket {shown}. ") from None
    except TimeoutError:
        raise _silent(shown) from None
    except OSError as error:
        raise CannotTell(
            f"The Docker socket {shown} cannot be used: {clean_line(str(error)).rstrip('.')}."
        ) from error

    with IMPORTING:
        from docker.api.client import APIClient
        from docker.errors import DockerException

    try:
        # The `//` keeps the path absolute; `auto` asks Docker for its version of the API.
        return APIClient(base_url=f"unix://{path}", version="auto", timeout=COMMAND_TIMEOUT)
    except DockerException as error:
        raise explained(error) from error


def _nobody(path: Path, seen: str = "") -> CannotTell:
    """Return why nobody answers, and what to do: a user's own Docker has another socket."""
    own = sorted(RUNTIME.glob("*/docker.sock")) if path == DEFAULT else []
    if own:
        return CannotTell(
            f"Docker runs rootless here, as a user's own program ({clean_line(str(own[0]))}): "
            f"{ROOTLESS}",
            Cause.DOCKER_ROOTLESS,
        )
    if installed("dockerd"):
        return CannotTell(f"{seen}{START}", Cause.DOCKER_NOT_RUNNING)
    if any(mark.exists() for mark in CONTAINER_MARKS):
        return CannotTell(f"No Docker is here, and {_INSIDE} {INSTALL}", Cause.IN_CONTAINER)
    return CannotTell(INSTALL, Cause.DOCKER_NOT_INSTALLED)


def is_outside(pid: int) -> bool:
    """Whether a number that a socket tells is of a process outside this PID namespace."""
    return pid == 0


def explained(error: Exception) -> CannotTell:
    """Return an error of the docker package as one that says what it means."""
    said = clean_line(str(error))
    if "timed out" in said.lower():
        return _silent(clean_line(str(socket_path())))
    return CannotTell(f"Docker could not be asked: {said.rstrip('.')}.")


def _silent(shown: str) -> CannotTell:
    return CannotTell(
        f"Docker did not answer on {shown} within {COMMAND_TIMEOUT} seconds. Look at "
        "“systemctl status docker” and start the wizard again when “docker info” answers.",
        Cause.DOCKER_SILENT,
    )
