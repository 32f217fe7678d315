"""What containers reach over IPv4 before a change they reach after it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests import made_up_hosts
from wizard.answers import proposals
from wizard.host.host import Host
from wizard.probes import namespace
from wizard.verification import way_out_ipv4
from wizard.verification.aspect import lost
from wizard.verification.way_out_ipv4 import WayOutIpv4

ROUTER = IPv4Address("192.0.2.1")
SERVICES = ("web", "streaming", "sidekiq")


class Asked:
    """Who was asked, in place of packets; ``silent`` are the processes without an answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.routes = [("eth0", ROUTER), ("eth1", ROUTER), ("tun0", None)]
        self.silent: set[int] = set()
        self.asked: list[int] = []
        monkeypatch.setattr(way_out_ipv4, "default_routes_ipv4", lambda _text: self.routes)
        monkeypatch.setattr(namespace, "ask", self._ask)

    def _ask(
        self, requests: Sequence[Mapping[str, object]], _deadline: float, program: str
    ) -> tuple[Mapping[str, object], ...]:
        assert program == "echo_ipv4"
        assert all(each["addresses"] == ["192.0.2.1"] for each in requests)
        self.asked = [int(str(each["namespace"]).split("/")[2]) for each in requests]
        return tuple(
            {"failed": "gone", "errno": 0} if pid in self.silent else {"answered": ["192.0.2.1"]}
            for pid in self.asked
        )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


def looking(pids: Mapping[str, int]) -> WayOutIpv4:
    host: Host = made_up_hosts.debian13()
    assert isinstance(host.projects, tuple)
    (project,) = host.projects
    containers = tuple(
        replace(
            each,
            pid=pids.get(each.service, 0),
            networks=("one", "two") if each.service == "sidekiq" else ("one",),
        )
        for each in project.containers
    )
    host = replace(host, projects=(replace(project, containers=containers),))
    return WayOutIpv4(host, replace(proposals.defaults(host), services=SERVICES))


def test_a_router_that_answers_a_container_no_more_is_lost(asked: Asked) -> None:
    aspect = looking({"web": 70, "streaming": 73, "sidekiq": 71, "db": 72})
    before = aspect.look()
    # One for each set of networks.
    assert sorted(asked.asked) == [70, 71]
    assert lost(before, aspect.look()) == []
    asked.silent = {70}
    assert lost(before, aspect.look()) == [
        "the way of the container mastodon-web-1 to this host's IPv4 router, which answered"
    ]


def test_who_had_no_answer_at_first_loses_nothing_and_is_not_asked_again(asked: Asked) -> None:
    aspect = looking({"web": 70, "sidekiq": 71})
    asked.silent = {71}
    before = aspect.look()
    assert [*before] == ["IPv4 of mastodon-web-1"]
    asked.silent = set()
    assert lost(before, aspect.look()) == []
    assert asked.asked == [70]


def test_without_a_router_or_a_process_nobody_is_asked(asked: Asked) -> None:
    assert looking({}).look() == {}
    asked.routes = [("tun0", None)]
    assert looking({"web": 70}).look() == {}
    assert asked.asked == []
