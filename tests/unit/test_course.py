"""What stands around the steps of a run: the guard before the first, and its end after the last."""

import os
import re
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_deployments import Deployment, deployment
from wizard import describe
from wizard.plan.planning import Plan
from wizard.platform.errors import HostChanged, Refused
from wizard.platform.local_time import local_time
from wizard.platform.system import Result
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run import course, journal, reversible, window
from wizard.run.guard import Unguarded
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.verification import Verification


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def made() -> Deployment:
    return deployment()


class Noting(Unguarded):
    """A guard that notes how things stood when it was asked something."""

    def __init__(self, store: Store, refuses: bool = False) -> None:
        self.store, self.refuses = store, refuses
        self.armed: list[tuple[bool, State, float]] = []
        self.gone = 0

    def arm(self, record: Record) -> None:
        noted = self.store.load()
        assert noted is not None
        self.armed.append((self.store.padding.exists(), noted.state, window.seconds_left(noted)))
        if self.refuses:
            raise Refused("It cannot be armed. Nothing was changed.")

    def disarm(self) -> None:
        self.gone += 1


def go_down(made: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made.system.run

    def stopping(argv: Sequence[str], stdin: str = "") -> Result:
        return Result(0, "stopping\n") if "is-system-running" in argv else run(argv, stdin)

    monkeypatch.setattr(made.system, "run", stopping)


def begun(made: Deployment, store: Store) -> tuple[Plan, Record, Noting]:
    guard = Noting(store)
    plan = made.plan()
    return plan, course.begin(plan, made.host, store, guard), guard


def test_the_guard_finds_a_record_with_time_left_and_space_set_aside_for_the_way_back(
    made: Deployment, store: Store
) -> None:
    _plan, _record, guard = begun(made, store)
    ((has_space, state, left),) = guard.armed
    assert has_space
    assert state is State.APPLYING
    assert left > 100


def test_where_the_guard_cannot_be_armed_the_record_says_so_and_no_space_is_kept(
    made: Deployment, store: Store
) -> None:
    guard, before = Noting(store, refuses=True), made.system.snapshot()
    with pytest.raises(Refused, match="cannot be armed"):
        course.begin(made.plan(), made.host, store, guard)
    (record,) = store.records()
    assert record.state is State.ROLLED_BACK
    assert record.finished
    assert "cannot be armed" in record.error
    assert not store.padding.exists()
    assert made.system.snapshot() == before


def test_a_run_that_waits_keeps_its_guard_and_people_are_told_until_when(
    made: Deployment, store: Store
) -> None:
    plan, record, guard = begun(made, store)
    said: list[str] = []

    def conclude(record: Record, store: Store) -> None:
        course.settle(record, store, guard, 120)

    journal.apply(plan, record, made.system, store, lambda: False, conclude)
    course.finish(record, made.system, guard, store, said.append)
    assert record.state is State.UNCONFIRMED
    assert guard.gone == 0
    assert store.padding.exists()
    assert len(said) == 1
    assert local_time(record.deadline) in said[0]
    assert "--keep" in said[0]


def test_a_run_that_is_kept_at_once_leaves_neither_guard_nor_space(
    made: Deployment, store: Store
) -> None:
    plan, record, guard = begun(made, store)

    def conclude(record: Record, store: Store) -> None:
        course.settle(record, store, guard, None)

    journal.apply(plan, record, made.system, store, lambda: False, conclude)
    course.finish(record, made.system, guard, store, pytest.fail)
    assert record.state is State.APPLIED
    assert guard.gone == 1
    assert not store.padding.exists()


@pytest.mark.parametrize("stopping", [False, True])
def test_what_was_taken_back_while_the_host_goes_down_is_looked_at_again_at_boot(
    made: Deployment, store: Store, stopping: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, record, guard = begun(made, store)
    journal.apply(plan, record, made.system, store, lambda: True)
    if stopping:
        go_down(made, monkeypatch)
    course.finish(record, made.system, guard, store, pytest.fail)
    assert record.state is State.ROLLED_BACK
    assert guard.gone == (0 if stopping else 1)


def test_a_kept_run_needs_no_guard_though_the_host_goes_down(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, record, guard = begun(made, store)
    journal.apply(plan, record, made.system, store, lambda: False)
    go_down(made, monkeypatch)
    course.finish(record, made.system, guard, store, pytest.fail)
    assert guard.gone == 1


def test_the_guard_stays_while_the_record_on_the_disk_does_not_say_that_it_is_over(
    made: Deployment, store: Store
) -> None:
    plan, record, guard = begun(made, store)
    journal.apply(plan, record, made.system, store, lambda: False)
    store.save(replace(record, state=State.ROLLING_BACK))
    course.finish(record, made.system, guard, store, pytest.fail)
    assert guard.gone == 0


def test_no_other_plan_is_applied_than_was_shown(made: Deployment) -> None:
    plan = made.plan()
    course.check_shown(plan, plan.digest)
    with pytest.raises(HostChanged, match="not as it was"):
        course.check_shown(plan, "another")


def test_no_time_is_left_once_it_is_over_however_long_ago(made: Deployment, store: Store) -> None:
    _plan, record, _guard = begun(made, store)
    window.open_for(record, -60)
    # Less than nothing would count as time that is left.
    assert window.seconds_left(record) == 0


class Looking(Aspect):
    """Says why the change had better not begin, once somebody else has got as far as this."""

    def __init__(self, beside: threading.Barrier, obstacle: str = "") -> None:
        self.beside, self.obstacle = beside, obstacle

    def look(self) -> Facts:
        self.beside.wait(timeout=10)
        return {"port 80": "port 80"}

    def obstacles(self) -> Sequence[str]:
        return [self.obstacle] if self.obstacle else []


def there(beside: threading.Barrier) -> None:
    beside.wait(timeout=10)


def test_what_is_in_the_way_is_looked_for_while_the_host_is_looked_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    beside = threading.Barrier(2)
    had = course.what_was_had(Verification([Looking(beside)]), lambda: there(beside))
    assert had == {"port 80": "port 80"}
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("doing ")]
    assert len(said) == 2


def test_what_is_in_the_way_of_a_step_is_said_first() -> None:
    beside = threading.Barrier(2)

    def blocked() -> None:
        there(beside)
        raise Refused("The name is taken.")

    with pytest.raises(Refused, match=r"^The name is taken\.$"):
        course.what_was_had(Verification([Looking(beside, "Nobody runs.")]), blocked)
    with pytest.raises(Refused, match=r"^Nobody runs\. Nothing was changed\.$"):
        course.what_was_had(Verification([Looking(beside, "Nobody runs.")]), lambda: there(beside))


def test_the_steps_the_way_back_and_its_places_are_looked_at_before_a_run(
    made: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(journal, "check_obstacles", lambda *_: looked.append("steps"))
    monkeypatch.setattr(reversible, "check_steps", lambda *_: looked.append("way back"))
    monkeypatch.setattr(reversible, "check_places", lambda *_: looked.append("places"))
    course.check_ways(made.plan(), made.system)
    assert looked == ["steps", "way back", "places"]
    looked.clear()
    course.check_ways(made.plan(), made.system, lambda: looked.append("steps of another kind"))
    assert looked == ["steps of another kind", "way back", "places"]


@pytest.mark.parametrize("place", ["reserve", "save"])
def test_where_there_is_no_room_for_a_guard_the_run_has_not_begun(
    made: Deployment, store: Store, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, saves, save = made.system.snapshot(), [0], Store.save

    def full(self: Store, *_: object) -> None:
        raise OSError(28, "No space left on device")

    def second(self: Store, record: Record) -> None:
        saves[0] += 1
        if saves[0] == 2:
            full(self)
        save(self, record)

    if place == "reserve":
        monkeypatch.setattr(Store, "reserve", full)
    else:
        monkeypatch.setattr(Store, "save", second)
    guard = Noting(store)
    with pytest.raises(Refused) as refused:
        course.begin(made.plan(), made.host, store, guard)
    words = (
        f"The record {store.path} cannot be written: No space left on device. Nothing was changed. "
        "Make room on the disk, and start again."
    )
    assert str(refused.value) == words
    (record,) = store.records()
    assert (record.state, record.error) == (State.ROLLED_BACK, words)
    assert guard.armed == []
    assert not store.padding.exists()
    assert made.system.snapshot() == before
    # Where the first record cannot be written, there is none.
    monkeypatch.setattr(Store, "save", full)
    with pytest.raises(Refused) as refused:
        course.begin(made.plan(), made.host, store, guard)
    assert str(refused.value) == words


def test_what_a_new_plan_would_do_is_named_where_another_was_shown(made: Deployment) -> None:
    plan = made.plan()
    with pytest.raises(HostChanged) as changed:
        course.check_shown(plan, "another")
    titles = "; ".join(step.title for step in plan.steps)
    assert str(changed.value) == (
        "The host is not as it was when the plan was shown: another plan would be made now "
        f"({titles}). Nothing was changed. Look at the new preview and apply that."
    )


def test_a_run_begins_with_a_record_of_who_it_is_for(made: Deployment, store: Store) -> None:
    plan = made.plan()
    record = course.begin(plan, made.host, store, Noting(store), "the one before")
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{4}", record.id)
    noted = store.load()
    assert noted == record
    assert record.changes == "the one before"
    assert record.digest == plan.digest
    assert record.host == describe.in_words(made.host)
    assert [each.number for each in record.steps] == list(range(1, len(plan.steps) + 1))
    # A deadline is shown where somebody is to answer, and that is not yet.
    assert record.deadline == ""
    assert not record.finished
