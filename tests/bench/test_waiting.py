"""How long somebody waits for the screens: over a slow line, and while the steps are done."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.conftest import Figures
from tests.bench.test_engine import prepare, ready_machine
from tests.machines.support import (
    ANSWERS,
    keep_from_second_login,
    undo,
    wait_for_host,
    walk_to_question,
)
from tests.machines.terminal import Terminal
from wizard.platform.errors import ExitCode
from wizard.rehearsal.machine import Machine

# Walks by keyboard, on a machine of their own.
pytestmark = pytest.mark.thorough

SLOW_LINE = [sys.executable, str(Path(__file__).with_name("slow_line.py"))]
LINE = 300.0
"""Milliseconds that the slow line itself takes for a key and its answer."""

GOAL = 1000.0
"""Milliseconds after which a person wonders whether anything is still going on."""


@pytest.fixture(scope="module")
def host() -> Iterator[Machine]:
    """A machine with a deployment; each test leaves it as it was."""
    with ready_machine() as machine:
        prepare(machine)
        yield machine


def test_key_to_effect_over_a_slow_line(host: Machine, figures: Figures) -> None:
    words = [*SLOW_LINE, *host.ssh_command(4), "-t", "wizard", "--answers", ANSWERS]
    terminal = Terminal(words)
    took: list[float] = []

    def press(key: str, *texts: str) -> None:
        terminal.press(key)
        begun = time.monotonic()
        terminal.wait_for(*texts)
        took.append((time.monotonic() - begun) * 1000)

    terminal.wait_for("1 of ")
    press("enter", "· Your host")
    wait_for_host(terminal)
    number = 2
    while "· Preview" not in terminal.text:
        number += 1
        press("enter", f"{number} of ")
    press("enter", "steps now?")
    press("y", "· Apply")
    keep_from_second_login(host, terminal)
    terminal.wait_for("The way of their packets")
    terminal.press("enter")
    assert terminal.wait_for_end() == ExitCode.DONE
    assert undo(host).returncode == ExitCode.DONE
    figures.add("worst key at 64 kbit/s and 300 ms", max(took), "the line itself", LINE, "ms")


def test_silence_while_the_steps_are_done(host: Machine, figures: Figures) -> None:
    terminal = walk_to_question(host)
    terminal.press("y")
    begun = changed = time.monotonic()
    longest, shown = 0.0, terminal.text
    while "Then type there:" not in shown:
        assert time.monotonic() - begun < 300, shown
        time.sleep(0.01)
        now = terminal.text
        if now != shown:
            longest, changed, shown = (
                max(longest, time.monotonic() - changed),
                time.monotonic(),
                now,
            )
    whole = time.monotonic() - begun
    keep_from_second_login(host, terminal)
    terminal.wait_for("The way of their packets")
    terminal.press("enter")
    assert terminal.wait_for_end() == ExitCode.DONE
    assert undo(host).returncode == ExitCode.DONE
    figures.add("longest time without a change, Y to keep", longest * 1000, "goal", GOAL, "ms")
    figures.add(
        "Y to the question whether to keep", whole * 1000, "that time", longest * 1000, "ms"
    )
