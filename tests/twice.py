"""Runs tests side by side, and the few that fail once more, alone: twice.py WORKERS PLACE …

A computer that is busy enough fails one by time now and then. What fails alone too is a fault, and
what does not is told in so many words. A run that crashed, that ran nothing or in which more than
a handful failed is not repeated: it has failed.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

MOST = 5
"""The handful: more tests that fail are no chance."""

_PHASES = ("setup", "call", "teardown")


@dataclass
class Outcome:
    """How the tests of a run ended, each by its name.

    Attributes:
        passed: Those that ran and of which nothing failed.
        failed: Those of which something did.
        whole: Whether nothing else went wrong, such as a process that crashed.
    """

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    whole: bool = True

    @classmethod
    def read(cls, file: Path) -> "Outcome":
        """Return what a run wrote; one that wrote nothing was not whole."""
        text = file.read_text() if file.exists() else ""
        return cls(**json.loads(text)) if text else cls(whole=False)


class Watch:
    """The half of this that pytest loads: notes how tests end, and tells of the time before."""

    def __init__(self, file: Path, before: Outcome | None) -> None:
        self._file, self._before = file, before
        self._outcome = Outcome()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._outcome.whole &= not report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        now, name = self._outcome, report.nodeid
        # A process that crashes has no phase: another tells of it.
        now.whole &= report.when in _PHASES
        if report.failed and name not in now.failed:
            now.failed.append(name)
        elif report.passed and report.when == "call":
            now.passed.append(name)
        now.passed = [each for each in now.passed if each not in now.failed]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self._outcome.whole = False
        self._file.write_text(json.dumps(asdict(self._outcome)))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._before is None:
            return
        before, now = self._before, self._outcome
        terminalreporter.section("once more, alone")
        terminalreporter.write_line(
            f"At first {len(before.failed)} failed and {len(before.passed)} passed. Of those that "
            f"failed, run once more and alone, {len(now.passed)} passed."
        )
        for name in before.failed:
            how = "passed alone: see why" if name in now.passed else "FAILED AGAIN"
            terminalreporter.write_line(f"{how}: {name}")


def add_options(parser: pytest.Parser) -> None:
    """Add the options that the program gives to pytest."""
    group = parser.getgroup("once more")
    group.addoption("--outcome", type=Path, metavar="FILE", help="write there how tests ended")
    group.addoption(
        "--before", type=Path, metavar="FILE", help="tell of the run whose outcome is there"
    )


def configure(config: pytest.Config) -> None:
    """Watch the run if that was asked for; of several processes, in the one that has the rest."""
    file: Path | None = config.getoption("--outcome")
    if file is None or hasattr(config, "workerinput"):
        return
    before: Path | None = config.getoption("--before")
    config.pluginmanager.register(Watch(file, Outcome.read(before) if before else None))


def main(workers: str, *places: str) -> int:
    """Run the tests, and those that failed once more; return 0 if each has passed."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        # Whoever has nothing left takes of what another has, and a file that shares a machine
        # mostly stays together.
        spread = ["--numprocesses", workers, "--dist", "worksteal"]
        code = _pytest(*spread, "--outcome", str(first), *places)
        before = Outcome.read(first)
        if code != pytest.ExitCode.TESTS_FAILED or not _may_be_chance(before):
            return code
        # In a process of its own, so that one that crashes is told of like any other.
        alone = ["--numprocesses", "1", "--outcome", str(second), "--before", str(first)]
        code = _pytest(*alone, *before.failed)
        now = Outcome.read(second)
        passed = now.whole and set(now.passed) == set(before.failed)
        return code or int(not passed)


def _may_be_chance(outcome: Outcome) -> bool:
    return outcome.whole and bool(outcome.passed) and 0 < len(outcome.failed) <= MOST


def _pytest(*words: Any) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *words]).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
