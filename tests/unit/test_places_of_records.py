"""Where records are, while a worker makes the first one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wizard.host.parts import earlier
from wizard.record import store
from wizard.record.store import RUNS, Store

RUN = "20261126T120000Z-abcd"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "state"
    made.mkdir(mode=0o700)
    return made


def beginning(folder: Path, looks: Callable[[Path], bool]) -> Callable[[Path], bool]:
    """Return a look after which the first record is there, as a worker may begin at any time."""

    def look(single: Path) -> bool:
        seen = looks(single)
        if not single.is_symlink():
            place = folder / RUNS / RUN / single.name
            place.parent.mkdir(parents=True, mode=0o700)
            (folder / RUNS).chmod(0o700)
            place.write_text('state = "applying"\nstarted = "2026"\n')
            place.chmod(0o600)
            single.symlink_to(place.relative_to(folder))
        return seen

    return look


@pytest.mark.parametrize("module", [store, earlier], ids=["store", "detector"])
def test_a_record_that_begins_meanwhile_is_no_file_of_an_earlier_release(
    folder: Path, monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    monkeypatch.setattr(module, "leads_to_runs", beginning(folder, store.leads_to_runs))
    single = folder / "record.toml"
    assert single not in Store(folder)._places()
    assert single not in earlier._places(folder)
