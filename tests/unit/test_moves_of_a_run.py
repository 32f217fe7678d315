"""What a run does when it is stopped, and when a look or a record fails beside its steps."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_up_deployments import Deployment, deployment
from tests.unit.test_guard import Remembering, waiting
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.files import temporary_beside
from wizard.record.record import State, StepRecord, StepState
from wizard.record.store import Store
from wizard.run import journal, revert, window
from wizard.steps.comparing import Resolution
from wizard.steps.sysctl import PATH, Sysctl
from wizard.steps.withdraw import Withdraw


@pytest.fixture
def made() -> Deployment:
    return deployment()


@pytest.mark.parametrize("after", [0, 1, 99])
def test_a_stop_is_heard_before_every_step_and_after_the_last(
    made: Deployment, store: Store, after: int
) -> None:
    before, plan = made.system.snapshot(), made.plan()
    answers = [False] * min(after, len(plan.steps))

    def cancelled() -> bool:
        return not answers or answers.pop() is not False

    record = journal.begin(plan, {}, store)
    journal.apply(plan, record, made.system, store, cancelled, lambda *_: pytest.fail("kept"))
    assert record.state is State.ROLLED_BACK
    last = after >= len(plan.steps)
    assert record.error == (
        "It was cancelled after the last step."
        if last
        else "It was cancelled before the next step."
    )
    assert sum(each.state is StepState.UNDONE for each in record.steps) == min(
        after, len(plan.steps)
    )
    assert made.system.snapshot() == before


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(5, "Input/output error", "/etc/x"),
         "/etc/x could not be read or written: Input/output error. Nothing was changed."),
        (StepFailed("docker failed."), "docker failed. Nothing was changed."),
    ],
)  # fmt: skip
def test_a_look_that_fails_before_anything_is_changed_says_so(
    made: Deployment, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def broken(*_: object) -> str:
        raise error

    monkeypatch.setattr(Sysctl, "obstacle", broken)
    with pytest.raises(Refused) as refused:
        journal.check_obstacles(made.plan(), made.system)
    assert str(refused.value) == words


@pytest.mark.parametrize("error", [MemoryError(), RecursionError()])
def test_a_record_that_does_not_fit_into_memory_is_one_that_was_not_written(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    record = journal.begin(made.plan(), {}, store)
    assert journal.save_if_possible(record, store) is None

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(Store, "save", broken)
    complaint = journal.save_if_possible(record, store)
    assert complaint is not None
    assert complaint.filename == str(store.path)
    assert complaint.strerror == "Cannot allocate memory"


def test_where_the_kernel_names_no_boot_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(window, "_BOOT", tmp_path / "none")
    assert window.boot() == ""


def test_only_what_waits_has_seconds_to_answer(made: Deployment, store: Store) -> None:
    record = waiting(made, store)
    left = window.seconds_to_answer(record)
    assert left is not None
    assert 50 < left <= 60
    for state in set(State) - {State.UNCONFIRMED}:
        assert window.seconds_to_answer(replace(record, state=state)) is None


@pytest.mark.parametrize("early", [False, True])
def test_the_record_says_that_it_goes_back_before_the_first_step_does(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    record = waiting(made, store)
    noted: list[tuple[State, str]] = []

    def look(*_: object) -> tuple[str, ...]:
        there = store.load()
        assert there is not None
        noted.append((there.state, there.finished))
        return ()

    for kind in {type(step) for step in made.plan().steps}:
        monkeypatch.setattr(kind, "undo", look)
        monkeypatch.setattr(kind, "undo_early", look, raising=False)
    monkeypatch.setattr("wizard.steps.kinds.needs_docker", lambda kind: not early)
    record.finished = "2026-01-01T00:00:00Z"
    back = journal.take_back_early if early else journal.take_back
    back(record, made.system, store, State.ROLLING_BACK)
    assert set(noted) == {(State.ROLLING_BACK, "")}
    assert len(noted) == len(record.steps)
    there = store.load()
    assert there is not None
    assert there.state is record.state
    for each in (there, record):
        states = {step.state for step in each.steps}
        assert states == {StepState.UNDOING if early else StepState.UNDONE}


def test_what_a_step_reports_is_in_the_record_while_it_is_at_work(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noted() -> list[tuple[StepState, list[str]]]:
        there = store.load()
        assert there is not None
        return [(each.state, each.output) for each in there.steps if each.kind == Sysctl.kind]

    seen: list[object] = []
    apply, undo = Sysctl.apply, Sysctl.undo

    def applying(self: Sysctl, system: Any, report: Callable[[str], None]) -> None:
        report("It\x1b goes.")
        seen.extend(noted())
        apply(self, system, report)

    def undoing(self: Sysctl, *words: Any) -> tuple[str, ...]:
        *_rest, report, _decisions = words
        seen.extend((state, output[-1:]) for state, output in noted())
        report("It\x1b comes back.")
        seen.extend((state, output[-1:]) for state, output in noted())
        return undo(self, *words)

    monkeypatch.setattr(Sysctl, "apply", applying)
    monkeypatch.setattr(Sysctl, "undo", undoing)
    plan = made.plan()
    record = journal.begin(plan, {}, store)
    journal.apply(plan, record, made.system, store, lambda: False)
    (entry,) = [each for each in record.steps if each.kind == Sysctl.kind]
    entry.output[1:] = ["The last."]
    entry.left = ["It was left."]
    journal.take_back(record, made.system, store, State.UNDOING)
    assert seen == [
        (StepState.APPLYING, ["It\\x1b goes."]),
        (StepState.UNDOING, ["The last."]),
        (StepState.UNDOING, ["It\\x1b comes back."]),
    ]
    assert entry.left == []


def test_what_was_done_and_is_not_in_effect_has_failed(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, plan = made.system.snapshot(), made.plan()
    monkeypatch.setattr(Sysctl, "check", lambda *_: "It is off.")
    record = journal.begin(plan, {}, store)
    journal.apply(plan, record, made.system, store, lambda: False, lambda *_: pytest.fail("kept"))
    assert record.error == "It was done but is not in effect. It is off."
    assert record.state is State.ROLLED_BACK
    assert made.system.snapshot() == before


@pytest.mark.parametrize(
    ("changes", "first", "fails", "tried"),
    [
        ("", False, 4, [4, 3, 2, 1]),
        # What goes and could not come back hinders nothing that was there before it.
        ("a run", False, None, [4, 3, 2, 1]),
        ("a run", False, 4, [4, 3]),
        ("a run", False, 2, [4, 3, 2, 1]),
        ("a run", True, 4, [4]),
        ("a run", True, None, [4, 3, 2, 1]),
    ],
)
def test_a_change_that_cannot_go_back_whole_stops_before_what_it_took_away(
    made: Deployment,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    changes: str,
    first: bool,
    fails: int | None,
    tried: list[int],
) -> None:
    record = journal.begin(made.plan(), {}, store, changes)
    del record.steps[4:]
    for entry in record.steps:
        entry.state = StepState.DONE
    # Kernel parameters that changed in place are older than what went.
    record.steps[1].kind = Withdraw.kind
    asked: list[int] = []

    def undo(entry: StepRecord, *_: object) -> bool:
        asked.append(entry.number)
        return entry.number != fails

    monkeypatch.setattr(journal, "_undo_step", undo)
    monkeypatch.setattr("wizard.run.set_ups.makes_first", lambda _: first)
    store.reserve()
    record.error = "It failed."
    journal.take_back(record, made.system, store, State.ROLLING_BACK)
    assert asked == tried
    assert record.state is (State.ROLLED_BACK if fails is None else State.ROLLBACK_INCOMPLETE)
    assert record.error == "It failed."
    assert record.finished
    assert not store.padding.exists()
    journal.take_back(record, made.system, store, State.UNDOING)
    assert record.state is (State.UNDONE if fails is None else State.UNDO_INCOMPLETE)
    assert record.error == ""


def test_what_lies_beside_a_file_is_swept_and_if_it_cannot_be_the_rest_goes_back(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.system.snapshot()
    record = waiting(made, store)
    stray = str(temporary_beside(Path(os.path.realpath(PATH))))
    tried: list[str] = []
    remove = made.system.remove

    def busy(path: str) -> None:
        tried.append(path)
        if path == stray:
            raise IsADirectoryError(21, "Is a directory", path)
        remove(path)

    # Somebody's folder, which cannot be read as a file.
    made.system.unreadable.add(stray)
    monkeypatch.setattr(made.system, "remove", busy)
    journal.take_back(record, made.system, store, State.ROLLING_BACK)
    assert record.state is State.ROLLED_BACK
    assert tried.count(stray) == 1
    # What is not there is not removed.
    assert not any(".docker-ipv6-wizard" in each and each != stray for each in tried)
    made.system.unreadable.clear()
    assert made.system.snapshot() == before


def test_what_nobody_knows_any_more_was_chosen_for_nothing(made: Deployment, store: Store) -> None:
    (entry, *_) = journal.begin(made.plan(), {}, store).steps
    entry.choices = {"a": "ours", "b": "of another release", "c": "original", "d": "keep"}
    assert journal.decisions(entry) == {
        "a": Resolution.OURS,
        "c": Resolution.ORIGINAL,
        "d": Resolution.KEEP,
    }


def test_each_step_that_is_back_is_noted_before_the_next_one_goes(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = waiting(made, store)
    back: list[int] = []

    def look(*_: object) -> tuple[str, ...]:
        there = store.load()
        assert there is not None
        back.append(sum(each.state is StepState.UNDONE for each in there.steps))
        return ()

    for kind in {type(step) for step in made.plan().steps}:
        monkeypatch.setattr(kind, "undo", look)
    journal.take_back(record, made.system, store, State.ROLLING_BACK)
    assert back == list(range(len(record.steps)))


def test_as_long_as_any_time_is_left_nothing_is_taken_back(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, guard = waiting(made, store), Remembering()
    changed = made.system.snapshot()
    monkeypatch.setattr(window, "seconds_left", lambda _: 0.6)
    revert.revert(record.id, made.system, store, guard)
    assert made.system.snapshot() == changed
    assert guard.asked == ["count down 1", "forget all but mark"]
