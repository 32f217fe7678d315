import ast
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.platform.local_time import local_time

ROOT = Path(__file__).parents[2]
MOMENTS = {"started", "finished", "deadline"}
"""What a record keeps as moments, in UTC, for programs to read."""


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_a_moment_is_told_by_the_clock_of_this_host_with_its_zone() -> None:
    assert local_time("2026-11-26T23:30:00Z") == "27 Nov 2026, 00:30:00 CET"
    assert local_time("2026-11-26T23:30:00.123456789Z") == "27 Nov 2026, 00:30:00 CET"


def test_what_is_no_moment_is_shown_as_it_is() -> None:
    assert local_time("yester\x1bday") == "yester\\x1bday"


@pytest.mark.parametrize("folder", ["wizard", "screens"])
def test_no_sentence_shows_a_moment_as_the_record_has_it(folder: str) -> None:
    raw = [
        f"{path.relative_to(ROOT)}:{value.lineno}"
        for path in (ROOT / folder).rglob("*.py")
        for value in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(value, ast.FormattedValue)
        and isinstance(value.value, ast.Attribute)
        and value.value.attr in MOMENTS
    ]
    assert not raw, f"These go through local_time: {raw}"
