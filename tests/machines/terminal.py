"""A person at a terminal: keys in, the screen as it looks out."""

import contextlib
import time
from collections.abc import Sequence
from typing import Any

import pexpect
import pyte

from tests.lines import PATIENCE

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "down": "\x1b[B",
    "tab": "\t",
    "space": " ",
    "f1": "\x1bOP",
}


class Terminal:
    """A program in a pseudo-terminal of 80x24, drawn by a terminal emulator."""

    def __init__(self, argv: Sequence[str], columns: int = 80, lines: int = 24) -> None:
        command, *words = argv
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._text: str | None = None
        self.sent = 0
        self.received = b""
        self._process = pexpect.spawn(command, words, dimensions=(lines, columns), timeout=PATIENCE)

    @property
    def text(self) -> str:
        """The screen, a line a row."""
        self._draw(0)
        if self._text is None:
            self._text = "\n".join(line.rstrip() for line in self._screen.display)
        return self._text

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        return bool(self._process.isalive())

    def press(self, *keys: str) -> None:
        """Press keys by name, or type text that is no name of a key."""
        for key in keys:
            self._process.send(KEYS.get(key, key))

    def wait_for(self, *texts: str, seconds: float = PATIENCE) -> str:
        """Wait until the screen shows one of the texts, and return that one."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._draw(0.1)
            # A sentence may be broken over lines.
            shown = " ".join(self.text.split())
            for text in texts:
                if text in shown:
                    return text
            if not self.alive:
                break
        raise AssertionError(f"{texts} never came; the screen is:\n{self.text}")

    def kill(self, number: int) -> None:
        """Send the program a signal."""
        self._process.kill(number)

    def close(self) -> None:
        """Close the terminal, as a lost connection does, and end what goes on without it."""
        try:
            self._process.close(force=True)
        except pexpect.ExceptionPexpect:
            # It was killed, and a busy computer took longer for that than pexpect waits.
            self._process.wait()

    def wait_for_end(self, seconds: float = PATIENCE) -> int:
        """Wait until the program ends and return its exit status."""
        deadline = time.monotonic() + seconds
        while self.alive:
            self._draw(0.1)
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not end; the screen is:\n{self.text}")
        self._process.close()
        return int(self._process.exitstatus if self._process.exitstatus is not None else -1)

    def _draw(self, seconds: float) -> None:
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            while True:
                data: Any = self._process.read_nonblocking(65536, timeout=seconds)
                self.sent += len(data)
                self.received += data
                self._stream.feed(data)
                self._text = None
                seconds = 0
