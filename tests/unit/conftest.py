"""What more than one of the pure tests begins with."""

from pathlib import Path

import pytest

from wizard.record.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A folder for a record, with nothing in it yet."""
    made = Store(tmp_path / "state")
    made.prepare()
    return made
