"""The time of day is shown and decides nothing, and is shown by the clock as it is set now."""

import ast
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from wizard.record.record import Record, State
from wizard.run import window

ROOT = Path(__file__).parents[2]

SHOWN = {"wizard/record/record.py", "wizard/run/window.py"}
"""These write it into the record, for people."""

AGES = {"wizard/rehearsal/cache.py"}
"""This compares it with the times of files, which are of that clock."""


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(hours=-2), timedelta(days=400)])
def test_a_clock_that_jumps_changes_nothing_about_the_time_to_say_keep(
    monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    class Jumped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + jump

    monkeypatch.setattr(window, "boot", lambda: "this")
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    record = Record("a run", State.UNCONFIRMED, "", "", {}, {}, [])
    window.open_for(record, 120.0)
    monkeypatch.setattr(window, "datetime", Jumped)
    monkeypatch.setattr(time, "time", lambda: datetime.now(UTC).timestamp() + 1e9)
    monkeypatch.setattr(time, "monotonic", lambda: 1050.0)
    assert window.seconds_left(record) == 70.0
    # What is shown is when that is by the clock as it is set now.
    shown = datetime.fromisoformat(window.ends(record)) - Jumped.now(UTC)
    assert 68 <= shown.total_seconds() <= 70


def test_while_no_clock_jumps_the_time_that_is_shown_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = Record("a run", State.UNCONFIRMED, "", "", {}, {}, [])
    window.open_for(record, 120.0)
    assert {window.ends(record) for _look in range(1000)} == {record.deadline}
    # Of what is over, or of a boot before, the record alone knows when that was.
    monkeypatch.setattr(window, "boot", lambda: "another")
    record.deadline = "2026-11-22T12:02:30Z"
    assert window.ends(record) == record.deadline
    assert window.ends(Record("a run", State.APPLIED, "", "", {}, {}, [])) == ""


def test_nothing_else_asks_for_the_time_of_day() -> None:
    asking = {path for path, _line in _asked()}
    assert asking == SHOWN | AGES


def _asked() -> Iterator[tuple[str, int]]:
    """Yield where the program asks for the time of day."""
    for folder in ("wizard", "screens"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                    *("time.time", "time.localtime", "time.gmtime", "datetime.now"),
                    *("datetime.utcnow", "datetime.today", "date.today"),
                ):
                    yield str(path.relative_to(ROOT)), node.lineno
