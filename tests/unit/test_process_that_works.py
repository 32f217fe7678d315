"""How the process that works on a run is started by PID 1, waited for, and given up."""

import errno
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from tests.made_up_deployments import deployment
from tests.unit import test_worker_process
from tests.unit.test_worker_process import Started, follow, kept, properties
from wizard.platform import variables
from wizard.platform.errors import ExitCode
from wizard.program import program
from wizard.program.unit_file import RESTRAINED
from wizard.record.record import State
from wizard.record.store import Store
from wizard.run import guard, lock, process, start
from wizard.run.process import Progress, RunProcess

started = test_worker_process.started

DIED = (
    "The process that changed this host has died before its end. Take back what it began with "
    "wizard --undo."
)


def test_pid_1_is_asked_to_wait_for_it_in_these_words(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"LANG": "C", "A": "b c"}
    monkeypatch.setattr(variables, "for_worker", lambda _: environment)
    worker = start.start(store, "undo", "run")
    (child,) = started.children
    words = list(child.argv[: list(child.argv).index("--")])
    given = [each for each in words if each.startswith("--setenv=")]
    assert given == [f"--setenv={name}={value}" for name, value in environment.items()]
    said = properties(child)
    assert [each for each in words if each not in given and "--property" not in each] == [
        *("systemd-run", "--quiet", "--wait", "--collect", f"--unit={worker.unit}"),
        "--working-directory=/",
    ]
    assert worker.unit.endswith(".service")
    assert {name: said[name] for name in RESTRAINED} == RESTRAINED
    # It counts as started once the program itself runs.
    assert said["Type"] == "exec"
    assert said["After"].split() == ["docker.service", "docker.socket", "network.target"]
    # What systemd-run says itself is in the log as well.
    assert child.how["stdout"] is child.how["stderr"]
    assert Path(child.how["stdout"].name) == worker.log
    assert child.how["stdin"] == subprocess.DEVNULL


def test_a_stop_is_asked_of_what_was_started_and_else_of_nothing(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "has_systemd", lambda: False)
    run = RunProcess(store)
    run.cancel()
    run.start("undo", "run")
    run.cancel()
    assert [each.terminated for each in started.children] == [1]


def test_the_guard_has_a_minute_to_take_over_from_what_has_died(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [500.0]
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: now[0]))
    record = kept(deployment(), store, State.APPLYING)
    run = RunProcess(store)
    for armed, seconds, ended in (
        (False, 0.0, ExitCode.UNEXPECTED),
        (True, 0.0, None),
        (True, 59.0, None),
        (False, 59.0, ExitCode.UNEXPECTED),
        (True, 60.0, ExitCode.UNEXPECTED),
    ):
        monkeypatch.setattr(guard, "is_armed", lambda _store, armed=armed: armed)
        now[0] = 500.0 + seconds
        expected = Progress(record, ended, DIED if ended is not None else "")
        assert run.progress(store.load) == expected
    assert run.progress(lambda: None) == Progress(
        None, ExitCode.REFUSED, "No run of the wizard is on this host."
    )


@pytest.mark.parametrize("state", [each for each in State if not each.moving])
def test_what_was_begun_elsewhere_has_ended_as_its_record_says(store: Store, state: State) -> None:
    kept(deployment(), store, state)
    record = store.load()
    codes = {State.ROLLED_BACK: 3, State.ROLLBACK_INCOMPLETE: 4, State.UNDO_INCOMPLETE: 4}
    run = RunProcess(store)
    assert run.progress(store.load) == Progress(record, ExitCode(codes.get(state, 0)))
    with lock.held(store.lock):
        assert run.progress(store.load) == Progress(record, None)


@pytest.mark.parametrize(
    ("code", "words", "complaint"),
    [
        (ExitCode.REFUSED, "It is refused.\n", "It is refused."),
        (ExitCode.LOCKED, "Another is at work.\n", "Another is at work."),
        (ExitCode.UNEXPECTED, "Traceback\nThe wizard has a fault.\n", "The wizard has a fault."),
        # By a signal, or with a code that nobody knows.
        (-9, "", "The process that applies ended without a word."),
        (77, "", "The process that applies ended without a word."),
    ],
)
def test_one_that_ends_without_a_record_of_its_own_is_judged_by_its_last_words(
    started: Started,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    words: str,
    complaint: str,
) -> None:
    monkeypatch.setattr(guard, "has_systemd", lambda: False)
    before = kept(deployment(), store, State.APPLIED)
    following = follow(started, store, "apply", "/answers", "digest")
    assert following.now() == Progress(None, None)
    following.child.code = code
    following.log.write_text(words)
    ended = ExitCode(code) if code in set(ExitCode) else ExitCode.UNEXPECTED
    assert following.now() == Progress(None, ended, complaint)
    # One that says that all is well has done nothing that could be seen, and the record stands.
    following.child.code = 0
    assert following.now() == Progress(before, ExitCode.DONE)


@pytest.mark.parametrize("left", [(0, 9, 9), (9, 9, 0)], ids=["no space", "no inode"])
def test_without_room_for_a_record_that_is_what_is_said(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch, left: tuple[int, int, int]
) -> None:
    following = follow(started, store, "apply", "/answers", "digest")
    following.child.code = ExitCode.UNEXPECTED
    asked: list[Path] = []

    def statvfs(path: Path) -> SimpleNamespace:
        asked.append(path)
        return SimpleNamespace(**dict(zip(("f_bavail", "f_files", "f_favail"), left, strict=True)))

    monkeypatch.setattr(os, "statvfs", statvfs)
    assert following.now().complaint == (
        f"There is no room left on the disk that holds {store.directory}, and without its record "
        "the wizard changes nothing more. Make room, look at wizard --status, and take back with "
        "wizard --undo what had been begun."
    )
    assert asked == [store.directory]


@pytest.mark.parametrize("full", [True, False])
def test_where_systemd_starts_nothing_that_is_said_and_why_if_there_is_no_room_for_its_units(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    monkeypatch.setattr(guard, "has_systemd", lambda: True)
    following = follow(started, store, "undo", "run")
    following.child.code = ExitCode.UNEXPECTED
    said = "Failed to start transient service unit: Unit x.service not found."
    following.log.write_text(f"{said}\n")
    free = 0 if full else 9
    # On /run there is always as many files as one likes where that says nothing of them.
    disk = SimpleNamespace(f_bavail=free, f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda path: disk if path == Path("/run") else pytest.fail())
    room = " There is no room left in /run: make some." if full else ""
    assert following.now() == Progress(
        None,
        ExitCode.UNEXPECTED,
        "systemd did not start the process that changes this host. It says: "
        f"{said}{room} Nothing was changed. Try again.",
    )


def test_where_another_undo_has_taken_the_copy_along_meanwhile_it_is_made_and_started_once_more(
    started: Started, store: Store
) -> None:
    following = follow(started, store, "undo", "run")
    said = f"/usr/bin/python3: can't open file '{program.FOLDER}/current/run.py': [Errno 2] gone"
    following.child.code = 0
    following.log.write_text(f"{said}\n")
    assert following.now() == Progress(None, None)
    first, second = started.children
    assert second.argv[-2:] == first.argv[-2:] == ["undo", "run"]
    assert started.installed == [0, 1]
    assert following.now() == Progress(None, None)
    # What is missing after that is not on its way.
    second.code = ExitCode.UNEXPECTED
    (log,) = set(store.directory.glob("apply*.log")) - {following.log}
    log.write_text(f"{said}\n")
    assert following.now() == Progress(None, ExitCode.UNEXPECTED, said)


def test_where_it_cannot_be_started_once_more_that_is_said(
    started: Started, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = follow(started, store, "undo", "run")
    following.child.code = 0
    following.log.write_text(f"python3: can't open file '{program.FOLDER}/current/run.py'\n")

    def full(*_words: object, **_more: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("wizard.run.process.start.start", full)
    progress = following.now()
    assert progress.ended == ExitCode.UNEXPECTED
    assert "No space left on device" in progress.complaint
