"""How the service speaks with an engine that is slow, restarted or out of order."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from tests.lines import PATIENCE
from wizard.errors import WizardError
from wizard.ndp.docker_engine import DockerEngine

BODY = json.dumps({"Containers": {"abc": {"IPv6Address": "2001:db8:1:2:1::2/80"}}}).encode()
FOUND = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}"
STREAM = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'33\r\n{"Actor": {"Attributes": {"name": "wizard"}}}\r\n    \n\r\n0\r\n\r\n'
)
ADDRESSES = {IPv6Address("2001:db8:1:2:1::2")}


class Server:
    """Answers each connection with the next script: a list of answers, None being silence."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections = 0
        self.requests: list[bytes] = []
        self.scripts: list[list[bytes | None]] = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.held: list[socket.socket] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def end(self) -> None:
        # Only then may the number of its descriptor be another's.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        for each in (self.listener, *self.held):
            each.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            # A client that goes away in the middle is no reason to serve nobody any more.
            with contextlib.suppress(OSError):
                for answer in self.scripts.pop(0):
                    self.requests.append(client.recv(65536).partition(b"\r\n")[0])
                    if answer is None:
                        self.held.append(client)
                        break
                    client.sendall(answer)
                else:
                    client.close()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("PATH", str(tmp_path))  # no systemctl to ask
    made = Server(tmp_path / "docker.sock")
    yield made
    made.end()


def test_questions_share_one_connection(server: Server) -> None:
    server.scripts = [[FOUND, FOUND, MISSING, FOUND]]
    engine = DockerEngine(server.path)
    answers = [engine.addresses("wizard") for _ in range(4)]
    assert answers == [ADDRESSES, ADDRESSES, frozenset(), ADDRESSES]
    assert server.connections == 1
    assert server.requests[0] == b"GET /networks/wizard HTTP/1.1"


def test_a_connection_that_was_closed_since_is_made_anew(server: Server) -> None:
    server.scripts = [[FOUND], [FOUND]]
    engine = DockerEngine(server.path)
    assert engine.addresses("wizard") == ADDRESSES
    assert engine.addresses("wizard") == ADDRESSES
    assert server.connections == 2


def test_a_hanging_engine_is_given_up_and_asked_anew(server: Server) -> None:
    server.scripts = [[None], [FOUND]]
    engine = DockerEngine(server.path, timeout=0.5)
    with pytest.raises(WizardError, match="timed out"):
        engine.addresses("wizard")
    assert engine.addresses("wizard") == ADDRESSES


@pytest.mark.parametrize("answer", [BROKEN, b"nonsense\r\n\r\n", b""])
def test_an_engine_out_of_order_is_an_error_and_not_an_empty_network(
    server: Server, answer: bytes
) -> None:
    server.scripts = [[answer]] * 3
    with pytest.raises(WizardError):
        DockerEngine(server.path).addresses("wizard")


def test_a_missing_socket_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WizardError):
        DockerEngine(tmp_path / "none.sock").addresses("wizard")


def test_a_network_name_cannot_lead_to_another_question(server: Server) -> None:
    server.scripts = [[MISSING]]
    DockerEngine(server.path).addresses("../info?x#y")
    assert server.requests == [b"GET /networks/..%2Finfo%3Fx%23y HTTP/1.1"]


def test_the_stream_of_events_begins_tells_and_ends(server: Server) -> None:
    server.scripts = [[STREAM]]
    assert list(DockerEngine(server.path).happenings("wizard")) == [False, True]


@pytest.mark.parametrize(
    ("service", "asked"), [("deactivating", 0), ("inactive", 0), ("active", 1)]
)
def test_an_engine_that_somebody_stops_is_not_started_again(
    server: Server, tmp_path: Path, service: str, asked: int
) -> None:
    program = tmp_path / "systemctl"
    program.write_text(f"#!/bin/sh\nprintf 'active\\n\\n{service}\\n'\n")
    program.chmod(0o755)
    server.scripts = [[FOUND]]
    with contextlib.nullcontext() if asked else pytest.raises(WizardError, match=service):
        DockerEngine(server.path).addresses("wizard")
    assert server.connections == asked
