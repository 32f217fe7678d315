"""What the service asks Docker: the addresses on a network, and what happens to it.

The standard library's HTTP client over Docker's socket, not the docker package: that would add
15 MB to the 15 MB of a service that runs for good, take four times the CPU time for an answer, and
ask for a version of the API that an upgraded Docker may no longer know.
"""

import http.client
import json
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from wizard.ndp import bounded
from wizard.ndp.served_network import Addresses, ServedNetwork
from wizard.platform.errors import WizardError
from wizard.platform.text import clean_line

SOCKET = Path("/var/run/docker.sock")

_TIMEOUT = 5.0
"""Seconds after which Docker counts as hanging."""

_UP = ("active", "activating", "reloading")
"""The states of a unit that runs or is about to (systemd's ActiveState)."""


class DockerEngine:
    """Docker behind a socket, which is never started by being asked.

    Where systemd listens in Docker's place, a mere connection starts it, and one that is made
    while Docker is being stopped starts it again. So one connection is kept for all questions,
    and before another is made systemd is asked.
    """

    def __init__(self, path: Path = SOCKET, timeout: float = _TIMEOUT) -> None:
        self._path = path
        self._timeout = timeout
        self._connection: _Connection | None = None
        self._identifiers: dict[str, str] = {}
        """Of each network by name, once it has proved to be ours: another may have the same."""

    def addresses(self, network: ServedNetwork) -> Addresses:
        """Return the IPv6 addresses of the containers on a network; none where it is missing.

        The network is asked, not the container: Docker keeps a container locked while it
        starts, and would answer only once it runs.

        Raises:
            NotOurs: The network of that name is another one.
            WizardError: Docker did not answer, or not with a network.
        """
        known = self._identifiers.pop(network.name, None)
        status, answer = self._get(f"/networks/{quote(known or network.name, safe='')}")
        if status == http.client.NOT_FOUND and known is not None:
            # It may have been made anew.
            return self.addresses(network)
        if status == http.client.NOT_FOUND:
            return Addresses(frozenset())
        if status != http.client.OK:
            raise WizardError(f"Docker answers with an error: {status}.")
        try:
            described = bounded.loads(answer)
            # A beginning of an identifier finds a network as well as a name does.
            if described["Name"] != network.name:
                return Addresses(frozenset())
            found = network.addresses(described)
            self._identifiers[network.name] = str(described["Id"])
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise WizardError("Docker answers with something unknown.") from error
        return found

    def happenings(self, networks: Sequence[str]) -> Iterator[bool]:
        """Yield False when Docker has begun to tell, then True for each event of the networks.

        Ends when Docker ends. Between two events this waits, however long it takes.

        Raises:
            WizardError: Docker did not answer, or the connection broke.
        """
        filters = json.dumps({"type": ["network"], "network": list(networks)})
        try:
            with self._connect() as connection:
                # Kept, for the connection lets go of it when the answer ends with it.
                stream = connection.sock
                with bounded.within(stream, self._timeout):
                    response = connection.ask(f"/events?{urlencode({'filters': filters})}")
                if response.status != http.client.OK:
                    raise WizardError(f"Docker answers with an error: {response.status}.")
                stream.settimeout(None)
                yield False
                for line in bounded.lines(response):
                    if line.strip() and concerns(line, networks):
                        yield True
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _no_answer(error) from error

    def _get(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        if self._connection is not None:
            try:
                return self._get_over(self._connection, path)
            except ConnectionError:
                # It was closed since: by a Docker that has been restarted, or is being stopped.
                self._connection = None
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise _no_answer(error) from error
        try:
            return self._get_over(self._connect(), path)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _no_answer(error) from error

    def _get_over(self, connection: "_Connection", path: str) -> tuple[int, bytes]:
        self._connection = None
        try:
            with bounded.within(connection.sock, self._timeout):
                response = connection.ask(path)
                answer = response.status, bounded.body(response)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return answer

    def _connect(self) -> "_Connection":
        """Return a new connection.

        Raises:
            WizardError: Somebody has stopped Docker.
            OSError: There is none.
        """
        # They are those of Docker at the default socket.
        states = _active_states("docker.socket", "docker.service") if self._path == SOCKET else None
        if states and states[0] == "active" and states[1] not in _UP:
            raise WizardError(f"Docker is {states[1]}.")
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


def concerns(line: bytes, networks: Sequence[str]) -> bool:
    """Return whether an event is one of the networks; Docker's filter takes longer names too.

    What is not understood concerns it: to look once more harms nobody.
    """
    try:
        event = bounded.loads(line)
        name = event["Actor"]["Attributes"]["name"]
    except (ValueError, TypeError, KeyError):
        return True
    return name in networks


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
    return WizardError(f"Docker does not answer: {said}.")
