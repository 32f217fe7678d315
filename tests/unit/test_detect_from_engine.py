"""What is asked of Docker and of the kernel, and what becomes of one that does not say."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import docker.errors
import pytest
import requests.exceptions

from tests.made_up_system import MadeUpSystem
from tests.unit.test_detect_projects import container
from wizard.host import listeners, manager
from wizard.host.docker_socket import DEFAULT
from wizard.host.host import Manager
from wizard.host.looking import CannotTell
from wizard.host.parts import docker_engine, docker_networks, projects
from wizard.host.processes import Process
from wizard.host.published import Published
from wizard.inward import closed
from wizard.platform.system import NOT_THERE, Result


class Client:
    """Docker's client; what it is asked for raises where that is an error."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.left = False

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.left = True

    def _answer(self, name: str) -> Any:
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def version(self) -> Any:
        return self._answer("version")

    def info(self) -> Any:
        return self._answer("info")

    def networks(self) -> Any:
        return self._answer("networks")

    def containers(self, **which: Any) -> Any:
        assert which == {"all": True, "filters": {"label": "com.docker.compose.project"}}
        return self._answer("containers")

    def inspect_container(self, identifier: str) -> Any:
        return self._answer(identifier)

    def inspect_image(self, identifier: str) -> Any:
        self.asked.append(identifier)
        return self._answer(identifier)


FAILURES = [
    docker.errors.APIError("a fault"),
    requests.exceptions.ConnectionError("it went away"),
    KeyError("an answer of another shape"),
]
VERSION = {"Version": "26.1.5", "ApiVersion": "1.45"}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: type(each).__name__)
def test_an_engine_that_fails_is_told_and_let_go(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    client = Client(
        version=failure,
        info=failure,
        networks=failure,
        containers=[{"Id": "one"}],
        one=failure,
    )
    for part in (docker_networks, projects, docker_engine):
        monkeypatch.setattr(part, "connect", lambda: client)
        client.left = False
        with pytest.raises(CannotTell):
            part.detect()
        assert client.left


def test_networks_are_those_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [{"Name": name, "Id": name * 16, "Driver": "bridge"} for name in ("b", "a")]
    monkeypatch.setattr(docker_networks, "connect", lambda: Client(networks=entries))
    assert [each.name for each in docker_networks.detect()] == ["a", "b"]


def test_a_container_that_ended_in_between_is_none_and_an_image_is_asked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = docker.errors.NotFound("No such container")
    client = Client(
        containers=[{"Id": each} for each in ("one", "two", "three", "four")],
        one=container("p_web_1") | {"Image": "kept"},
        two=gone,
        three=container("p_web_2") | {"Image": "kept"},
        four=container("p_web_3") | {"Image": "removed"},
        kept={"Config": {"Labels": {}}},
        removed=gone,
    )
    monkeypatch.setattr(projects, "connect", lambda: client)
    monkeypatch.setattr(projects, "looked_into", lambda found, _seconds: tuple(found))
    (project,) = projects.detect()
    assert [each.name for each in project.containers] == ["p_web_1", "p_web_2", "p_web_3"]
    assert client.asked == ["kept", "removed"]


@pytest.mark.parametrize("process", [None, Process("dockerd", 0, own=True, words=("dockerd",))])
@pytest.mark.parametrize("path", [DEFAULT, Path("/srv/own.sock")])
def test_the_engine_is_told_with_its_socket_and_unit_where_they_are_not_the_usual(
    monkeypatch: pytest.MonkeyPatch, process: Process | None, path: Path
) -> None:
    def configuration(words: tuple[str, ...]) -> str:
        return '{"ip-forward": false}' if words == ("dockerd",) else "{}"

    client = Client(version=VERSION, info={})
    monkeypatch.setattr(docker_engine, "connect", lambda: client)
    monkeypatch.setattr(docker_engine, "socket_path", lambda: path)
    monkeypatch.setattr(docker_engine, "engine_process", lambda asked: asked == path and process)
    monkeypatch.setattr(docker_engine, "configuration", configuration)
    monkeypatch.setattr(docker_engine, "unit_of", lambda _process: "own.service")
    monkeypatch.setattr(docker_engine, "output", lambda _words: "docker.service\n")
    found = docker_engine.detect()
    assert found.version == "26.1.5"
    assert found.socket == (None if path == DEFAULT else "/srv/own.sock")
    assert found.unit == ("own.service" if process else "")
    assert found.ip_forward is (process is None)


# Who configures an interface.

TELLS = (Manager.NETWORKD, Manager.NETWORK_MANAGER, Manager.DHCPCD, Manager.IFUPDOWN)


@pytest.mark.parametrize("number", range(16))
def test_whoever_says_that_it_configures_an_interface_does_in_a_fixed_order(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    says = {each: bool(number >> place & 1) for place, each in enumerate(TELLS)}
    for name, who in (
        ("managed_by_networkd", Manager.NETWORKD),
        ("managed_by_network_manager", Manager.NETWORK_MANAGER),
        ("leaves_to_dhcpcd", Manager.DHCPCD),
        ("named_in_interfaces", Manager.IFUPDOWN),
    ):
        monkeypatch.setattr(manager, name, lambda *_, who=who: says[who])
    monkeypatch.setattr(manager, "configures", lambda *_: True)
    monkeypatch.setattr(manager, "is_active", lambda _unit: True)
    expected = next((each for each in TELLS if says[each]), Manager.KERNEL)
    assert manager.detect("eth0", 2) is expected
    # What a program has left says nothing once it does not run.
    monkeypatch.setattr(manager, "configures", lambda *_: False)
    monkeypatch.setattr(manager, "is_active", lambda _unit: False)
    left = Manager.IFUPDOWN if says[Manager.IFUPDOWN] else Manager.KERNEL
    assert manager.detect("eth0", 2) is left


# Sockets.


def test_tables_are_those_of_a_process_and_one_of_ipv6_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "PROC", tmp_path)
    folder = tmp_path / "7" / "net"
    folder.mkdir(parents=True)
    assert listeners.read_tables(7) is None
    (folder / "tcp").write_text("four\n")
    assert listeners.read_tables(7) == {"tcp": "four\n"}
    (folder / "tcp6").write_text("six\n")
    assert listeners.read_tables(7) == {"tcp": "four\n", "tcp6": "six\n"}
    assert listeners.read_tables(7, ("tcp6",)) == {"tcp6": "six\n"}
    assert listeners.read_tables(8, ("tcp6",)) is None
    (folder / "udp").mkdir()
    assert listeners.read_tables(7, ("tcp", "udp")) is None
    assert listeners.listeners(None) is None


def test_whom_a_program_waits_for_is_told_from_what_it_has_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "PROC", tmp_path)
    assert listeners.asked_in_vain() == frozenset()
    folder = tmp_path / "self" / "net"
    folder.mkdir(parents=True)
    lines = [
        f"0: 0100007F:C350 0{number}0200C0:01BB {state} 0:0"
        for number, state in ((1, "02"), (2, "01"), (3, "0A"))
    ]
    (folder / "tcp").write_text("\n".join(["  sl", *lines, "0: 1 2", "0: 1 zz:zz 02 0"]))
    found = {(IPv4Address("192.0.2.1"), 443)}
    assert listeners.asked_in_vain() == found


# What the host's own rules close.

CLOSED = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"
OPEN = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"


class Rules(MadeUpSystem):
    """A host whose programs list these rules, or fail with a status."""

    def __init__(self, ip6tables: str | int, nft: str | int) -> None:
        super().__init__()
        self.told: Mapping[str, str | int] = {
            "ip6tables-save": ip6tables,
            "nft -j list ruleset": nft,
            # Of what comes over IPv6 it knows nothing.
            "iptables-save": CLOSED,
        }

    def run(self, argv: Any, stdin: str = "") -> Result:
        told = self.told[" ".join(argv)]
        return Result(0, told) if isinstance(told, str) else Result(told, "an error")


NONE = '{"nftables": []}'


@pytest.mark.parametrize(
    ("ip6tables", "nft", "protocol", "is_closed"),
    [
        (CLOSED, NONE, "tcp", True),
        (OPEN, NONE, "tcp", False),
        (OPEN, NOT_THERE, "udp", False),
        (NOT_THERE, NOT_THERE, "tcp", False),
        # What nobody knows of one is no matter where the other closes it.
        (CLOSED, 1, "tcp", True),
        (OPEN, 1, "tcp", None),
        (1, NONE, "tcp", None),
        (CLOSED, NONE, "sctp", None),
    ],
)
def test_a_port_is_closed_where_one_of_both_closes_it_and_open_where_both_are_known(
    ip6tables: str | int, nft: str | int, protocol: str, is_closed: bool | None
) -> None:
    port = Published(IPv6Address("::"), 3000, 3000, protocol)
    assert closed.read(Rules(ip6tables, nft)).closes("eth0", port) is is_closed
