"""No test runs for ever: the times that tests may take, and what ends one that a signal does not.

pytest-timeout lets a test fail that takes too long, by a signal, so that fixtures give back what
they hold. In a test of the screens the signal may come to a task that nobody awaits, and is lost
there. After some grace the whole process is then ended, and its machines are removed by another.
"""

import contextlib
import faulthandler
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

SECONDS = {"unit": 300, "screens": 600, "machines": 1800, "bench": 1800}
"""How long a test may take, by its folder; a busy machine makes it several times its usual."""

THOROUGH = 3600
WHOLE_MATRIX = 4 * 3600

GRACE = 120.0
"""Seconds for a test that was told to end, before the whole process is ended."""

_PROJECT = Path(__file__).parent.parent

# Waits until it belongs to nobody, for only then its machines do.
_REAPER = """
import os, sys, time
owner = int(sys.argv[1])
for _ in range(100):
    if os.getppid() != owner:
        break
    time.sleep(0.1)
from wizard.rehearsal import leftovers
leftovers.reap()
"""

_stderr = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the real standard error, which is not captured yet."""
    config.stash[_stderr] = os.dup(2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each test that says nothing itself the time of its folder."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_seconds(config, item)))


def _seconds(config: pytest.Config, item: pytest.Item) -> float:
    if config.getoption("--whole-matrix", default=False):
        return WHOLE_MATRIX
    if item.get_closest_marker("thorough") or config.getoption("--full-figures", default=False):
        return THOROUGH
    with contextlib.suppress(ValueError):
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        return SECONDS.get(folder, SECONDS["unit"])
    return float(config.getini("timeout") or SECONDS["unit"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """End the process if the test goes on for long after it was told to end."""
    marker = item.get_closest_marker("timeout")
    seconds = float(marker.args[0]) if marker and marker.args else float(SECONDS["unit"])
    with _ended_after(seconds + GRACE, item.config.stash[_stderr], item.nodeid):
        return (yield)


@contextlib.contextmanager
def _ended_after(seconds: float, stderr: int, name: str) -> Iterator[None]:
    timer = threading.Timer(seconds, _end, [stderr, name])
    timer.daemon = True
    timer.start()
    # For what never lets another thread run.
    faulthandler.dump_traceback_later(seconds + 30, exit=True, file=stderr)
    try:
        yield
    finally:
        timer.cancel()
        faulthandler.cancel_dump_traceback_later()


def _end(stderr: int, name: str) -> None:
    os.write(stderr, f"\n{name} does not end; the whole run is ended.\n".encode())
    faulthandler.dump_traceback(stderr, all_threads=True)
    subprocess.Popen(
        [sys.executable, "-c", _REAPER, str(os.getpid())],
        cwd=_PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os._exit(pytest.ExitCode.INTERNAL_ERROR)
