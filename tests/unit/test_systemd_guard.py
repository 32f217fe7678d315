"""The guard on a host with systemd: what stands behind a run, and what is left when it goes."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.lines import PATIENCE
from tests.made_up_deployments import deployment
from tests.made_up_system import MadeUpSystem
from wizard.platform import variables
from wizard.platform.errors import Refused
from wizard.platform.system import Result
from wizard.program import program
from wizard.record.record import Record
from wizard.record.store import Store
from wizard.run import guard, guard_units, journal, lock, terminals, window

UNITS = (guard_units.GUARD, guard_units.EARLY)
THEIRS = "docker-ipv6-wizard-window-of-theirs.service"


class Systemd(MadeUpSystem):
    """A systemd that knows what it has read, which timers run, and what failed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.read_units: dict[str, str] = {}
        self.timers: dict[str, tuple[float, tuple[str, ...]]] = {}
        self.failed = set(UNITS)
        self.deaf = ""
        """The command that it does not follow, though it says that it has."""
        self.broken = ""
        """The command that fails."""
        self.stopped: list[str] = []

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        words = list(argv)
        named = " ".join(words[:2])
        if self.broken and self.broken in " ".join(words):
            return Result(1, "it cannot")
        if self.deaf and self.deaf in " ".join(words):
            return Result(0, "")
        match words:
            case ["systemctl", "daemon-reload"]:
                self.read_units = self._there()
            case ["systemctl", "show", asked, name]:
                return Result(0, self._shown(asked, name))
            case ["systemctl", "is-active", name]:
                return Result(0 if name.removesuffix(".timer") in self.timers else 3, "")
            case ["systemctl", "list-units", *_]:
                there = [*(f"{each}.timer" for each in self.timers), THEIRS]
                return Result(0, "".join(f"{each} loaded active\n" for each in there))
            case ["systemctl", "stop", *names]:
                self.stopped += names
                for name in names:
                    self.timers.pop(name.removesuffix(".timer"), None)
            case ["systemctl", "reset-failed", *names]:
                self.failed -= set(names)
            case ["systemd-run", *_]:
                self._start(words)
            case _:
                raise AssertionError(named)
        return Result(0, "")

    def _there(self) -> dict[str, str]:
        paths = (self.folder / name for name in UNITS)
        return {path.name: path.read_text("utf-8") for path in paths if path.exists()}

    def _shown(self, asked: str, name: str) -> str:
        links = [each.name for each in self.folder.glob("*.wants/*") if each.exists()]
        said = {
            "LoadState": "loaded" if name in self.read_units else "not-found",
            "UnitFileState": "enabled" if name in links else "disabled",
            "NeedDaemonReload": "no"
            if self.read_units.get(name) == self._there().get(name)
            else "yes",
        }
        wanted = asked.partition("=")[2].split(",")
        return "".join(f"{key}={said[key]}\n" for key in wanted)

    def _start(self, words: list[str]) -> None:
        options = words[: words.index("--")]
        (name,) = (each.partition("=")[2] for each in options if each.startswith("--unit="))
        (wait,) = (each.partition("=")[2] for each in options if each.startswith("--on-active="))
        # Without it a timer may be a minute late (systemd.timer(5)).
        assert any(re.fullmatch(r"--timer-property=AccuracySec=1m?s", each) for each in options)
        given = [each.removeprefix("--setenv=") for each in options if each.startswith("--setenv=")]
        assert dict(each.split("=", 1) for each in given) == variables.for_worker(os.environ)
        assert name not in self.timers
        self.timers[name] = float(wait), tuple(words[words.index("--") + 1 :])


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    folder = tmp_path / "units"
    folder.mkdir()
    monkeypatch.setattr(guard, "UNITS", str(folder))
    made = Systemd(folder)
    monkeypatch.setattr(made, "write", lambda path, state: Path(path).write_text(state.text))
    return made


@pytest.fixture
def record(store: Store) -> Record:
    made = deployment()
    record = journal.begin(made.plan(), {}, store)
    window.open_for(record, 300)
    return record


def left(systemd: Systemd) -> list[str]:
    files = [each.name for each in systemd.folder.rglob("*") if not each.is_dir()]
    return [*files, *systemd.timers, *systemd.read_units]


def test_before_the_first_step_a_timer_runs_and_both_units_would_start_at_boot(
    systemd: Systemd, store: Store, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda handle: durable.add(os.fstat(handle).st_ino))
    guard.SystemdGuard(systemd, store).arm(record)
    ((seconds, command),) = systemd.timers.values()
    assert 290 < seconds <= 300
    # The timer must not wait for what it starts, which may itself stop this timer.
    assert command == ("systemctl", "--no-block", "start", guard_units.GUARD)
    assert set(systemd.read_units) == set(UNITS)
    links = {each.name: each for each in systemd.folder.glob("*.wants/*")}
    assert {name: each.resolve() for name, each in links.items()} == {
        name: systemd.folder / name for name in UNITS
    }
    assert {each.parent.stat().st_ino for each in links.values()} <= durable
    started = {
        name: next(line for line in text.splitlines() if line.startswith("ExecStart="))
        for name, text in systemd.read_units.items()
    }
    assert started[guard_units.GUARD].endswith(f"revert {record.id}")
    assert started[guard_units.EARLY].endswith(f"revert {record.id} early")
    places = next(
        line
        for line in systemd.read_units[guard_units.EARLY].splitlines()
        if line.startswith("RequiresMountsFor=")
    )
    for place in (store.directory, Path("/etc"), program.FOLDER):
        assert str(place) in places


def test_once_it_goes_nothing_of_it_is_left_and_nothing_of_others_is_touched(
    systemd: Systemd, store: Store, record: Record
) -> None:
    armed = guard.SystemdGuard(systemd, store)
    armed.arm(record)
    armed.count_down(600)
    armed.disarm()
    assert left(systemd) == []
    assert not systemd.failed
    assert THEIRS not in systemd.stopped
    armed.disarm()
    assert left(systemd) == []


def test_it_stands_again_where_one_that_was_killed_has_left_its_links(
    systemd: Systemd, store: Store, record: Record
) -> None:
    armed = guard.SystemdGuard(systemd, store)
    armed.arm(record)
    systemd.timers.clear()
    armed.arm(record)
    assert len(systemd.timers) == 1


@pytest.mark.parametrize("what", ["deaf", "broken"])
@pytest.mark.parametrize("command", ["systemctl daemon-reload", "systemd-run", "a link"])
def test_where_it_would_not_stand_nothing_is_begun_and_nothing_of_it_is_left(
    systemd: Systemd, store: Store, record: Record, what: str, command: str
) -> None:
    if command == "a link":
        # Where systemd looks for what it starts at boot somebody has put a file.
        (systemd.folder / "sysinit.target.wants").write_text("")
    else:
        setattr(systemd, what, command)
    with pytest.raises(Refused, match="Nothing was changed"):
        guard.SystemdGuard(systemd, store).arm(record)
    systemd.deaf = systemd.broken = ""
    assert set(left(systemd)) <= {"sysinit.target.wants"}


def test_a_new_countdown_ends_the_old_ones_and_not_itself(systemd: Systemd, store: Store) -> None:
    counting = guard.SystemdGuard(systemd, store)
    counting.count_down(60)
    mark = counting.count_down(600)
    before = dict(systemd.timers)
    counting.forget_all_but(mark)
    kept = dict(systemd.timers.values())
    assert kept[600.0] == ("systemctl", "--no-block", "start", guard_units.GUARD)
    # And the one that tells everybody, in time before the end.
    (early,) = kept.keys() - {600.0}
    assert 540 <= early <= 590
    assert kept[early][-2] == "tell"
    assert len(before) == 4
    assert THEIRS not in systemd.stopped


def test_nobody_is_told_of_an_end_that_is_near_anyway(systemd: Systemd, store: Store) -> None:
    guard.SystemdGuard(systemd, store).count_down(40)
    assert [seconds for seconds, _command in systemd.timers.values()] == [40.0]


def test_the_countdown_counts_though_nobody_can_be_told(systemd: Systemd, store: Store) -> None:
    systemd.broken = "-call"
    guard.SystemdGuard(systemd, store).count_down(600)
    assert [seconds for seconds, _command in systemd.timers.values()] == [600.0]


@pytest.mark.parametrize("without", ["nothing", "setpriv"])
def test_everybody_is_told_once(without: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Telling(MadeUpSystem):
        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            if without in argv:
                return Result(127, f"{without}: not found")
            told.append(f"{argv[-2]}: {argv[-1]}")
            return Result(0, "")

    monkeypatch.setattr(terminals, "tell", lambda text: told.append(f"screens: {text}"))
    guard.announce(Telling(), "It is kept.")
    assert told == ["wall: It is kept.", "screens: It is kept."]


WATCHER = """
import sys, time
from pathlib import Path
from wizard.run import lock
with lock.held(Path(sys.argv[1])):
    time.sleep(600)
"""


Started = list[subprocess.Popen[bytes]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    """The processes that were started to guard."""
    found: Started = []
    start = subprocess.Popen

    def noted(command: Sequence[str], **options: object) -> subprocess.Popen[bytes]:
        options |= {"cwd": Path(__file__).parents[2], "env": dict(os.environ)}
        found.append(start(command, **options))  # type: ignore[call-overload]
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    yield found
    for each in found:
        each.kill()
        each.wait(PATIENCE)


def arm_with(code: str, store: Store, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arm a guard that is a process with such a program."""
    command = (sys.executable, "-c", code, str(store.guard))
    monkeypatch.setattr(program, "worker", lambda *_words: command)
    guard.ProcessGuard(store).arm(record)


def test_a_process_that_guards_is_seen_at_work_and_outlives_the_terminal(
    store: Store, record: Record, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm_with(WATCHER, store, record, monkeypatch)
    (process,) = started
    assert lock.holder(store.guard) == process.pid
    assert guard.is_armed(store)
    # What hangs up a terminal ends its session, and not this one.
    assert os.getsid(process.pid) == process.pid
    process.kill()
    process.wait(PATIENCE)
    assert not guard.is_armed(store)


def test_one_that_ends_at_once_is_no_guard(
    store: Store, record: Record, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = time.monotonic()
    with pytest.raises(Refused, match="Nothing was changed"):
        arm_with("raise SystemExit(1)", store, record, monkeypatch)
    # It is not waited for as long as for one that starts slowly.
    assert time.monotonic() - begun < guard._START


def test_one_that_does_not_begin_is_no_guard_and_is_ended(
    store: Store, record: Record, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_START", 0.5)
    with pytest.raises(Refused, match="does not run"):
        arm_with("import time; time.sleep(600)", store, record, monkeypatch)
    (process,) = started
    assert process.wait(PATIENCE) == -signal.SIGKILL


def test_systemd_that_cannot_be_asked_to_start_anything_guards_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = MadeUpSystem()
    monkeypatch.setattr(Path, "is_dir", lambda path: str(path) == "/run/systemd/system")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert isinstance(guard.choose(made, store), guard.SystemdGuard)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert isinstance(guard.choose(made, store), guard.ProcessGuard)
