"""What the process that changes the host does for each verb, and how it ends."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.made_up_deployments import Deployment, deployment
from wizard.answers import answers_file
from wizard.platform.errors import ExitCode, HostChanged, Locked, Refused
from wizard.program import program
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import (
    apply_run,
    change_run,
    journal,
    lock,
    repair_run,
    revert,
    undo_run,
    worker,
)
from wizard.run import guard as guarding
from wizard.run.cancelled import Cancelled
from wizard.run.guard import Unguarded
from wizard.run.worker import main
from wizard.steps.comparing import Resolution


@pytest.fixture
def made() -> Deployment:
    return deployment()


class Called:
    """What stands for the runs: each notes what it was given, and ends as it is told."""

    def __init__(self, store: Store, made: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.stores: list[Store] = []
        self.result: Record | Exception | None = None
        self.made, self.guard, self.rests, self.began = made, Unguarded(), 0, list[str]()
        monkeypatch.setattr(worker, "Store", lambda: store)
        monkeypatch.setattr(worker, "RealSystem", lambda: made.system)
        monkeypatch.setattr(worker, "_rest", self._rest)
        monkeypatch.setattr(worker, "_leave", lambda store: None)
        monkeypatch.setattr(Cancelled, "listen", lambda _: self.began.append("listens"))
        monkeypatch.setattr(Store, "prepare", lambda _: self.began.append("has a folder"))
        monkeypatch.setattr(guarding, "choose", self._choose)
        for module, name in (
            (apply_run, "apply"),
            (change_run, "change"),
            (repair_run, "repair"),
            (undo_run, "undo"),
            (revert, "revert"),
            (revert, "watch"),
            (guarding, "announce"),
        ):
            monkeypatch.setattr(module, name, self._as(name))

    def _choose(self, system: object, store: Store) -> Unguarded:
        assert system is self.made.system
        self.stores.append(store)
        return self.guard

    def _rest(self, cancelled: Cancelled) -> None:
        assert isinstance(cancelled, Cancelled)
        self.rests += 1

    def _as(self, name: str) -> Callable[..., Record | None]:
        def call(*words: Any, **named: Any) -> Record | None:
            told = tuple(
                {self.made.system: "system", self.guard: "guard"}.get(each, each)
                if isinstance(each, type(self.made.system) | Unguarded)
                else type(each).__name__
                if isinstance(each, Store | Cancelled)
                else each
                for each in words
            )
            self.calls.append((name, *told, *named.values()))
            # A stop is heard, and there is where to write, before anything is begun.
            assert self.began == ["listens", "has a folder"]
            self.began.clear()
            if isinstance(self.result, Exception):
                raise self.result
            return self.result

        return call


@pytest.fixture
def called(made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch) -> Called:
    return Called(store, made, monkeypatch)


def test_each_verb_is_given_what_it_needs(called: Called, tmp_path: Path) -> None:
    choices = called.made.choices
    path = tmp_path / "answers"
    path.write_text(answers_file.dumps(choices))
    apply = ("apply", choices, "digest", "system", "Store", "Cancelled", "guard")
    change = ("change", choices, "digest", "system", "RepairStore", "Cancelled", "guard")
    ours = ("repair", "run", Resolution.OURS, "digest", "system", "RepairStore", "Cancelled")
    table: dict[tuple[str, ...], tuple[Any, ...]] = {
        ("apply", str(path), "digest"): (*apply, None),
        ("apply", str(path), "digest", "60"): (*apply, 60),
        ("change", str(path), "digest"): (*change, None),
        ("change", str(path), "digest", "600"): (*change, 600),
        ("repair", "run", "ours", "digest"): (*ours, "guard", None),
        ("repair", "run", "ours", "digest", "30"): (*ours, "guard", 30),
        ("undo",): ("undo", "system", "Store", "guard"),
        ("undo", "run"): ("undo", "system", "Store", "guard", "run"),
        ("revert", "run"): ("revert", "run", "system", "Store", "guard", False, False),
        ("revert", "run", "early"): ("revert", "run", "system", "Store", "guard", True, False),
        ("revert", "run", "now"): ("revert", "run", "system", "Store", "guard", False, True),
        ("watch", "run"): ("watch", "run", "system", "Store", "guard"),
        ("tell", "It is over."): ("announce", "system", "It is over."),
    }
    for words, call in table.items():
        called.calls.clear()
        assert main(words) == ExitCode.DONE
        assert called.calls == [call]
    assert {type(each) for each in called.stores} == {Store, RepairStore}
    assert called.rests == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("apply",),
        ("apply", "/answers"),
        ("repair", "run", "ours"),
        ("change", "/answers"),
        ("undo", "run", "more"),
        ("revert",),
        ("revert", "run", "later"),
        ("watch",),
        ("tell",),
        ("keep",),
    ],
)
def test_what_is_no_verb_of_it_is_refused(
    called: Called, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert main(words) == ExitCode.REFUSED
    assert called.calls == []
    assert capsys.readouterr().err == (
        "The worker takes: apply, change, repair, undo, revert, watch or tell.\n"
    )
    assert called.rests == 0


def test_the_guard_of_a_repair_writes_the_record_of_that(
    called: Called, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    repairs = RepairStore(store.directory)
    repair = journal.begin(called.made.plan(), {}, repairs)
    for verb in ("revert", "watch"):
        assert main([verb, repair.id]) == ExitCode.DONE
        assert called.calls[-1][3] == "RepairStore"
        assert type(called.stores[-1]) is RepairStore
    # Where it cannot be read, a run has its guard all the same, and that of the repair comes again.
    run = journal.begin(called.made.plan(), {}, store)
    repairs.path.write_text("no record")
    assert main(["revert", run.id]) == ExitCode.DONE
    assert called.calls[-1][3] == "Store"
    assert (main(["revert", repair.id]), called.rests) == (ExitCode.REFUSED, 1)
    assert "repair.toml is not whole" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "rests"),
    [
        (("revert", "run"), 1),
        # At boot others wait for it, and a person for that.
        (("revert", "run", "early"), 0),
        (("revert", "run", "now"), 0),
        (("undo", "run"), 0),
    ],
)
def test_a_guard_that_met_something_rests_before_it_is_started_again(
    called: Called, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], rests: int
) -> None:
    errors = (
        (Refused("It is\x1b[2J in use."), ExitCode.REFUSED),
        (Locked("Another is at work."), ExitCode.LOCKED),
        (HostChanged("It is another."), ExitCode.HOST_CHANGED),
    )
    for error, code in errors:
        called.result = error
        assert main(words) == code
    assert called.rests == rests * len(errors)
    assert capsys.readouterr().err == (
        "It is\\x1b[2J in use.\nAnother is at work.\nIt is another.\n"
    )


@pytest.mark.parametrize(("verb", "rests"), [("revert", 1), ("undo", 0)])
def test_a_fault_is_told_in_one_line_after_what_a_report_needs(
    called: Called,
    store: Store,
    capsys: pytest.CaptureFixture[str],
    verb: str,
    rests: int,
) -> None:
    called.result = KeyError("a\nkey")
    assert main([verb, "run"]) == ExitCode.UNEXPECTED
    *before, last = capsys.readouterr().err.splitlines()
    assert before[0] == "Traceback (most recent call last):"
    assert last == (
        "The wizard has a fault: KeyError: 'a\\nkey'. What was done until now is in the record: "
        "see wizard --status. Please report this, with the newest log in "
        f"{store.directory}."
    )
    assert called.rests == rests


@pytest.mark.parametrize("state", State)
def test_how_it_ends_is_what_the_record_says(
    called: Called, store: Store, capsys: pytest.CaptureFixture[str], state: State
) -> None:
    codes = {
        State.UNCONFIRMED: 0,
        State.APPLIED: 0,
        State.UNDONE: 0,
        State.ROLLED_BACK: 3,
        State.ROLLBACK_INCOMPLETE: 4,
        State.UNDO_INCOMPLETE: 4,
    }
    called.result = record = journal.begin(called.made.plan(), {}, store)
    record.state = state
    # What has no end yet when its process ends has met a fault.
    assert main(["undo"]) == codes.get(state, ExitCode.UNEXPECTED)
    assert capsys.readouterr().err == ""
    record.error = "It failed\nthere."
    main(["undo"])
    assert capsys.readouterr().err == "It failed\\nthere.\n"


@pytest.mark.parametrize("stops", [None, 3])
def test_a_rest_is_as_long_as_it_takes_unless_a_stop_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, stops: int | None
) -> None:
    now, pauses = [50.0], list[float]()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    cancelled = Cancelled()
    monkeypatch.setattr(Cancelled, "__call__", lambda self: len(pauses) == stops)
    worker._rest(cancelled)
    # A stop is heard soon.
    assert max(pauses) < 1
    if stops is None:
        assert worker.REST <= now[0] - 50 < worker.REST + 1
    else:
        assert len(pauses) == stops


@pytest.mark.parametrize(
    ("own", "state", "busy", "goes"),
    [
        (True, State.UNDONE, False, True),
        (True, State.APPLIED, False, False),
        (True, State.UNDONE, True, False),
        # Somebody else's folder, such as that of a test, has no copy.
        (False, State.UNDONE, False, False),
    ],
)
def test_the_copy_goes_with_the_last_run_that_needs_it(
    made: Deployment,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    own: bool,
    state: State,
    busy: bool,
    goes: bool,
) -> None:
    removed: list[int] = []
    folder = store.directory if own else store.directory.parent
    monkeypatch.setattr(program, "FOLDER", folder / "program")
    monkeypatch.setattr(program, "remove", lambda: removed.append(1))
    monkeypatch.setattr(worker, "Store", lambda: store)
    monkeypatch.setattr(worker, "_run", lambda *_: ExitCode.DONE)
    record = journal.begin(made.plan(), {}, store)
    record.state = state
    store.save(record)
    with lock.held(store.lock) if busy else nullcontext():
        assert main(["undo"]) == ExitCode.DONE
        assert len(removed) == goes
        # It is looked after whatever ended the run.
        monkeypatch.setattr(worker, "_run", lambda *_: pytest.fail("a fault"))
        with pytest.raises(pytest.fail.Exception):
            main(["undo"])
    assert len(removed) == 2 * goes


@pytest.fixture
def signals() -> Iterator[None]:
    """Give back how this process takes signals."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {each: signal.getsignal(each) for each in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_for_a_stop_and_a_second_one_ends_nothing(number: signal.Signals) -> None:
    cancelled = Cancelled()
    assert cancelled() is False
    cancelled.listen()
    # A terminal that goes asks for nothing.
    os.kill(os.getpid(), signal.SIGHUP)
    assert cancelled() is False
    for _again in range(2):
        os.kill(os.getpid(), number)
        assert cancelled() is True
