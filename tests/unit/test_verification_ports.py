"""What was found to answer before is found again afterwards, or its loss is said."""

import json
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from wizard.platform.system import Result
from wizard.probes import namespace
from wizard.probes.trial import CLOSED, OPEN, REFUSED
from wizard.verification import peers, published_ports
from wizard.verification.aspect import lost
from wizard.verification.containers import Containers
from wizard.verification.peers import Peers
from wizard.verification.published_ports import PublishedPorts
from wizard.verification.running import running


class Engine:
    """Stands in for a system whose engine has these containers."""

    def __init__(self, *entries: dict[str, Any]) -> None:
        self.entries = list(entries)

    def run(self, argv: tuple[str, ...], stdin: str = "") -> Result:
        if argv[1] == "ps":
            return Result(0, "\n".join(each["Name"] for each in self.entries))
        asked = [each for each in self.entries if each["Name"] in argv]
        return Result(0, "\n".join(json.dumps(each) for each in asked) + "\nnoise")


def entry(name: str, *host: str, port: int = 3000, **networks: str) -> dict[str, Any]:
    bindings = [{"HostIp": each, "HostPort": "3000"} for each in host]
    return {
        "Name": f"/{name}",
        "Pid": 4711 + len(name),
        "Networks": {key: {"IPAddress": value} for key, value in networks.items()},
        "Ports": {f"{port}/tcp": bindings or None},
    }


Outcomes = dict[tuple[str, int], str]


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> Outcomes:
    found: Outcomes = {}

    def tried(places: list[tuple[str, int]], **_: Any) -> list[str]:
        return [found.get(place, REFUSED) for place in places]

    def source(anywhere: str) -> dict[str, str]:
        return {"address": "2001:db8::10" if ":" in anywhere else "192.0.2.10"}

    monkeypatch.setattr(published_ports, "try_ports", tried)
    monkeypatch.setattr(published_ports, "chosen_source", source)
    return found


def test_what_the_engine_shows_is_understood() -> None:
    web = entry("web", "0.0.0.0", "::", front="172.18.0.2", idle="")  # noqa: S104
    web["Networks"]["front"]["GlobalIPv6Address"] = "fd00::2"
    (found,) = running(Engine(web))  # type: ignore[arg-type]
    assert [port.name for port in found.published] == ["0.0.0.0:3000/tcp", "[::]:3000/tcp"]
    assert found.addresses == (("front", IPv4Address("172.18.0.2")),)
    assert found.ipv6 == (IPv6Address("fd00::2"),)


def test_a_port_that_is_dead_afterwards_is_lost_at_each_address_that_answered(
    outcomes: Outcomes,
) -> None:
    aspect = PublishedPorts(Engine(entry("web", "0.0.0.0", "::")), ())  # type: ignore[arg-type] # noqa: S104
    every = [("127.0.0.1", 3000), ("192.0.2.10", 3000), ("::1", 3000), ("2001:db8::10", 3000)]
    outcomes.update(dict.fromkeys(every, OPEN))
    before = aspect.look()
    assert len(before) == 4
    assert lost(before, aspect.look()) == []
    outcomes["::1", 3000] = CLOSED
    assert lost(before, aspect.look()) == [
        "[::1]:3000 (port 3000 of the container web), which answered"
    ]


def test_what_was_accepted_is_not_looked_at_and_nothing_else_is_left_out(
    outcomes: Outcomes,
) -> None:
    engine = Engine(entry("web", "0.0.0.0", "::"))  # noqa: S104
    aspect = PublishedPorts(engine, ["[::]:3000/tcp"])  # type: ignore[arg-type]
    outcomes.update({("127.0.0.1", 3000): OPEN, ("::1", 3000): OPEN})
    assert list(aspect.look()) == ["port 127.0.0.1 3000"]


def test_what_was_dead_before_is_not_lost(outcomes: Outcomes) -> None:
    aspect = PublishedPorts(Engine(entry("web", "0.0.0.0")), ())  # type: ignore[arg-type] # noqa: S104
    outcomes["127.0.0.1", 3000] = CLOSED
    assert aspect.look() == {}


def test_a_container_that_ends_by_itself_is_no_loss_of_this_change(outcomes: Outcomes) -> None:
    engine = Engine(entry("job", "127.0.0.1"))
    aspect = PublishedPorts(engine, ())  # type: ignore[arg-type]
    outcomes["127.0.0.1", 3000] = OPEN
    before = aspect.look()
    engine.entries.clear()
    assert lost(before, aspect.look()) == []


def test_where_docker_proxy_waits_for_a_container_nothing_answers(
    outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    aspect = PublishedPorts(Engine(entry("web", "127.0.0.1", front="172.18.0.2")), ())  # type: ignore[arg-type]
    waits: set[tuple[IPv4Address, int]] = set()
    monkeypatch.setattr(published_ports, "asked_in_vain", lambda: waits)

    def tried(places: list[tuple[str, int]], stayed: Any) -> list[str]:
        stayed()
        return [OPEN for _place in places]

    monkeypatch.setattr(published_ports, "try_ports", tried)
    before = aspect.look()
    assert before
    waits.add((IPv4Address("172.18.0.2"), 3000))
    assert lost(before, aspect.look())


def test_a_container_that_is_not_of_the_project_may_come_and_go() -> None:
    web, claims = entry("web", front="172.18.0.2"), entry("claims", front="172.18.0.9")
    started: dict[str, str] = {"/web": "1", "/claims": "1"}

    class Told(Engine):
        def run(self, argv: tuple[str, ...], stdin: str = "") -> Result:
            if argv[1] == "ps":
                return super().run(argv, stdin)
            asked = [each["Name"] for each in self.entries if each["Name"] in argv]
            return Result(0, "\n".join(f"{name} 4711 {started[name]}" for name in asked))

    engine = Told(web, claims)
    aspect = Containers(engine, {"/web"})  # type: ignore[arg-type]
    before = aspect.look()
    engine.entries.remove(claims)
    assert lost(before, aspect.look()) == []
    started["/web"] = "2"
    assert lost(before, aspect.look()) == ["the container web, running without a stop"]


def test_peers_reach_each_other_at_the_addresses_that_they_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(
        entry("web", front="172.18.0.2", back="172.19.0.2"),
        entry("worker", front="172.18.0.3"),
        entry("alone", other="172.20.0.2"),
        entry("claims", front="172.18.0.9"),
    )
    reached = {"172.18.0.2": OPEN, "172.18.0.3": CLOSED}
    asked: list[Any] = []

    def ask(requests: list[Any], _deadline: float, program: str) -> tuple[Any, ...]:
        assert program == "trial"
        asked.extend(requests)
        return tuple(
            {"outcomes": [reached.get(address, REFUSED) for address, _ in each["places"]]}
            for each in requests
        )

    monkeypatch.setattr(peers, "_ports", lambda container: [80])
    monkeypatch.setattr(namespace, "ask", ask)
    aspect = Peers(engine, {"/web", "/worker", "/alone"})  # type: ignore[arg-type]
    before = aspect.look()
    assert [each["places"] for each in asked] == [
        [("172.18.0.3", 80)],
        [("172.18.0.2", 80)],
    ]
    assert len(before) == 2
    assert lost(before, aspect.look()) == []
    del reached["172.18.0.2"]
    assert lost(before, aspect.look()) == [
        "the way from the container worker to 172.18.0.2:80 (web), which answered"
    ]
    engine.entries.pop(0)
    assert lost(before, aspect.look()) == []


def test_ways_over_a_network_that_changes_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(
        entry("web", front="172.18.0.2", six="172.19.0.2"),
        entry("worker", front="172.18.0.3", six="172.19.0.3"),
    )

    def ask(requests: list[Any], _deadline: float, program: str) -> tuple[Any, ...]:
        return tuple({"outcomes": [OPEN for _ in each["places"]]} for each in requests)

    monkeypatch.setattr(peers, "_ports", lambda container: [80])
    monkeypatch.setattr(namespace, "ask", ask)
    found = Peers(engine, {"/web", "/worker"}, {"six"}).look()  # type: ignore[arg-type]
    assert set(found) == {"peer web 172.18.0.3 80", "peer worker 172.18.0.2 80"}
