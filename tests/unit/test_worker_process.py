"""The process that changes the host, as it is started, stopped and followed."""

import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_up_deployments import Deployment, deployment
from wizard.platform.errors import ExitCode, Refused
from wizard.program import program
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run import guard, guard_units, journal, lock, start, worker_log
from wizard.run.process import Progress, RunProcess


@dataclass
class Child:
    """A process that was started, in name alone."""

    argv: Sequence[str]
    how: dict[str, Any]
    code: int | None = None
    terminated: int = 0

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.terminated += 1


@dataclass
class Started:
    """All that was started; ``installed`` is how often the copy was looked after before that."""

    children: list[Child] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)
    installed: list[int] = field(default_factory=list)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    made = Started()

    def popen(argv: Sequence[str], **how: Any) -> Child:
        made.children.append(Child(argv, how))
        return made.children[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(subprocess, "run", lambda argv, **_: made.commands.append(argv))
    monkeypatch.setattr(program, "install", lambda _say: made.installed.append(len(made.children)))
    monkeypatch.setattr(guard, "has_systemd", lambda: True)
    return made


def properties(child: Child) -> dict[str, str]:
    words = [each for each in child.argv if each.startswith("--property=")]
    return dict(each.removeprefix("--property=").split("=", 1) for each in words)


def test_when_the_worker_dies_the_guard_is_started_at_once_and_else_not(
    started: Started, store: Store
) -> None:
    worker = start.start(store, "apply", "/answers", "digest", "600")
    (child,) = started.children
    said = properties(child)
    # The unit that the guard of this very run has written by then.
    assert said["OnFailure"] == guard_units.GUARD
    success = {int(each) for each in said["SuccessExitStatus"].split()}
    assert success == {int(code) for code in ExitCode} - {ExitCode.UNEXPECTED}
    assert said["StandardOutput"] == said["StandardError"] == f"append:{worker.log}"
    # At shutdown what is begun is taken back before Docker goes, and not by the kernel.
    assert "docker.service" in said["After"].split()
    assert said["KillMode"] == "mixed"
    assert int(said["TimeoutStopSec"]) >= 300
    assert f"--unit={worker.unit}" in child.argv
    assert worker.unit.startswith(guard_units.APPLY)
    words = tuple(child.argv)
    assert words[words.index("--") + 1 :] == program.worker("apply", "/answers", "digest", "600")


def test_it_is_apart_from_the_terminal_and_begins_with_the_copy(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/home/somebody")
    for systemd in (True, False):
        monkeypatch.setattr(guard, "has_systemd", lambda systemd=systemd: systemd)
        start.start(store, "undo")
    assert started.installed == [0, 1]
    for child in started.children:
        assert child.how["start_new_session"]
        assert child.how["stdin"] == subprocess.DEVNULL
        assert child.how["cwd"] == "/"
        assert "PYTHONPATH" not in child.how["env"]
    assert tuple(started.children[1].argv) == program.worker("undo")


def test_without_the_copy_nothing_is_started(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_say: object) -> None:
        raise Refused("There is no room.")

    monkeypatch.setattr(program, "install", refuse)
    with pytest.raises(Refused, match="no room"):
        start.start(store, "undo")
    assert started.children == []


@pytest.mark.parametrize("systemd", [True, False])
def test_a_stop_is_asked_of_the_worker_alone_and_only_while_it_runs(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch, systemd: bool
) -> None:
    monkeypatch.setattr(guard, "has_systemd", lambda: systemd)
    worker = start.start(store, "undo")
    (child,) = started.children
    worker.cancel()
    assert child.terminated == (0 if systemd else 1)
    # Only the worker: what it waits for, such as Docker's command, goes on to its end.
    assert started.commands == (
        [["systemctl", "kill", "--kill-whom=main", "--signal=SIGTERM", worker.unit]]
        if systemd
        else []
    )
    child.code = 0
    worker.log.write_text("exit 0\n")
    worker.cancel()
    assert child.terminated + len(started.commands) == 1


def test_how_it_ended_is_said_by_its_log_where_pid_1_says_that_it_is_well(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = start.start(store, "undo")
    (child,) = started.children
    assert worker.poll() is None
    worker.log.write_text("It was rolled back.\nexit 3\n")
    child.code = 0
    assert worker.poll() == 3
    child.code = 1
    assert worker.poll() == 1
    # Killed before its last line: nobody knows how far it came.
    child.code = 0
    for cut_off in ("It was ro", "", "exit ", "3\n"):
        worker.log.write_text(cut_off)
        assert worker.poll() == ExitCode.UNEXPECTED
    monkeypatch.setattr(guard, "has_systemd", lambda: False)
    alone = start.start(store, "undo")
    started.children[-1].code = 0
    assert alone.poll() == 0


@pytest.fixture
def made() -> Deployment:
    return deployment()


@dataclass
class Following:
    """A run that is followed, with what its process has come to."""

    run: RunProcess
    store: Store
    child: Child
    log: Path

    def now(self) -> Progress:
        return self.run.progress(self.store.load)


def follow(started: Started, store: Store, *arguments: str) -> Following:
    run = RunProcess(store)
    run.start(*arguments)
    assert run.worker is not None
    return Following(run, store, started.children[-1], run.worker.log)


def kept(made: Deployment, store: Store, state: State = State.APPLIED) -> Record:
    record = journal.begin(made.plan(), {}, store)
    record.state, record.finished = state, "2026-01-01T00:00:00Z"
    store.save(record)
    return record


def ended(following: Following, code: int, *lines: str) -> Progress:
    following.child.code = 0
    following.log.write_text("".join(f"{line}\n" for line in (*lines, f"exit {code}")))
    return following.now()


@pytest.mark.parametrize(
    ("before", "code"),
    [
        (State.UNDONE, ExitCode.REFUSED),
        (State.APPLIED, ExitCode.HOST_CHANGED),
        # The state from before goes with the code by chance.
        (State.ROLLED_BACK, ExitCode.ROLLED_BACK),
    ],
)
def test_the_record_of_an_earlier_run_is_none_of_a_new_one(
    started: Started, made: Deployment, store: Store, before: State, code: ExitCode
) -> None:
    kept(made, store, before)
    following = follow(started, store, "apply", "/answers", "digest")
    following.log.write_text("doing Looking …\n")
    assert following.now() == Progress(None, None, doing="Looking …")
    progress = ended(following, code, "Nothing was changed.")
    assert progress == Progress(None, code, "Nothing was changed.")


def test_what_it_says_that_it_does_is_never_newer_than_the_record(
    started: Started, made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = follow(started, store, "apply", "/answers", "digest")

    def doing(_log: Path) -> str:
        kept(made, store, State.APPLYING)
        return "Looking …"

    monkeypatch.setattr(worker_log, "doing", doing)
    assert following.now().record is not None


def test_what_it_writes_is_shown_and_how_it_ended_is_what_the_record_says(
    started: Started, made: Deployment, store: Store
) -> None:
    following = follow(started, store, "apply", "/answers", "digest")
    assert following.now().record is None
    record = kept(made, store, State.APPLYING)
    assert following.now() == Progress(record, None)
    record.state = State.ROLLED_BACK
    store.save(record)
    assert ended(following, ExitCode.ROLLED_BACK) == Progress(store.load(), ExitCode.ROLLED_BACK)


def test_an_undo_is_followed_in_the_record_that_is_there_already(
    started: Started, made: Deployment, store: Store
) -> None:
    record = kept(made, store)
    following = follow(started, store, "undo", record.id)
    assert following.now().record is None
    record.state = State.UNDOING
    store.save(record)
    assert following.now().record == record
    # The same state as before, by an undo that was begun once more: only the time tells.
    record.state, record.finished = State.APPLIED, "2026-01-02T00:00:00Z"
    store.save(record)
    assert following.now().record == record


def test_an_undo_that_was_cut_short_is_shown_at_once_and_what_refuses_another_is_said(
    started: Started, made: Deployment, store: Store
) -> None:
    record = kept(made, store, State.UNDOING)
    following = follow(started, store, "undo", record.id)
    assert following.now().record == record
    progress = ended(following, ExitCode.LOCKED, "Another run of the wizard is at work.")
    assert progress == Progress(None, ExitCode.LOCKED, "Another run of the wizard is at work.")


@pytest.mark.parametrize("verb", ["undo", "revert"])
def test_of_several_runs_the_one_that_is_taken_back_is_followed(
    started: Started,
    made: Deployment,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
) -> None:
    seconds = itertools.count(10)
    monkeypatch.setattr(journal, "now", lambda: f"2026-01-01T00:00:{next(seconds)}Z")
    first = kept(made, store)
    store.move_on()
    other = replace(made.plan(), choices=replace(made.choices, project="another"))
    newest = journal.begin(other, {}, store)
    newest.state = State.APPLIED
    store.save(newest)
    following = follow(started, store, verb, first.id)
    first.state = State.ROLLED_BACK
    store.of(first.id).save(first)
    shown = following.now().record
    assert shown is not None
    assert shown.id == first.id


def test_a_worker_that_was_killed_leaves_it_to_the_guard(
    started: Started, made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = follow(started, store, "apply", "/answers", "digest")
    record = kept(made, store, State.APPLYING)
    following.child.code = 1
    monkeypatch.setattr(guard, "is_armed", lambda _store: True)
    assert following.now() == Progress(record, None)
    record.state = State.ROLLED_BACK
    store.save(record)
    assert following.now() == Progress(store.load(), ExitCode.ROLLED_BACK)
    # And without a guard nobody comes.
    record.state = State.APPLYING
    store.save(record)
    monkeypatch.setattr(guard, "is_armed", lambda _store: False)
    assert following.now().ended is ExitCode.UNEXPECTED
    assert "wizard --undo" in following.now().complaint


def test_while_another_holds_the_lock_nothing_has_ended(made: Deployment, store: Store) -> None:
    record = kept(made, store)
    run = RunProcess(store)
    with lock.held(store.lock):
        assert run.progress(store.load) == Progress(record, None)
    assert run.progress(store.load) == Progress(record, ExitCode.DONE)
    assert run.progress(lambda: None).ended is ExitCode.REFUSED


def test_a_process_that_ends_without_a_word_says_where_there_is_no_room(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = follow(started, store, "apply", "/answers", "digest")
    following.child.code = ExitCode.UNEXPECTED
    assert "without a word" in following.now().complaint

    class Full:
        f_bavail = 0

    monkeypatch.setattr(os, "statvfs", lambda _path: Full)
    assert "no room left on the disk" in following.now().complaint
    following.log.write_text("The wizard has a fault.\ndoing Looking …\n")
    assert following.now().complaint == "The wizard has a fault."


def test_the_log_may_be_on_the_very_disk_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    worker_log.say_doing("Looking …")
    worker_log.say_exit(0)
