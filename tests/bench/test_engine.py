"""How long it takes, how much memory and how many bytes, each against the least it could be."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from tests.bench.conftest import Figures, Much
from tests.machines.support import (
    ANSWERS,
    PYTHON,
    answer,
    keep_from_second_login,
    undo,
    walk_to_question,
    wizard,
)
from tests.machines.terminal import Terminal
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.machine import Machine

RELEASE = 13
SCREEN = 80 * 24
KEPT_ANSWERS = "/var/lib/docker-ipv6-wizard/answers.toml"

# As bin/wizard has it, but by words: what Python is told by the environment the wizard would first
# look for and take out, which takes two programs.
PYTHON_ALONE = (PYTHON, "-s", "-P")

# Shows the same text by the same Textual, and does nothing else.
FIRST_SCREEN = "/root/first_screen.txt"
BARE_APP = "/root/bare_app.py"
BARE_APP_TEXT = f"""\
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        with open({FIRST_SCREEN!r}, encoding="utf-8") as file:
            yield Static(file.read(), markup=False)

Bare().run()
"""

# Times a program inside the machine, so that the way into the machine does not count.
TIME_PROGRAM = """\
import subprocess, sys, time

def once():
    begun = time.monotonic()
    subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun

print(min(once() for _ in range(int(sys.argv[1]))))
"""

# When each line of it came, in seconds, before the line.
TIME_LINES = """\
import subprocess, sys, time

begun = time.monotonic()
with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True, bufsize=1) as program:
    for line in program.stdout:
        print(time.monotonic() - begun, line, end="")
print(time.monotonic() - begun, "END")
sys.exit(program.returncode)
"""

TIME_LOOK = """\
import time
from wizard.host.look import look
begun = time.monotonic()
look()
print(time.monotonic() - begun)
"""

# What no detector can be faster than: the two libraries that ask the kernel and Docker, loaded, and
# a question to each.
TIME_LIBRARIES = """\
import time
begun = time.monotonic()
from wizard.platform import alone
alone.without_its_rest("pyroute2")
from pyroute2.iproute.linux import IPRoute
from docker.api.client import APIClient
with IPRoute() as kernel:
    list(kernel.get_links())
with APIClient("unix:///run/docker.sock") as engine:
    engine.info()
print(time.monotonic() - begun)
"""

# What no verb can be faster than: Python's own readers of words, TOML and times, loaded.
READERS = "import argparse, dataclasses, datetime, pathlib, tomllib"

# Tentative, and not a duplicate, in any network namespace (proc_net if_inet6, linux/if_addr.h).
TIME_SETTLING = """\
import glob, time

def tentative():
    for path in glob.glob("/proc/[0-9]*/net/if_inet6"):
        try:
            lines = open(path).read().splitlines()
        except OSError:
            continue
        for line in lines:
            if int(line.split()[4], 16) & 0x48 == 0x40:
                return True
    return False

begun = time.monotonic()
while tentative():
    assert time.monotonic() - begun < 60
    time.sleep(0.01)
print(time.monotonic() - begun)
"""

DIGEST = """\
import sys
from pathlib import Path
from wizard.session import Session
from wizard.verbs import plan_of
print(plan_of(Session(), Path(sys.argv[1])).digest)
"""

WORKER_MEMORY = """\
import re, sys
from wizard.run import worker
code = worker.main(["apply", *sys.argv[1:]])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
sys.exit(code)
"""


def ready_machine() -> Machine:
    """A machine that is not started yet."""
    return Machine(RELEASE)


def prepare(machine: Machine) -> None:
    """Deploy, leave answers, and run each program once, so that all of it has been compiled."""
    answer(machine, deployments.up(machine, "current"))
    kept = machine.path(KEPT_ANSWERS)
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(machine.path(ANSWERS).read_text())
    machine.path(BARE_APP).write_text(BARE_APP_TEXT)
    for words in (["--help"], ["--detect"], ["--plan"]):
        wizard(machine, *words)


@pytest.fixture(scope="module")
def host() -> Iterator[Machine]:
    """A machine with a deployment; each test leaves it as it was."""
    with ready_machine() as machine:
        prepare(machine)
        machine.path(FIRST_SCREEN).write_text(first_screen(machine), encoding="utf-8")
        for program in (WIZARD, BARE):
            first_paint(machine, program)
        yield machine


@dataclass(frozen=True)
class Program:
    """A program with screens: its words, a text of its first screen, and the keys that end it."""

    words: Sequence[str]
    text: str
    keys: Sequence[str]
    pattern: str
    """Its command line, as a regular expression that nothing else matches."""


WIZARD = Program(
    ["wizard"], "1 of 8", ("\x11", "y"), r"\S*python\S* (-\w+ )*(-m wizard|\S*/wizard)( .*)?"
)
BARE = Program(
    [*PYTHON_ALONE, BARE_APP], WIZARD.text, ("\x11",), rf"\S*python\S* -s -P {re.escape(BARE_APP)}"
)


def processes(machine: Machine, pattern: str) -> list[str]:
    """The numbers of the processes in the machine with such a command line."""
    listed = machine.run(["pgrep", "--full", "--exact", pattern], check=False)
    return listed.stdout.split()


def nothing_is_left(machine: Machine, program: Program) -> None:
    """Wait until a program is gone; one that goes on would spoil every later figure."""
    machine.wait(
        lambda: not processes(machine, program.pattern), f"{program.words} to end", timeout=20
    )


def seconds(machine: Machine, argv: Sequence[str], times: int) -> float:
    """The best time of a program in the machine."""
    timed = machine.run([*PYTHON_ALONE, "-c", TIME_PROGRAM, str(times), *argv])
    return float(timed.stdout)


def first_paint(machine: Machine, program: Program) -> float:
    """Seconds from the start of a program to its text on a terminal of 80x24."""
    begun = time.monotonic()
    terminal = Terminal(machine.command(program.words))
    try:
        terminal.wait_for(program.text)
        took = time.monotonic() - begun
        leave(terminal, program)
    finally:
        terminal.close()
    nothing_is_left(machine, program)
    return took


def first_screen(machine: Machine) -> str:
    """The text that the wizard shows first."""
    terminal = Terminal(machine.command(WIZARD.words))
    try:
        # The uppermost line and the lowest one.
        terminal.wait_for(WIZARD.text)
        terminal.wait_for("Quit")
        shown = terminal.text
        leave(terminal, WIZARD)
    finally:
        terminal.close()
    nothing_is_left(machine, WIZARD)
    return shown


def leave(terminal: Terminal, program: Program) -> None:
    """End a program as a person does, and not by taking its terminal away."""
    for number, key in enumerate(program.keys):
        if number:
            terminal.wait_for("Leave the wizard?")
        terminal.press(key)
    assert terminal.wait_for_end() == ExitCode.DONE


def peak_memory(machine: Machine, program: Program) -> float:
    """MiB that the one process of a program has had at most (proc_pid_status(5))."""
    # The eldest: one that it starts is its likeness until it has become another program.
    number = min(processes(machine, program.pattern), key=int)
    status = machine.path(f"/proc/{number}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def test_first_paint(host: Machine, figures: Figures, much: Much) -> None:
    ours = min(first_paint(host, WIZARD) for _ in range(much(1, 5)))
    bare = min(first_paint(host, BARE) for _ in range(much(1, 5)))
    figures.add("first paint", ours * 1000, "its text by bare Textual", bare * 1000, "ms")


def test_detection(host: Machine, figures: Figures, much: Much) -> None:
    looked, libraries = (
        min(float(host.run([*PYTHON_ALONE, "-c", text]).stdout) for _ in range(much(1, 5)))
        for text in (TIME_LOOK, TIME_LIBRARIES)
    )
    docker = seconds(host, ["docker", "info"], times=much(1, 7))
    figures.add("all detectors but the way out", looked * 1000, "docker info", docker * 1000, "ms")
    figures.add("docker-py, pyroute2 alone", libraries * 1000, "docker info", docker * 1000, "ms")
    whole = seconds(host, ["wizard", "--detect"], times=much(1, 7))
    figures.add("wizard --detect", whole * 1000, "docker info", docker * 1000, "ms")


def test_verbs_that_only_say_something(host: Machine, figures: Figures, much: Much) -> None:
    bare = seconds(host, [*PYTHON_ALONE, "-c", "pass"], times=much(1, 15))
    for verb in ("--help", "--status"):
        ours = seconds(host, ["wizard", verb], times=much(1, 15))
        figures.add(f"wizard {verb}", ours * 1000, "python3 -c pass", bare * 1000, "ms")
    least = seconds(host, [*PYTHON_ALONE, "-c", READERS], times=much(1, 15))
    figures.add(
        "the readers of its words and record", least * 1000, "python3 -c pass", bare * 1000, "ms"
    )


@pytest.mark.thorough
def test_bytes_and_memory_of_the_walk(host: Machine, figures: Figures) -> None:
    terminal = walk_to_question(host)
    terminal.press("y")
    keep_from_second_login(host, terminal)
    terminal.wait_for("8 of 8", seconds=60)
    terminal.wait_for("The way of their packets")
    sent, ours = terminal.sent, peak_memory(host, WIZARD)
    terminal.press("enter")
    assert terminal.wait_for_end() == ExitCode.DONE
    assert undo(host).returncode == ExitCode.DONE

    terminal = Terminal(host.command(BARE.words))
    try:
        terminal.wait_for(BARE.text)
        bare = peak_memory(host, BARE)
        leave(terminal, BARE)
    finally:
        terminal.close()
    for program in (WIZARD, BARE):
        nothing_is_left(host, program)

    figures.add("bytes from welcome to result", sent, "one full screen", SCREEN, "bytes")
    figures.add("peak memory of the screens", ours, "bare Textual app", bare, "MiB")


@pytest.mark.thorough
def test_memory_of_the_apply(host: Machine, figures: Figures) -> None:
    digest = host.run([*PYTHON_ALONE, "-c", DIGEST, ANSWERS]).stdout.strip()
    host.run(["wizard", "--install-program"])
    done = host.run([*PYTHON_ALONE, "-c", WORKER_MEMORY, ANSWERS, digest])
    assert undo(host).returncode == ExitCode.DONE
    empty = host.run([*PYTHON_ALONE, "-c", "print(open('/proc/self/status').read())"]).stdout
    found = re.search(r"VmHWM:\s+(\d+) kB", empty)
    assert found is not None
    ours, bare = int(done.stdout.split()[-1]) / 1024, int(found[1]) / 1024
    figures.add("peak memory of the apply", ours, "python3 that does nothing", bare, "MiB")


def parts_of(lines: Sequence[str]) -> tuple[float, float, float]:
    """Seconds of all of an apply, of its look and plan, and of its steps."""
    said = [(float(time), words) for time, _, words in (line.partition(" ") for line in lines)]

    def first(words: str) -> float:
        return next(time for time, line in said if words in line)

    looking = first("Looking at all that this host") - first("Looking at this host once more")
    done = [time for time, line in said if line.split()[:1] == ["done"]]
    steps = max(done) - min(time for time, line in said if line.split()[:2] == ["at", "work"])
    return said[-1][0], looking, steps


@pytest.mark.thorough
def test_apply(figures: Figures, much: Much) -> None:
    """On machines fresh for each run: a script by hand cannot be taken back."""
    ours, by_hand, settling = [], [], []
    for _ in range(much(1, 2)):
        with ready_machine() as one, ready_machine() as twin:
            for machine in (one, twin):
                prepare(machine)
            apply = [*PYTHON_ALONE, "-c", TIME_LINES, "wizard", "--apply", "--yes"]
            ours.append(parts_of(one.run(apply).stdout.splitlines()))
            twin.path("/root/plan.sh").write_text(wizard(twin, "--plan").stdout)
            by_hand.append(seconds(twin, ["sh", "/root/plan.sh"], times=1))
            settling.append(float(twin.run([PYTHON, "-c", TIME_SETTLING]).stdout))
    script = ("its script by sh", min(by_hand) * 1000, "ms")
    whole, looking, steps = min(ours)
    figures.add("wizard --apply", whole * 1000, *script)
    figures.add("its steps alone", steps * 1000, *script)
    figures.add("its look, plan and checks before them", looking * 1000, *script)
    # What no program can hasten, and the wizard waits for: duplicate address detection.
    figures.add("until all addresses have settled after it", min(settling) * 1000, *script)
