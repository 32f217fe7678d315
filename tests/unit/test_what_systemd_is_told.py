"""Each command by which a guard stands and goes, and what is said where one of them fails."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.made_up_deployments import deployment
from tests.made_up_system import MadeUpSystem
from tests.unit.test_service_units import settings
from wizard.platform import variables
from wizard.platform.errors import Locked, Refused, StepFailed
from wizard.platform.system import Result
from wizard.program import program
from wizard.program.unit_file import RESTRAINED
from wizard.record.record import Record
from wizard.record.store import Store
from wizard.run import docker_patience, guard, guard_units, journal, lock, terminals, window

LIST = "systemctl list-units --all --plain --no-legend docker-ipv6-wizard-window-*"
SHOW = "systemctl show --property=LoadState,UnitFileState,NeedDaemonReload"
WELL = "LoadState=loaded\nUnitFileState=enabled\nNeedDaemonReload=no\n"
UNITS = (guard_units.GUARD, guard_units.EARLY)


class Told(MadeUpSystem):
    """Notes each command; those that are given end as it is said, and all others well."""

    def __init__(self, **answers: Result) -> None:
        super().__init__()
        self.told: list[str] = []
        self.answers: dict[str, Result] = dict(answers)

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        line = " ".join(argv)
        self.told.append(line)
        shown = Result(0, WELL) if line.startswith(SHOW) else Result(0, "")
        begins = (each for begin, each in self.answers.items() if line.startswith(begin))
        return next(begins, shown)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    folder = tmp_path / "units"
    folder.mkdir()
    made = Told()
    monkeypatch.setattr(guard, "UNITS", str(folder))
    monkeypatch.setattr(made, "write", lambda path, state: Path(path).write_text(state.text))
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(os, "urandom", lambda count: b"\xab" * count)
    monkeypatch.setattr(variables, "for_worker", lambda _: {"LANG": "C", "A": "b c"})
    return made


@pytest.fixture
def record(store: Store, monkeypatch: pytest.MonkeyPatch) -> Record:
    made = journal.begin(deployment().plan(), {}, store)
    monkeypatch.setattr(window, "seconds_left", lambda _: 299.9996)
    return made


def timer(name: str, seconds: str, command: str) -> str:
    return (
        f"systemd-run --quiet --collect --unit=docker-ipv6-wizard-window-{name} "
        f"--on-active={seconds} --timer-property=AccuracySec=1s --setenv=LANG=C --setenv=A=b c -- "
        f"{command}"
    )


END = f"systemctl --no-block start {guard_units.GUARD}"


def test_it_is_armed_by_these_commands_and_goes_by_those(
    told: Told, store: Store, record: Record
) -> None:
    armed = guard.SystemdGuard(told, store)
    armed.arm(record)
    assert told.told == [
        "systemctl daemon-reload",
        timer("ababab-end", "300.000", END),
        *(f"{SHOW} {name}" for name in UNITS),
        "systemctl is-active docker-ipv6-wizard-window-ababab-end.timer",
    ]
    told.told.clear()
    armed.disarm()
    assert told.told == [
        LIST,
        "systemctl daemon-reload",
        f"systemctl reset-failed {guard_units.GUARD} {guard_units.EARLY}",
    ]


@pytest.mark.parametrize(
    ("seconds", "call"), [(45, None), (45.5, "15.500"), (60, "30.000"), (600, "570.000")]
)
def test_whoever_is_logged_in_is_told_half_a_minute_before_the_end(
    told: Told, store: Store, seconds: float, call: str | None
) -> None:
    assert guard.SystemdGuard(told, store).count_down(seconds) == "ababab"
    text = (
        "The change for IPv6 in containers is taken back in 30 seconds, unless somebody types: "
        f"{program.typed('--keep')}"
    )
    tell = " ".join(program.worker("tell", text))
    calls = [timer("ababab-call", call, tell)] if call else []
    assert told.told == [timer("ababab-end", f"{seconds:.3f}", END), *calls]


def listed(*names: str) -> Mapping[str, Result]:
    lines = "".join(f"{each} loaded active waiting {each}\n" for each in names)
    return {LIST: Result(0, f"\n{lines} \n")}


OURS = "docker-ipv6-wizard-window-"


@pytest.mark.parametrize(
    ("mark", "names", "stopped"),
    [
        ("", [], ""),
        ("", [f"{OURS}1-end.timer", f"{OURS}1-call.timer"],
         f"{OURS}1-end.timer {OURS}1-call.timer"),
        ("2", [f"{OURS}1-end.timer", f"{OURS}2-end.timer", f"{OURS}2-call.timer"],
         f"{OURS}1-end.timer"),
        ("2", [f"{OURS}2-end.timer"], ""),
        # One of a longer mark is another.
        ("2", [f"{OURS}22-end.timer"], f"{OURS}22-end.timer"),
        # What a timer has started goes on, and what is not ours is not ours.
        ("", [f"{OURS}1-call.service", "theirs.timer", f"x{OURS}1-end.timer"], ""),
    ],
)  # fmt: skip
def test_only_timers_of_ours_are_stopped_but_for_those_of_the_mark(
    told: Told, store: Store, mark: str, names: list[str], stopped: str
) -> None:
    told.answers = dict(listed(*names))
    guard.SystemdGuard(told, store).forget_all_but(mark)
    assert told.told == [LIST, *([f"systemctl stop {stopped}"] if stopped else [])]


NOT_ARMED = (
    "The guard that would take the change back cannot be armed: {why} Nothing was changed. Without "
    "it a lost connection could leave this host cut off."
)


@pytest.mark.parametrize(
    ("command", "answer", "why"),
    [
        ("systemctl daemon-reload", Result(1, " it\n cannot "), "systemctl failed: it cannot"),
        ("systemd-run", Result(1, ""), "systemd-run failed: It printed nothing."),
        ("systemctl is-active", Result(3, ""), f"{OURS}ababab-end.timer does not run."),
        (
            f"{SHOW} {guard_units.GUARD}",
            Result(0, WELL.replace("enabled", "static")),
            f"systemd says that {guard_units.GUARD} has UnitFileState static and not enabled.",
        ),
        (
            f"{SHOW} {guard_units.EARLY}",
            Result(0, ""),
            f"systemd says that {guard_units.EARLY} has LoadState unknown and not loaded.",
        ),
        (
            f"{SHOW} {guard_units.EARLY}",
            Result(0, WELL.replace("=no\n", "=yes\n")),
            f"systemd says that {guard_units.EARLY} has NeedDaemonReload yes and not no.",
        ),
    ],
)
def test_why_it_cannot_stand_is_said_and_nothing_of_it_is_left(
    told: Told, store: Store, record: Record, command: str, answer: Result, why: str
) -> None:
    told.answers = {command: answer}
    with pytest.raises(Refused) as refused:
        guard.SystemdGuard(told, store).arm(record)
    assert str(refused.value) == NOT_ARMED.format(why=why)
    assert [each for each in Path(guard.UNITS).rglob("*") if not each.is_dir()] == []
    assert told.told[-3] == LIST


def test_whose_the_units_are_is_said_before_anything_is_written(
    told: Told, store: Store, record: Record
) -> None:
    path = Path(guard.UNITS, guard_units.EARLY)
    path.write_text("[Unit]\n")
    with pytest.raises(Refused) as refused:
        guard.SystemdGuard(told, store).arm(record)
    assert str(refused.value) == (
        f"{path} is not the wizard's: somebody has masked it or put a unit of their own there, so "
        "nothing could take the change back after a lost connection. Nothing was changed. Move it "
        f"away, for example with systemctl unmask {guard_units.EARLY}."
    )
    assert told.told == []
    # A unit of ours from before is none of somebody else's.
    path.write_text(guard_units.guard((), {}))
    guard.SystemdGuard(told, store).arm(record)
    assert path.read_text() == guard_units.early(
        program.worker("revert", record.id, "early"),
        {"LANG": "C", "A": "b c"},
        (store.directory, Path("/etc"), program.FOLDER),
    )


@pytest.mark.parametrize("environment", [{}, {"LANG": "C", "TZ": "UTC"}])
def test_each_unit_is_whole_whatever_the_environment(environment: dict[str, str]) -> None:
    late = settings(guard_units.guard(("/x", "y"), environment))
    early = settings(guard_units.early(("/x", "y"), environment, (Path("/a b"), Path("/c"))))
    for unit in (late, early):
        assert unit["ExecStart"] == ["/x", "y"]
        assert unit.get("Environment", []) == [f"{key}={each}" for key, each in environment.items()]
        assert unit["WorkingDirectory"] == ["/"]
        assert unit["KillMode"] == ["mixed"]
        assert {name: " ".join(unit[name]) for name in RESTRAINED} == RESTRAINED
    # Whatever ends it, it comes again, however often; early at boot nothing waits for it for ever.
    assert (late["Restart"], late["StartLimitIntervalSec"]) == (["on-failure"], ["0"])
    assert late["WantedBy"] == ["multi-user.target"]
    assert "docker.service" not in late["After"]
    assert early["TimeoutStartSec"] == ["90"]
    assert early["WantedBy"] == ["sysinit.target"]
    assert early["RequiresMountsFor"] == ['"/a', 'b"', "/c"]
    assert {"docker.service", "network-pre.target", "systemd-sysctl.service"} < set(early["Before"])
    assert early["DefaultDependencies"] == ["no"]


@pytest.mark.parametrize("status", [0, 1, 127])
def test_everybody_is_told_by_whoever_may_not_open_a_terminal_that_is_taken(
    told: Told, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    own: list[str] = []
    monkeypatch.setattr(terminals, "tell", own.append)
    told.answers = {"timeout 5 setpriv": Result(status, "")}
    guard.announce(told, "It is kept.")
    again = ["timeout 5 wall It is kept."] if status == 127 else []
    assert told.told == ["timeout 5 setpriv --bounding-set=-sys_admin wall It is kept.", *again]
    assert own == ["It is kept."]


def test_what_is_said_in_a_run_is_told_after_it_whatever_ends_it(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(guard, "announce", lambda _system, text: heard.append(text))
    with pytest.raises(StepFailed), guard.announcing(told) as say:
        say("One.")
        say("Two.")
        assert heard == []
        raise StepFailed("It failed.")
    assert heard == ["One.", "Two."]


def test_without_systemd_a_process_watches_this_very_run(
    store: Store, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []

    def popen(words: Sequence[str], **how: Any) -> SimpleNamespace:
        begun.append((words, how))
        return SimpleNamespace(pid=os.getpid(), poll=lambda: None)

    monkeypatch.setattr(subprocess, "Popen", popen)
    with lock.held(store.guard):
        guard.ProcessGuard(store).arm(record)
    ((words, how),) = begun
    assert words == program.worker("watch", record.id)
    assert how == {
        **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL),
        "start_new_session": True,
        "cwd": "/",
        "env": variables.for_commands(os.environ),
    }

    def fails(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(subprocess, "Popen", fails)
    with pytest.raises(Refused) as refused:
        guard.ProcessGuard(store).arm(record)
    assert str(refused.value) == (
        "The guard that would take the change back cannot be started: No such file or directory. "
        "Nothing was changed."
    )


def test_a_lock_whose_holder_has_not_said_its_name_has_one_that_nobody_knows(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lock"
    with lock.held(path):
        for content in (b"", b"\xff\n", b"no number\n"):
            path.write_bytes(content)
            assert lock.holder(path) is None
            with pytest.raises(Locked, match=r"\(process .+\)\. Nothing was changed"):
                lock.held(path, wait=0).__enter__()


@pytest.mark.parametrize("stopping", [False, True])
def test_one_way_back_waits_for_docker_so_long_all_in_all(
    monkeypatch: pytest.MonkeyPatch, stopping: bool
) -> None:
    now, said = [100.0], list[str]()
    silent_until = [0.0]

    class Docker(MadeUpSystem):
        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            if argv[0] == "timeout":
                assert argv == (
                    *("timeout", "5", "docker", "version"),
                    *("--format", "{{.Server.Version}}"),
                )
                return Result(0 if now[0] >= silent_until[0] else 1, "")
            return Result(0, "stopping\n" if stopping else "running\n")

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(
        docker_patience, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep)
    )
    patience = docker_patience.Patience(Docker())
    assert patience.answers(said.append)
    assert (now[0], said) == (100.0, [])
    silent_until[0] = 160.0
    assert patience.answers(said.append) is not stopping
    assert said == ["Docker does not answer. It has 90 seconds to come back."]
    if stopping:
        assert now[0] == 100.0
        return
    # What it was told before it hung is done by then.
    assert now[0] > 160.0 + 2
    spent = now[0] - 100.0
    silent_until[0] = 10_000.0
    assert not patience.answers(said.append)
    assert said[1:] == [f"Docker does not answer. It has {90 - spent:.0f} seconds to come back."]
    assert 190.0 <= now[0] < 191.0
    assert not patience.answers(said.append)
    assert len(said) == 2


@pytest.mark.parametrize("booted", [True, False])
@pytest.mark.parametrize("program", ["systemd-run", "systemctl", ""])
def test_systemd_stands_guard_where_it_is_pid_1_and_can_be_asked_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store, program: str, booted: bool
) -> None:
    if program:
        (tmp_path / program).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    is_dir = Path.is_dir
    asked = Path("/run/systemd/system")
    monkeypatch.setattr(Path, "is_dir", lambda path: booted if path == asked else is_dir(path))
    chosen = guard.choose(MadeUpSystem(), store)
    assert isinstance(chosen, guard.SystemdGuard) is (booted and program == "systemd-run")
    assert isinstance(chosen, guard.ProcessGuard) is not (booted and program == "systemd-run")
