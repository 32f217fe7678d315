"""What a repair needs, what it is judged by, and what a run remembers of it."""

from dataclasses import replace

import pytest

from tests.unit.test_repair import COMPOSE, Kept, a_rule_between, lose_network, reverted
from wizard.describe import in_words
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.local_time import local_time
from wizard.platform.system import FileState
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import journal, repairing
from wizard.run.adapted import _with_name
from wizard.run.conditions import NOT_KNOWN, StepCondition, conditions
from wizard.steps import kinds
from wizard.steps.actions import WriteFile
from wizard.steps.attach import Attach
from wizard.steps.base import Step
from wizard.steps.comparing import Resolution
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.mend import Mend, Rewrite, Setting
from wizard.steps.objects import Object
from wizard.steps.parts import Condition, Part
from wizard.steps.systemd_unit import SystemdUnit


@pytest.fixture
def kept(store: Store) -> Kept:
    return Kept("private", store)


@pytest.mark.parametrize("state", [None, *State])
def test_what_can_be_repaired_is_kept(kept: Kept, state: State | None) -> None:
    record = None if state is None else replace(kept.record, state=state)
    if state is State.APPLIED:
        assert repairing.in_force(record) is record
        return
    with pytest.raises(Refused) as refused:
        repairing.in_force(record)
    if state is None or not state.in_force:
        expected = "There is nothing to repair: no run of the wizard is on this host."
    else:
        waits = state is State.UNCONFIRMED
        how = "Keep it with wizard --keep, or take it back" if waits else "Take it back"
        expected = (
            f"The run of {local_time(kept.record.started)} for mastodon is {state.words}, and only "
            f"one that is kept can be repaired. Nothing was changed. {how} with wizard --undo "
            "mastodon."
        )
    assert str(refused.value) == expected


def test_a_repair_that_waits_for_nobody_is_noted_as_done_whatever_that_meets(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    repairs = RepairStore(kept.store.directory)
    repairing.give_up(repairs)
    assert repairs.load() is None
    record = journal.begin(kept.made.plan(), {}, repairs)
    record.state = State.UNCONFIRMED
    repairs.save(record)
    for error in (OSError(28, "No space left on device"), Refused("It cannot be read.")):

        def broken(*_: object, error: Exception = error) -> None:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(Store, "save", broken)
            patched.setattr(RepairStore, "save", broken)
            repairing.give_up(repairs)
    assert repairs.open == record
    repairing.give_up(repairs)
    done = repairs.load()
    assert done is not None
    assert done.state is State.APPLIED
    assert repairs.open is None


def test_what_was_put_back_and_is_not_there_is_no_repair(kept: Kept) -> None:
    lose_network(kept.system)
    made = repairing.repair_of(kept.record, kept.host, kept.system)
    (lost,) = [each for each in made.found if isinstance(each.step, DockerNetwork)]
    assert lost.number in made.mended
    with pytest.raises(StepFailed) as failed:
        repairing.check_mended(made, kept.record, kept.host, kept.system)
    assert str(failed.value) == f"It was put back but is not in effect. {lost.sentence}"
    # What was not put back may be gone.
    left = replace(made, plan=replace(made.plan, steps=()))
    repairing.check_mended(left, kept.record, kept.host, kept.system)


def test_what_somebody_changed_since_is_theirs_and_no_failure(kept: Kept) -> None:
    a_rule_between(kept.system)
    made = repairing.repair_of(kept.record, kept.host, kept.system, Resolution.OURS)
    assert made.mended
    repairing.check_mended(made, kept.record, kept.host, kept.system)


def test_what_is_left_is_said_with_its_reason_and_what_is_put_back_is_named(kept: Kept) -> None:
    a_rule_between(kept.system)
    reverted(kept.system)
    made = repairing.repair_of(kept.record, kept.host, kept.system)
    states = {each.number: each.state for each in made.found}
    assert len(states) == len(kept.record.steps)
    changed = [number for number, state in states.items() if state == Condition.CHANGED]
    assert [each.number for each in made.left] == changed
    assert made.plan.remarks == tuple(f"Left as it is. {each.sentence}" for each in made.left)
    assert made.mended == {number for number, state in states.items() if state == Condition.MISSING}
    assert COMPOSE in made.done
    # What goes with another set-up has not to go with this one.
    again = repairing.repair_of(kept.record, kept.host, kept.system, done=made.done)
    assert not again.mended & made.mended
    whole = repairing.repair_of(kept.record, kept.host, kept.system, Resolution.OURS)
    assert whole.left == ()
    assert whole.mended == made.mended | set(changed)


def test_who_waits_for_a_network_that_is_not_put_back_is_not_connected(kept: Kept) -> None:
    lose_network(kept.system)
    both = repairing.repair_of(kept.record, kept.host, kept.system)
    (network,) = [each for each in both.found if isinstance(each.step, DockerNetwork)]
    (attach,) = [each for each in both.found if isinstance(each.step, Attach)]
    assert {network.number, attach.number} <= both.mended
    names = {part.name for part in network.parts}
    alone = repairing.repair_of(kept.record, kept.host, kept.system, done=names)
    assert not {network.number, attach.number} & alone.mended
    assert attach.number in {each.number for each in alone.left}


def test_a_file_that_cannot_be_written_keeps_no_other_step_from_being_put_back(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_network(kept.system)
    reverted(kept.system)
    why = "its folder is somebody's own"
    monkeypatch.setattr(kept.system, "why_not_write", lambda path: why if path == COMPOSE else None)
    made = repairing.repair_of(kept.record, kept.host, kept.system)
    (file,) = [each for each in made.left if COMPOSE in each.words]
    assert file.words.endswith(f" {COMPOSE} cannot be written: {why}.")
    assert file.number not in made.mended
    assert made.mended


def test_a_step_that_cannot_be_looked_at_is_left_and_no_part_of_the_plan(kept: Kept) -> None:
    kept.record.steps[0].parameters = {}
    made = repairing.repair_of(kept.record, kept.host, kept.system)
    assert [(each.number, each.state) for each in made.left] == [(1, NOT_KNOWN)]
    plan = repairing.steps_of(made.found, made.plan)
    assert [step.kind for step in plan.steps] == [each.kind for each in kept.record.steps[1:]]


def renamed(kept: Kept) -> Record:
    """The record as if it had been made when the uplink was called otherwise."""
    kept.record.host["IPv6 uplink"] = "old0 via fe80::1"
    for entry in kept.record.steps:
        entry.parameters = _with_name(entry.parameters, "eth0", "old0")
        entry.before = _with_name(entry.before, "eth0", "old0")
    return kept.record


@pytest.mark.parametrize("name", ["private", "routed", "fixed"])
def test_what_another_run_remembers_of_names_of_today_is_what_it_shares(
    store: Store, name: str
) -> None:
    kept = Kept(name, store)
    same = repairing.amendment_beside(kept.record, kept.host, kept.system, ())
    assert (same.steps, same.before, same.whole) == ({}, {}, True)
    record = renamed(kept)
    words = dict(record.host)
    found = conditions(record, kept.host, kept.system)
    anew = {
        each.number: each.kind
        for each, entry in zip(found, record.steps, strict=True)
        if each.step is not None
        and not isinstance(each.step, Attach)
        and each.step.parameters() != kinds.step(entry.kind, entry.parameters).parameters()
    }
    made = repairing.amendment_beside(record, kept.host, kept.system, ())
    shared = {number for number, kind in anew.items() if kind in kinds.SHARED}
    assert set(made.steps) == set(made.before) == shared
    assert made.whole is (shared == set(anew))
    made.make(kept.host)
    for entry in record.steps:
        assert ("old0" in str(entry.parameters)) is (entry.number in set(anew) - shared)
        if entry.number in shared:
            assert entry.title == made.steps[entry.number].title
            assert "old0" not in " ".join((*entry.commands, *entry.undo))
    # The words about the host are those of today once nothing hangs on those of then.
    changed = bool(shared) and made.whole
    assert record.host == (words | in_words(kept.host) if changed else words)


def test_folders_are_made_for_the_files_that_lie_in_them() -> None:
    ours = FileState("ours\n")
    paths = ("/a/x", "/b/y")
    step = Mend(
        1, "It", "", folders=("/a", "/c"), files=tuple(Rewrite(each, ours, None) for each in paths)
    )
    parts = tuple(
        Part(each, Condition.MISSING, "It is gone.", file=WriteFile(each, None, ours))
        for each in paths
    )
    found = StepCondition(7, "It", step.kind, Condition.MISSING, "It is gone.", None, parts, step)
    made = repairing.mend(found, parts)
    assert (made.number, made.what, made.words) == (7, "It", "It is gone.")
    assert made.folders == ("/a",)
    assert made.files == tuple(Rewrite(each, ours, None) for each in paths)
    # What is in effect, or cannot be put back, is left out.
    kept = (replace(parts[0], condition=Condition.IN_EFFECT), Part("chain x", Condition.MISSING))
    one = repairing.mend(found, (*kept, parts[1]))
    assert one.files == (Rewrite("/b/y", ours, None),)
    assert one.folders == ()


def test_a_repair_that_is_a_change_puts_back_nothing_by_itself(kept: Kept) -> None:
    made = repairing.repair_of(kept.record, kept.host, kept.system)
    anew = replace(made, plan=kept.made.plan())
    assert anew.mended == set()
    assert anew.done == set()


def test_a_compose_file_that_compose_does_not_take_is_left(kept: Kept) -> None:
    reverted(kept.system)
    made = repairing.repair_of(kept.record, kept.host, kept.system)
    assert COMPOSE in made.done
    kept.system.compose_complaint = "services must be a mapping"
    left = repairing.repair_of(kept.record, kept.host, kept.system)
    assert COMPOSE not in left.done
    (file,) = [each for each in left.left if "services must be a mapping" in each.words]
    assert file.number not in left.mended


def test_of_a_run_that_lacks_nothing_nothing_more_is_remembered(store: Store) -> None:
    kept = Kept("fixed", store)
    record = renamed(kept)
    made = repairing.repair_of(record, kept.host, kept.system)
    assert conditions(record, kept.host, kept.system) == made.found
    amendment = repairing.amendment(record, made, kept.system)
    assert set(amendment.steps) <= made.mended
    assert amendment.whole
    rest = replace(made, plan=replace(made.plan, steps=()))
    assert repairing.amendment(record, rest, kept.system).steps == {}


def test_a_unit_is_restarted_by_a_new_file_unless_it_is_started_anyway(kept: Kept) -> None:
    step = next(each for each in kept.made.plan().steps if isinstance(each, SystemdUnit))
    ours, wanted = FileState(step.text), Object("unit", step.name, "enabled active")
    file = Part(step.path, Condition.MISSING, "gone", file=WriteFile(step.path, None, ours))
    other = Part("/x", Condition.MISSING, "gone", file=WriteFile("/x", None, ours))
    off = replace(wanted, value="disabled inactive")
    unit = Part(f"unit {step.name}", Condition.MISSING, "off", found=off, wanted=wanted)
    key = Object("parameter", "net.x", "1")
    parameter = Part("parameter net.x", Condition.MISSING, "0", found=None, wanted=key)

    def mended(*parts: Part, of: Step = step) -> Mend:
        found = StepCondition(1, "It", of.kind, Condition.MISSING, "", None, parts, of)
        return repairing.mend(found, parts)

    assert mended(file).restart == (step.name,)
    assert mended(file, parameter).restart == (step.name,)
    assert mended(file, unit, parameter).restart == ()
    assert mended(unit).restart == ()
    assert mended(other).restart == ()
    assert mended(file, of=kept.made.plan().steps[0]).restart == ()
    assert mended(unit, parameter).settings == (
        Setting("unit", step.name, "disabled inactive", "enabled active"),
        Setting("parameter", "net.x", None, "1"),
    )
    assert mended(unit).starts_copy is step.starts_copy
    assert mended(unit, of=replace(step, starts_copy=not step.starts_copy)).starts_copy is not (
        step.starts_copy
    )
    assert not mended(parameter, of=kept.made.plan().steps[0]).starts_copy
