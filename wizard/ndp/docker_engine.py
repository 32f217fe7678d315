"""What the service asks the Docker engine: the addresses on a network, and what happens to it.

The standard library's HTTP client over the engine's socket, not the docker package: a service that
runs for good with that package takes three times the memory (32 against 17 MB), and asks for a
version of the API, of which an upgraded engine may no longer know any that was chosen before.
"""

import http.client
import json
import socket
import subprocess
from collections.abc import Iterator, Mapping
from ipaddress import IPv6Address, IPv6Interface
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from wizard.errors import WizardError
from wizard.text import clean_line

SOCKET = Path("/var/run/docker.sock")

_TIMEOUT = 5.0
"""Seconds after which the engine counts as hanging."""


class DockerEngine:
    """The engine behind a socket; every call opens a connection of its own."""

    def __init__(self, path: Path = SOCKET, timeout: float = _TIMEOUT) -> None:
        self._path = path
        self._timeout = timeout

    def addresses(self, network: str) -> frozenset[IPv6Address]:
        """Return the IPv6 addresses of the containers on a network; none where it is missing.

        The network is asked, not the container: the engine keeps a container locked while it
        starts, and would answer only once it runs.

        Raises:
            WizardError: The engine did not answer, or not with a network.
        """
        try:
            with _Connection(self._path, self._timeout) as connection:
                connection.request("GET", f"/networks/{quote(network, safe='')}")
                response = connection.getresponse()
                answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            said = clean_line(str(error) or type(error).__name__)
            raise WizardError(f"The Docker engine does not answer: {said}.") from error
        if response.status == http.client.NOT_FOUND:
            return frozenset()
        if response.status != http.client.OK:
            raise WizardError(f"The Docker engine answers with an error: {response.status}.")
        try:
            return container_addresses(json.loads(answer))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise WizardError("The Docker engine answers with something unknown.") from error

    def happenings(self, network: str) -> Iterator[bool]:
        """Yield False when the engine has begun to tell, then True for each event of the network.

        Ends when the engine ends. Between two events this waits, however long it takes.

        Raises:
            WizardError: The engine did not answer, or the connection broke.
        """
        filters = {"type": ["network"], "network": [network]}
        try:
            with _Connection(self._path, self._timeout) as connection:
                connection.request("GET", f"/events?{urlencode({'filters': json.dumps(filters)})}")
                # Only the beginning must be quick.
                stream = connection.sock
                response = connection.getresponse()
                if response.status != http.client.OK:
                    raise WizardError(
                        f"The Docker engine answers with an error: {response.status}."
                    )
                stream.settimeout(None)
                yield False
                for line in response:
                    if line.strip() and concerns(line, network):
                        yield True
        except (OSError, http.client.HTTPException) as error:
            said = clean_line(str(error) or type(error).__name__)
            raise WizardError(f"The Docker engine does not answer: {said}.") from error

    def may_be_asked(self) -> bool:
        """Return whether asking would not start an engine that somebody has stopped.

        Where systemd listens in the engine's place, a mere connection starts it; and one made
        while it is being stopped starts it again as soon as that is done.
        """
        if not self._path.exists():
            return False
        states = _active_states("docker.socket", "docker.service")
        if states is None or states[0] != "active":
            return True
        return states[1] in ("active", "activating", "reloading")


class _Connection(http.client.HTTPConnection):
    """An HTTP connection through a socket in the file system; as a context manager it is closed."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def container_addresses(network: Mapping[str, Any]) -> frozenset[IPv6Address]:
    """Return the containers' IPv6 addresses from the engine's description of a network.

    An endpoint without a container is listed under the name ``ep-`` and its own identifier: one
    that is being made, or was left over when the engine crashed. Nobody uses its address.

    Raises:
        ValueError: An address is none.
    """
    return frozenset(
        IPv6Interface(endpoint["IPv6Address"]).ip
        for container, endpoint in (network.get("Containers") or {}).items()
        if endpoint.get("IPv6Address") and not container.startswith("ep-")
    )


def concerns(line: bytes, network: str) -> bool:
    """Return whether an event is one of the network; the engine's filter takes longer names too.

    What is not understood concerns it: to look once more harms nobody.
    """
    try:
        event = json.loads(line)
        name = event["Actor"]["Attributes"]["name"]
    except (ValueError, TypeError, KeyError):
        return True
    return bool(name == network)


def _active_states(*units: str) -> list[str] | None:
    """Return systemd's ActiveState of each unit, or None where there is no systemd to ask."""
    try:
        done = subprocess.run(
            ["systemctl", "show", "--property=ActiveState", "--value", *units],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    states = done.stdout.split()
    return states if done.returncode == 0 and len(states) == len(units) else None
