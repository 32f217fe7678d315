"""Whatever is lost, in whatever phase: a terminal, a program, a network, the power."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from tests.machines.bench import Bench, ours
from tests.machines.conftest import StartMachine
from tests.machines.guarding import GRACE, Guarded
from tests.machines.matrix import Matrix
from tests.machines.support import wizard
from tests.machines.terminal import Terminal
from wizard.apply.guard_units import GUARD
from wizard.errors import ExitCode

on_debian13 = pytest.mark.parametrize("debian", [13], indirect=True)

PHASES = ("applying", "waiting", "rolling back", "undoing")

WINDOW = 6
"""Seconds to say "keep", which nobody does."""

# Each command of the engine takes its time, so that a phase lasts until it is met.
_SLOW = """#!/bin/sh
[ "$LC_ALL" != C.UTF-8 ] || sleep 0.5
exec /usr/bin/docker "$@"
"""


def rests(run: Guarded, *besides: str) -> bool:
    """Whether a run is at its end."""
    return run.state in ("rolled back", "undone", *besides)


def slow(run: Guarded) -> None:
    program = run.host.path("/usr/local/sbin/docker")
    program.write_text(_SLOW)
    program.chmod(0o755)


@contextmanager
def phase_of(bench: Bench, phase: str) -> Iterator[str]:
    """Bring the host into a phase, and give the name of the unit that is at work, if one is.

    In the end the run is over, with the exit code that its record names, and mended if need be.
    """
    run = bench.run
    begun: subprocess.Popen[bytes] | None = None
    unit = ""
    if phase in ("applying", "waiting"):
        unit = "docker-ipv6-wizard-apply-tested.service"
        begun = run.starts_to_apply(WINDOW)
        if phase == "applying":
            run.wait_for_step(3)
        else:
            run.wait_for("unconfirmed", 60)
    elif phase == "rolling back":
        unit = GUARD
        assert bench.applies(1) == ExitCode.DONE
        run.wait_for("rolling back")
    else:
        assert bench.applies() == ExitCode.DONE
        begun = subprocess.Popen(
            run.host.command(["wizard", "--undo", "--yes"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        run.wait_for("undoing")
    yield unit
    run.host.wait(partial(rests, run), "it to end", WINDOW + 2 * GRACE)
    if begun is not None:
        code = begun.wait(GRACE)
        # Who followed the run to the question was told that every step is done.
        told = {"rolled back": (ExitCode.ROLLED_BACK, ExitCode.DONE), "undone": (ExitCode.DONE,)}
        assert code in told[run.state], (code, run.state)


def worker_of(run: Guarded) -> str:
    return run.host.path("/var/lib/docker-ipv6-wizard/lock").read_text().strip()


@pytest.mark.parametrize("signal", ["HUP", "TERM", "KILL"])
@on_debian13
def test_the_worker_gets_a_signal(machine: StartMachine, matrix: Matrix, signal: str) -> None:
    bench = Bench(machine, matrix, prepare=slow)
    sample = {"HUP": 0.0, "TERM": 0.4, "KILL": 0.9}
    at_work = [phase for phase in PHASES if phase != "waiting"]
    for phase in matrix.pick(at_work, sample[signal]):
        with bench.cell(f"SIG{signal} to the worker", phase, signal) as run:
            if phase == "undoing" and signal == "KILL":
                killed_while_it_undoes(bench)
                continue
            with phase_of(bench, phase):
                run.host.run(["kill", f"-{signal}", worker_of(run)])


def killed_while_it_undoes(bench: Bench) -> None:
    """Nothing goes on with an undo by itself: whoever began it is told how to."""
    run = bench.run
    assert bench.applies() == ExitCode.DONE
    with subprocess.Popen(
        run.host.command(["wizard", "--undo", "--yes"]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as begun:
        run.wait_for("undoing")
        run.host.run(["kill", "-KILL", worker_of(run)])
        said = begun.communicate(timeout=GRACE)[0]
    assert begun.returncode == ExitCode.UNEXPECTED
    assert "wizard --undo" in said
    assert "wizard --undo" in wizard(run.host, "--status").stdout
    bench.mend()


def hang_up(terminal: Terminal, run: Guarded) -> None:
    terminal.close()


def signalled(name: str) -> Callable[[Terminal, Guarded], None]:
    def send(_terminal: Terminal, run: Guarded) -> None:
        run.host.run(["kill", f"-{name}", *screens(run)])

    return send


SCREENS = {
    "closed pty": hang_up,
    "SIGHUP to the screens": signalled("HUP"),
    "SIGTERM to the screens": signalled("TERM"),
    "kill -9 of the screens": signalled("KILL"),
}


def screens(run: Guarded) -> list[str]:
    """The processes of the screens."""
    return [line.split()[0] for line in ours(run) if "-m wizard --resume" in line]


@pytest.mark.parametrize("how", SCREENS)
@on_debian13
def test_the_screens_are_lost(machine: StartMachine, matrix: Matrix, how: str) -> None:
    bench = Bench(machine, matrix, prepare=slow)
    sample = dict(zip(SCREENS, (0.0, 0.3, 0.6, 0.9), strict=True))
    for phase in matrix.pick(PHASES, sample[how]):
        with bench.cell(how, phase, how) as run, phase_of(bench, phase):
            terminal = Terminal([*run.host.ssh_command(4), "-t", "wizard", "--resume"])
            try:
                terminal.wait_for("IPv6", "Apply", "Starting")
                assert screens(run)
                SCREENS[how](terminal, run)
                run.host.wait(lambda: not screens(run), "the screens to end", 10)
            finally:
                terminal.close()


CUTS = {"IPv4": ("iptables",), "IPv6": ("ip6tables",), "both": ("iptables", "ip6tables")}


@contextmanager
def cut(run: Guarded, programs: tuple[str, ...]) -> Iterator[None]:
    """Drop everything between the machine and its router."""
    chains = ("INPUT", "OUTPUT", "FORWARD")
    for program in programs:
        for chain in chains:
            run.host.router.run([program, "-I", chain, "-j", "DROP"])
    try:
        yield
    finally:
        for program in programs:
            for chain in chains:
                run.host.router.run([program, "-D", chain, "-j", "DROP"])


@pytest.mark.parametrize("family", CUTS)
@on_debian13
def test_the_network_is_cut(machine: StartMachine, matrix: Matrix, family: str) -> None:
    bench = Bench(machine, matrix, prepare=slow)
    sample = {"IPv4": (0.3,), "IPv6": (0.0, 0.9), "both": (0.6,)}
    for phase in matrix.pick(PHASES, *sample[family]):
        name = f"network cut, {family}"
        with bench.cell(name, phase, name) as run, phase_of(bench, phase), cut(run, CUTS[family]):
            if family != "both":
                run.logs_in(4 if family == "IPv6" else 6)
            run.host.wait(partial(rests, run), "it to end", WINDOW + 2 * GRACE)


def reached_by(run: Guarded, phase: str) -> None:
    if phase == "waiting":
        assert run.applies(600).returncode == ExitCode.DONE
    elif phase == "rolling back":
        assert run.applies(1).returncode == ExitCode.DONE
        run.wait_for("rolling back")
    elif phase == "undoing":
        assert run.applies(600).returncode == ExitCode.DONE
        assert wizard(run.host, "--keep").returncode == ExitCode.DONE
        subprocess.Popen(
            run.host.command(["wizard", "--undo", "--yes"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        run.wait_for("undoing")
    else:
        run.starts_to_apply(600)
        run.wait_for_step(int(phase.split()[-1]))


@pytest.mark.parametrize("how", ["reboot", "power cut"])
@pytest.mark.parametrize("debian", [12, 13], indirect=True)
def test_the_host_goes_down(machine: StartMachine, matrix: Matrix, debian: int, how: str) -> None:
    bench = Bench(machine, matrix, prepare=slow, rebooted=True, route="advertisement")
    steps = [f"applying step {number}" for number in range(1, 7)]
    sample = {
        (12, "reboot"): (0.6, 0.9),
        (12, "power cut"): (0.4, 0.7),
        (13, "reboot"): (0.5, 0.8),
        (13, "power cut"): (0.2, 0.9),
    }
    for phase in matrix.pick([*steps, *PHASES[1:]], *sample[debian, how]):
        with bench.cell(how, phase.partition(" step")[0], f"{phase} on Debian {debian}") as run:
            reached_by(run, phase)
            started = time.monotonic()
            run.restart(how)
            assert time.monotonic() - started < 60, "it hangs when it shuts down"
            run.host.wait(partial(rests, run, "undoing"), "the guard to end", 60)
            if phase == "waiting":
                assert "restarted before somebody said keep" in run.record["error"]
                assert wizard(run.host, "--keep").returncode == ExitCode.ROLLED_BACK
            bench.mend()


def logged_in(run: Guarded) -> str:
    return run.host.run(["who"]).stdout.strip()


@on_debian13
def test_everybody_is_told(machine: StartMachine, matrix: Matrix) -> None:
    """A terminal that is only logged in reads when it ends, and where there is none all is well."""
    bench = Bench(machine, matrix)
    with bench.cell("wall", "waiting", "a login of somebody else") as run:
        other = Terminal([*run.host.ssh_command(6), "-tt", "cat"])
        try:
            run.host.wait(partial(logged_in, run), "somebody to be logged in")
            assert run.applies(WINDOW).returncode == ExitCode.DONE
            other.wait_for("wizard --keep")
            run.wait_for("rolled back")
            other.wait_for(f"Nobody said keep within {WINDOW} seconds")
        finally:
            other.close()


@pytest.mark.parametrize("family", [4, 6])
@on_debian13
def test_it_is_kept_from_a_login_over_either_family(
    machine: StartMachine, matrix: Matrix, family: int
) -> None:
    bench = Bench(machine, matrix)
    with bench.cell("login to keep it", "waiting", f"IPv{family}") as run:
        assert run.applies(60).returncode == ExitCode.DONE
        words = [*run.host.ssh_command(4 if family == 4 else 6), "wizard", "--keep"]
        kept = subprocess.run(words, capture_output=True, text=True, timeout=30)
        assert kept.returncode == ExitCode.DONE, kept.stderr
        told = json.loads(wizard(run.host, "--status", "--json").stdout)
        assert told["state"] == "applied"
        run.wait_for_no_guard()
        assert wizard(run.host, "--undo", "--yes").returncode == ExitCode.DONE
