"""In which order a run moves, so that every instant in between is a safe one."""

import errno
import os

import pytest

from tests.made_up_deployments import Deployment, deployment
from wizard.platform.errors import ExitCode, StepFailed
from wizard.record.record import Record, State, StepState
from wizard.record.store import Store
from wizard.run import guard as guarding
from wizard.run import journal, revert, window
from wizard.run.guard import Unguarded
from wizard.session import Session
from wizard.steps import kinds
from wizard.steps.base import Step
from wizard.steps.sysctl import Sysctl


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(guarding, "announce", lambda *_: None)


@pytest.fixture
def made() -> Deployment:
    return deployment()


class Seeing(Unguarded):
    """A guard that notes what the record and the clock said whenever it was asked something."""

    def __init__(self, store: Store, record: Record) -> None:
        self.store, self.record = store, record
        self.left_when_counting: list[float] = []
        self.noted_when_forgetting: list[tuple[State, float]] = []

    def count_down(self, seconds: float) -> str:
        self.left_when_counting.append(window.seconds_left(self.record))
        return "mark"

    def forget_all_but(self, mark: str) -> None:
        noted = self.store.load()
        assert noted is not None
        self.noted_when_forgetting.append((noted.state, window.seconds_left(noted)))


def applied(made: Deployment, store: Store) -> Record:
    plan = made.plan()
    record = journal.begin(plan, {}, store)
    journal.apply(plan, record, made.system, store, lambda: False, lambda *_: None)
    return record


def test_a_new_timer_never_ends_before_the_record_says_so(made: Deployment, store: Store) -> None:
    record = applied(made, store)
    record.state = State.APPLYING
    guard = Seeing(store, record)
    revert.ask(record, store, guard, 600)
    # A timer that began its 600 seconds first would end first, and find that time is left.
    assert guard.left_when_counting[0] > 590


def test_the_old_timers_go_only_once_the_record_on_the_disk_waits(
    made: Deployment, store: Store
) -> None:
    record = applied(made, store)
    record.state = State.APPLYING
    store.save(record)
    guard = Seeing(store, record)
    revert.ask(record, store, guard, 600)
    ((state, left),) = guard.noted_when_forgetting
    assert state is State.UNCONFIRMED
    assert left > 590


def test_early_at_boot_no_timer_is_started_for_the_kernel_has_just_begun(
    made: Deployment, store: Store
) -> None:
    record = applied(made, store)
    revert.ask(record, store, Unguarded(), 600)
    guard = Seeing(store, record)
    revert.revert(record.id, made.system, store, guard, early=True)
    # Before the network PID 1 would have to wait for what this unit itself holds up.
    assert guard.left_when_counting == []
    assert store.load() == record


def no_room(path: str) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


@pytest.mark.parametrize("in_words", [False, True])
def test_a_step_that_meets_a_full_disk_on_the_way_back_gets_what_was_set_aside(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch, in_words: bool
) -> None:
    before = made.system.snapshot()
    record = applied(made, store)
    store.reserve()
    undo = Sysctl.undo

    def full(self: Sysctl, *arguments: object) -> object:
        if store.padding.exists() and in_words:
            raise StepFailed("It could not be changed.") from no_room(self.path)
        if store.padding.exists():
            raise no_room(self.path)
        return undo(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Sysctl, "undo", full)
    journal.take_back(record, made.system, store, State.ROLLING_BACK)
    assert record.state is State.ROLLED_BACK
    assert {each.state for each in record.steps} == {StepState.UNDONE}
    assert made.system.snapshot() == before


def test_what_was_set_aside_stays_so_where_a_step_lacks_something_other_than_room(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = applied(made, store)
    store.reserve()
    last = kinds.KINDS[record.steps[-1].kind]
    undo, still_there = Sysctl.undo, []

    def denied(self: Step, *arguments: object) -> object:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/etc")

    def looking(self: Sysctl, *arguments: object) -> object:
        still_there.append(store.padding.exists())
        return undo(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(last, "undo", denied)
    monkeypatch.setattr(Sysctl, "undo", looking)
    journal.take_back(record, made.system, store, State.ROLLING_BACK)
    assert still_there == [True]
    assert [each.state for each in record.steps].count(StepState.KEPT) == 1
    assert not store.padding.exists()


def test_a_disk_that_is_full_without_anything_set_aside_is_left_and_said(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = applied(made, store)

    def full(self: Sysctl, *arguments: object) -> object:
        raise no_room(self.path)

    monkeypatch.setattr(Sysctl, "undo", full)
    journal.take_back(record, made.system, store, State.ROLLING_BACK)
    (kept,) = [each for each in record.steps if each.state is StepState.KEPT]
    assert kept.kind == "sysctl"
    assert "No space left on device" in kept.left[0]
    assert "By hand: " in kept.left[0]
    assert record.state is not State.ROLLED_BACK


def test_nobody_waits_for_ever_for_a_guard_that_does_not_come(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = applied(made, store)
    record.state = State.APPLYING
    store.save(record)
    session = Session(store, made.system)
    monkeypatch.setattr(guarding, "is_armed", lambda store: True)
    clock = [1000.0]
    monkeypatch.setattr("wizard.run.process.time.monotonic", lambda: clock[0])
    assert session.progress().ended is None
    clock[0] += 59
    assert session.progress().ended is None
    clock[0] += 2
    progress = session.progress()
    assert progress.ended is ExitCode.UNEXPECTED
    assert "wizard --undo" in progress.complaint
