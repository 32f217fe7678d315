"""Modules that are named in one place and imported once something of them is wanted."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import wizard
from tests.lines import PATIENCE
from wizard.platform import later as module
from wizard.platform.later import later, load

ONE = "import wizard_tried\nwizard_tried.ran.append(__name__)\nVALUE = 1\n"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The modules that ran, of three that are there: ``wizard.one``, ``two`` and ``broken``."""
    (tmp_path / "one.py").write_text(ONE)
    (tmp_path / "two.py").write_text(
        f"{ONE}from wizard.platform.later import later\nwith later():\n    from wizard import one\n"
    )
    (tmp_path / "broken.py").write_text(f"{ONE}raise ValueError('it is broken')\n")
    tried = ModuleType("wizard_tried")
    tried.__dict__["ran"] = []
    monkeypatch.setitem(sys.modules, "wizard_tried", tried)
    monkeypatch.setattr(wizard, "__path__", [*wizard.__path__, str(tmp_path)])
    monkeypatch.setattr(module, "_pending", [])
    yield tried.__dict__["ran"]
    for name in ("one", "two", "broken"):
        sys.modules.pop(f"wizard.{name}", None)
        wizard.__dict__.pop(name, None)


def test_it_runs_once_and_when_something_of_it_is_wanted(ran: list[str]) -> None:
    with later():
        from wizard import one
    assert ran == []
    assert (one.__name__, one.__spec__.name) == ("wizard.one", "wizard.one")
    assert ran == []
    assert (one.VALUE, one.VALUE) == (1, 1)
    assert ran == ["wizard.one"]
    assert type(one) is ModuleType


def test_what_imports_it_as_ever_finds_it_whole(ran: list[str]) -> None:
    with later():
        from wizard import one
    from wizard.one import VALUE  # type: ignore[import-untyped]

    assert (VALUE, ran) == (1, ["wizard.one"])
    assert sys.modules["wizard.one"] is one


def test_a_change_of_it_is_not_lost(ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with later():
        from wizard import one
    monkeypatch.setattr(one, "VALUE", 2)
    assert (one.VALUE, ran) == (2, ["wizard.one"])
    monkeypatch.undo()
    assert one.VALUE == 1


def test_all_is_loaded_and_what_that_names_in_turn(ran: list[str]) -> None:
    with later():
        from wizard import two  # type: ignore[attr-defined]
    load()
    assert ran == ["wizard.two", "wizard.one"]
    assert two.one.VALUE == 1
    load()
    assert len(ran) == 2


def test_what_is_imported_outside_is_there_at_once(ran: list[str]) -> None:
    with later():
        pass
    from wizard import one

    assert (ran, type(one)) == (["wizard.one"], ModuleType)


def test_a_fault_of_it_is_told_to_who_wanted_it_first(ran: list[str]) -> None:
    with later():
        from wizard import broken  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="it is broken"):
        _ = broken.VALUE


def test_threads_that_want_it_at_once_find_it_whole(ran: list[str]) -> None:
    with later():
        from wizard import two  # type: ignore[attr-defined]
    begin, found = threading.Barrier(8), []

    def want() -> None:
        begin.wait(PATIENCE)
        found.append(two.one.VALUE)

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [1] * 8
    assert ran == ["wizard.two", "wizard.one"]
