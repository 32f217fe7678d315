"""Whatever is lost, in whatever phase: a terminal, a program, a network, the power."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal

import pytest

from tests.machines import beside
from tests.machines.bench import Bench, ours
from tests.machines.guarding import GRACE, Guarded
from tests.machines.matrix import Matrix
from tests.machines.support import wizard
from tests.machines.terminal import Terminal
from wizard.platform.errors import ExitCode
from wizard.run.guard_units import GUARD

PHASES = ("applying", "waiting", "rolling back", "undoing")

WINDOW = 4
"""Seconds to say "keep", which nobody does."""

# Each command of the core takes its time, so that a phase lasts until it is met.
_SLOW = """#!/bin/sh
[ "$LC_ALL" != C.UTF-8 ] || sleep 0.3
exec /usr/bin/docker "$@"
"""


def rests(run: Guarded, *besides: str) -> bool:
    """Whether a run is at its end."""
    return run.state in ("rolled back", "undone", *besides)


def prepare(run: Guarded) -> None:
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
            run.wait_for("unconfirmed")
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


def signal_worker(bench: Bench, phase: str, kind: str) -> None:
    name = kind.partition(" ")[0].removeprefix("SIG")
    if phase == "undoing" and name == "KILL":
        killed_while_it_undoes(bench)
        return
    with phase_of(bench, phase):
        bench.run.host.run(["kill", f"-{name}", worker_of(bench.run)])


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


def lose_screens(bench: Bench, phase: str, kind: str) -> None:
    run = bench.run
    with phase_of(bench, phase):
        terminal = Terminal([*run.host.ssh_command(4), "-t", "wizard", "--resume"])
        try:
            terminal.wait_for("IPv6", "Apply", "Starting")
            assert screens(run)
            SCREENS[kind](terminal, run)
            run.host.wait(lambda: not screens(run), "the screens to end")
        finally:
            terminal.close()


CUTS = {
    "IPv4 is cut": ("iptables",),
    "IPv6 is cut": ("ip6tables",),
    "both are cut": ("iptables", "ip6tables"),
}


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


def lose_network(bench: Bench, phase: str, kind: str) -> None:
    run = bench.run
    with phase_of(bench, phase), cut(run, CUTS[kind]):
        if kind != "both are cut":
            run.logs_in(4 if kind == "IPv6 is cut" else 6)
        run.host.wait(partial(rests, run), "it to end", WINDOW + 2 * GRACE)


AT_WORK = ("applying", "rolling back", "undoing")

SIGNALS = [f"SIG{name} to the worker" for name in ("HUP", "TERM", "KILL")]

KINDS: dict[str, tuple[Callable[[Bench, str, str], None], tuple[str, ...]]] = {
    **dict.fromkeys(SIGNALS, (signal_worker, AT_WORK)),
    **dict.fromkeys(SCREENS, (lose_screens, PHASES)),
    **dict.fromkeys(CUTS, (lose_network, PHASES)),
}
"""How each kind is done, and in which phases there is what it is done to."""


ALWAYS = {
    "SIGTERM to the worker": "rolling back",
    "closed pty": "undoing",
    "IPv6 is cut": "applying",
    "both are cut": "waiting",
}
"""A program, a terminal and the networks, each phase once; test_faults.py kills workers."""


def test_the_host_stays(bench: Bench, matrix: Matrix) -> None:
    for kind, phase in ALWAYS.items():
        with bench.cell(kind, phase, kind):
            KINDS[kind][0](bench, phase, kind)


@pytest.mark.thorough
def test_the_host_stays_whatever_is_lost(bench: Bench, matrix: Matrix) -> None:
    for number, (kind, (lose, phases)) in enumerate(KINDS.items()):
        # In a sample each kind is in one phase, and each phase has its turn.
        for phase in matrix.pick(phases, number % len(phases) / len(phases)):
            with bench.cell(kind, phase, kind):
                lose(bench, phase, kind)


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


@pytest.mark.parametrize("debian", [13, pytest.param(12, marks=pytest.mark.thorough)])
def test_the_host_goes_down(matrix: Matrix, debian: int) -> None:
    steps = [f"applying step {number}" for number in range(1, 7)]
    cells = [(how, phase) for how in ("reboot", "power cut") for phase in (*steps, *PHASES[1:])]
    with Bench(matrix, prepare, debian, rebooted=True, route="advertisement") as bench:
        for how, phase in matrix.pick(cells, *((0.3, 0.4, 0.95) if debian == 12 else (0.34, 0.75))):
            with bench.cell(how, phase.partition(" step")[0], f"{phase} on Debian {debian}") as run:
                reached_by(run, phase)
                started = time.monotonic()
                run.restart(how)
                assert time.monotonic() - started < GRACE, "it hangs when it shuts down"
                run.host.wait(partial(rests, run, "undoing"), "the guard to end")
                if phase == "waiting":
                    assert "restarted before somebody said keep" in run.record["error"]
                    assert wizard(run.host, "--keep").returncode == ExitCode.ROLLED_BACK
                bench.mend()


@pytest.mark.thorough
@pytest.mark.parametrize("phase", beside.PHASES)
def test_the_host_goes_down_while_a_set_up_changes_or_is_repaired(
    matrix: Matrix, phase: str
) -> None:
    numbers = range(2, 14, 2) if phase == "changing" else (1, 2)
    cells = [(how, number) for how in ("reboot", "power cut") for number in numbers]
    with Bench(matrix, prepare, 13, rebooted=True, route="advertisement") as bench:
        for how, number in matrix.pick(cells, 0.3, 0.8):
            with bench.cell(how, phase, f"step {number}") as run:
                worker = bench.starts(*beside.begin(bench, phase, rules=False))
                run.host.wait(partial(beside.has_begun, run, number), f"step {number}")
                run.restart(how)
                worker.wait(GRACE)
                bench.mend()
            # Docker starts them in another order.
            bench.plan_anew()


@pytest.mark.thorough
@pytest.mark.parametrize("phase", beside.PHASES)
def test_the_disk_fills_up_while_a_change_or_a_repair_waits(matrix: Matrix, phase: str) -> None:
    folder = "/var/lib/docker-ipv6-wizard"

    def small(run: Guarded) -> None:
        run.host.shell(f"mount -t tmpfs -o size=20m,mode=0700 full {folder}")

    with Bench(matrix, small) as bench:
        bench.plan_anew()
        with bench.cell("a full disk", phase, "while it waits") as run:
            assert bench.works(*beside.begin(bench, phase, seconds=8)) == ExitCode.DONE
            run.host.shell(f"dd if=/dev/zero of={folder}/junk bs=4k 2>/dev/null || true")
            run.host.wait(lambda: beside.state(run) == "rolled back", "the guard to end", GRACE)
            run.host.shell(f"rm {folder}/junk")
            bench.mend()


def logged_in(run: Guarded) -> str:
    return run.host.run(["who"]).stdout.strip()


@pytest.mark.thorough
def test_a_login_of_somebody_else(bench: Bench, matrix: Matrix) -> None:
    with bench.cell("a login", "waiting", "is told of it") as run:
        other = Terminal([*run.host.ssh_command(6), "-tt", "cat"])
        try:
            run.host.wait(partial(logged_in, run), "somebody to be logged in")
            assert run.applies(2).returncode == ExitCode.DONE
            other.wait_for("wizard --keep")
            run.wait_for("rolled back")
            other.wait_for("Nobody said keep within 2 seconds")
        finally:
            other.close()
    # The sample has it over IPv6 in test_guard.py, with a reboot after it.
    for family in FAMILIES if matrix.whole else FAMILIES[:1]:
        with bench.cell("a login", "waiting", f"keeps it over IPv{family}") as run:
            assert run.applies(60).returncode == ExitCode.DONE
            words = [*run.host.ssh_command(family), "wizard", "--keep"]
            kept = subprocess.run(words, capture_output=True, text=True, timeout=GRACE)
            assert kept.returncode == ExitCode.DONE, kept.stderr
            assert json.loads(wizard(run.host, "--status", "--json").stdout)["state"] == "applied"
            run.wait_for_no_guard()
            bench.mend()


FAMILIES: tuple[Literal[4, 6], ...] = (4, 6)
