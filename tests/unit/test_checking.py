"""What a check of a set-up asks, of whom, and what it says besides the steps."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network, ip_address
from types import SimpleNamespace
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import Deployment, deployment
from tests.unit.test_judgement import GOOD
from wizard.answers.choices import Mode
from wizard.boot import outlook
from wizard.host.contacts import Listener
from wizard.host.host import Container, Engine, Host, Unknown
from wizard.inward import closed
from wizard.inward.closed import InputRules
from wizard.probes import another_machine, report
from wizard.probes.another_machine import Found, Place
from wizard.probes.findings import Finding
from wizard.probes.report import ContainerReport, ContainerTarget, HostWay, Question
from wizard.record import earlier_releases
from wizard.record.record import Record, StepState
from wizard.record.store import Store
from wizard.run import checking, journal
from wizard.run.checking import check
from wizard.run.conditions import StepCondition
from wizard.steps.closed_ports import ClosedPorts
from wizard.steps.parts import Condition
from wizard.verification.judgement import Judgement

PREFIX = IPv6Network("2001:db8:1:2:1::/80")
TARGET, OTHER = IPv6Address("2001:db8:ffff::53"), IPv6Address("2001:db8:ffff::54")
YES, NO = Finding(True, "yes"), Finding(False, "no")
WAY = HostWay(YES, YES, Finding(True, "outward"), accepts=True)


class Asked:
    """Who was asked what, in place of packets; and what they answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.way, self.reports = WAY, (GOOD,)
        self.targets: list[ContainerTarget] = []
        self.questions: list[Question] = []
        self.ways: list[tuple[IPv6Address, int | None]] = []
        self.places: list[Place] = []
        monkeypatch.setattr(report, "host_way", self._host_way)
        monkeypatch.setattr(report, "check", self._check)
        monkeypatch.setattr(another_machine, "ask", self._ask)
        monkeypatch.setattr(checking, "conditions", lambda *_: ())
        monkeypatch.setattr(outlook, "look", lambda: SimpleNamespace(sentences=("At boot.",)))

    def _host_way(self, target: IPv6Address, port: int | None = None) -> HostWay:
        self.ways.append((target, port))
        return self.way

    def _check(
        self, targets: Sequence[ContainerTarget], question: Question
    ) -> tuple[ContainerReport, ...]:
        self.targets[:] = targets
        self.questions.append(question)
        return self.reports

    def _ask(self, _system: object, whom: str, places: Sequence[Place]) -> Found:
        assert whom == "root@other"
        self.places[:] = places
        return Found(("It is silent.",), ("It was tried.",))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


class SetUp:
    """A set-up on a made-up host, which a check looks at."""

    def __init__(self, made: Deployment, store: Store) -> None:
        self.made, self.host = made, made.host
        self.record: Record = journal.begin(made.plan(), {}, store)

    def check(self, **words: Any) -> Judgement:
        return check(self.record, self.host, self.made.system, **words)

    def containers(self, change: Callable[[Container], Container]) -> None:
        assert isinstance(self.host.projects, tuple)
        (project,) = self.host.projects
        changed = tuple(change(each) for each in project.containers)
        self.host = replace(self.host, projects=(replace(project, containers=changed),))


def private(store: Store, host: Host | None = None, **choices: Any) -> SetUp:
    made = deployment(host or made_up_hosts.debian13())
    return SetUp(replace(made, choices=replace(made.choices, target=TARGET, **choices)), store)


def public(store: Store, host: Host | None = None) -> SetUp:
    return private(store, host, mode=Mode.ROUTED, prefix=PREFIX)


def test_the_running_containers_of_the_chosen_services_are_asked(
    asked: Asked, store: Store
) -> None:
    place = private(store, services=("web", "sidekiq"))
    place.containers(lambda each: replace(each, running=each.service != "sidekiq", pid=70))
    found = place.check()
    assert asked.targets == [ContainerTarget("mastodon-web-1", 70)]
    assert found.reports == (GOOD,)
    assert found.differing == ("No container of sidekiq runs, so nothing was looked at there.",)
    assert found.foreseen == ("At boot.",)


@pytest.mark.parametrize("prefix", [IPv6Network("2001:db8:1:2:1::/80"), None])
def test_what_each_is_asked(asked: Asked, store: Store, prefix: IPv6Network | None) -> None:
    place = public(store)
    if prefix is None:
        del place.record.choices["prefix"]
    assert place.check().asked == (
        f"Asked was {TARGET}, by an echo request and on TCP port 443: it is the target in the "
        "answers of this run.",
    )
    assert asked.ways == [(TARGET, 443)]
    assert asked.questions == [
        Question(prefix, TARGET, 443, accepts_host=True, host=Finding(True, "outward"))
    ]


def test_what_is_typed_with_the_check_goes_before_the_answers(asked: Asked, store: Store) -> None:
    asked.way = replace(WAY, tcp=NO, accepts=False)
    found = public(store).check(target=OTHER, teller=IPv6Address("2001:db8::80"))
    assert found.asked == (
        f"Asked was {OTHER}, by an echo request and on TCP port 443: you named it.",
    )
    assert asked.ways == [(OTHER, 443)]
    # Who answers this host's echo alone says nothing of a container by TCP.
    assert asked.questions == [
        Question(
            PREFIX,
            OTHER,
            None,
            address_service=(IPv6Address("2001:db8::80"), 80),
            host=Finding(True, "outward"),
        )
    ]


@pytest.mark.parametrize(
    ("translated", "told"),
    [((True, False), False), ((True, None), True), ((None,), True), ((), False)],
)
def test_a_teller_is_asked_for_where_others_see_an_address_that_nobody_knows(
    asked: Asked, store: Store, translated: Sequence[bool | None], told: bool
) -> None:
    asked.reports = tuple(replace(GOOD, translated=each) for each in translated)  # type: ignore[assignment]
    notes = private(store).check().notes
    sentence = (
        "By which address others see some of the containers is not known: this host's kernel does "
        "not say. If you know a host that tells its visitors their address on TCP port 80, name "
        "it: wizard --check --teller ADDRESS"
    )
    assert (sentence in notes) is told


@pytest.mark.parametrize("mode", [private, public])
def test_what_the_next_docker_will_do_is_said_where_that_is_another(
    asked: Asked, store: Store, mode: Callable[..., SetUp]
) -> None:
    place = mode(store)
    until = "public addresses are hidden" if mode is public else "rules stand there twice"
    sentence = f"After an upgrade to Docker 27 or later type wizard --repair: until then {until}"
    assert any(each.startswith(sentence) for each in place.check().notes)
    engine = place.host.engine
    assert isinstance(engine, Engine)
    for other in (replace(engine, version="27.0.0"), Unknown("It does not answer.")):
        place.host = replace(place.host, engine=other)
        assert not any("After an upgrade" in each for each in place.check().notes)


def test_what_is_known_of_the_release_that_set_it_up_is_noted(
    asked: Asked, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = private(store)
    monkeypatch.setattr(earlier_releases, "faults", lambda record: (f"{record.id} is old.",))
    assert place.check().notes[-1] == f"{place.record.id} is old."


HEARD = tuple(
    Listener("tcp", ip_address(address), port)
    for address, port in (
        *(("fd12::5", 3000), ("::", 3008), ("::", 7000), ("::", 9000)),
        # On these somebody hears IPv4 alone.
        *(("0.0.0.0", 9), ("0.0.0.0", 16)),  # noqa: S104 - others bind it
    )
)

PORTS = (
    *("[::]:8008->3008/tcp", "[::]:443->3000/tcp", "0.0.0.0:443->3000/tcp", "[::]:53->53/udp"),
    *("127.0.0.1:7000->7000/tcp", "[::1]:7001->7001/tcp", "9000/tcp"),
    *("[::]:9->9/tcp", "[::]:16->16/tcp"),
)


def publishing(place: SetUp, *services: str) -> None:
    """Let these publish ports."""
    place.containers(
        lambda each: replace(
            each,
            ports=PORTS if each.service in services else (),
            listeners=HEARD,
        )
    )


def test_in_the_private_mode_this_host_should_answer_on_what_it_publishes_to_all(
    asked: Asked, store: Store
) -> None:
    place = private(store)
    publishing(place, "web")
    found = place.check(other="root@other")
    assert found.differing == ("It is silent.",)
    assert found.notes[0] == "It was tried."
    here = Place("This host", "2001:db8:1:2::10", (443, 8008), echo=False)
    assert asked.places == [here]
    notes = place.check().notes
    (note,) = (each for each in notes if each.startswith("From outside should answer"))
    assert "This host (TCP 443 and TCP 8008)" in note
    assert "wizard --check --from ADDRESS" in note
    assert [each for each in notes if "nobody listens" in each] == [
        f"In mastodon-web-1 nobody listens on TCP port {port} over IPv6, so visitors over IPv6 are "
        "refused there."
        for port in (9, 16)
    ]
    # What was not seen may be heard.
    place.containers(lambda each: replace(each, listeners=None))
    place.check(other="root@other")
    assert asked.places == [replace(here, ports=(9, 16, 443, 8008))]


def test_where_nothing_should_come_in_nobody_is_asked(asked: Asked, store: Store) -> None:
    place = private(store)
    publishing(place)
    assert not any("From outside" in each for each in place.check().notes)
    place.check(other="root@other")
    assert asked.places == []
    publishing(place, "web")
    uplink = place.host.uplink
    assert not isinstance(uplink, Unknown)
    for other in (replace(uplink, addresses=()), Unknown("Nobody knows.")):
        place.host = replace(place.host, uplink=other)
        place.check(other="root@other")
        assert asked.places == []


def test_in_the_public_mode_each_container_should_answer_at_its_own_address(
    asked: Asked, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = public(store, made_up_hosts.debian14())
    publishing(place, "web")
    endpoints = {
        "1": {"Name": "mastodon-web-1", "IPv6Address": "2001:db8:1:2:1::5/80"},
        "2": {"Name": "mastodon-sidekiq-1", "IPv6Address": "2001:db8:1:2:1::6/80"},
        "3": {"Name": "mastodon-streaming-1", "IPv6Address": ""},
        "4": {"Name": "another", "IPv6Address": "2001:db8:1:2:1::7/80"},
        "5": {},
    }
    networks = []

    def inspect(_system: object, network: str) -> dict[str, Any] | None:
        networks.append(network)
        return {"Containers": endpoints}

    monkeypatch.setattr(checking, "inspect", inspect)
    place.check(other="root@other")
    assert asked.places == [
        Place("mastodon-web-1", "2001:db8:1:2:1::5", (3000, 3008)),
        Place("mastodon-sidekiq-1", "2001:db8:1:2:1::6"),
    ]
    assert set(networks) == {"mastodon_ipv6"}
    asked.places.clear()
    for found in (None, {}, {"Containers": None}):
        monkeypatch.setattr(checking, "inspect", lambda *_, found=found: found)
        place.check(other="root@other")
        assert asked.places == []


@pytest.mark.parametrize(
    ("engine", "rules", "told"),
    [
        # Docker's own rules pass INPUT by.
        ({"manages_ip6tables": True}, "-A INPUT -j DROP", True),
        ({"manages_ip6tables": False}, "-A INPUT -j DROP", False),
        ({"manages_ip6tables": False}, "-A INPUT -i eth0 -p tcp --dport 443 -j DROP", False),
        ({"manages_ip6tables": False}, "-A INPUT -i eth1 -p tcp --dport 443 -j DROP", True),
        # Nobody knows what such a rule does, so that it counts as open.
        ({"manages_ip6tables": False}, "-A INPUT -m somebody --knows -j DROP", True),
    ],
)
def test_what_this_host_closes_is_not_expected(
    asked: Asked,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    engine: dict[str, bool],
    rules: str,
    told: bool,
) -> None:
    place = private(store)
    publishing(place, "web")
    assert isinstance(place.host.engine, Engine)
    place.host = replace(place.host, engine=replace(place.host.engine, **engine))  # type: ignore[arg-type]
    kept = InputRules(f"*filter\n:INPUT ACCEPT [0:0]\n{rules}\nCOMMIT\n")
    monkeypatch.setattr(closed, "read", lambda _system: kept)
    place.check(other="root@other")
    ports = {port for each in asked.places for port in each.ports}
    assert (443 in ports) is told
    # Those that the wizard keeps closed are closed, whatever Docker does.
    ours = ClosedPorts("br-ipv6", "fd12::/64", ports=("443/tcp",), uplink="eth0")
    found = StepCondition(1, "", ours.kind, Condition.IN_EFFECT, step=ours)
    other = replace(found, step=None)
    monkeypatch.setattr(checking, "conditions", lambda *_: (other, found))
    asked.places.clear()
    place.check(other="root@other")
    assert not any(443 in each.ports for each in asked.places)


def test_a_step_is_looked_at_on_the_host_of_today_and_beside_the_others(
    asked: Asked, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[tuple[object, ...]] = []

    def conditions(record: Record, host: Host, _system: object, beside: object) -> tuple[Any, ...]:
        looked.append((record, host, beside))
        missing = StepCondition(3, "Make it", "ula", Condition.MISSING, "It is gone.")
        return (missing, replace(missing, state=Condition.IN_EFFECT))

    place = private(store)
    for entry in place.record.steps:
        entry.state = StepState.DONE
    monkeypatch.setattr(checking, "conditions", conditions)
    found = place.check(beside=("others",))
    assert looked == [(place.record, place.host, ("others",))]
    assert found.differing == ("Step 3, “Make it”: It is gone.",)
    assert [each["state"] for each in found.steps] == ["missing", "in effect"]
