"""Figures end in a table, and none of them is a verdict.

A short pass runs beside all tests: each figure once, and the smallest of each size, so that what
measures does not rot; those that set up a host are in it with ``--thorough``. Figures worth reading
come from ``bin/test -m bench -s --full-figures``.
"""

from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path

import pytest

from wizard.platform.errors import Refused
from wizard.rehearsal import leftovers, requirements

Row = tuple[str, str, str, str, str]

HEADINGS: Row = ("what", "figure", "against", "figure", "ratio")


SMALLEST = 1
"""The size that a short pass measures, where there are several."""


class Figures:
    """The rows that a test adds to the table, which may be written by another process."""

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record

    def add(self, what: str, figure: float, against: str, other: float, unit: str) -> None:
        """Add a figure, and another of the same unit that it is set against."""
        ratio = f"{figure / other:.1f}"
        row = (what, f"{figure:,.0f} {unit}", against, f"{other:,.0f} {unit}", ratio)
        self._record(_FIGURE, row)


_FIGURE = "figure"
_measured: list[tuple[tuple[str, int], Row]] = []
"""Each row after the file and the line of its test, for tests end in any order."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    for item in here:
        item.add_marker("bench")
    if not config.getoption("--full-figures"):
        larger = [item for item in here if _size(item) > SMALLEST]
        config.hook.pytest_deselected(items=larger)
        items[:] = [item for item in items if item not in larger]


def _size(item: pytest.Item) -> int:
    callspec = getattr(item, "callspec", None)
    return int(callspec.params.get("size", SMALLEST)) if callspec else SMALLEST


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        for name, row in report.user_properties:
            if name == _FIGURE and isinstance(row, tuple | list):
                what, figure, against, other, ratio = map(str, row)
                file, line, _ = report.location
                _measured.append(((file, line or 0), (what, figure, against, other, ratio)))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if not _measured:
        return
    rows = [HEADINGS, *(row for _, row in sorted(_measured, key=itemgetter(0)))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    terminalreporter.section("figures")
    if not config.getoption("--full-figures"):
        terminalreporter.write_line("A short pass, each once and beside others: these say little.")
    for what, figure, against, other, ratio in rows:
        terminalreporter.write_line(
            f"{what:{widths[0]}}  {figure:>{widths[1]}}  {against:{widths[2]}}  "
            f"{other:>{widths[3]}}  {ratio:>{widths[4]}}"
        )


Much = Callable[[int, int], int]
"""Returns the first number in a short pass, and the second one for figures worth reading."""


@pytest.fixture(scope="session")
def much(request: pytest.FixtureRequest) -> Much:
    """How often to measure, or how long."""
    full = bool(request.config.getoption("--full-figures"))
    return lambda short, whole: whole if full else short


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    """Where a test puts what it measured."""
    return Figures(record_property)


@pytest.fixture(scope="session", autouse=True)
def _machines_can_be_had() -> Iterator[None]:
    try:
        requirements.check()
    except Refused as error:
        pytest.skip(f"no practice machines here: {error}")
    leftovers.reap()
    yield
