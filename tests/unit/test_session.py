"""What a session says of a run on this host besides what its record says."""

import json
import os
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface, IPv6Network, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import Deployment, deployment
from tests.unit.test_past_input import publishing
from wizard.answers.choices import Mode
from wizard.boot import outlook
from wizard.boot.outlook import Outlook
from wizard.host import forward_chains
from wizard.host.contacts import Listener
from wizard.host.host import Firewall, Host, Unknown
from wizard.host.target import DEFAULT_TARGET
from wizard.inward import closed
from wizard.inward.closed import InputRules
from wizard.ndp.upstream import UpstreamCase, UpstreamFinding
from wizard.platform.errors import Refused
from wizard.probes import another_machine, report
from wizard.probes.another_machine import Found, Place
from wizard.probes.findings import Finding
from wizard.record.record import State
from wizard.record.store import Store
from wizard.run import checking, journal, renewing
from wizard.run.conditions import StepCondition
from wizard.session import Session
from wizard.steps.closed_ports import ClosedPorts
from wizard.steps.parts import Condition

if TYPE_CHECKING:
    from tests.made_up_system import MadeUpSystem

PREFIX = IPv6Network("2001:db8:1:2:1::/80")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session on a host where the routed mode is in force."""
    return opened(deployment(mode=Mode.ROUTED, prefix=PREFIX), tmp_path, monkeypatch)


def opened(made: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    store = Store(tmp_path / "state")
    store.prepare()
    record = journal.begin(made.plan(), {}, store)
    record.state = State.APPLIED
    store.save(record)
    monkeypatch.setattr(Session, "root", True)
    monkeypatch.setattr(outlook, "look", Outlook)
    way = report.HostWay(Finding(True, "reply"), Finding(True, "connected"), Finding(True, ""))
    monkeypatch.setattr(report, "host_way", lambda *_, **__: way)
    monkeypatch.setattr(report, "check", lambda *_: ())
    monkeypatch.setattr(checking, "conditions", lambda *_: ())
    session = Session(store, made.system)
    monkeypatch.setattr(session, "look", lambda: made.host)
    return session


def noted(session: Session) -> tuple[str, ...]:
    """What a check finds on the host that is not as it was set up, but for the steps' own looks."""
    return session.judge().differing


def changed(host: Host, address: str) -> Host:
    """The host after its provider gave it another prefix."""
    assert not isinstance(host.uplink, Unknown)
    (one,) = host.uplink.addresses
    moved = replace(one, interface=IPv6Interface(address))
    uplink = replace(host.uplink, addresses=(moved,))
    return replace(host, uplink=uplink, prefixes_in_use=uplink.prefixes)


def test_a_prefix_that_is_still_there_is_nothing_to_say(session: Session) -> None:
    assert noted(session) == ()


def test_a_ruleset_that_came_since_and_stops_packets_is_named(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = {"family": "inet", "table": "late"}
    rules = [
        {"chain": {**place, "name": "x", "hook": "forward", "policy": "accept"}},
        {"rule": {**place, "chain": "x", "expr": [{"reject": None}]}},
    ]
    late = forward_chains.parse(json.dumps({"nftables": rules}))
    host = made_up_hosts.debian12(firewall=Firewall(forward_chains=late))
    monkeypatch.setattr(session, "look", lambda: host)
    (note,) = noted(session)
    assert "“inet late”" in note


@pytest.mark.parametrize("chain", ["FORWARD", "DOCKER-USER"])
def test_a_rule_of_ip6tables_that_stops_packets_is_named(session: Session, chain: str) -> None:
    system = cast("MadeUpSystem", session.system)
    system.tables = {"filter": {"FORWARD": [("-j", chain)], chain: [("-j", "REJECT")]}}
    (note,) = noted(session)
    assert f"-A FORWARD -j {'REJECT' if chain == 'FORWARD' else chain}" in note
    typed = "FORWARD -i br-ipv6 -j ACCEPT" if chain == "FORWARD" else "DOCKER-USER -i br-ipv6"
    assert f"ip6tables -I {typed}" in note


def test_what_a_flush_stops_is_said_once_and_by_what_mends_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = replace(made_up_hosts.debian12(), engine=made_up_hosts.debian14().engine)
    monkeypatch.setattr(session, "look", lambda: newer)
    monkeypatch.setattr(renewing, "told", lambda *_: ())
    record = session.records.at_hand()
    assert record is not None
    record.steps = [step for step in record.steps if step.kind != "ip6tables"]
    system = cast("MadeUpSystem", session.system)
    # Of what Docker made the empty chains alone are there.
    system.tables = {"filter": {"FORWARD": [("-j", "DROP")], "DOCKER-FORWARD": []}}
    (note,) = session.judge(record=record).differing
    assert "IPv6 does not pass" in note
    assert note.endswith("systemctl restart docker")


def test_what_an_upgrade_of_docker_will_mean_is_said_before_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said() -> list[str]:
        return [note for note in session.judge().notes if "After an upgrade" in note]

    (note,) = said()
    assert "wizard --repair" in note
    newer = replace(made_up_hosts.debian12(), engine=made_up_hosts.debian14().engine)
    monkeypatch.setattr(session, "look", lambda: newer)
    assert said() == []


def test_the_notes_on_three_public_containers_leave_the_result_on_one_screen(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("mastodon_web_1", "mastodon_streaming_1", "mastodon_sidekiq_1")
    endpoints = {
        name: {"Name": name, "IPv6Address": f"2001:db8:1:2:1::{number}/80"}
        for number, name in enumerate(names)
    }
    monkeypatch.setattr(checking, "inspect", lambda *_: {"Containers": endpoints})
    notes = session.judge().notes
    assert all(name in notes[0] for name in names)
    # As many as tests/screens/test_reading_on.py has below three containers, at 80x24.
    assert sum(len(textwrap.wrap(f"- {note}", 76)) for note in notes) <= 5


def test_what_comes_in_was_not_tried_unless_another_machine_is_named(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = {"Name": "mastodon_web_1", "IPv6Address": "2001:db8:1:2:1::5/80"}
    monkeypatch.setattr(checking, "inspect", lambda *_: {"Containers": {"x": endpoint}})
    assert any("--from ADDRESS" in note for note in session.judge().notes)
    asked = []

    def ask(_system: object, whom: str, places: Sequence[Place]) -> Found:
        asked.append((whom, [each.address for each in places]))
        return Found(("silent",), ("tried",))

    monkeypatch.setattr(another_machine, "ask", ask)
    found = session.judge(other="root@other")
    assert asked == [("root@other", ["2001:db8:1:2:1::5"])]
    assert found.differing == ("silent",)
    assert "tried" in found.notes
    assert not any("--from ADDRESS" in note for note in found.notes)


@pytest.mark.parametrize("by_docker", [False, True])
def test_of_ports_that_this_host_closes_no_answer_is_expected_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_docker: bool
) -> None:
    host = made_up_hosts.debian14() if by_docker else made_up_hosts.debian13()
    everywhere = ("[::]:3000->3000/tcp", "[::]:4000->4000/tcp")
    made = deployment(publishing(host, *everywhere))
    session = opened(made, tmp_path, monkeypatch)

    def expected() -> str:
        return " ".join(note for note in session.judge().notes if "should answer" in note)

    assert "3000" in expected()
    rules = InputRules("*filter\n-A INPUT -p tcp -m tcp --dport 3000 -j DROP\nCOMMIT\n")
    monkeypatch.setattr(closed, "read", lambda _system: rules)
    # What Docker forwards passes these by.
    assert ("3000" in expected()) is by_docker
    ours = ClosedPorts("br-ipv6", "fd12::/64", ports=("3000/tcp",), uplink="eth0")
    found = StepCondition(1, "", ours.kind, Condition.IN_EFFECT, step=ours)
    monkeypatch.setattr(checking, "conditions", lambda *_: (found,))
    assert "3000" not in expected()
    assert "4000" in expected()


@pytest.mark.parametrize(
    "choices", [{}, {"mode": Mode.ROUTED, "prefix": PREFIX}], ids=["private", "public"]
)
def test_of_a_port_on_which_nobody_hears_ipv6_no_answer_is_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, choices: dict[str, Any]
) -> None:
    everywhere = ("[::]:3000->3000/tcp", "[::]:4000->4000/tcp", "127.0.0.1:5000->5000/tcp")
    host = publishing(made_up_hosts.debian13(), *everywhere)
    session = opened(deployment(host, **choices), tmp_path, monkeypatch)
    endpoint = {"Name": "mastodon-web-1", "IPv6Address": "2001:db8:1:2:1::5/80"}
    monkeypatch.setattr(checking, "inspect", lambda *_: {"Containers": {"x": endpoint}})

    def told(*heard: tuple[str, int]) -> list[str]:
        now = hearing(host, *heard)
        monkeypatch.setattr(session, "look", lambda: now)
        notes = session.judge().notes
        return [
            " ".join(note for note in notes if words in note)
            for words in ("should answer", "nobody listens")
        ]

    expected, refused = told(("::", 3000), ("::", 4000))
    assert "TCP 3000 and TCP 4000" in expected
    assert not refused
    # As Mastodon's own file has it: over IPv4 alone.
    expected, refused = told(("0.0.0.0", 3000), ("::", 4000))  # noqa: S104 - others bind it
    assert "4000" in expected
    assert "3000" not in expected
    assert "3000" in refused
    assert "4000" not in refused
    assert "5000" not in refused


def hearing(host: Host, *heard: tuple[str, int]) -> Host:
    """The host where somebody listens so in every container."""
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    listeners = tuple(Listener("tcp", ip_address(address), port) for address, port in heard)
    containers = tuple(replace(each, listeners=listeners) for each in project.containers)
    return replace(host, projects=(replace(project, containers=containers),))


def test_a_prefix_that_the_provider_changed_is_said(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = changed(made_up_hosts.debian12(), "2001:db8:9:9::10/64")
    monkeypatch.setattr(session, "look", lambda: host)
    (note,) = noted(session)
    assert "2001:db8:9:9::/64" in note
    assert str(PREFIX) in note


def test_a_chosen_service_that_does_not_run_is_said(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = made_up_hosts.debian12()
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    stopped = tuple(
        replace(each, running=each.running and each.service != "web") for each in project.containers
    )
    host = replace(host, projects=(replace(project, containers=stopped),))
    monkeypatch.setattr(session, "look", lambda: host)
    (note,) = noted(session)
    assert "web" in note


def test_how_far_one_has_come_is_kept_for_another_time(session: Session) -> None:
    assert session.answers.load_progress() == ""
    session.answers.save_progress("compose")
    assert session.answers.load_progress() == "compose"
    session.store.progress.write_bytes(b"\xff\xfe\0")
    assert session.answers.load_progress() == ""
    session.store.progress.unlink()
    session.store.progress.mkdir()
    session.answers.save_progress("network")
    assert session.answers.load_progress() == ""


def test_the_router_is_asked_and_somebody_beyond_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, tuple[IPv6Address, ...]]] = []

    def probe(uplink: str, unused: IPv6Address, targets: Sequence[IPv6Address]) -> UpstreamFinding:
        assert unused in PREFIX
        asked.append((uplink, tuple(targets)))
        return UpstreamFinding(UpstreamCase.NOTHING, ())

    monkeypatch.setattr("wizard.session.upstream.probe_upstream", probe)
    monkeypatch.setattr(Session, "root", True)
    host = made_up_hosts.debian12()
    assert not isinstance(host.uplink, Unknown)
    session.probe_upstream(PREFIX, host)
    # A provider may drop what is for its own router, and one may be without a way beyond it.
    assert host.uplink.gateway is not None
    assert asked == [(host.uplink.interface, (DEFAULT_TARGET, host.uplink.gateway))]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_no_script_for_root_is_left_where_somebody_else_can_change_it(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, victim = tmp_path / "somebody", tmp_path / "victim"
    home.mkdir(mode=0o755)
    victim.write_text("root's own")
    script = home / "docker-ipv6-plan.sh"
    script.symlink_to(victim)
    os.chown(home, 4321, 4321)
    os.chown(script, 4321, 4321, follow_symlinks=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SUDO_UID", raising=False)
    plan = deployment().plan()
    with pytest.raises(Refused, match="others than you"):
        session.save_script(plan)
    assert victim.read_text() == "root's own"
    script.unlink()
    with pytest.raises(Refused, match="others than you"):
        session.save_script(plan)
    assert list(home.iterdir()) == []
    # The home folder of who called sudo is theirs, who may run anything as root.
    monkeypatch.setenv("SUDO_UID", "4321")
    assert session.save_script(plan) == script
    assert script.stat().st_mode & 0o777 == 0o700
