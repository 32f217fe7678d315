"""Check and repair where several set-ups share things: each names its own, all come back."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.json_schema import faults
from tests.made_up_deployments import deployment
from tests.made_up_system import MadeUpSystem, difference
from tests.unit import test_cli
from tests.unit.test_cli import Wizard, stand
from tests.unit.test_judgement import GOOD
from tests.unit.test_maintenance import SCHEMA
from tests.unit.test_obstacles import firewalld as firewalld_drops
from tests.unit.test_repair import WITHOUT, lose_chains, rename_interface
from tests.unit.test_several_set_ups import NAMES, PREFIXES, Place
from wizard import taking_back
from wizard.answers.choices import Choices, Mode, Proxy
from wizard.host import detectors, look
from wizard.host.host import Host, Unknown
from wizard.ndp import unit as ndp_unit
from wizard.platform.errors import ExitCode, HostChanged, Refused
from wizard.platform.system import System
from wizard.program import program
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore
from wizard.run import (
    apply_run,
    change_run,
    changing,
    checking,
    journal,
    repair_run,
    repairing,
    set_ups,
    watching,
    worker,
)
from wizard.run.cancelled import Cancelled
from wizard.run.conditions import conditions
from wizard.run.ground import ground_of
from wizard.run.guard import Unguarded
from wizard.session import Session
from wizard.steps import firewalld, ip6tables, ndppd, sysctl
from wizard.steps.comparing import Resolution
from wizard.steps.others import Other
from wizard.steps.parts import Condition
from wizard.verification.judgement import Judgement, judge

wizard = test_cli.wizard

BOTH = NAMES[:2]
FORWARDING = "net.ipv6.conf.all.forwarding"
MODES = {
    "private and public": (Mode.ULA, Mode.ROUTED),
    "public": (Mode.ROUTED, Mode.ROUTED),
    "private": (Mode.ULA, Mode.ULA),
}


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A host with three projects to which every verb speaks."""
    host = getattr(request, "param", made_up_hosts.debian13)
    here = Place(host, tmp_path / "state", monkeypatch)
    stand(replace(deployment(), system=here.system), tmp_path, monkeypatch)
    monkeypatch.setattr(repair_run, "verification_of_repair", lambda *_: here)
    monkeypatch.setattr(checking, "check", _check)
    for module, name in ((look, "look"), (detectors, "detect"), (watching, "look")):
        monkeypatch.setattr(module, name, lambda *_, **__: here.look())
    for run in (apply_run, change_run, repair_run):
        monkeypatch.setattr(run, "look", here.look)
    return here


def _check(
    record: Record,
    host: Host,
    system: System,
    _target: IPv6Address | None = None,
    _teller: IPv6Address | None = None,
    _other: str | None = None,
    beside: Sequence[Other] = (),
    halfway: str = "",
) -> Judgement:
    """Look at the steps alone, for no packet passes on a made-up host."""
    assert halfway == ""
    found = conditions(record, host, system, beside)
    sentences = [each.sentence for each in found if each.sentence]
    return judge([GOOD], Choices(), sentences, steps=[each.as_values() for each in found])


def states(here: Place, name: str) -> dict[str, str]:
    """How the steps of a set-up stand that are not in effect, by their kind."""
    record, host = here.in_force()[name], here.look()
    beside = set_ups.others(here.store, record.id, host=host)
    found = conditions(record, host, here.system, beside)
    return {each.kind: each.state for each in found if each.state != Condition.IN_EFFECT}


def lose_shared(system: MadeUpSystem) -> None:
    del system.files[sysctl.PATH]
    system.run(("sysctl", "--write", f"{FORWARDING}=0"))
    if ip6tables.PATH in system.files:
        lose_chains(system)


def lose_own(system: MadeUpSystem, name: str = BOTH[1]) -> None:
    network = f"{name}_ipv6"
    for container in system.containers.values():
        container.networks.pop(network, None)
    assert system.run(("docker", "network", "rm", network)).status == 0


@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]], ids=["first first", "last first"])
@pytest.mark.parametrize("modes", MODES.values(), ids=MODES)
def test_what_is_lost_is_named_by_set_up_comes_back_and_is_undone_in_any_order(
    place: Place, wizard: Wizard, modes: tuple[Mode, Mode], order: tuple[str, str]
) -> None:
    before = place.seen()
    for name, mode in zip(BOTH, modes, strict=True):
        place.apply(place.choices(name, mode))
    applied = place.seen()
    assert [states(place, name) for name in BOTH] == [{}, {}]
    assert wizard("--check").code == ExitCode.DONE

    lose_shared(place.system)
    lose_own(place.system)
    lost = place.seen()
    said = json.loads(wizard("--check", "--json").out)
    assert list(faults(SCHEMA, said)) == []
    found = {
        each["project"]: {
            step["kind"]: step["state"] for step in each["steps"] if step["state"] != "in effect"
        }
        for each in said["set-ups"]
    }
    assert said["code"] == ExitCode.NOT_AS_SET_UP
    assert {frozenset(each.values()) for each in found.values()} == {frozenset({"missing"})}
    shared = set(found[BOTH[0]])
    assert "sysctl" in shared
    assert set(found[BOTH[1]]) - shared == {"docker-network", "attach"}
    assert wizard("--check", BOTH[0]).out.count("docker-network") == 0
    checked = json.loads(wizard("--check", BOTH[0], "--json").out)
    assert [each["project"] for each in checked["set-ups"]] == [BOTH[0]]
    alone = json.loads(wizard("--status", BOTH[0], "--json").out)
    assert [each["project"] for each in (alone, *alone["set-ups"])] == [BOTH[0], BOTH[0]]
    assert BOTH[1] not in wizard("--status", BOTH[0]).out

    script = wizard("--repair")
    assert script.code == ExitCode.REFUSED
    # What both stand on is put back once.
    assert script.out.count(f"--write {FORWARDING}=1") == 1
    assert f"Of the set-up for {BOTH[1]}:" in script.out
    assert not difference(lost, place.seen())

    assert wizard("--repair", "--yes").code == ExitCode.DONE
    # In a chain that several share there is more than one order that is right.
    assert {each for each in difference(applied, place.seen()) if "chain " not in each} == set()
    place.all_stand()
    assert [states(place, name) for name in BOTH] == [{}, {}]
    assert wizard("--repair", "--yes").out.startswith("Every step is in effect")
    for name in order:
        assert wizard("--undo", name, "--yes").code == ExitCode.DONE
    assert not difference(before, place.seen())
    assert not place.in_force()


def test_one_set_up_is_repaired_alone_and_what_it_shares_is_back_for_the_other(
    place: Place, wizard: Wizard
) -> None:
    for name in BOTH:
        place.apply(place.choices(name, Mode.ROUTED))
    lose_shared(place.system)
    lose_own(place.system)
    assert wizard("--repair", BOTH[0], "--yes").code == ExitCode.DONE
    assert states(place, BOTH[0]) == {}
    assert set(states(place, BOTH[1])) == {"docker-network", "attach"}
    assert wizard("--repair", "another", "--yes").code == ExitCode.REFUSED


def test_nothing_begins_beside_a_repair_that_waits_and_its_guard_takes_back_that_alone(
    place: Place, wizard: Wizard
) -> None:
    before = place.seen()
    for name in BOTH:
        place.apply(place.choices(name, Mode.ROUTED))
    lose_shared(place.system)
    for name in BOTH:
        lose_own(place.system, name)
    lost = place.seen()
    said = wizard("--repair", "--yes", "--window", "60")
    assert said.code == ExitCode.REFUSED
    assert "mastodon" in said.err and "peertube" in said.err
    assert not difference(lost, place.seen())

    assert wizard("--repair", BOTH[0], "--yes", "--window", "60").code == ExitCode.DONE
    repair = RepairStore(place.store.directory).open
    assert repair is not None
    assert repair.project == BOTH[0]
    waits = place.seen()
    assert set_ups.why_not_apply(place.store.records(), NAMES[2], repair)
    assert list(place.in_force()) == list(BOTH)
    for words in (("--undo", BOTH[1], "--yes"), ("--repair", "--yes")):
        refused = wizard(*words)
        assert refused.code == ExitCode.REFUSED, words
        assert "wizard --keep" in refused.err
    with pytest.raises(Refused, match=r"repair of the set-up for mastodon waits"):
        place.apply(place.choices(NAMES[2], Mode.ULA))
    status = json.loads(wizard("--status", "--json").out)
    assert [each["project"] for each in status["set-ups"] if each["repair"]] == [BOTH[0]]
    assert not difference(waits, place.seen())

    assert worker.main(["revert", repair.id, "now"]) == ExitCode.DONE
    assert not difference(lost, place.seen())
    assert {each.state for each in place.in_force().values()} == {State.APPLIED}
    assert wizard("--repair", BOTH[0], "--yes", "--window", "60").code == ExitCode.DONE
    # An undo of the set-up itself, which comes first, takes its repair along.
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    assert RepairStore(place.store.directory).open is None
    assert not difference(before, place.seen())


def test_what_looks_after_several_names_each_and_stays_until_the_last(
    place: Place, wizard: Wizard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(watching, "MESSAGE", tmp_path / "motd")
    monkeypatch.setattr(program, "install", lambda: None)
    for name in BOTH:
        place.apply(place.choices(name, Mode.ROUTED))
    assert wizard("--watch", "on").code == ExitCode.DONE
    assert watching.what_is_wrong(place.store, place.system) == ()
    lose_own(place.system)
    wrong = watching.what_is_wrong(place.store, place.system)
    assert wrong[0] == "Of the set-up for peertube:"
    assert "mastodon" not in " ".join(wrong)
    report = wizard("--report")
    assert report.code == ExitCode.DONE
    text = (tmp_path / "docker-ipv6-report.txt").read_text()
    for title in ("Plan of mastodon", "Check of mastodon", "Plan of peertube", "Check of peertube"):
        assert f"== {title} ==" in text
    assert watching.NAME not in wizard("--undo", BOTH[0]).out
    assert wizard("--undo", BOTH[0], "--yes").code == ExitCode.DONE
    assert watching.is_on(place.system)
    assert watching.NAME in wizard("--undo").out
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    assert not watching.is_on(place.system)


def apply_one_after_the_other(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply both, the second a second later, so that it is known which of them is the newest."""
    for number, name in enumerate(BOTH):
        time = f"2026-01-01T00:00:{number:02d}Z"
        monkeypatch.setattr(journal, "now", lambda *_, time=time: time)
        place.apply(place.choices(name, Mode.ULA))


@pytest.mark.parametrize(
    ("codes", "begun"),
    [
        ([ExitCode.ROLLBACK_INCOMPLETE, ExitCode.DONE], [*BOTH[::-1]]),
        ([ExitCode.DONE, ExitCode.ROLLBACK_INCOMPLETE], [*BOTH[::-1]]),
        ([ExitCode.LOCKED], [BOTH[1]]),
        ([ExitCode.UNEXPECTED], [BOTH[1]]),
    ],
)
def test_what_keeps_one_from_being_taken_back_keeps_the_next_as_well(
    place: Place,
    wizard: Wizard,
    monkeypatch: pytest.MonkeyPatch,
    codes: list[ExitCode],
    begun: list[str],
) -> None:
    apply_one_after_the_other(place, monkeypatch)
    ends, asked = iter(codes), list[str]()
    monkeypatch.setattr(taking_back, "follow", lambda *_: next(ends))
    monkeypatch.setattr(
        Session, "start_undo", lambda _opened, _chosen, record: asked.append(record.project)
    )
    assert wizard("--undo", "--yes").code == max(codes)
    assert asked == begun


def test_an_undo_of_another_set_up_takes_no_change_back(place: Place, wizard: Wizard) -> None:
    for name in BOTH:
        place.apply(place.choices(name, Mode.ULA))
    before = place.seen()
    place.change(place.choices(BOTH[0], Mode.ULA, services=("web",)), 60)
    waits = place.seen()
    assert difference(before, waits)
    assert wizard("--undo", BOTH[1], "--yes").code == ExitCode.REFUSED
    assert not difference(waits, place.seen())
    assert wizard("--undo", BOTH[0], "--yes").code == ExitCode.DONE
    assert not difference(before, place.seen())
    assert place.in_force().keys() == {*BOTH}


def test_a_preview_of_all_shows_what_goes_with_each(
    place: Place, wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_one_after_the_other(place, monkeypatch)
    said = wizard("--undo")
    assert said.code == ExitCode.REFUSED
    newest, oldest = said.out.split(f"Of the set-up for {BOTH[0]}:")
    # The file of parameters goes with the last of them, once nobody needs it any more.
    assert f"rm {sysctl.PATH}" in oldest
    assert f"rm {sysctl.PATH}" not in newest
    assert f"stays for {BOTH[0]}" in newest
    assert "stays for" not in oldest


@pytest.mark.parametrize("undone", [None, *BOTH])
def test_the_rules_of_ndppd_are_looked_for_in_whatever_order(
    place: Place, wizard: Wizard, undone: str | None
) -> None:
    before = place.seen()
    for name in BOTH:
        place.apply(place.choices(name, Mode.ROUTED, proxy=Proxy.NDPPD))
    assert [states(place, name) for name in BOTH] == [{}, {}]
    if undone:
        assert wizard("--undo", undone, "--yes").code == ExitCode.DONE
    standing = [name for name in BOTH if name != undone]
    assert [states(place, name) for name in standing] == [{} for _ in standing]
    file = place.system.files[ndppd.PATH]
    place.system.files[ndppd.PATH] = replace(file, text=f"{file.text}# mine\n")
    assert {str(states(place, name)) for name in standing} == {"{'ndppd': 'changed by somebody'}"}
    del place.system.files[ndppd.PATH]
    assert {str(states(place, name)) for name in standing} == {"{'ndppd': 'missing'}"}
    assert wizard("--repair", "--yes").code == ExitCode.DONE
    assert [states(place, name) for name in standing] == [{} for _ in standing]
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    assert not difference(before, place.seen())


def behind_firewalld() -> Host:
    return made_up_hosts.debian13(firewall=firewalld_drops())


@pytest.mark.parametrize("place", [behind_firewalld], indirect=True)
@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]], ids=["first first", "last first"])
def test_the_policy_of_firewalld_lets_the_packets_of_all_through(
    place: Place, wizard: Wizard, order: tuple[str, str]
) -> None:
    place.system.firewalld = set()
    before = place.seen()
    for name, mode in zip(BOTH, (Mode.ULA, Mode.ROUTED), strict=True):
        place.apply(place.choices(name, mode))
    place.all_stand()
    applied = place.seen()
    assert [states(place, name) for name in BOTH] == [{}, {}]
    assert {rule.split('"')[3] for rule in place.system.firewalld} == {
        PREFIXES[Mode.ULA][0],
        PREFIXES[Mode.ROUTED][1],
    }
    del place.system.files[firewalld.PATH]
    assert [states(place, name) for name in BOTH] == [{"firewalld": "missing"}] * 2
    assert wizard("--repair", "--yes").code == ExitCode.DONE
    assert not difference(applied, place.seen())
    rest = place.choices(order[1], Mode.ULA if order[1] == BOTH[0] else Mode.ROUTED).prefix
    assert f"{firewalld.PATH} stays for {order[1]}." in wizard("--undo", order[0]).out
    assert wizard("--undo", order[0], "--yes").code == ExitCode.DONE
    place.all_stand()
    assert {rule.split('"')[3] for rule in place.system.firewalld or ()} == {str(rest)}
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    assert not difference(before, place.seen())


@pytest.mark.parametrize("booted", [True, False])
def test_a_new_name_of_the_uplink_is_taken_over_in_what_all_share(
    place: Place, wizard: Wizard, booted: bool
) -> None:
    for name in BOTH:
        place.apply(place.choices(name, Mode.ROUTED))
    system = place.system
    assert not isinstance(place.host.uplink, Unknown)
    uplink = replace(place.host.uplink, interface="wan0")
    place.host = replace(place.host, uplink=uplink, interfaces=("lo", "wan0"))
    rename_interface(system, "wan0", booted)
    system.advertised = "wan0"
    for name in BOTH:
        assert set(states(place, name)) >= {"sysctl", "systemd-unit"}
    assert wizard("--repair", "--yes").code == ExitCode.DONE
    assert [states(place, name) for name in BOTH] == [{}, {}]
    for record in place.in_force().values():
        assert "eth0" not in str([step.parameters for step in record.steps])
        assert "eth0" not in str(record.host.get("IPv6 uplink"))
    place.all_stand()
    assert system.sysctls["net.ipv6.neigh.wan0.proxy_delay"] == "0"
    assert "eth0" not in system.files[ndp_unit.PATH].text
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    after = {key: value for key, value in system.sysctls.items() if ".wan0." in key}
    assert len(after) == 4
    assert all(value == WITHOUT[key.rpartition(".")[2]] for key, value in after.items()), after
    assert ndp_unit.PATH not in system.files and sysctl.PATH not in system.files


EDITS: dict[str, Callable[[str], str]] = {
    "above": lambda text: f"# theirs\n{text}",
    "below": lambda text: f"{text}# theirs\n",
    "another image": lambda text: re.sub(r"(image: \S+)", r"\1-next", text, count=1),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize(
    "other",
    [{"services": ("web",)}, {"network": "mastodon_six", "bridge": "br-six"}],
    ids=["fewer services", "another network"],
)
def test_a_change_is_the_one_that_was_shown_and_leaves_what_others_wrote(
    place: Place, other: dict[str, Any], edit: Callable[[str], str]
) -> None:
    name = BOTH[0]
    path = f"/srv/{name}/docker-compose.yml"
    text = place.system.files[path].text
    record = place.apply(place.choices(name, Mode.ULA))
    wanted = place.choices(name, Mode.ULA, **other)
    ground = ground_of(record, place.look(), place.system, ())
    shown = changing.change_of(ground, wanted, place.system).plan
    file = place.system.files[path]
    place.system.files[path] = replace(file, text=edit(file.text))
    before = place.system.snapshot()
    with pytest.raises(HostChanged):
        place.run_change(shown, None)
    assert not difference(before, place.system.snapshot())
    changed = place.change(wanted)
    assert (changed.state, changed.error) == (State.APPLIED, "")
    assert states(place, name) == {}
    assert place.undo(name).state is State.UNDONE
    assert place.system.files[path].text == edit(text)


def test_a_repair_of_a_host_that_lost_more_since_the_preview_is_not_made(place: Place) -> None:
    name = BOTH[0]
    record = place.apply(place.choices(name, Mode.ULA))
    lose_own(place.system, name)

    def shown() -> str:
        return repairing.repair_of(record, place.look(), place.system).plan.digest

    def repair(digest: str) -> Record:
        repairs = RepairStore(place.store.directory)
        return repair_run.repair(
            record.id, Resolution.KEEP, digest, place.system, repairs, Cancelled(), Unguarded()
        )

    digest = shown()
    lose_shared(place.system)
    before = place.system.snapshot()
    with pytest.raises(HostChanged):
        repair(digest)
    assert not difference(before, place.system.snapshot())
    assert repair(shown()).state is State.APPLIED
    assert states(place, name) == {}
