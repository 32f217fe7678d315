"""What is shown before an undo, and what becomes of what somebody changed, as it is noted."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.made_up_system import difference
from tests.unit.test_repair import COMPOSE, Kept, a_rule_between, lose_network
from wizard.noticed import moved_ports
from wizard.platform.errors import Locked, Refused
from wizard.record.record import State, StepState
from wizard.record.store import Store
from wizard.run import lock, undoing
from wizard.run.set_ups import NOTHING
from wizard.run.undoing import Changed, UndoPreview, UndoStep, note, preview
from wizard.steps.actions import Diff
from wizard.steps.attach import Attach
from wizard.steps.comparing import Comparison, Found, Resolution
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.others import Other
from wizard.steps.sysctl import Sysctl

KEEP, OURS, ORIGINAL = Resolution.KEEP, Resolution.OURS, Resolution.ORIGINAL


@pytest.fixture
def kept(store: Store) -> Kept:
    return Kept("private", store)


def test_where_nothing_is_in_force_there_is_nothing_to_show(kept: Kept) -> None:
    for record in (None, replace(kept.record, state=State.UNDONE)):
        with pytest.raises(Refused) as refused:
            preview(record, kept.system)
        assert str(refused.value) == NOTHING


def test_the_newest_goes_first_and_nothing_is_changed_by_looking(kept: Kept) -> None:
    before = kept.system.snapshot()
    shown = preview(kept.record, kept.system)
    assert shown.record is kept.record
    numbers = [each.number for each in kept.record.steps]
    assert [each.number for each in shown.steps] == numbers[::-1]
    for step, entry in zip(shown.steps, reversed(kept.record.steps), strict=True):
        assert (step.title, step.commands) == (entry.title, tuple(entry.undo))
        assert (step.notes, step.changed, step.stays) == ((), (), False)
    assert [diff.path for each in shown.steps for diff in each.diffs].count(COMPOSE) == 1
    assert difference(before, kept.system.snapshot()) == set()
    # Published ports move once more when containers leave.
    attach = next(each for each in kept.made.plan().steps if isinstance(each, Attach))
    assert shown.noticed == moved_ports.notices([attach])
    assert shown.noticed
    assert shown.chosen == {}


def test_what_people_notice_of_several_steps_is_told_once(kept: Kept) -> None:
    steps = tuple(
        UndoStep("", (), (), noticed=words) for words in (("One.", "Two."), (), ("Two.", "Three."))
    )
    assert UndoPreview(kept.record, steps).noticed == ("One.", "Two.", "Three.")


def test_a_step_that_cannot_be_looked_at_says_so_in_its_place(kept: Kept) -> None:
    entry = kept.record.steps[1]
    entry.parameters, entry.undo = {}, ["type this", "and this"]
    step = next(each for each in preview(kept.record, kept.system).steps if each.number == 2)
    assert (step.title, step.commands, step.diffs) == (entry.title, ("type this", "and this"), ())
    (words,) = step.notes
    assert words.startswith("It is not known how this step stands: ")
    assert (step.changed, step.stays, step.noticed) == ((), False, ())


def test_what_is_gone_already_is_a_note_and_no_choice(kept: Kept) -> None:
    lose_network(kept.system)
    shown = preview(kept.record, kept.system)
    (number,) = [each.number for each in kept.record.steps if each.kind == DockerNetwork.kind]
    (step,) = [each for each in shown.steps if each.number == number]
    assert step.notes
    assert len(set(step.notes)) == len(step.notes)
    assert shown.chosen == {}


def changed_rules(kept: Kept) -> tuple[int, str]:
    """Somebody puts a rule between ours: the step's number, and the name of what is changed."""
    a_rule_between(kept.system)
    ((number, decisions),) = preview(kept.record, kept.system).chosen.items()
    ((name, choice),) = decisions.items()
    assert choice is KEEP
    assert kept.record.steps[number - 1].kind == Ip6tables.kind
    return number, name


def of(shown: UndoPreview, number: int) -> UndoStep:
    (step,) = [each for each in shown.steps if each.number == number]
    return step


def test_what_somebody_changed_is_shown_as_it_becomes_by_each_choice(kept: Kept) -> None:
    number, name = changed_rules(kept)
    words: dict[Resolution, str] = {}
    for choice in Resolution:
        shown = preview(kept.record, kept.system, {number: {name: choice}})
        (changed,) = of(shown, number).changed
        assert isinstance(changed, Changed)
        assert (changed.name, changed.choice) == (name, choice)
        words[choice] = changed.words
        assert of(shown, number).stays is (choice is OURS)
        assert shown.chosen == {number: {name: choice}}
        assert shown.choose(ORIGINAL) == {number: {name: ORIGINAL}}
        # Nothing is said of others' choices.
        assert all(not each.changed for each in shown.steps if each.number != number)
    assert len(set(words.values())) == 3


@pytest.mark.parametrize("state", [State.UNDOING, State.APPLIED, State.UNDO_INCOMPLETE])
def test_what_was_chosen_for_an_undo_that_was_cut_short_holds_for_that_alone(
    kept: Kept, state: State
) -> None:
    number, name = changed_rules(kept)
    kept.record.steps[number - 1].choices = {name: "original", "another": "of another release"}
    kept.record.state = state
    expected = ORIGINAL if state is State.UNDOING else KEEP
    assert preview(kept.record, kept.system).chosen == {number: {name: expected}}
    assert preview(kept.record, kept.system, {}).chosen == {number: {name: KEEP}}


def test_beside_others_what_goes_is_as_it_is_today(kept: Kept) -> None:
    (entry,) = [each for each in kept.record.steps if each.kind == "sysctl"]
    shown = preview(kept.record, kept.system)
    step = next(each for each in kept.made.plan().steps if each.kind == "sysctl")
    other = Other("another", step.kind, step, step.before_from(entry.before))
    beside = preview(kept.record, kept.system, beside=[other])
    assert of(shown, entry.number).commands == tuple(entry.undo)
    assert of(beside, entry.number).commands != tuple(entry.undo)
    lines = step.among([other]).undo_lines(
        step.among([other]).goes_back_to(step.before_from(entry.before), [other])
    )
    assert of(beside, entry.number).commands == tuple(lines)


def noted(kept: Kept) -> dict[int, Mapping[str, str]]:
    record = kept.store.load()
    assert record is not None
    return {each.number: each.choices for each in record.steps if each.choices}


def test_what_is_chosen_is_in_the_record_before_the_undo_begins(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = kept.store.of(kept.record.id)
    note(store, {2: {"a": OURS, "b": KEEP}, 9: {"c": KEEP}})
    assert noted(kept) == {2: {"a": "ours", "b": "keep"}}
    # The same once more writes nothing, and what is chosen anew takes its place.
    with monkeypatch.context() as patched:
        patched.setattr(Store, "save", lambda *_: pytest.fail("written"))
        note(store, {2: {"a": OURS, "b": KEEP}})
    note(store, {1: {"d": ORIGINAL}})
    assert noted(kept) == {1: {"d": "original"}}
    # An undo by which nothing is chosen keeps what is theirs.
    note(store, None)
    assert noted(kept) == {}


def test_what_cannot_be_noted_is_no_choice(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    store = kept.store.of(kept.record.id)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "save", full)
        with pytest.raises(Refused) as refused:
            note(store, {1: {"a": OURS}})
    assert str(refused.value) == (
        f"{store.path} cannot be written: No space left on device. What was chosen for what "
        "somebody else changed would be lost with this process, so nothing was changed. Make room "
        "on the disk, or let all of theirs be kept."
    )
    with lock.held(store.lock), pytest.raises(Locked):
        note(store, {1: {"a": OURS}})
    assert noted(kept) == {}
    kept.record.state = State.UNDONE
    kept.store.save(kept.record)
    note(store, {1: {"a": OURS}})
    assert noted(kept) == {}
    undoing.note(Store(kept.store.directory / "none"), {1: {"a": OURS}})
    assert not (kept.store.directory / "none").exists()
    assert all(each.state is StepState.DONE for each in kept.record.steps)


def diff(name: str) -> Diff:
    return Diff(name, (f"-{name}",))


def test_what_will_be_gone_by_then_holds_no_older_step_back(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = (
        Found("a", back=diff("a"), goes_with_it=("a1", "a2")),
        Found("b", needed="b is needed.", back=diff("b"), goes_with_it=("b1",)),
        Found("c", Comparison.CHANGED, "c is changed.", ours_out=diff("c")),
        Found("d", Comparison.CHANGED, "d is changed.", changed=diff("d"), goes_with_it=("d1",)),
        Found("e", Comparison.GONE, "e is gone.", goes_with_it=("e1",)),
        Found("f", Comparison.GONE, "e is gone."),
    )
    seen: list[set[str]] = []

    def older(_self: object, _system: object, _before: object, gone: set[str]) -> tuple[Found, ...]:
        seen.append(set(gone))
        return ()

    monkeypatch.setattr(Attach, "compare", lambda *_: objects)
    monkeypatch.setattr(Sysctl, "compare", older)
    for kind in {type(step) for step in kept.made.plan().steps} - {Attach, Sysctl}:
        monkeypatch.setattr(kind, "compare", lambda *_: ())
    number = kept.record.steps[-1].number
    step = of(preview(kept.record, kept.system), number)
    assert seen == [{"a", "a1", "a2", "c", "e", "e1", "f"}]
    assert step.notes == ("b is needed.", "e is gone.")
    assert step.diffs == (diff("a"),)
    assert [(each.name, each.choice) for each in step.changed] == [("c", KEEP), ("d", KEEP)]
    assert step.changed[1].words == "d is changed. It is left as it is."
    assert not step.stays
    assert step.noticed
    # Where one of them is to be as it was left, so is the rest of the step.
    step = of(preview(kept.record, kept.system, {number: {"d": OURS, "f": OURS}}), number)
    assert seen[1] == {"c", "e", "e1", "f"}
    assert (step.stays, step.diffs, step.noticed) == (True, (), ())
    assert [(each.name, each.choice) for each in step.changed] == [
        ("c", KEEP),
        ("d", OURS),
        ("f", OURS),
    ]
    assert step.notes == ("b is needed.", "e is gone.")
