"""The log of the process that changes the host: what it writes there, and what is read of it."""

import sys
from pathlib import Path

import pytest

from wizard.platform.errors import ExitCode
from wizard.run import worker_log


class Stream:
    """A stream in memory that fails where it is told to, and knows what has reached its end."""

    def __init__(self, fails: str = "") -> None:
        self.fails, self.held, self.there = fails, "", ""

    def write(self, text: str) -> int:
        if self.fails == "write":
            raise OSError(28, "No space left on device")
        self.held += text
        return len(text)

    def flush(self) -> None:
        if self.fails == "flush":
            raise OSError(28, "No space left on device")
        self.there, self.held = self.there + self.held, ""


def test_each_line_is_there_as_soon_as_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream()
    monkeypatch.setattr(sys, "stderr", stream)
    worker_log.say("It failed.")
    assert stream.there == "It failed.\n"
    worker_log.say_doing("Looking …")
    worker_log.say_exit(ExitCode.ROLLED_BACK)
    assert stream.there == "It failed.\ndoing Looking …\nexit 3\n"
    for fails in ("write", "flush"):
        monkeypatch.setattr(sys, "stderr", Stream(fails))
        worker_log.say("It failed.")


@pytest.mark.parametrize(
    ("text", "doing", "words", "code"),
    [
        (b"", "", "", ExitCode.UNEXPECTED),
        (b"doing Looking\n", "Looking", "", ExitCode.UNEXPECTED),
        (b"doing One\ndoing Two\tof\n", "Two\\tof", "", ExitCode.UNEXPECTED),
        (b"doing One\nIt failed.\n", "One", "It failed.", ExitCode.UNEXPECTED),
        (b"It failed.\nexit 3\n", "", "It failed.", 3),
        (b"It failed.\nexit 3\n\n \n", "", "It failed.", 3),
        (b"It\x1b[2J failed.\n \ndoing One\nexit 0\n", "One", "It\\x1b[2J failed.", 0),
        # An exit is the last line, and whole.
        (b"exit 3\nIt failed.\n", "", "It failed.", ExitCode.UNEXPECTED),
        (b"exit\n", "", "exit", ExitCode.UNEXPECTED),
        (b"exit three\n", "", "", ExitCode.UNEXPECTED),
        (b"3\n", "", "3", ExitCode.UNEXPECTED),
        (b"\xff\nexit 11\n", "", "\ufffd", 11),
        (b"doing \xff\n", "\ufffd", "", ExitCode.UNEXPECTED),
    ],
)
def test_what_was_said_last_is_read_of_it(
    tmp_path: Path, text: bytes, doing: str, words: str, code: int
) -> None:
    log = tmp_path / "log"
    log.write_bytes(text)
    assert worker_log.doing(log) == doing
    assert worker_log.last_words(log) == words
    assert worker_log.exit_code(log) == code


def test_a_log_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert worker_log.doing(log) == ""
    assert worker_log.last_words(log) == ""
    assert worker_log.exit_code(log) == ExitCode.UNEXPECTED
