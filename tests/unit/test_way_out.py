"""Whether the containers get out, judged against the host's own way before the change."""

from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any

import pytest

from tests import made_up_hosts
from wizard.answers import proposals
from wizard.answers.choices import Choices, Mode
from wizard.host.host import Host, Unknown
from wizard.probes import report
from wizard.probes.findings import NO_PORT, NOT_ASKED, Finding
from wizard.probes.report import ContainerReport, HostWay, Question
from wizard.verification.way_out import WayOut

YES, NO = Finding(True, "reply in 4 ms"), Finding(False, "no answer in 2 s")
GOOD = ContainerReport("web", YES, YES, YES, YES, YES, YES, YES, YES, YES)
TARGET = IPv6Address("2001:db8:ffff::53")


def chosen(host: Host, **changes: Any) -> Choices:
    services = ("web", "streaming", "sidekiq")
    return replace(proposals.defaults(host), services=services, target=TARGET, **changes)


def aspect(
    monkeypatch: pytest.MonkeyPatch,
    echo: Finding,
    tcp: Finding,
    inside: ContainerReport,
    asked: list[Question] | None = None,
    host: Host | None = None,
    **changes: Any,
) -> WayOut:
    """The aspect after its look before the change."""

    def check(targets: Any, question: Question, _timeout: float) -> Any:
        if asked is not None:
            asked.append(question)
        untried: dict[str, Any] = {} if question.target else {"target_echo": NOT_ASKED}
        if question.target_port is None:
            untried["tcp"] = NO_PORT
        return tuple(replace(inside, name=each.name, **untried) for each in targets)

    outward = echo if echo.ok else tcp
    monkeypatch.setattr(report, "host_way", lambda *_: HostWay(echo, tcp, outward))
    monkeypatch.setattr(report, "check", check)
    there = host or made_up_hosts.debian12()
    made = WayOut(there, chosen(there, **changes))
    made.look()
    return made


def idle(host: Host) -> Host:
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    stopped = tuple(replace(each, running=False, pid=0) for each in project.containers)
    return replace(host, projects=(replace(project, containers=stopped),))


@pytest.mark.parametrize(
    ("host", "inside", "fine"),
    [
        ((YES, YES), GOOD, True),
        ((YES, YES), replace(GOOD, tcp=NO), False),
        ((YES, YES), replace(GOOD, target_echo=NO), True),
        ((NO, YES), replace(GOOD, target_echo=NO), True),
        # A target that takes no connection from the host tells nothing by one.
        ((YES, NO), replace(GOOD, tcp=NO), True),
        ((YES, NO), replace(GOOD, target_echo=NO), False),
    ],
)
def test_what_the_target_answered_to_the_host_it_must_answer_to_every_container(
    monkeypatch: pytest.MonkeyPatch,
    host: tuple[Finding, Finding],
    inside: ContainerReport,
    fine: bool,
) -> None:
    made = aspect(monkeypatch, *host, inside)
    assert made.obstacles() == ()
    assert len(made.faults()) == (0 if fine else 3)


def test_a_host_that_gets_nowhere_is_told_before_anything_is_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (sentence,) = aspect(monkeypatch, NO, NO, GOOD).obstacles()
    assert str(TARGET) in sentence


def test_who_goes_on_all_the_same_is_judged_by_the_router_of_the_containers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Question] = []
    made = aspect(monkeypatch, NO, NO, GOOD, asked, unproven=True)
    assert (made.obstacles(), made.faults()) == ((), ())
    assert asked[0].target is None
    silent = replace(GOOD, gateway_echo=NO)
    assert len(aspect(monkeypatch, NO, NO, silent, unproven=True).faults()) == 3
    # Where the host does get out, there is no need to be content with less.
    assert len(aspect(monkeypatch, YES, YES, replace(GOOD, tcp=NO), unproven=True).faults()) == 3


def test_a_plan_that_joins_no_container_is_told_before_anything_is_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = idle(made_up_hosts.debian12())
    (sentence,) = aspect(monkeypatch, YES, YES, GOOD, host=host).obstacles()
    assert "running container" in sentence
    told = aspect(monkeypatch, YES, YES, GOOD, host=host, unproven=True)
    assert (told.obstacles(), told.faults()) == ((), ())


@pytest.mark.parametrize(
    ("mode", "translated", "fine"),
    [
        (Mode.ULA, True, True),
        (Mode.ROUTED, False, True),
        (Mode.ROUTED, None, True),
        (Mode.ROUTED, True, False),
    ],
)
def test_routed_containers_must_not_be_seen_by_another_address(
    monkeypatch: pytest.MonkeyPatch, mode: Mode, translated: bool | None, fine: bool
) -> None:
    made = aspect(monkeypatch, YES, YES, replace(GOOD, translated=translated), mode=mode)
    assert (made.faults() == ()) is fine


def test_the_hosts_own_way_must_not_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    before = aspect(monkeypatch, YES, YES, GOOD).look()
    after = aspect(monkeypatch, YES, NO, GOOD).look()
    assert set(before) - set(after) == {"way out by TCP"}
