"""Figures are asked for with ``-m bench``; they end in a table, and none of them is a verdict."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.errors import Refused
from wizard.rehearsal import leftovers, requirements

Row = tuple[str, str, str, str, str]

HEADINGS: Row = ("what", "figure", "against", "figure", "ratio")


class Figures:
    """The rows of the table, in the order in which they were measured."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, what: str, figure: float, against: str, other: float, unit: str) -> None:
        """Add a figure, and another of the same unit that it is set against."""
        ratio = f"{figure / other:.1f}"
        self.rows.append((what, f"{figure:,.0f} {unit}", against, f"{other:,.0f} {unit}", ratio))


FIGURES = Figures()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = "bench" in config.getoption("markexpr")
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("bench")
            if not chosen:
                item.add_marker(pytest.mark.skip(reason="figures are asked for with -m bench"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not FIGURES.rows:
        return
    rows = [HEADINGS, *FIGURES.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    terminalreporter.section("figures")
    for what, figure, against, other, ratio in rows:
        terminalreporter.write_line(
            f"{what:{widths[0]}}  {figure:>{widths[1]}}  {against:{widths[2]}}  "
            f"{other:>{widths[3]}}  {ratio:>{widths[4]}}"
        )


@pytest.fixture
def figures() -> Figures:
    """Where a test puts what it measured."""
    return FIGURES


@pytest.fixture(scope="session", autouse=True)
def _machines_can_be_had() -> Iterator[None]:
    try:
        requirements.check()
    except Refused as error:
        pytest.skip(f"no practice machines here: {error}")
    leftovers.reap()
    yield
