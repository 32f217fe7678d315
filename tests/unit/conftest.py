"""What more than one of the pure tests begins with."""

import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from tomli_w import _writer

from wizard.record.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A folder for a record, with nothing in it yet."""
    made = Store(tmp_path / "state")
    made.prepare()
    return made


@pytest.fixture(scope="session", autouse=True)
def _rules_of_this_host_are_out_of_reach() -> Iterator[None]:
    """Where python-iptables is installed, a test that is run by root would load rules with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "iptc", None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _records_cost_little() -> Iterator[None]:
    """Records are written as ever; how a text is written in TOML is worked out once.

    The library goes through each letter by letter, in Python.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_writer, "format_string", lru_cache(10_000)(_writer.format_string))
        yield
