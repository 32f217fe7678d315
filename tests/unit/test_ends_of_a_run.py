"""How a run that waits for an answer ends, whoever comes first, and what each of them is told."""

import copy
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.made_up_deployments import Deployment, deployment
from tests.unit.test_course import go_down
from tests.unit.test_guard import Remembering, waiting
from wizard.platform.errors import Locked, Refused, StepFailed, WizardError
from wizard.platform.local_time import local_time
from wizard.record.record import Record, State, StepState
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import guard, journal, lock, revert, window


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What everybody who is logged in is told."""
    told: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(guard, "announce", lambda _system, text: told.append(text))
    monkeypatch.setattr(journal, "LAST_SAVES", (0.0,))
    return told


@pytest.fixture
def made() -> Deployment:
    return deployment()


Ask = Callable[[Deployment, Store, Remembering], Record]


def keep(made: Deployment, store: Store, guard: Remembering) -> Record:
    return revert.keep(made.system, store, guard)


def more_time(made: Deployment, store: Store, guard: Remembering) -> Record:
    return revert.extend(store, guard, 600)


both = pytest.mark.parametrize("ask", [keep, more_time])


@both
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "There is nothing to keep: no run of the wizard is on this host."),
        (State.APPLIED, "There is nothing to keep: the run of {when} is kept already."),
        (
            State.APPLYING,
            "There is nothing to keep: the process that changed the host has died, and what it had "
            "begun is taken back. wizard --status shows how far that is.",
        ),
        (
            State.ROLLING_BACK,
            "It is too late to keep anything: the run of {when} is being rolled back. It failed.",
        ),
        (
            State.ROLLED_BACK,
            "It is too late to keep anything: the run of {when} is rolled back. It failed.",
        ),
        (
            State.UNDONE,
            "It is too late to keep anything: the run of {when} is undone. It failed.",
        ),
    ],
)
def test_where_nothing_waits_for_an_answer_it_is_said_why(
    made: Deployment, store: Store, ask: Ask, state: State | None, words: str, said: list[str]
) -> None:
    guard, when = Remembering(), ""
    if state is not None:
        record = journal.begin(made.plan(), {}, store)
        record.state, record.error = state, "It failed."
        store.save(record)
        when = local_time(record.started)
    with pytest.raises(WizardError) as refused:
        ask(made, store, guard)
    assert str(refused.value) == words.format(when=when)
    late = state in (State.ROLLING_BACK, State.ROLLED_BACK, State.UNDONE)
    assert isinstance(refused.value, revert.TooLate) is late
    assert guard.asked == said == []
    # Where the wizard has done nothing it leaves nothing.
    assert store.lock.exists() is (state is not None)


@both
def test_while_it_is_applied_there_is_nothing_to_answer_yet(
    made: Deployment, store: Store, ask: Ask
) -> None:
    journal.begin(made.plan(), {}, store)
    with lock.held(store.lock), pytest.raises(Locked) as locked:
        ask(made, store, Remembering())
    assert str(locked.value) == (
        "The wizard is still applying, so there is nothing to keep yet. Wait until it asks; wizard "
        "--status shows how far it is."
    )


def full(self: Store, record: Record) -> None:
    raise OSError(28, "No space left on device")


@both
def test_an_answer_that_cannot_be_written_is_none(
    made: Deployment,
    store: Store,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
    said: list[str],
) -> None:
    record, guard = waiting(made, store), Remembering()
    monkeypatch.setattr(Store, "save", full)
    with pytest.raises(Refused) as refused:
        ask(made, store, guard)
    path = store.of(record.id).path
    assert str(refused.value) == (
        f"{path} cannot be written: No space left on device. So nothing is kept yet, and "
        f"everything is taken back at {local_time(record.deadline)}. Make room on the disk, and "
        "type wizard --keep again."
        if ask is keep
        else f"{path} cannot be written: No space left on device. The time is as it was."
    )
    # Neither what counts down nor anybody who waits hears of it.
    assert "disarm" not in guard.asked
    assert not any(each.startswith("forget") for each in guard.asked)
    assert said == []
    assert store.load() == record


def test_what_is_kept_needs_neither_guard_nor_space_and_everybody_hears_of_it(
    made: Deployment, store: Store, said: list[str]
) -> None:
    waiting(made, store)
    store.reserve()
    guard = Remembering()
    kept = revert.keep(made.system, store, guard)
    assert kept.state is State.APPLIED
    assert guard.asked == ["disarm"]
    assert not store.padding.exists()
    assert said == ["The change for IPv6 in containers is kept."]


def test_how_long_there_was_to_answer_is_said_by_the_last_who_asked(
    made: Deployment, store: Store, said: list[str]
) -> None:
    record = waiting(made, store, seconds=30)
    record = revert.extend(store, Remembering(), 90)
    assert record.window == 90
    record.expires = 0.0
    store.save(record)
    revert.revert(record.id, made.system, store, Remembering())
    assert said == ["Nobody said keep within 90 seconds. The run is rolled back."]


@pytest.mark.parametrize(
    ("state", "asked", "boot", "error", "reason"),
    [
        (State.UNCONFIRMED, True, "", "", "This was requested."),
        (State.UNCONFIRMED, False, "another", "",
         "The host was restarted before somebody said keep."),
        (State.UNCONFIRMED, False, "", "", "Nobody said keep within 0 seconds."),
        (State.APPLYING, True, "", "", "The process that changed the host died before its end."),
        (State.ROLLING_BACK, False, "", "It failed.", "It failed."),
        (State.UNDOING, False, "", "", ""),
    ],
)  # fmt: skip
def test_why_it_is_taken_back_is_said_and_in_the_record(
    made: Deployment,
    store: Store,
    state: State,
    asked: bool,
    boot: str,
    error: str,
    reason: str,
    said: list[str],
) -> None:
    before = made.system.snapshot()
    record = waiting(made, store, seconds=0)
    record.state, record.boot, record.error = state, boot or record.boot, error
    store.save(record)
    back = revert.revert(record.id, made.system, store, Remembering(), asked=asked)
    assert back is not None
    undone = state is State.UNDOING
    assert back.state is (State.UNDONE if undone else State.ROLLED_BACK)
    assert back.error == reason
    assert said == [f"{reason} The run is {'undone' if undone else 'rolled back'}."]
    assert made.system.snapshot() == before


def test_early_at_boot_what_has_time_left_or_is_settled_is_left_alone(
    made: Deployment, store: Store, said: list[str]
) -> None:
    record, guard = waiting(made, store), Remembering()
    changed = made.system.snapshot()
    assert revert.revert(record.id, made.system, store, guard, early=True) == record
    journal.settle(record, store)
    assert revert.revert(record.id, made.system, store, guard, early=True) == record
    assert guard.asked == said == []
    assert made.system.snapshot() == changed
    # Later the guard itself goes, for there is nothing to do for it.
    assert revert.revert(record.id, made.system, store, guard) == record
    assert guard.asked == ["disarm"]


def test_early_at_boot_why_is_noted_and_what_could_not_go_yet_as_well(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    record, guard = waiting(made, store, seconds=0), Remembering()

    def broken(*_: object) -> None:
        raise StepFailed("It is in use.")

    last = record.steps[-1]
    monkeypatch.setattr("wizard.steps.kinds.needs_docker", lambda kind: kind != last.kind)
    for kind in {type(step) for step in made.plan().steps}:
        monkeypatch.setattr(kind, "undo_early", broken, raising=False)
    back = revert.revert(record.id, made.system, store, guard, early=True)
    assert back == store.load()
    assert back is not None
    assert back.state is State.ROLLING_BACK
    assert back.error == "Nobody said keep within 0 seconds."
    assert [each.state for each in back.steps if each.kind == last.kind] == [StepState.UNDOING]
    assert back.steps[-1].output[-1] == "It is in use."
    assert guard.asked == said == []


@pytest.mark.parametrize("asked", [True, False])
def test_what_was_taken_back_in_part_is_tried_again_on_request_alone(
    made: Deployment, store: Store, asked: bool, said: list[str]
) -> None:
    before = made.system.snapshot()
    record, guard = waiting(made, store), Remembering()
    record.state, record.error = State.ROLLBACK_INCOMPLETE, "It failed."
    store.save(record)
    changed = made.system.snapshot()
    back = revert.revert(record.id, made.system, store, guard, asked=asked)
    assert back is not None
    assert back.state is (State.ROLLED_BACK if asked else State.ROLLBACK_INCOMPLETE)
    assert made.system.snapshot() == (before if asked else changed)
    assert said == (["It failed. The run is rolled back."] if asked else [])
    assert guard.asked == ["disarm"]


def test_the_guard_on_the_host_stays_while_it_is_another_run_s(
    made: Deployment, store: Store
) -> None:
    record = waiting(made, store, seconds=0)
    repair = journal.begin(made.plan(), {}, RepairStore(store.directory))
    store.reserve()
    guard = Remembering()
    revert.revert(record.id, made.system, store, guard)
    assert guard.asked == []
    RepairStore(store.directory).save(replace(repair, state=State.APPLIED))
    store.reserve()
    revert.revert(record.id, made.system, store, guard)
    assert guard.asked == ["disarm"]
    assert not store.padding.exists()


def test_what_came_to_its_end_while_the_host_goes_down_is_over(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    record, guard = waiting(made, store, seconds=0), Remembering()
    go_down(made, monkeypatch)
    back = revert.revert(record.id, made.system, store, guard)
    assert back is not None
    assert back.state is State.ROLLED_BACK
    assert guard.asked == ["disarm"]
    assert len(said) == 1


class Busy:
    """Whose lock it is: a worker's, which lets go once it was sent so many signals."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, ends_after: int, holder: int | None = 4242
    ) -> None:
        self.ends_after, self.sent = ends_after, list[tuple[int, int]]()
        self.clock = [0.0]
        self._held = lock.held
        monkeypatch.setattr(revert, "time", SimpleNamespace(monotonic=lambda: self.clock[0]))
        monkeypatch.setattr(lock, "held", self._try)
        monkeypatch.setattr(lock, "holder", lambda path: holder)
        monkeypatch.setattr(os, "kill", lambda process, number: self.sent.append((process, number)))

    @contextmanager
    def _try(self, path: Path, wait: float = 0) -> Iterator[None]:
        if len(self.sent) < self.ends_after:
            self.clock[0] += wait
            raise Locked("another")
        with self._held(path):
            yield


def applying(made: Deployment, store: Store, seconds: float) -> Record:
    record = journal.begin(made.plan(), {}, store)
    window.open_for(record, seconds)
    store.save(record)
    return record


@pytest.mark.parametrize(("seconds", "asked"), [(0, False), (900, True)])
def test_a_worker_that_overran_its_time_is_told_to_stop_and_killed_if_it_does_not(
    made: Deployment,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    asked: bool,
) -> None:
    record = applying(made, store, seconds)
    busy = Busy(monkeypatch, ends_after=2)
    back = revert.revert(record.id, made.system, store, Remembering(), asked=asked)
    assert back is not None
    assert back.state is State.ROLLED_BACK
    # It has the time for its own way back in between.
    assert busy.sent == [(4242, signal.SIGTERM), (4242, signal.SIGKILL)]
    assert 300 < busy.clock[0] <= 303


@pytest.mark.parametrize("state", [State.APPLYING, State.UNCONFIRMED, State.ROLLING_BACK])
def test_a_process_that_is_in_time_or_takes_back_itself_is_never_sent_anything(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    record = applying(made, store, 900 if state is State.APPLYING else 0)
    record.state = state
    store.save(record)
    busy = Busy(monkeypatch, ends_after=1)
    with pytest.raises(Locked):
        revert.revert(record.id, made.system, store, Remembering())
    assert busy.sent == []
    assert 300 < busy.clock[0] <= 303


def test_watching_ends_where_there_is_nothing_to_watch(made: Deployment, store: Store) -> None:
    assert revert.watch("none", made.system, store, Remembering()) is None
    record = waiting(made, store)
    journal.settle(record, store)
    assert revert.watch(record.id, made.system, store, Remembering()) == record


@pytest.mark.parametrize(
    ("state", "held", "left", "taken"),
    [
        (State.APPLYING, True, 900.0, False),
        (State.APPLYING, True, 0.0, True),
        (State.APPLYING, False, 900.0, True),
        (State.UNCONFIRMED, False, 900.0, False),
        (State.UNCONFIRMED, False, 0.0, True),
        # Whoever takes it back is at it, or has died.
        (State.ROLLING_BACK, True, 0.0, False),
        (State.ROLLING_BACK, False, 0.0, True),
    ],
)
def test_who_watches_takes_back_what_died_or_is_over(
    made: Deployment,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
    held: bool,
    left: float,
    taken: bool,
) -> None:
    record = applying(made, store, left)
    record.state = state
    store.save(record)
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(lock, "is_held", lambda path: held and path == store.lock)
    monkeypatch.setattr(revert, "revert", lambda run, *_: calls.append((run,)))

    def pause(seconds: float) -> None:
        settled = copy.deepcopy(record)
        settled.state = State.ROLLED_BACK
        store.save(settled)

    monkeypatch.setattr(revert, "time", SimpleNamespace(sleep=pause))
    ended = revert.watch(record.id, made.system, store, Remembering())
    assert ended is not None
    assert ended.state is State.ROLLED_BACK
    assert calls == ([(record.id,)] if taken else [])
