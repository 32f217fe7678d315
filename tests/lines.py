"""Reads what another program says line by line, and never waits for it without an end."""

import os
import select
import subprocess
import time
from typing import Any

PATIENCE = 90.0
"""Seconds for a line that comes at once; a busy machine takes its time."""


class Lines:
    """The lines of a process; nobody else may read from its standard output meanwhile."""

    def __init__(self, process: "subprocess.Popen[Any]") -> None:
        assert process.stdout is not None
        self._process, self._number, self._read = process, process.stdout.fileno(), b""

    def next(self, seconds: float = PATIENCE) -> str:
        """Return the next line without its end, or fail with what came instead."""
        found = self.next_or_none(seconds)
        assert found is not None, (
            f"{self._process.args!r} said no line within {seconds:g} s, but {self._read!r}; it "
            f"{'runs' if self._process.poll() is None else 'has ended'}"
        )
        return found

    def next_or_none(self, seconds: float) -> str | None:
        """Return the next line without its end, or None where none came or the program ended."""
        until = time.monotonic() + seconds
        while b"\n" not in self._read:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._number], [], [], left)[0]:
                return None
            more = os.read(self._number, 65536)
            if not more:
                return None
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        return line.decode(errors="replace")

    def rest(self, seconds: float = PATIENCE) -> list[str]:
        """Return all lines up to the end of the program, or fail where it does not end."""
        until, found = time.monotonic() + seconds, []
        while True:
            line = self.next_or_none(max(0.0, until - time.monotonic()))
            if line is not None:
                found.append(line)
                continue
            self._process.wait(max(0.1, until - time.monotonic()))
            return [*found, *([self._read.decode(errors="replace")] if self._read else [])]
