"""The options of the tests, the way of their programs to the project, the table of the matrix."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import never_hanging, twice
from tests.machines.matrix import MATRIX, Matrix
from tests.never_hanging import pytest_runtest_protocol

__all__ = ["pytest_runtest_protocol"]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("the matrix of faults")
    group.addoption(
        "--whole-matrix",
        action="store_true",
        help="run every cell of the matrix, and nothing else, instead of a sample",
    )
    group.addoption(
        "--thorough",
        action="store_true",
        help="run what a sample stands for otherwise: every host, release, mode and lifetime",
    )
    group.addoption(
        "--matrix-every",
        type=int,
        default=1,
        metavar="N",
        help="of the whole matrix, every N-th place in a row of places",
    )
    twice.add_options(parser)
    parser.getgroup("figures").addoption(
        "--full-figures",
        action="store_true",
        help="measure in full what a short pass only runs through once: bin/test -m bench -s",
    )
    group.addoption(
        "--matrix-table", type=Path, metavar="FILE", help="write the table of the cells there, too"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Tests start programs of their own, and those find the project whatever bin/environment left.
    os.environ["PYTHONPATH"] = str(config.rootpath)
    never_hanging.pytest_configure(config)
    twice.configure(config)
    config.stash[MATRIX] = Matrix(
        whole=config.getoption("--whole-matrix"),
        every=config.getoption("--matrix-every"),
        file=config.getoption("--matrix-table"),
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--thorough"):
        full = config.getoption("--full-figures")
        long = [
            item
            for item in items
            if item.get_closest_marker("thorough")
            and not (full and item.get_closest_marker("bench"))
        ]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
    never_hanging.pytest_collection_modifyitems(config, items)
    if config.stash[MATRIX].whole:
        others = [item for item in items if "matrix" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


def pytest_collection_finish() -> None:
    """What stands by now stays to the end, so nothing is won by looking for garbage in it.

    Screens make and leave many objects, and each look goes through all that the tests import: it
    took a tenth of their time (gc.freeze, gc.set_threshold).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)


@pytest.fixture
def matrix(request: pytest.FixtureRequest) -> Iterator[Matrix]:
    """Runs cells, and fails the test once all have been run where one has failed."""
    found = request.config.stash[MATRIX]
    before = len(found.failed)
    yield found
    failed = [f"{cell.kind}, {cell.phase}, {cell.name}" for cell in found.failed[before:]]
    assert not failed or not found.whole, f"cells that failed: {'; '.join(failed)}"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    found = config.stash[MATRIX]
    if found.cells:
        terminalreporter.section("matrix of faults")
        terminalreporter.write(found.table())
