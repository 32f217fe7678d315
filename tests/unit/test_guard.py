"""The guard's pure parts: its units, its window, what a host must still have, who wins a race."""

import copy
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from tests.lines import PATIENCE
from tests.made_up_deployments import Deployment, deployment
from tests.made_up_system import MadeUpSystem, difference
from wizard.answers import answers_file
from wizard.answers import window as answers_window
from wizard.answers.choices import Choices
from wizard.platform import files
from wizard.platform.errors import ExitCode, Locked, Refused, StepFailed, WizardError
from wizard.platform.files import temporary_beside
from wizard.platform.system import PACKAGE_TIMEOUT, FileState, RealSystem, Result
from wizard.record import tables
from wizard.record.record import Record, State, StepState
from wizard.record.store import RESERVED, Store
from wizard.record.toml_text import loads
from wizard.run import (
    docker_patience,
    guard,
    guard_units,
    journal,
    lock,
    reversible,
    revert,
    window,
)
from wizard.run.guard import Unguarded
from wizard.steps.before import Before, FileBefore
from wizard.steps.package import Package
from wizard.steps.sysctl import PATH, Sysctl
from wizard.steps.systemd_unit import SystemdUnit
from wizard.verification import kernel_files, verification
from wizard.verification.aspect import lost


class Remembering(Unguarded):
    """A guard that remembers what it was asked to do."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def count_down(self, seconds: float) -> str:
        self.asked.append(f"count down {seconds:.0f}")
        return "mark"

    def forget_all_but(self, mark: str) -> None:
        self.asked.append(f"forget all but {mark}")

    def disarm(self) -> None:
        self.asked.append("disarm")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(guard, "announce", lambda *_: None)


@pytest.fixture
def made() -> Deployment:
    return deployment()


def waiting(made: Deployment, store: Store, seconds: int = 60) -> Record:
    """A run that waits for an answer."""
    plan = made.plan()
    record = journal.begin(plan, {}, store)

    def ask(record: Record, store: Store) -> None:
        revert.ask(record, store, Remembering(), seconds)

    journal.apply(plan, record, made.system, store, lambda: False, ask)
    assert record.state is State.UNCONFIRMED
    return record


def test_a_run_that_waits_says_until_when_and_survives_being_written(
    made: Deployment, store: Store
) -> None:
    record = waiting(made, store)
    assert store.load() == record
    assert record.deadline.endswith("Z")
    assert 55 < window.seconds_left(record) <= 60


def test_a_record_of_before_there_was_a_guard_still_loads(made: Deployment, store: Store) -> None:
    record = waiting(made, store)
    lines = store.path.read_text().splitlines(keepends=True)
    new = ("window =", "deadline =", "expires =", "boot =")
    old = loads("".join(line for line in lines if not line.startswith(new)))
    assert (old.window, old.deadline, old.expires, old.boot) == (0, "", 0.0, "")
    assert old.steps == record.steps


def test_no_time_is_left_after_another_boot(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = waiting(made, store)
    monkeypatch.setattr(window, "boot", lambda: "another")
    assert window.seconds_left(record) == 0
    back = revert.revert(record.id, made.system, store, Remembering())
    assert back is not None
    assert back.state is State.ROLLED_BACK
    assert "restarted before" in back.error


def test_a_timer_that_ends_too_early_only_starts_the_one_that_is_needed(
    made: Deployment, store: Store
) -> None:
    record, guard = waiting(made, store), Remembering()
    changed = made.system.snapshot()
    revert.revert(record.id, made.system, store, guard)
    assert store.load() == record
    assert made.system.snapshot() == changed
    assert guard.asked == ["count down 60", "forget all but mark"]


def test_the_guard_of_another_run_touches_nothing(made: Deployment, store: Store) -> None:
    waiting(made, store, seconds=0)
    guard = Remembering()
    assert revert.revert("another", made.system, store, guard) is None
    assert guard.asked == []


def test_what_comes_first_decides_and_the_second_is_told(made: Deployment, store: Store) -> None:
    before = made.system.snapshot()
    record = waiting(made, store, seconds=0)
    guard = Remembering()

    back = revert.revert(record.id, made.system, store, guard)

    assert back is not None
    assert back.state is State.ROLLED_BACK
    assert "Nobody said keep within" in back.error
    assert made.system.snapshot() == before
    assert guard.asked == ["disarm"]
    with pytest.raises(revert.TooLate) as late:
        revert.keep(made.system, store, guard)
    assert late.value.exit_code == ExitCode.ROLLED_BACK


def test_what_is_kept_is_written_first_and_never_taken_back(made: Deployment, store: Store) -> None:
    record = waiting(made, store, seconds=0)
    kept = made.system.snapshot()

    class Killed(Remembering):
        def disarm(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        revert.keep(made.system, store, Killed())

    guard = Remembering()
    after = revert.revert(record.id, made.system, store, guard)
    assert after is not None
    assert after.state is State.APPLIED
    assert made.system.snapshot() == kept
    assert guard.asked == ["disarm"]
    with pytest.raises(Refused, match="kept already"):
        revert.keep(made.system, store, guard)


def test_keep_says_so_where_nothing_waits(made: Deployment, store: Store) -> None:
    with pytest.raises(Refused, match="no run"):
        revert.keep(made.system, store, Remembering())
    journal.begin(made.plan(), {}, store)
    with pytest.raises(Refused, match="has died"):
        revert.keep(made.system, store, Remembering())
    with lock.held(store.lock), pytest.raises(Locked, match="still applying"):
        revert.keep(made.system, store, Remembering())


@pytest.mark.parametrize("ends", [False, True], ids=["begins", "ends"])
def test_who_comes_while_the_guard_begins_or_ends_is_told_that_it_is_too_late(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    record, held = waiting(made, store), lock.held
    waits = []

    def later(path: Path, wait: float = 0) -> AbstractContextManager[None]:
        """Hold the lock as the guard does: before its record says why, or still after that."""
        waits.append(wait)
        if ends or len(waits) == 2:
            record.state = State.ROLLED_BACK
            store.save(record)
        if len(waits) == 1:
            raise Locked("another")
        return held(path)

    monkeypatch.setattr(lock, "held", later)
    with pytest.raises(revert.TooLate):
        revert.keep(made.system, store, Remembering())
    assert waits[1] > waits[0]


def test_a_record_that_cannot_be_written_keeps_nothing(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(made, store)

    def full(self: Store, record: Record) -> None:
        raise OSError(28, "No space left on device")

    guard = Remembering()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "save", full)
        with pytest.raises(Refused, match="nothing is kept yet"):
            revert.keep(made.system, store, guard)
    assert guard.asked == []
    assert revert.keep(made.system, store, guard).state is State.APPLIED


def test_more_time_starts_the_new_countdown_before_it_ends_the_old(
    made: Deployment, store: Store
) -> None:
    waiting(made, store, seconds=5)
    guard = Remembering()
    record = revert.extend(store, guard, 600)
    assert window.seconds_left(record) > 590
    assert store.load() == record
    assert guard.asked == ["count down 600", "forget all but mark"]


def test_a_record_that_was_written_but_not_durably_keeps_nothing_either(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = waiting(made, store)
    save = Store.save

    def broken(self: Store, record: Record) -> None:
        save(self, record)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Store, "save", broken)
    with pytest.raises(Refused, match="nothing is kept yet"):
        revert.keep(made.system, store, Remembering())
    assert store.load() == waits


def test_watching_goes_on_where_a_run_only_seemed_to_have_died(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = waiting(made, store)
    applying = replace(waits, state=State.APPLYING)
    late = replace(waits, expires=0.0)
    looks = iter([applying, waits, waits])
    monkeypatch.setattr(Store, "load", lambda _: copy.deepcopy(next(looks, late)))
    monkeypatch.setattr(revert, "_POLL", 0.0)
    taken: list[State] = []

    def take_back(record: Record, *_: object) -> None:
        taken.append(record.state)
        record.state = State.ROLLED_BACK
        monkeypatch.setattr(Store, "load", lambda _: replace(late, state=State.ROLLED_BACK))

    monkeypatch.setattr(journal, "take_back", take_back)
    ended = revert.watch(waits.id, made.system, store, Remembering())
    assert ended is not None
    assert ended.state is State.ROLLED_BACK
    assert taken == [State.UNCONFIRMED]


def test_a_worker_that_ends_just_as_it_is_stopped_disturbs_nobody(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait(PATIENCE)
    record = journal.begin(made.plan(), {}, store)
    monkeypatch.setattr(lock, "holder", lambda path: ended.pid)
    tries = iter([Locked("another")])
    held = lock.held

    def busy_once(path: Path, wait: float = 0) -> AbstractContextManager[None]:
        for error in tries:
            raise error
        return held(path, wait)

    monkeypatch.setattr(lock, "held", busy_once)
    after = revert.revert(record.id, made.system, store, Remembering())
    assert after is not None
    assert after.state is State.ROLLED_BACK


@pytest.mark.parametrize("what", ["masked", "a link that leads nowhere", "somebody's own"])
def test_units_of_somebody_else_under_our_names_are_refused_and_not_touched(
    made: Deployment, store: Store, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, unit = tmp_path / "null", tmp_path / guard_units.EARLY
    elsewhere.write_text("theirs")
    if what == "masked":
        unit.symlink_to(elsewhere)
    elif what != "somebody's own":
        unit.symlink_to(tmp_path / "nowhere")
    else:
        unit.write_text("theirs")
    monkeypatch.setattr(guard, "UNITS", str(tmp_path))
    record = journal.begin(made.plan(), {}, store)
    with pytest.raises(Refused, match="is not the wizard's"):
        guard.SystemdGuard(made.system, store).arm(record)
    assert elsewhere.read_text() == "theirs"
    assert not (tmp_path / "nowhere").exists()
    assert unit.is_symlink() or unit.read_text() == "theirs"


@pytest.mark.parametrize("asked", [False, True])
def test_a_run_whose_process_died_is_taken_back_wherever_it_was(
    made: Deployment, store: Store, asked: bool
) -> None:
    plan = made.plan()
    before = made.system.snapshot()
    record = journal.begin(plan, {}, store)
    window.open_for(record, 900)
    for step, entry in list(zip(plan.steps, record.steps, strict=True))[:3]:
        entry.before = tables.written(step.capture(made.system))
        entry.state = StepState.APPLYING
        step.apply(made.system, lambda line: None)
    store.save(record)
    back = revert.revert(record.id, made.system, store, Remembering(), asked=asked)
    assert back is not None
    assert back.state is State.ROLLED_BACK
    assert "died" in back.error
    assert made.system.snapshot() == before


def test_early_at_boot_nothing_is_taken_back_from_under_a_network_of_docker(
    made: Deployment, store: Store
) -> None:
    before = made.system.snapshot()
    record = waiting(made, store, seconds=0)
    revert.revert(record.id, made.system, store, Remembering(), early=True)
    assert made.system.read(PATH) is not None
    early = store.load()
    assert early is not None
    assert early.state is State.ROLLING_BACK
    revert.revert(record.id, made.system, store, Remembering())
    assert made.system.snapshot() == before


def test_what_a_shutdown_cuts_short_goes_on_at_the_next_boot(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.system.snapshot()
    record = waiting(made, store, seconds=0)
    run, guard = made.system.run, Remembering()

    def without_docker(argv: Sequence[str], stdin: str = "") -> Result:
        if "is-system-running" in argv:
            return Result(0, "stopping\n")
        return Result(1, "Cannot connect.\n") if argv[0] == "docker" else run(argv, stdin)

    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(docker_patience, "WAIT", 0.0)
    monkeypatch.setattr(made.system, "run", without_docker)
    revert.revert(record.id, made.system, store, guard)
    cut_short = store.load()
    assert cut_short is not None
    assert cut_short.state is State.ROLLING_BACK
    assert guard.asked == []
    monkeypatch.setattr(made.system, "run", run)
    revert.revert(record.id, made.system, store, guard)
    # What runs is systemd's to end when it shuts down.
    left = difference(before, made.system.snapshot())
    assert {each for each in left if not each.startswith("unit docker-ipv6-wizard")} == set()
    assert guard.asked == ["disarm"]


def test_early_at_boot_the_files_go_where_docker_was_not_reached(
    made: Deployment, store: Store
) -> None:
    plan = made.plan()
    record = journal.begin(plan, {}, store)
    for step, entry in zip(plan.steps, record.steps, strict=True):
        if isinstance(step, Sysctl):
            entry.before = tables.written(step.capture(made.system))
            entry.state = StepState.APPLYING
            step.apply(made.system, lambda line: None)
    store.save(record)
    revert.revert(record.id, made.system, store, Remembering(), early=True)
    assert made.system.read(PATH) is None


def test_what_a_killed_write_left_beside_a_file_is_swept_away(
    made: Deployment, store: Store
) -> None:
    record = waiting(made, store, seconds=0)
    before = deployment().system.snapshot()
    stray = str(temporary_beside(Path(os.path.realpath(PATH))))
    made.system.write(stray, made.system.files[PATH])
    revert.revert(record.id, made.system, store, Remembering())
    assert made.system.snapshot() == before


def test_the_space_set_aside_is_given_up_for_the_record(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.reserve()
    assert store.padding.stat().st_blocks * 512 >= RESERVED
    write = files.write_durably

    def full(path: Path, text: str, mode: int, uid: int, gid: int) -> None:
        if store.padding.exists():
            raise OSError(28, "No space left on device")
        write(path, text, mode, uid, gid)

    monkeypatch.setattr("wizard.record.store.write_durably", full)
    journal.begin(made.plan(), {}, store)
    assert store.load() is not None
    assert not store.padding.exists()


def test_the_units_quote_what_systemd_would_read_otherwise() -> None:
    text = guard_units.guard(["/opt/my wizard/100%/py$thon", "-m"], {"PYTHONPATH": 'a"b'})
    assert 'ExecStart="/opt/my wizard/100%%/py$$thon" -m\n' in text
    assert 'Environment="PYTHONPATH=a\\"b"\n' in text


IPV4 = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t9\t00000000\t0\t0\t0
"""
ZERO = "0" * 32
IPV6 = f"""\
{ZERO} 00 {ZERO} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003     eth0
{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200       lo
20010db8000100020000000000000000 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001     eth0
"""


def test_default_routes_are_read_from_the_kernel() -> None:
    router = IPv4Address("192.0.2.1")
    assert kernel_files.default_routes_ipv4(IPV4) == [("eth0", router), ("tun0", None)]
    assert kernel_files.default_routes_ipv6(IPV6) == [("eth0", IPv6Address("fe80::1"))]
    assert kernel_files.default_routes_ipv6("") == []


def test_what_was_never_there_is_not_missed() -> None:
    assert lost({"a": "the a"}, {"a": "the a", "b": "the b"}) == []
    assert lost({"a": "the a", "b": "the b"}, {"b": "the b"}) == ["the a"]


def test_a_loss_is_said_and_taken_back(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "PATIENCE", 0.0)
    looks = verification.Verification([])
    monkeypatch.setattr(looks, "look", dict)
    with pytest.raises(StepFailed, match="the IPv6 default route of this host"):
        looks.check({"route 6": "the IPv6 default route of this host"}, lambda _: None)


def test_the_way_back_is_rehearsed_and_the_host_only_read(
    made: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.system.snapshot()
    reversible.check_steps(made.plan(), made.system)
    assert made.system.snapshot() == before

    for error in (WizardError("Nobody knows."), OSError(5, "No"), KeyError("a"), ValueError("b")):

        def broken(*_: object, error: Exception = error) -> tuple[str, ...]:
            raise error

        monkeypatch.setattr(Sysctl, "undo_lines", broken)
        with pytest.raises(Refused, match="could not be taken back"):
            reversible.check_steps(made.plan(), made.system)
    assert made.system.snapshot() == before


def test_what_the_record_would_lose_of_a_step_is_found_before_anything_is_changed(
    made: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, found = Sysctl.from_parameters, Sysctl.before_from
    lossy = {
        "from_parameters": lambda said: replace(read(said), values=()),
        "before_from": lambda said: replace(found(said), live=()),
    }
    for name, losing in lossy.items():
        with monkeypatch.context() as patched:
            patched.setattr(Sysctl, name, staticmethod(losing))
            with pytest.raises(Refused, match="would not hold all of it"):
                reversible.check_steps(made.plan(), made.system)
    reversible.check_steps(made.plan(), made.system)


@pytest.mark.parametrize("seconds", [29, 901, "120", True, None])
def test_a_window_that_is_too_short_or_too_long_is_refused(seconds: object) -> None:
    with pytest.raises(ValueError, match="from 30 to 900"):
        answers_window.check_window(seconds)


def test_the_window_is_an_answer_that_is_kept() -> None:
    choices = replace(Choices(), window=300)
    assert answers_file.loads(answers_file.dumps(choices)).window == 300
    assert "window" not in answers_file.dumps(Choices())


def test_what_is_kept_is_kept_though_the_units_cannot_be_removed(
    made: Deployment, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(made, store)
    monkeypatch.setattr(guard, "UNITS", str(tmp_path))
    monkeypatch.setattr(guard.SystemdGuard, "forget_all_but", lambda *_: None)
    (tmp_path / guard_units.GUARD).write_text("")

    def read_only(path: Path, missing_ok: bool = False) -> None:
        raise OSError(30, "Read-only file system", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", read_only)
        kept = revert.keep(made.system, store, guard.SystemdGuard(made.system, store))
    assert kept.state is State.APPLIED


def test_a_guard_that_was_killed_while_it_was_armed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    class Systemd(MadeUpSystem):
        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            return Result(0, "")

    monkeypatch.setattr(guard, "UNITS", str(tmp_path))
    for name in (guard_units.GUARD, guard_units.EARLY):
        temporary_beside(tmp_path / name).touch()
        (tmp_path / name).touch()
    guard.SystemdGuard(Systemd(), store).disarm()
    assert not list(tmp_path.glob("*wizard*"))


class Engine(MadeUpSystem):
    """A host whose Docker does not answer for so many questions."""

    def __init__(self, silent: int) -> None:
        super().__init__()
        self.silent = silent
        self.asked = 0

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        self.asked += 1
        return Result(0 if self.asked > self.silent else 1, "")


@pytest.mark.parametrize("silent", [0, 4])
def test_the_way_back_waits_for_an_engine_that_starts(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    said: list[str] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    assert docker_patience.Patience(Engine(silent)).answers(said.append)
    assert bool(said) is bool(silent)
    # What it had been told before it hung is done once it goes on, and has to be seen.
    assert (max(waited, default=0.0) >= 1) is bool(silent)


def test_the_way_back_does_not_wait_twice_for_an_engine_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    monkeypatch.setattr(docker_patience, "WAIT", 30.0)
    patience = docker_patience.Patience(Engine(10**6))
    assert not patience.answers(print)
    assert clock[0] >= 30
    assert not patience.answers(print)
    assert clock[0] < 32
    assert time.monotonic() == clock[0]


@pytest.mark.parametrize("number", range(1, 8))
def test_what_failed_on_the_way_back_is_tried_once_more(
    made: Deployment, store: Store, number: int
) -> None:
    before = made.system.snapshot()
    record = waiting(made, store)
    made.system.fail_at = {made.system.changes + number}
    journal.take_back(record, made.system, store, State.ROLLING_BACK)
    assert record.state is State.ROLLED_BACK
    assert made.system.snapshot() == before


def test_an_apply_that_installs_a_package_has_the_time_for_it(made: Deployment) -> None:
    steps = made.plan().steps
    package = Package("ndppd", "It is needed.")
    assert window.applying((*steps, package)) >= window.applying(steps) + PACKAGE_TIMEOUT


def test_what_waits_for_docker_at_shutdown_is_not_waited_for(made: Deployment) -> None:
    class Stopping(MadeUpSystem):
        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            said = super().run(argv, stdin)
            return Result(0, "stopping\n") if "is-system-running" in argv else said

        def _systemctl(self, words: list[str]) -> Result:
            assert "--now" not in words, "systemd stops it only once this process has ended"
            return Result(0, "")

    (step,) = (step for step in made.plan().steps if step.kind == SystemdUnit.kind)
    assert isinstance(step, SystemdUnit)
    system = Stopping()
    system.write(step.path, FileState(step.text))
    before = Before(files=(FileBefore(step.path, exists=False),))
    step.undo(system, before, lambda _line: None)
    assert system.read(step.path) is None
    assert ("systemctl", "disable", "--no-reload", step.name) in system.ran


def test_a_command_that_hangs_is_ended_in_the_time_that_fits_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[float] = []

    def run(*_: object, timeout: float, **__: object) -> None:
        given.append(timeout)
        raise subprocess.TimeoutExpired("a command", timeout)

    monkeypatch.setattr(subprocess, "run", run)
    for words in (("docker", "network", "rm", "x"), ("sysctl", "x"), ("env", "apt-get", "update")):
        assert RealSystem().run(words).status == 124
    docker, other, package = given
    # While docker is waited for nothing is taken back; apt-get must not be cut short.
    assert docker < other < package
    assert docker + docker_patience.WAIT < window.applying(())


def test_a_guard_that_cannot_say_that_all_was_taken_back_comes_again(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.system.snapshot()
    record = waiting(made, store)
    save = Store.save

    def full(store: Store, record: Record) -> None:
        if record.state is State.ROLLED_BACK:
            raise OSError(28, "No space left on device")
        save(store, record)

    remembering = Remembering()
    with monkeypatch.context() as patched:
        patched.setattr(Store, "save", full)
        patched.setattr(journal, "LAST_SAVES", (0.0,))
        with pytest.raises(Refused, match="Make room on the disk"):
            revert.revert(record.id, made.system, store, remembering, asked=True)
    assert made.system.snapshot() == before
    assert "disarm" not in remembering.asked
    with pytest.raises(WizardError):
        revert.keep(made.system, store, remembering)

    revert.revert(record.id, made.system, store, remembering)
    assert store.load().state is State.ROLLED_BACK  # type: ignore[union-attr]
    assert made.system.snapshot() == before
    assert "disarm" in remembering.asked


def test_who_says_keep_just_as_it_is_taken_back_hears_that_it_is_too_late(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = waiting(made, store)
    monkeypatch.setattr(revert, "_SHORT", 0.1)
    held = threading.Event()

    def take_back() -> None:
        with lock.held(store.lock):
            record.state = State.ROLLING_BACK
            store.save(record)
            held.set()
            time.sleep(0.4)
            record.state = State.ROLLED_BACK
            store.save(record)

    guarding = threading.Thread(target=take_back)
    guarding.start()
    assert held.wait(PATIENCE)
    with pytest.raises(revert.TooLate):
        revert.keep(made.system, store, Remembering())
    guarding.join(PATIENCE)
    assert not guarding.is_alive()
