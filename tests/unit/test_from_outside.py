"""What a trial from outside makes of what it finds, and what it expects."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_system import MadeUpSystem
from wizard.answers import proposals
from wizard.answers.choices import Choices, Inwards, Mode
from wizard.host.host import Host, Unknown
from wizard.platform.system import Result
from wizard.probes import outside
from wizard.verification import from_outside
from wizard.verification.from_outside import Expected, FromOutside, expected, faults_in

WEB = "2001:db8:1:2:1::2"
NAMES = {WEB: "mastodon-web-1"}


def finding(port: int, came: bool, wanted: bool, protocol: str = "tcp") -> dict[str, Any]:
    return {
        "address": WEB, "port": port, "protocol": protocol, "came": came, "expected": wanted,
    }  # fmt: skip


def test_what_is_as_it_should_be_is_no_fault() -> None:
    assert faults_in([finding(3000, True, True), finding(50000, False, False)], NAMES) == ()


def test_open_and_closed_ports_are_named_with_container_and_address() -> None:
    found = [finding(50000, True, False), finding(50001, True, False, "udp")]
    (sentence,) = faults_in(found, NAMES)
    assert f"50000/tcp of mastodon-web-1 at {WEB}, 50001/udp of mastodon-web-1" in sentence
    (sentence,) = faults_in([finding(3000, False, True)], NAMES)
    assert f"meant to be open: 3000/tcp of mastodon-web-1 at {WEB}." in sentence


def published(host: Host, *ports: str) -> tuple[Host, Choices]:
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    containers = tuple(
        replace(each, ports=ports) if each.service == "web" else replace(each, ports=())
        for each in project.containers
    )
    host = replace(host, projects=(replace(project, containers=containers),))
    choices = proposals.defaults(host)
    return host, replace(
        choices,
        services=("web", "sidekiq"),
        mode=Mode.ROUTED,
        prefix=IPv6Network("2001:db8:1:2:1::/80"),
    )


BOTH = ("0.0.0.0:3000->3000/tcp", "[::]:3000->3000/tcp")


def test_our_own_rules_open_a_port_on_every_container() -> None:
    host, choices = published(made_up_hosts.debian13(), *BOTH)
    assert dict(expected(host, choices).opened) == {
        "mastodon-web-1": ("3000/tcp",),
        "mastodon-sidekiq-1": ("3000/tcp",),
    }


@pytest.mark.parametrize(
    ("ports", "opened"),
    [
        (BOTH, ("3000/tcp",)),
        (("0.0.0.0:3000->3000/tcp",), ()),
        (("127.0.0.1:3000->3000/tcp",), ()),
        (("[::1]:3000->3000/tcp",), ()),
        (("3000/tcp",), ()),
    ],
)
def test_the_engine_opens_what_a_container_itself_publishes_over_ipv6(
    ports: tuple[str, ...], opened: tuple[str, ...]
) -> None:
    host, choices = published(made_up_hosts.debian14(), *ports)
    assert dict(expected(host, choices).opened) == {
        "mastodon-web-1": opened,
        "mastodon-sidekiq-1": (),
    }


def test_where_everything_may_come_in_nothing_has_to_be_closed() -> None:
    host, choices = published(made_up_hosts.debian13(), *BOTH)
    assert expected(host, choices).nothing_else
    assert not expected(host, replace(choices, inwards=Inwards.ALL)).nothing_else


def test_in_the_private_mode_nothing_is_open() -> None:
    host, choices = published(made_up_hosts.debian13(), *BOTH)
    private = replace(choices, mode=Mode.ULA)
    assert expected(host, private) == Expected(uplink="eth0", bridge="br-ipv6")


SIDEKIQ = "2001:db8:1:2:1::3"
OPENED = (("mastodon-web-1", ("3000/tcp", "3478/udp")), ("mastodon-sidekiq-1", ("3000/tcp",)))
CLOSED = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -o br-ipv6 -j DROP\nCOMMIT\n"
ADMITTED = CLOSED.replace("-A", "-A FORWARD -i eth0 -p tcp --dport 22 -j ACCEPT\n-A", 1)


class Docker(MadeUpSystem):
    """Has the network with two containers, and what ip6tables-save prints."""

    def __init__(
        self, saved: str = CLOSED, pids: Sequence[int] = (41, 42), status: int = 0
    ) -> None:
        super().__init__()
        self.saved, self.pids, self.status = saved, pids, status

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        if argv[0] == "ip6tables-save":
            return Result(0, self.saved)
        if argv[1] == "network":
            members = {"a": f"{WEB}/80", "b": f"{SIDEKIQ}/80", "c": None}
            containers = {key: {"IPv6Address": each} for key, each in members.items()}
            return Result(
                self.status, json.dumps({"Name": "mastodon_ipv6", "Containers": containers})
            )
        names = ("a", "mastodon-web-1"), ("b", "mastodon-sidekiq-1")
        rows = zip(names, self.pids, strict=True)
        return Result(0, "".join(f"{key} {pid} /{name}\n" for (key, name), pid in rows))


class Stranger:
    """What strangers find; holds what was asked of the one who tried."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.answer, self.asked = answer, list[dict[str, Any]]()

    def __call__(self, what: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(what)
        return dict(self.answer)


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Stranger:
    made = Stranger({"found": []})
    monkeypatch.setattr(from_outside, "from_a_stranger", made)
    return made


def faults(system: Docker, **wanted: Any) -> Sequence[str]:
    asked = Expected(OPENED, uplink="eth0", bridge="br-ipv6")
    return FromOutside(system, "mastodon_ipv6", replace(asked, **wanted)).faults()


def test_every_running_container_with_an_address_is_tried(stranger: Stranger) -> None:
    assert faults(Docker()) == ()
    (asked,) = stranger.asked
    assert asked["places"] == [
        {"pid": 41, "address": WEB, "opened": [3000], "closed": True},
        {"pid": 42, "address": SIDEKIQ, "opened": [3000], "closed": True},
    ]
    # A port that is open on one of them is no port of which to see on another that it is closed.
    assert asked["avoid"] == [3000, 3478]
    faults(Docker(pids=(0, 42)))
    assert [each["pid"] for each in stranger.asked[1]["places"]] == [42]
    # Where nothing is published it is tried that nothing is open.
    faults(Docker(), opened=())
    assert [each["opened"] for each in stranger.asked[2]["places"]] == [[], []]


def test_nobody_is_asked_where_nothing_is_expected(stranger: Stranger) -> None:
    assert faults(Docker(), opened=(), nothing_else=False) == ()
    assert faults(Docker(pids=(0, 0))) == ()
    assert stranger.asked == []


def test_what_strangers_find_is_told_by_the_name_of_the_container(stranger: Stranger) -> None:
    stranger.answer = {"found": [finding(50000, True, False)]}
    (sentence,) = faults(Docker())
    assert "50000/tcp of mastodon-web-1" in sentence


def test_what_cannot_be_tried_is_a_fault_and_never_silence(stranger: Stranger) -> None:
    stranger.answer = {"failed": "it did not end in 25 s"}
    (sentence,) = faults(Docker())
    assert "could not be tried: it did not end in 25 s." in sentence
    (sentence,) = faults(Docker(status=1))
    assert sentence.startswith("Whether strangers are kept out could not be tried. Docker")


def test_a_rule_that_lets_in_what_no_trial_meets_is_a_fault(stranger: Stranger) -> None:
    (sentence,) = faults(Docker(ADMITTED))
    assert "-A FORWARD -i eth0 -p tcp --dport 22 -j ACCEPT" in sentence
    # Where everything may come in, or where it comes in is not known, no rule is one too many.
    assert faults(Docker(ADMITTED), nothing_else=False) == ()
    assert faults(Docker(ADMITTED), uplink="") == ()


HERE = "fe80000000000000000000000d0c0001 02 40 20 82 veth-ipv6-trial\n"
ELSEWHERE = "fe80000000000000000000000d0c0001 02 40 20 82 eth0\n"
LED_BACK = (
    f"20010002000000000000000000000005 80 {'0' * 32} 00 fe80000000000000000000000d0c0002 "
    "00000400 00000002 00000000 00000003 veth-ipv6-trial\n"
)


@pytest.mark.parametrize(
    ("addresses", "routes", "whole"),
    [
        (ELSEWHERE + HERE, LED_BACK, True),
        (ELSEWHERE, LED_BACK, False),
        (HERE, "", False),
        (HERE, LED_BACK.replace("veth-ipv6-trial", "eth0"), False),
        (HERE, LED_BACK.replace("0005 80", "0006 80"), False),
    ],
)
def test_a_trial_counts_only_if_its_interface_is_as_it_was_made(
    addresses: str, routes: str, whole: bool
) -> None:
    assert outside.stands("2001:2::5", addresses, routes) is whole


def test_the_stranger_has_an_address_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = list[dict[str, Any]]()

    def run(argv: Sequence[str], **how: Any) -> subprocess.CompletedProcess[str]:
        sent.append(json.loads(how["input"]))
        assert how["timeout"] > sent[-1]["seconds"] > 0
        return subprocess.CompletedProcess(argv, 0, '{"found": []}', "")

    monkeypatch.setattr(subprocess, "run", run)
    for _ in range(20):
        assert from_outside.from_a_stranger({"places": [1]}) == {"found": []}
    sources = {IPv6Address(each["source"]) for each in sent}
    assert all(each in IPv6Network("2001:2::/48") for each in sources)
    assert len(sources) == 20
    assert all(each["places"] == [1] for each in sent)


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (subprocess.TimeoutExpired(["x"], 25), "it did not end in 25 s"),
        (PermissionError(13, "Permission denied"), "could not be started: Permission denied"),
        (subprocess.CompletedProcess(["x"], 1, "", "a\nno\x1bspace\n"), "no\\x1bspace"),
        (subprocess.CompletedProcess(["x"], 1, "", ""), "it gave no answer"),
        (subprocess.CompletedProcess(["x"], 0, "[]", ""), "its answer makes no sense"),
    ],
)
def test_however_the_trial_ends_it_says_why(
    monkeypatch: pytest.MonkeyPatch, ended: Any, why: str
) -> None:
    def run(*_: Any, **__: Any) -> Any:
        if isinstance(ended, Exception):
            raise ended
        return ended

    monkeypatch.setattr(subprocess, "run", run)
    assert why in from_outside.from_a_stranger({})["failed"]
