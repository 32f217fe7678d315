"""What a change begins with: a run as it stands, as its steps would be today, and the host."""

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_repair import COMPOSE, Kept, lose_network
from wizard.answers.projects import project_of
from wizard.host.host import Earlier, Host, Unknown
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.system import FileState
from wizard.record.record import State
from wizard.record.store import Store
from wizard.run import changing, journal, set_ups
from wizard.run.adapted import adapted, renamed
from wizard.run.ground import Ground, ground_of, host_without
from wizard.steps.attach import Attach
from wizard.steps.base import Step
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import SystemdUnit

UNKNOWN = Unknown("Nobody knows.")


@pytest.fixture
def kept(store: Store) -> Kept:
    return Kept("private", store)


def of(kept: Kept) -> Ground:
    return ground_of(kept.record, kept.host, kept.system)


def right(kept: Kept, sentence: str) -> str:
    """What is said where a step is not as it was left."""
    return (
        f"{sentence} The set-up for mastodon can be changed once it is as it was left: put that "
        "right with wizard --repair mastodon, or take it back with wizard --undo mastodon. Nothing "
        "was changed."
    )


def test_the_files_of_a_project_are_read_as_they_would_be_without_the_run(kept: Kept) -> None:
    found = of(kept)
    project = project_of(kept.host, kept.made.choices)
    assert [each.number for each in found.made] == [each.number for each in kept.record.steps]
    before = kept.made.system.read(COMPOSE)
    assert found.read(project).files[COMPOSE] == before != kept.system.read(COMPOSE)
    # It is changed only where all of it stands.
    lose_network(kept.system)
    lost = of(kept)
    missing = next(each for each in lost.made if not each.in_effect)
    with pytest.raises(Refused) as refused:
        lost.read(project)
    assert str(refused.value) == right(kept, missing.sentence)


def test_a_step_that_cannot_be_looked_at_leaves_nothing_to_begin_with(kept: Kept) -> None:
    entry = kept.record.steps[1]
    entry.parameters = {}
    with pytest.raises(Refused) as refused:
        of(kept)
    assert f"Step {entry.number}, “{entry.title}”" in str(refused.value)
    assert str(refused.value) == right(kept, str(refused.value).partition(" The set-up for")[0])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (StepFailed("Somebody changed it."), "Somebody changed it. Nothing was changed."),
        (
            OSError(5, "Input/output error", "/etc/x"),
            "/etc/x could not be read or written: Input/output error. Nothing was changed.",
        ),
    ],
)
def test_a_file_that_cannot_be_thought_away_leaves_nothing_either(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(Sysctl, "leave_files", broken)
    with pytest.raises(Refused) as refused:
        of(kept)
    assert str(refused.value) == words


def test_of_the_earlier_runs_that_of_the_project_alone_is_thought_away(kept: Kept) -> None:
    earlier = tuple(
        Earlier(Path("/x"), "applied", "", in_the_way=True, project=name, network=f"{name}_six")
        for name in ("mastodon", "other")
    )
    host = replace(kept.host, earlier=earlier)
    assert host_without(host, kept.record).earlier == earlier[1:]
    assert host_without(replace(host, earlier=UNKNOWN), kept.record).earlier == UNKNOWN


@pytest.mark.parametrize(
    ("words", "changes", "names"),
    [
        ("old0 via fe80::1", {}, ("old0", "eth0")),
        ("eth0 via fe80::1", {}, None),
        # Both are there: the route has moved, and no name.
        ("eth1 via fe80::1", {}, None),
        ("", {}, None),
        ("unknown", {}, None),
        ("old0 via fe80::1", {"uplink": UNKNOWN}, None),
        ("old0 via fe80::1", {"interfaces": UNKNOWN}, None),
    ],
)
def test_an_uplink_has_another_name_where_the_one_of_the_run_is_gone(
    kept: Kept, words: str, changes: dict[str, Any], names: tuple[str, str] | None
) -> None:
    assert isinstance(kept.host.interfaces, tuple)
    host = replace(kept.host, interfaces=(*kept.host.interfaces, "eth1"))
    kept.record.host["IPv6 uplink"] = words
    assert renamed(kept.record, replace(host, **changes)) == names


def test_a_name_is_another_one_in_every_word_that_is_it(kept: Kept) -> None:
    kept.record.host["IPv6 uplink"] = "old0.5 via fe80::1"
    table = {
        "net.ipv6.conf.old0/5.accept_ra": "net.ipv6.conf.eth0.accept_ra",
        "net.ipv6.conf.xold0/5.accept_ra": "net.ipv6.conf.xold0/5.accept_ra",
        "net.ipv6.conf.old0/55.accept_ra": "net.ipv6.conf.old0/55.accept_ra",
        "net.ipv6.conf.br-old0/5.accept_ra": "net.ipv6.conf.br-old0/5.accept_ra",
        "net.ipv6.conf.old0/5-x.accept_ra": "net.ipv6.conf.old0/5-x.accept_ra",
        "net.ipv6.conf.all.forwarding": "net.ipv6.conf.all.forwarding",
    }
    step = Sysctl(tuple((key, "2") for key in table))
    today = adapted(step, kept.record, kept.host, kept.made.choices)
    assert today == Sysctl(tuple((key, "2") for key in table.values()))
    unit = next(each for each in kept.made.plan().steps if isinstance(each, SystemdUnit))
    text = "ExecStart=/x old0.5 old0x5 old0/5\nBindsTo=sys-old0.5.device\n"
    named = replace(unit, text=text, previous=FileState(text, 0o600))
    uplink = kept.host.uplink
    assert not isinstance(uplink, Unknown)
    for name, slashed in (("eth0", "eth0"), ("eth0.7", "eth0/7")):
        host = replace(kept.host, uplink=replace(uplink, interface=name))
        moved = adapted(named, kept.record, host, kept.made.choices)
        assert isinstance(moved, SystemdUnit)
        assert moved.text == (f"ExecStart=/x {name} old0x5 {slashed}\nBindsTo=sys-old0.5.device\n")
        assert moved.previous == FileState(moved.text, 0o600)


@pytest.mark.parametrize("kind", [ComposeFile, DockerNetwork])
def test_what_does_not_depend_on_the_uplink_keeps_whatever_is_called_so(
    kept: Kept, kind: type[Step]
) -> None:
    kept.record.host["IPv6 uplink"] = "mastodon_ipv6 via fe80::1"
    for step in kept.made.plan().steps:
        today = adapted(step, kept.record, kept.host, kept.made.choices)
        if isinstance(step, kind):
            assert today is step


def test_containers_are_those_of_today_at_the_addresses_of_their_services(kept: Kept) -> None:
    step = next(each for each in kept.made.plan().steps if isinstance(each, Attach))
    old = replace(
        step,
        containers=(("1", "gone-1", "web"), ("2", "gone-2", "sidekiq")),
        addresses=("fd00::5", "fd00::6"),
    )

    def today(host: Host, given: Attach = old) -> Attach:
        found = adapted(given, kept.record, host, kept.made.choices)
        assert isinstance(found, Attach)
        return found

    found = today(kept.host)
    assert found.containers == step.containers
    fixed = {"web": "fd00::5", "sidekiq": "fd00::6"}
    assert found.addresses == tuple(fixed.get(each[2], "") for each in step.containers)
    assert "" in found.addresses
    assert today(kept.host, replace(old, addresses=())).addresses == ()
    gone = today(replace(kept.host, projects=()))
    assert (gone.containers, gone.addresses) == ((), ())
    assert gone.network == old.network


def test_a_set_up_is_changed_only_where_nothing_else_is_open(kept: Kept) -> None:
    choices = kept.made.choices
    assert changing.in_force(kept.store, choices).id == kept.record.id
    with pytest.raises(Refused) as refused:
        changing.in_force(kept.store, replace(choices, project=None))
    assert str(refused.value) == (
        "The answers name no project, so it is not known which set-up to change."
    )
    kept.store.move_on()
    plan = replace(kept.made.plan(), choices=replace(choices, project="other"))
    other = journal.begin(plan, {}, kept.store)
    other.state = State.UNCONFIRMED
    kept.store.save(other)
    with pytest.raises(Refused) as refused:
        changing.in_force(kept.store, choices)
    assert str(refused.value) == (
        f"Nothing was changed. {set_ups.why_not_change(kept.store.records(), kept.record)}"
    )


def test_what_is_beside_itself_for_a_while_needs_another_subnet(kept: Kept) -> None:
    made = of(kept).made
    network = next(each for each in made if isinstance(each.step, DockerNetwork))
    free = replace(kept.host, prefixes_in_use=(IPv6Network("fd00::/64"),))

    def taken(host: Host, *subnets: str) -> object:
        step = network.step
        assert isinstance(step, DockerNetwork)
        networks = [replace(network, step=replace(step, ipv4_subnet=each)) for each in subnets]
        others = [each for each in made if each is not network]
        return changing._beside_itself(host, [*others, *networks]).prefixes_in_use

    assert taken(free, "172.30.0.0/24", "") == (
        IPv6Network("fd00::/64"),
        IPv4Network("172.30.0.0/24"),
    )
    assert taken(replace(free, prefixes_in_use=UNKNOWN), "172.30.0.0/24") == UNKNOWN


def test_where_the_set_up_itself_has_no_plan_any_more_all_is_told_of_its_change(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = of(kept)
    assert changing._noticed(found) == kept.made.plan().notices

    def refuse(*_: object) -> None:
        raise Refused("There is none.")

    monkeypatch.setattr(Ground, "plan", refuse)
    assert changing._noticed(found) == ()
