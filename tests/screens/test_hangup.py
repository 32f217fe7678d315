"""A terminal that goes away: the process ends, at once and without spinning."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import sys
from tests.screens.made_up_session import MadeUpSession
from screens.app import run_app
sys.exit(run_app(MadeUpSession(hold_detection=True)))
"""
PATIENCE = 60
"""Seconds for what takes one."""

Terminal: TypeAlias = "pexpect.spawn[str]"


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """The wizard in a pseudo-terminal, drawn, while the host is still looked at."""
    environment = {key: value for key, value in os.environ.items() if key != "COLORTERM"}
    opened = pexpect.spawn(
        sys.executable,
        ["-c", PROGRAM],
        cwd=str(ROOT),
        env=environment | {"TERM": "xterm"},
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=PATIENCE,
    )
    opened.expect_exact("look at this host")
    yield opened
    if Path(f"/proc/{opened.pid}").exists():
        opened.close(force=True)


def wait_for_end(terminal: Terminal) -> None:
    """Wait until the process has ended, whose terminal is closed already."""
    end = time.monotonic() + PATIENCE
    while terminal.isalive():
        assert time.monotonic() < end, "it goes on without its terminal"
        time.sleep(0.02)


def test_a_closed_terminal_ends_the_process(terminal: Terminal) -> None:
    process = terminal.pid
    assert process is not None
    os.close(terminal.child_fd)
    # Closed already: the number may be another file's by the time pexpect would close it.
    terminal.child_fd = -1
    end = time.monotonic() + PATIENCE
    number, status = os.waitpid(process, os.WNOHANG)
    while not number:
        assert time.monotonic() < end, "it goes on without its terminal"
        time.sleep(0.05)
        number, status = os.waitpid(process, os.WNOHANG)
    assert os.waitstatus_to_exitcode(status) in (128 + signal.SIGHUP, -signal.SIGHUP)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_the_process_and_gives_the_terminal_back(
    terminal: Terminal, number: signal.Signals
) -> None:
    terminal.kill(number)
    terminal.expect_exact("\x1b[?1049l")  # the screen as it was before
    terminal.expect(pexpect.EOF)
    wait_for_end(terminal)
    assert terminal.exitstatus == 128 + number


def test_leaving_while_the_host_is_looked_at_does_not_wait_for_it(terminal: Terminal) -> None:
    terminal.send("\x11")
    terminal.expect_exact("Leave the wizard?")
    terminal.send("y")
    terminal.expect(pexpect.EOF)
    wait_for_end(terminal)
    assert terminal.exitstatus == 0
