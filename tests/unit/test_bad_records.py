"""A record or a state folder that cannot be trusted: every verb refuses, in a sentence."""

import io
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up_deployments import deployment
from tests.made_up_system import MadeUpSystem
from wizard import cli, session
from wizard.answers import answers_file
from wizard.host import look
from wizard.platform.errors import ExitCode, Refused
from wizard.record.record import State
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.record.toml_text import dumps
from wizard.run import (
    apply_run,
    change_run,
    guard,
    journal,
    lock,
    repair_run,
    revert,
    start,
    worker,
    worker_log,
)
from wizard.run.cancelled import Cancelled
from wizard.session import Session

RUN = "a run"


@pytest.fixture
def system() -> MadeUpSystem:
    return deployment().system


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: MadeUpSystem) -> Store:
    """The record of a run that waits for an answer, where every verb looks for it."""
    folder = tmp_path / "state"
    made = Store(folder)
    made.prepare()
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(Session, "root", True)
    monkeypatch.setattr(session, "state_directory", lambda: folder)
    monkeypatch.setattr(session, "RealSystem", lambda: system)
    monkeypatch.setattr(look, "look", lambda *_, **__: deployment().host)
    monkeypatch.setattr(worker, "RealSystem", lambda: system)
    monkeypatch.setattr(worker, "Store", lambda: Store(folder))
    for run in (apply_run, change_run, repair_run):
        monkeypatch.setattr(run, "look", lambda *_, **__: deployment().host)
    monkeypatch.setattr(Cancelled, "listen", lambda self: None)
    monkeypatch.setattr(worker, "REST", 0.0)
    monkeypatch.setattr(guard, "choose", lambda *_: guard.Unguarded())

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(start, "start", never)
    record = journal.begin(deployment().plan(), {}, made)
    shutil.rmtree(made.path.parent)
    record.id, record.state = RUN, State.UNCONFIRMED
    made.save(record)
    made.answers.write_text(answers_file.dumps(deployment().choices))
    return made


def truncated(store: Store) -> None:
    store.path.write_bytes(store.path.read_bytes()[:-300])


def without_its_end(store: Store) -> None:
    store.path.write_text("\n".join(store.path.read_text().splitlines()[:-1]))


def empty(store: Store) -> None:
    store.path.write_text("")


def garbage(store: Store) -> None:
    store.path.write_bytes(bytes(range(256)) * 40)


def deep(store: Store) -> None:
    store.path.write_text(f"a = {'[' * 100_000}")


def newer(store: Store) -> None:
    store.path.write_text(store.path.read_text().replace("format = 1", "format = 2"))


def of_wrong_types(store: Store) -> None:
    store.path.write_text(store.path.read_text().replace("expires = 0.0", 'expires = "soon"'))


def writable_by_all(store: Store) -> None:
    store.path.chmod(0o666)


def elsewhere(store: Store) -> None:
    store.path.rename(store.directory.parent / "elsewhere")
    store.path.symlink_to(store.directory.parent / "elsewhere")


def leading_nowhere(store: Store) -> None:
    store.path.unlink()
    store.path.symlink_to("nowhere")


def pipe(store: Store) -> None:
    store.path.unlink()
    os.mkfifo(store.path, 0o600)


def folder(store: Store) -> None:
    store.path.unlink()
    store.path.mkdir()


def folder_writable_by_all(store: Store) -> None:
    store.directory.chmod(0o777)


def folder_elsewhere(store: Store) -> None:
    store.directory.rename(store.directory.parent / "other")
    store.directory.symlink_to("other")


BAD: tuple[Callable[[Store], None], ...] = (
    truncated, without_its_end, empty, garbage, deep, newer, of_wrong_types, writable_by_all,
    elsewhere, leading_nowhere, pipe, folder, folder_writable_by_all, folder_elsewhere,
)  # fmt: skip

VERBS = {
    "status": ("--status",),
    "status for a program": ("--status", "--json"),
    "keep": ("--keep",),
    "undo": ("--undo", "--yes"),
    "check": ("--check",),
    "apply": ("--apply", "--yes"),
}

WORK = {
    "undo": ("undo",),
    "the guard": ("revert", RUN),
    "the guard early at boot": ("revert", RUN, "early"),
    "the guard without systemd": ("watch", RUN),
}


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses(
    store: Store,
    system: MadeUpSystem,
    spoil: Callable[[Store], None],
    verb: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = system.snapshot()
    spoil(store)
    code = cli.main(VERBS[verb])
    refused(code, capsys.readouterr().err)
    assert system.snapshot() == before


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("work", WORK)
def test_every_process_of_it_refuses(
    store: Store,
    system: MadeUpSystem,
    spoil: Callable[[Store], None],
    work: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = system.snapshot()
    spoil(store)
    code = worker.main(WORK[work])
    refused(code, capsys.readouterr().err)
    assert system.snapshot() == before


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_nothing_is_applied_over_it(
    store: Store,
    system: MadeUpSystem,
    spoil: Callable[[Store], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = system.snapshot()
    spoil(store)
    code = worker.main(("apply", str(store.answers), deployment().plan().digest))
    refused(code, capsys.readouterr().err)
    assert system.snapshot() == before


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_the_screens_are_told_in_a_sentence(store: Store, spoil: Callable[[Store], None]) -> None:
    spoil(store)
    for ask in (Session().records.at_hand, Session().awaited.seconds_left, Session().progress):
        with pytest.raises(Refused):
            ask()


def refused(code: int, said: str) -> None:
    assert code == ExitCode.REFUSED, said
    assert "Traceback" not in said
    assert "fault" not in said
    assert said.rstrip().endswith((".", "--undo", "--resume"))


def test_a_folder_of_somebody_else_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(Refused, match="belongs to somebody else"):
        store.load()


def test_a_lock_that_leads_elsewhere_is_not_followed(store: Store, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    store.lock.symlink_to(precious)
    with pytest.raises(OSError), lock.held(store.lock):
        pass
    assert precious.read_text() == "precious"


def test_the_guard_does_not_keep_the_host_busy_where_it_has_a_fault(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rests: list[object] = []

    def broken(*_: object, **__: object) -> None:
        raise KeyError("never thought of")

    monkeypatch.setattr(revert, "revert", broken)
    monkeypatch.setattr(worker, "_rest", rests.append)
    assert worker.main(("revert", RUN)) == ExitCode.UNEXPECTED
    assert rests
    assert capsys.readouterr().err.rstrip().splitlines()[-1].startswith("The wizard has a fault")


def test_a_log_on_a_full_disk_does_not_change_the_exit_code(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    assert worker.main(("undo", "what is no verb")) == ExitCode.REFUSED


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ("It is refused.\nexit 2\n", ExitCode.REFUSED),
        ("exit 0\n", ExitCode.DONE),
        ("exit 5", ExitCode.HOST_CHANGED),
        ("a line of a command that says\nexit\n", ExitCode.UNEXPECTED),
        ("", ExitCode.UNEXPECTED),
    ],
)
def test_the_exit_code_of_a_worker_of_systemd_is_in_its_log(
    tmp_path: Path, log: str, code: ExitCode
) -> None:
    path = tmp_path / "log"
    path.write_text(log)
    assert worker_log.exit_code(path) == code


def test_a_record_of_before_loads_again(store: Store) -> None:
    record = store.load()
    assert record is not None
    store.path.write_text(dumps(record))
    assert store.load() == record


def test_what_is_no_file_in_the_record_s_place_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "state")
    store.prepare()
    path = store.path
    os.mkfifo(path, 0o600)
    opened, real = list[int](), os.open

    def watched(where: str | bytes | Path, flags: int, *rest: int, **named: int | None) -> int:
        if str(where) == str(path):
            opened.append(flags)
        return real(where, flags, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", watched)
    with pytest.raises(Refused, match="is not a regular file"):
        store.load()
    assert opened
    assert all(flags & os.O_PATH for flags in opened)


@pytest.mark.parametrize("verb", ["--status", "--keep"])
def test_a_repair_whose_record_is_damaged_is_not_passed_over_in_silence(
    store: Store, system: MadeUpSystem, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = store.load()
    assert record is not None
    record.state = State.APPLIED
    store.save(record)
    repairs = RepairStore(store.directory)
    repairs.save(replace(record, id="repair", state=State.UNCONFIRMED))
    repairs.path.write_bytes(repairs.path.read_bytes()[:900])
    before = system.snapshot()
    cli.main((verb,))
    assert "repair.toml is not whole" in "".join(capsys.readouterr())
    assert system.snapshot() == before
