"""Figures that other processes measured end in the one table, in the order of their tests."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent.parent

CONFTEST = """
from tests.bench.conftest import figures, pytest_runtest_logreport, pytest_terminal_summary

def pytest_addoption(parser):
    parser.addoption("--full-figures", action="store_true")
"""

TESTS = """
import os, time
from pathlib import Path

SOON = Path(__file__).with_name("soon")

def test_late(figures):
    for _ in range(3000 if "PYTEST_XDIST_WORKER" in os.environ else 0):
        if SOON.exists():
            break
        time.sleep(0.01)
    figures.add("late", 6, "others", 4, "ms")

def test_soon(figures):
    SOON.touch()
    figures.add("soon", 9, "others", 3, "kB")
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_all_are_in_the_table(tmp_path: Path, workers: int) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_figures.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        f"-n{workers}",
        str(tmp_path),
    ]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout.rpartition("= figures =")[2].splitlines()
    rows = [line.split() for line in table if line.startswith(("late", "soon"))]
    assert rows == [
        ["late", "6", "ms", "others", "4", "ms", "1.5"],
        ["soon", "9", "kB", "others", "3", "kB", "3.0"],
    ]
