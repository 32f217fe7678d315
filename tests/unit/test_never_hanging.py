"""A test that hangs ends: by itself where a signal reaches it, with the whole process otherwise."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent

CONFTEST = """
from tests import never_hanging
from tests.never_hanging import pytest_configure, pytest_runtest_protocol
never_hanging.GRACE = 2.0
"""

TESTS = """
import asyncio, subprocess, threading, time
from pathlib import Path
import pytest

pytestmark = pytest.mark.timeout(1)

@pytest.fixture
def machine():
    yield
    Path(__file__).with_name("given-back").touch()

def test_waits(machine):
    threading.Event().wait()

def test_reads(machine):
    with subprocess.Popen(["sleep", "600"], stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
        finally:
            process.kill()

async def test_sleeps(machine):
    while True:
        await asyncio.sleep(0.01)

async def test_another_task_spins(machine):
    async def spin():
        while True:
            until = time.monotonic() + 0.001
            while time.monotonic() < until:
                pass
            await asyncio.sleep(0)
    spinning = asyncio.create_task(spin())
    await asyncio.Event().wait()
"""


@pytest.mark.parametrize("name", ["waits", "reads", "sleeps", "another_task_spins"])
def test_a_test_that_hangs_ends(tmp_path: Path, name: str) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_hangs.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    begun = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path),
            *("-c", tmp_path / "pytest.ini", "-k", f"test_{name}", tmp_path),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert time.monotonic() - begun < 100
    said = done.stdout + done.stderr
    if name == "another_task_spins":
        assert done.returncode == pytest.ExitCode.INTERNAL_ERROR
        assert "does not end; the whole run is ended" in said
        assert "most recent call first" in said, "what it was doing is told"
    else:
        assert done.returncode == pytest.ExitCode.TESTS_FAILED, said
        assert "Timeout" in said
        assert (tmp_path / "given-back").exists(), "fixtures give back what they hold"
