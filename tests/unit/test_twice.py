"""What fails by chance is run once more, and nothing else makes a failed run pass."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent.parent / "twice.py"

CONFTEST = """
import sys
sys.path.insert(0, %r)
from tests import twice
from tests.twice import add_options as pytest_addoption, configure as pytest_configure
"""

BEGINNING = """
import os, pytest
from pathlib import Path

def at_first():
    try:
        Path(__file__).with_name("was-here").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True

def test_good():
    pass
"""


def ran(folder: Path, tests: str) -> tuple[int, list[str]]:
    """Run a file of tests; return the exit code and the last line of each run's summary."""
    (folder / "conftest.py").write_text(CONFTEST % str(PROGRAM.parent.parent))
    (folder / "test_it.py").write_text(BEGINNING + tests)
    (folder / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "1", "test_it.py"],
        # Of pytest's plugins the one alone that counts here: each takes its time to load.
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p xdist"},
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    summaries = re.findall(r"^=+ (.* in [0-9.]+s.*) =+$", done.stdout, re.MULTILINE)
    said = [summary.rpartition(" in ")[0] for summary in summaries]
    # The last line is that of a summary whatever came of it.
    last = done.stdout.rstrip().splitlines()[-1]
    assert summaries[-1] in last
    if len(said) > 1:
        said.insert(1, " ".join(re.findall(r"^(At first .*|.*: test_it.*)$", done.stdout, re.M)))
    return done.returncode, said


def test_what_passes_alone_passes_and_is_told(tmp_path: Path) -> None:
    code, (first, told, second) = ran(tmp_path, "def test_chance(): assert not at_first()")
    assert code == 0
    assert (first, second) == ("1 failed, 1 passed", "1 passed")
    assert "At first 1 failed and 1 passed" in told
    assert "passed alone: see why: test_it.py::test_chance" in told


@pytest.mark.parametrize(
    ("tests", "second"),
    [
        ("def test_fault(): assert False", "1 failed"),
        ("def test_skips_then():\n    assert not at_first()\n    pytest.skip()", "1 skipped"),
        ("def test_crashes_then():\n    assert not at_first()\n    os._exit(0)", ""),
        (
            "@pytest.fixture\ndef broken():\n    yield\n    assert False\n"
            "def test_ends_badly(broken): pass",
            "1 passed, 1 error",
        ),
        ("if at_first():\n    def test_there_at_first(): assert False", ""),
    ],
    ids=["fails", "skips", "crashes", "in teardown", "is not there"],
)
def test_what_does_not_pass_alone_has_failed(tmp_path: Path, tests: str, second: str) -> None:
    code, said = ran(tmp_path, tests)
    assert code != 0
    assert "failed" in said[0] or "error" in said[0]
    assert said[-1] == second or not second


@pytest.mark.parametrize(
    "tests",
    [
        "def test_crashes():\n    if at_first():\n        os._exit(1)",
        "if at_first():\n    raise OSError",
        "@pytest.mark.parametrize('n', range(6))\ndef test_many(n): assert n > 9",
        "del test_good",
        "del test_good\ndef test_alone(): assert not at_first()",
    ],
    ids=["a crash", "no collection", "many", "nothing ran", "nothing passed"],
)
def test_nothing_else_is_run_once_more(tmp_path: Path, tests: str) -> None:
    code, said = ran(tmp_path, tests)
    assert code != 0
    assert len(said) <= 1
