"""How the time to read and edit a Compose file grows with the file."""

import time
from collections.abc import Callable

import pytest
import yaml

from tests.bench.conftest import Figures, Much
from wizard.compose.builder import LOADER
from wizard.compose.edit import add_network
from wizard.compose.override import override
from wizard.compose.read import parse

LINES = 100
"""Lines of a file of size 1, which has one service for each hundred."""


def made(size: int) -> bytes:
    """A file of so many hundred lines and services."""
    lines = ["services:"]
    for service in range(size):
        settings = [f"      SETTING_{n}: value {n} of {service}" for n in range(LINES - 5)]
        lines += [f"  s{service}:", "    image: app:1", "    environment:", *settings]
        lines += ["    ports:", '      - "3000:3000"']
    return ("\n".join(lines) + "\n").encode()


def milliseconds(work: Callable[[], object], times: int) -> float:
    """The best time of the processor for a piece of work."""
    found = []
    for _ in range(times):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found) * 1000


@pytest.mark.parametrize("size", [1, 10, 100])
def test_editing_grows_as_the_file_does(size: int, figures: Figures, much: Much) -> None:
    data, names = made(size), [f"s{n}" for n in range(size)]
    least, times = made(1), much(1, 5)
    parsing = milliseconds(lambda: list(yaml.parse(data.decode(), Loader=LOADER)), times)
    smallest = milliseconds(lambda: add_network(parse(least, "x"), ["s0"], "six"), times)
    inside = milliseconds(lambda: add_network(parse(data, "x"), names, "six"), times)
    beside = milliseconds(lambda: override([parse(data, "x")], names, "six", None), times)
    what = f"edit of {LINES * size:,} lines, {size} services"
    figures.add(what, inside, "events of the parser alone", parsing, "ms")
    figures.add(what, inside, f"edit of {LINES} lines, 1 service", smallest, "ms")
    figures.add(f"override of {LINES * size:,} lines", beside, "edit of them", inside, "ms")
