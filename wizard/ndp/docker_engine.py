"""What the service asks the Docker engine: the addresses on a network, and what happens to it.

The standard library's HTTP client over the engine's socket, not the docker package: that would add
15 MB to the 21 MB of a service that runs for good, take four times the CPU time for an answer, and
ask for a version of the API that an upgraded engine may no longer know.
"""

import http.client
import json
import socket
import subprocess
from collections.abc import Iterator, Mapping
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from wizard.errors import WizardError
from wizard.ndp.addresses import address
from wizard.text import clean_line

SOCKET = Path("/var/run/docker.sock")

_TIMEOUT = 5.0
"""Seconds after which the engine counts as hanging."""

_UP = ("active", "activating", "reloading")
"""The states of a unit that runs or is about to (systemd's ActiveState)."""


class DockerEngine:
    """The engine behind a socket, which is never started by being asked.

    Where systemd listens in the engine's place, a mere connection starts it, and one that is made
    while the engine is being stopped starts it again. So one connection is kept for all questions,
    and before another is made systemd is asked.
    """

    def __init__(self, path: Path = SOCKET, timeout: float = _TIMEOUT) -> None:
        self._path = path
        self._timeout = timeout
        self._connection: _Connection | None = None

    def addresses(self, network: str) -> frozenset[IPv6Address]:
        """Return the IPv6 addresses of the containers on a network; none where it is missing.

        The network is asked, not the container: the engine keeps a container locked while it
        starts, and would answer only once it runs.

        Raises:
            WizardError: The engine did not answer, or not with a network.
        """
        status, answer = self._get(f"/networks/{quote(network, safe='')}")
        if status == http.client.NOT_FOUND:
            return frozenset()
        if status != http.client.OK:
            raise WizardError(f"The Docker engine answers with an error: {status}.")
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
        filters = json.dumps({"type": ["network"], "network": [network]})
        try:
            with self._connect() as connection:
                # Kept, for the connection lets go of it when the answer ends with it.
                stream = connection.sock
                response = connection.ask(f"/events?{urlencode({'filters': filters})}")
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
            raise _no_answer(error) from error

    def _get(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        if self._connection is not None:
            try:
                return self._get_over(self._connection, path)
            except ConnectionError:
                # It was closed since: by an engine that has been restarted, or is being stopped.
                self._connection = None
            except (OSError, http.client.HTTPException) as error:
                raise _no_answer(error) from error
        try:
            return self._get_over(self._connect(), path)
        except (OSError, http.client.HTTPException) as error:
            raise _no_answer(error) from error

    def _get_over(self, connection: "_Connection", path: str) -> tuple[int, bytes]:
        self._connection = None
        try:
            response = connection.ask(path)
            answer = response.status, response.read()
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return answer

    def _connect(self) -> "_Connection":
        """Return a new connection.

        Raises:
            WizardError: Somebody has stopped the engine.
            OSError: There is none.
        """
        states = _active_states("docker.socket", "docker.service")
        if states and states[0] == "active" and states[1] not in _UP:
            raise WizardError(f"The Docker engine is {states[1]}.")
        connection = _Connection(self._path, self._timeout)
        connection.connect()
        return connection


class _Connection(http.client.HTTPConnection):
    """An HTTP connection through a socket in the file system, which never connects again."""

    auto_open = 0

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def connect(self) -> None:
        """Connect, within the timeout that holds for every answer too."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))

    def ask(self, path: str) -> http.client.HTTPResponse:
        """Send a request and return the beginning of what is answered."""
        self.request("GET", path)
        return self.getresponse()


def container_addresses(network: Mapping[str, Any]) -> frozenset[IPv6Address]:
    """Return the containers' IPv6 addresses from the engine's description of a network.

    An endpoint without a container is listed under the name ``ep-`` and its own identifier: one
    that is being made, or was left over when the engine crashed. Nobody uses its address.

    Raises:
        ValueError: An address is none.
    """
    return frozenset(
        address(endpoint["IPv6Address"])
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


def _no_answer(error: Exception) -> WizardError:
    said = clean_line(str(error) or type(error).__name__)
    return WizardError(f"The Docker engine does not answer: {said}.")
