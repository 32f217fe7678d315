"""How the service speaks with an engine that is slow, restarted or out of order."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests.lines import PATIENCE
from wizard.ndp import bounded, docker_engine
from wizard.ndp.docker_engine import DockerEngine
from wizard.ndp.served_network import Addresses, NotOurs, ServedNetwork
from wizard.platform.errors import WizardError
from wizard.platform.own_names import NETWORK_LABEL as LABEL

PREFIX = "2001:db8:1:2:1::/80"
IDENTIFIER = "0fbfb3eece92" + 52 * "0"
WIZARD = ServedNetwork("wizard", IPv6Network(PREFIX))


def described(*addresses: str, **changes: Any) -> dict[str, Any]:
    """Return what Docker says of the network of the plan."""
    return {
        "Name": "wizard",
        "Id": IDENTIFIER,
        "Labels": {LABEL: PREFIX},
        "IPAM": {
            "Config": [
                {"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"},
                {"Subnet": PREFIX, "Gateway": "2001:db8:1:2:1::1"},
            ]
        },
        "Containers": {
            str(number): {"IPv6Address": each and f"{each}/80"}
            for number, each in enumerate(addresses)
        },
    } | changes


def whole(body: bytes) -> bytes:
    """Return an answer with this body."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


FOUND = whole(json.dumps(described("2001:db8:1:2:1::2")).encode())
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}"
STREAM = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'33\r\n{"Actor": {"Attributes": {"name": "wizard"}}}\r\n    \n\r\n0\r\n\r\n'
)
ADDRESSES = Addresses(frozenset({IPv6Address("2001:db8:1:2:1::2")}))
NOBODY = Addresses(frozenset())


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
                self._answer(client)

    def _answer(self, client: socket.socket) -> None:
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
    answers = [engine.addresses(WIZARD) for _ in range(3)]
    assert answers == [ADDRESSES, ADDRESSES, ADDRESSES]
    assert server.connections == 1


def test_the_network_that_proved_to_be_ours_is_asked_for_by_its_identifier(server: Server) -> None:
    server.scripts = [[FOUND, FOUND, MISSING, FOUND, MISSING, MISSING]]
    engine = DockerEngine(server.path)
    answers = [engine.addresses(WIZARD) for _ in range(4)]
    assert answers == [ADDRESSES, ADDRESSES, ADDRESSES, NOBODY]
    name, known = (f"GET /networks/{each} HTTP/1.1".encode() for each in ("wizard", IDENTIFIER))
    assert server.requests == [name, known, known, name, known, name]


@pytest.mark.parametrize(
    "stranger",
    [
        described("2001:db8:1:2::1", Labels={}),
        described("2001:db8:1:2::1", Labels=None),
        described("2001:db8:1:2::1", IPAM={"Config": [{"Subnet": "2001:db8:1:2::/64"}]}),
        described("2001:db8:1:2::1", Labels={LABEL: "2001:db8:1:2::/64"}),
        described(
            "2001:db8:1:2::1",
            Labels={LABEL: "2001:db8:1:2::/64"},
            IPAM={"Config": [{"Subnet": "2001:db8:1:2::/64"}]},
        ),
        described(
            "2001:db8:1:2::1",
            IPAM={"Config": [{"Subnet": PREFIX}, {"Subnet": "2001:db8:1:2::/64"}]},
        ),
        described("2001:db8:1:2:1::2", IPAM=None),
    ],
    ids=["no label", "no labels", "prefix", "label", "both", "one more prefix", "no prefix"],
)
def test_a_network_of_that_name_that_is_not_of_the_plan_is_not_served(
    server: Server, stranger: dict[str, Any]
) -> None:
    server.scripts = [[whole(json.dumps(stranger).encode()), FOUND]]
    engine = DockerEngine(server.path)
    with pytest.raises(NotOurs, match="is not the one that was set up"):
        engine.addresses(WIZARD)
    # Nothing is remembered of it.
    assert engine.addresses(WIZARD) == ADDRESSES
    assert server.requests == [b"GET /networks/wizard HTTP/1.1"] * 2


def test_without_a_prefix_the_label_and_the_network_must_agree(server: Server) -> None:
    stranger = described("2001:db8:1:2::1", IPAM={"Config": [{"Subnet": "2001:db8:1:2::/64"}]})
    server.scripts = [[FOUND, whole(json.dumps(stranger).encode())]]
    engine = DockerEngine(server.path)
    assert engine.addresses(ServedNetwork("wizard")) == ADDRESSES
    with pytest.raises(NotOurs):
        engine.addresses(ServedNetwork("wizard"))


def test_a_network_that_only_begins_so_is_not_the_one(server: Server) -> None:
    other = described("2001:db8:1:2:1::2", Name="another")
    server.scripts = [[whole(json.dumps(other).encode())]]
    assert DockerEngine(server.path).addresses(WIZARD) == NOBODY


def test_addresses_that_no_container_can_have_are_refused(server: Server) -> None:
    hostile = ["::", "::1", "fe80::1", "ff02::1", "2001:db8:1:2::1", "2001:db8:1:2:2::5"]
    hostile += ["2001:db8:1:2:1::", "2001:db8:1:2:1::1"]
    answer = described("2001:db8:1:2:1::2", "", *hostile)
    server.scripts = [[whole(json.dumps(answer).encode())]]
    found = DockerEngine(server.path).addresses(WIZARD)
    assert found == Addresses(ADDRESSES.wanted, frozenset(map(IPv6Address, hostile)))


@pytest.mark.parametrize("prefix", ["::/0", "ff00::/8", "fe80::/10"])
def test_whatever_the_prefix_only_addresses_of_single_hosts_are_served(prefix: str) -> None:
    named = ("::", "::1", "fe80::1", "ff02::1")
    answer = described(*named, Labels={LABEL: prefix}, IPAM={"Config": [{"Subnet": prefix}]})
    found = ServedNetwork("wizard").addresses(answer)
    assert found == Addresses(frozenset(), frozenset(map(IPv6Address, named)))


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"Name": "wizard", "Containers": ' + DEEP + b"}",
        b"[" * 500_000,
        json.dumps(described("2001:db8:1:2:1::2%eth0\nneighbour add proxy ::1")).encode(),
        json.dumps(described("2001:db8:1:2:1::2%")).encode(),
        json.dumps(described("x" * 500_000)).encode(),
        json.dumps(described("2001:db8:1:2:1::2/" + "8" * 500_000)).encode(),
        json.dumps(described(Containers=[[]])).encode(),
        json.dumps(described(Containers={"a": {"IPv6Address": 7}})).encode(),
        json.dumps(described(IPAM={"Config": [None]})).encode(),
        json.dumps(described(Labels=["a"])).encode(),
        b'{"Name": "wizard"}' + b" " * bounded.LARGEST,
        b"\xff\xfe",
    ],
    ids=[
        "deep", "deep and open", "zone with a line", "zone", "long", "long length", "list",
        "number", "no pool", "labels", "large", "no text",
    ],
)  # fmt: skip
def test_a_hostile_answer_is_refused_and_the_next_one_is_taken(server: Server, body: bytes) -> None:
    server.scripts = [[whole(body)], [FOUND]]
    engine = DockerEngine(server.path)
    with pytest.raises(WizardError) as refused:
        engine.addresses(WIZARD)
    assert not isinstance(refused.value, NotOurs)
    server.scripts = [[FOUND]]
    assert engine.addresses(WIZARD) == ADDRESSES


def test_the_largest_real_network_is_taken(server: Server) -> None:
    # As many as a bridge has ports for, each described as Docker does.
    endpoints = {
        f"{number:064x}": {
            "Name": "a" * 64,
            "EndpointID": f"{number:064x}",
            "MacAddress": "02:42:ac:12:00:02",
            "IPv4Address": "172.18.255.255/16",
            "IPv6Address": f"2001:db8:1:2:1:ffff:ffff:{number:x}/80",
        }
        for number in range(1, 1024)
    }
    body = json.dumps(described(Containers=endpoints), indent=2).encode()
    server.scripts = [[whole(body)]]
    assert len(DockerEngine(server.path).addresses(WIZARD).wanted) == 1023


class Trickle(Server):
    """Goes on for ever with a piece that makes no end, whatever is asked."""

    begin, piece = b"", b""

    def _answer(self, client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(self.begin)
        while True:
            client.sendall(self.piece)
            time.sleep(0.01)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"


@pytest.fixture
def trickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trickle]:
    monkeypatch.setenv("PATH", str(tmp_path))
    made = Trickle(tmp_path / "docker.sock")
    yield made
    made.end()


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (LENGTH, b" "),
        (LENGTH, b" " * 65536),
        (CHUNKED, b"1\r\n \r\n"),
        (CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"x"),
    ],
    ids=["slow", "endless", "slow chunks", "endless chunks", "continue", "slow header"],
)
def test_an_endless_answer_is_cut_off(trickle: Trickle, begin: bytes, piece: bytes) -> None:
    trickle.begin, trickle.piece = begin, piece
    engine, begun = DockerEngine(trickle.path, timeout=0.5), time.monotonic()
    with pytest.raises(WizardError):
        engine.addresses(WIZARD)
    assert time.monotonic() - begun < 3


def test_an_endless_event_is_cut_off(trickle: Trickle) -> None:
    trickle.begin, trickle.piece = CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"
    events = DockerEngine(trickle.path, timeout=0.5).happenings(["wizard"])
    assert next(events) is False
    with pytest.raises(WizardError, match="larger than any"):
        next(events)


def test_a_connection_that_was_closed_since_is_made_anew(server: Server) -> None:
    server.scripts = [[FOUND], [FOUND]]
    engine = DockerEngine(server.path)
    assert engine.addresses(WIZARD) == ADDRESSES
    assert engine.addresses(WIZARD) == ADDRESSES
    assert server.connections == 2


def test_a_hanging_engine_is_given_up_and_asked_anew(server: Server) -> None:
    server.scripts = [[None], [FOUND]]
    engine = DockerEngine(server.path, timeout=2)
    with pytest.raises(WizardError, match="timed out"):
        engine.addresses(WIZARD)
    assert engine.addresses(WIZARD) == ADDRESSES


@pytest.mark.parametrize("answer", [BROKEN, b"nonsense\r\n\r\n", b""])
def test_an_engine_out_of_order_is_an_error_and_not_an_empty_network(
    server: Server, answer: bytes
) -> None:
    server.scripts = [[answer]] * 3
    with pytest.raises(WizardError):
        DockerEngine(server.path).addresses(WIZARD)


def test_a_missing_socket_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WizardError):
        DockerEngine(tmp_path / "none.sock").addresses(WIZARD)


def test_a_network_name_cannot_lead_to_another_question(server: Server) -> None:
    server.scripts = [[MISSING]]
    DockerEngine(server.path).addresses(ServedNetwork("../info?x#y"))
    assert server.requests == [b"GET /networks/..%2Finfo%3Fx%23y HTTP/1.1"]


def test_the_stream_of_events_begins_tells_and_ends(server: Server) -> None:
    server.scripts = [[STREAM]]
    assert list(DockerEngine(server.path).happenings(["wizard"])) == [False, True]


def test_however_long_nothing_happens_the_stream_is_heard(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = list[socket.socket]()

    class Connection(docker_engine._Connection):
        def connect(self) -> None:
            super().connect()
            streams.append(self.sock)

    monkeypatch.setattr(docker_engine, "_Connection", Connection)
    server.scripts = [[STREAM]]
    told = DockerEngine(server.path).happenings(["wizard"])
    assert next(told) is False
    assert [each.gettimeout() for each in streams] == [None]
    assert list(told) == [True]


@pytest.mark.parametrize(
    ("service", "by_default", "asked"),
    [
        ("deactivating", True, 0),
        ("inactive", True, 0),
        ("active", True, 1),
        # The units are of Docker at the default socket, and say nothing of another.
        ("inactive", False, 1),
    ],
)
def test_an_engine_that_somebody_stops_is_not_started_again(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    by_default: bool,
    asked: int,
) -> None:
    if by_default:
        monkeypatch.setattr(docker_engine, "SOCKET", server.path)
    program = tmp_path / "systemctl"
    program.write_text(f"#!/bin/sh\nprintf 'active\\n\\n{service}\\n'\n")
    program.chmod(0o755)
    server.scripts = [[FOUND]]
    with contextlib.nullcontext() if asked else pytest.raises(WizardError, match=service):
        DockerEngine(server.path).addresses(WIZARD)
    assert server.connections == asked
