"""The tests' own reader of lines: it ends, whatever the other side does."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lines import Lines


@contextmanager
def shell(text: str) -> Iterator[tuple["subprocess.Popen[str]", Lines]]:
    with subprocess.Popen(["sh", "-c", text], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, Lines(process)
        finally:
            process.kill()


def test_lines_come_one_by_one_and_the_rest_at_the_end() -> None:
    with shell("echo one; echo two; echo three; printf four") as (_process, lines):
        assert lines.next() == "one"
        assert lines.next() == "two"
        assert lines.rest() == ["three", "four"]


@pytest.mark.parametrize("text", ["exec sleep 60", "printf half; exec sleep 60"])
def test_who_says_nothing_is_not_waited_for(text: str) -> None:
    begun = time.monotonic()
    with shell(text) as (_process, lines):
        with pytest.raises(AssertionError, match=r"no line within 0\.2 s.*it runs"):
            lines.next(0.2)
        with pytest.raises(subprocess.TimeoutExpired):
            lines.rest(0.2)
    assert time.monotonic() - begun < 30


def test_who_has_ended_is_not_waited_for() -> None:
    with shell("true") as (process, lines):
        process.wait(30)
        with pytest.raises(AssertionError, match="has ended"):
            lines.next(20)
