"""What containers are connected to at private addresses they reach after a change as before."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from typing import cast

import pytest

from tests import made_up_hosts
from wizard.answers import proposals
from wizard.host import connections
from wizard.host.contacts import Connection
from wizard.probes import namespace
from wizard.verification import nearby as looking
from wizard.verification.aspect import lost
from wizard.verification.nearby import Nearby

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def row(local: str, remote: str, state: str = "01") -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000     0\n"


def at(address: str, port: int) -> str:
    return f"{int.from_bytes(IPv4Address(address).packed, 'little'):08X}:{port:04X}"


OF_HOST = IPv4Address("192.0.2.10")
OWN = at("172.18.0.3", 40000)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([row(OWN, at("172.17.0.1", 5432))], [("172.17.0.1", 5432)]),
        ([row(OWN, at("10.0.0.5", 6379), "06")], [("10.0.0.5", 6379)]),
        ([row(OWN, at("198.51.100.7", 443))], []),
        ([row(OWN, at("192.0.2.10", 5432))], [("192.0.2.10", 5432)]),
        ([row(at("127.0.0.1", 40000), at("127.0.0.1", 3000))], []),
        ([row(OWN, at("172.17.0.1", 5432), "02")], []),
        # Who came to a port that is listened on was not sought.
        ([row("00000000:0BB8", "00000000:0000", "0A"),
          row(at("172.18.0.3", 3000), at("172.18.0.1", 50000))], []),
    ],
)  # fmt: skip
def test_only_what_was_opened_to_private_addresses_counts(
    rows: list[str], found: list[tuple[str, int]]
) -> None:
    tables = {"tcp": HEAD + "".join(rows)}
    told = [Connection("tcp", IPv4Address(address), port) for address, port in found]
    assert list(connections.nearby(tables, OF_HOST.__eq__)) == told
    assert connections.nearby({"udp": tables["tcp"]}, OF_HOST.__eq__) == ()


class Asked:
    """Who is asked what, in place of packets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.silent: set[int] = set()
        self.of_host = "open"
        self.there = True
        self.outcome = "open"
        self.places: list[object] = []
        table = HEAD + row(OWN, at("172.17.0.1", 5432))
        monkeypatch.setattr(
            looking, "read_tables", lambda pid: {"tcp": table} if pid < 72 else None
        )
        monkeypatch.setattr(looking, "_is_there", lambda _pid: self.there)
        monkeypatch.setattr(looking, "_is_own", IPv4Address("172.17.0.1").__eq__)
        monkeypatch.setattr(namespace, "ask", self._ask)

    def _ask(
        self, requests: Sequence[Mapping[str, object]], _deadline: float, program: str
    ) -> tuple[Mapping[str, object], ...]:
        assert program == "trial"
        own = namespace.namespace_of(os.getpid())
        if requests and requests[0]["namespace"] == own:
            return (
                {"outcomes": [self.of_host] * len(cast("list[object]", requests[0]["places"]))},
            )
        self.places = [each["places"] for each in requests]
        answers: list[Mapping[str, object]] = []
        for each in requests:
            pid = int(str(each["namespace"]).split("/")[2])
            outcomes = ["silent" if pid in self.silent else self.outcome]
            answers.append({"outcomes": outcomes} if pid > 69 else {"failed": "gone", "errno": 0})
        return tuple(answers)


def aspect(changing: Collection[str] = (), **pids: int) -> Nearby:
    host = made_up_hosts.debian13()
    assert isinstance(host.projects, tuple)
    (project,) = host.projects
    containers = tuple(replace(each, pid=pids.get(each.service, 0)) for each in project.containers)
    host = replace(host, projects=(replace(project, containers=containers),))
    return Nearby(host, replace(proposals.defaults(host), services=tuple(pids)), changing)


@pytest.mark.parametrize("outcome", ["open", "closed"])
def test_a_place_that_accepts_no_more_is_lost(
    monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    asked = Asked(monkeypatch)
    asked.outcome = outcome
    looks = aspect(web=70, sidekiq=71)
    before = looks.look()
    assert asked.places == [[("172.17.0.1", 5432)]] * 2
    assert lost(before, looks.look()) == []
    asked.silent = {70}
    assert lost(before, looks.look()) == [
        "the way from the container mastodon-web-1 to 172.17.0.1:5432, to which it has a connection"
    ]


@pytest.mark.parametrize(("of_host", "there"), [("silent", True), ("open", False)])
def test_a_place_or_a_container_that_went_away_by_itself_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, of_host: str, there: bool
) -> None:
    asked = Asked(monkeypatch)
    looks = aspect(web=70)
    before = looks.look()
    asked.silent, asked.of_host, asked.there = {70}, of_host, there
    assert before
    assert lost(before, looks.look()) == []


@pytest.mark.parametrize(
    ("address", "changing", "tried"),
    [
        ("172.17.0.1", (), True),
        ("172.17.0.1", ("bridge",), False),
        ("172.17.0.9", (), False),
        ("172.29.0.9", (), True),
    ],
)
def test_other_containers_and_what_goes_with_a_network_are_not_tried(
    monkeypatch: pytest.MonkeyPatch, address: str, changing: Collection[str], tried: bool
) -> None:
    asked = Asked(monkeypatch)
    table = HEAD + row(OWN, at(address, 5432))
    monkeypatch.setattr(looking, "read_tables", lambda _pid: {"tcp": table})
    found = aspect(changing, web=70).look()
    assert bool(found) == tried
    assert asked.places == ([[(address, 5432)]] if tried else [])


def test_an_address_is_this_hosts_where_a_program_may_have_it() -> None:
    assert looking._is_own(IPv4Address("127.0.0.1"))
    assert not looking._is_own(IPv4Address("198.51.100.7"))


def test_where_programs_may_have_any_address_none_is_known_as_this_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(looking, "read", {looking._ANY_ADDRESS: "1\n"}.__getitem__)
    assert not looking._is_own(IPv4Address("127.0.0.1"))


def test_what_did_not_accept_at_first_or_is_not_shown_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch)
    asked.silent = {70}
    looks = aspect(web=70, sidekiq=72, streaming=69)
    before = looks.look()
    assert before == {}
    asked.silent = set()
    assert looks.look() == {}
    assert asked.places == []
