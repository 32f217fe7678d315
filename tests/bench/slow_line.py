"""Runs a program in a terminal behind a slow line: ``slow_line.py COMMAND [WORD ...]``.

What it prints passes at 64 kbit/s; that, and each key, is 150 ms on its way, so that 300 ms lie
between a key and the first octet that answers it.
"""

import fcntl
import os
import pty
import select
import sys
import termios
import time
import tty
from collections import deque

OCTETS_PER_SECOND = 8000
ONE_WAY = 0.15
WINDOW = 8192
"""Octets that are on the way at most: what is printed beyond waits, as it does before a socket."""


class Way:
    """One way of the line."""

    def __init__(self, target: int, octets_per_second: float) -> None:
        self._target = target
        self._rate = octets_per_second
        self._free = 0.0
        self._passing: deque[tuple[float, bytes]] = deque()
        self.on_the_way = 0

    def put(self, data: bytes) -> None:
        self._free = max(self._free, time.monotonic()) + len(data) / self._rate
        self._passing.append((self._free + ONE_WAY, data))
        self.on_the_way += len(data)

    def pass_on(self) -> None:
        while self._passing and self._passing[0][0] <= time.monotonic():
            _due, data = self._passing.popleft()
            self.on_the_way -= len(data)
            os.write(self._target, data)

    @property
    def wait(self) -> float:
        """Seconds until something arrives."""
        return max(0.0, self._passing[0][0] - time.monotonic()) if self._passing else 1.0


def main() -> int:
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606
    tty.setraw(0)
    keys, shown = Way(terminal, 1e6), Way(1, OCTETS_PER_SECOND)
    ended = False
    while not ended or shown.on_the_way:
        wanted = [0] if ended or shown.on_the_way >= WINDOW else [0, terminal]
        ready, _, _ = select.select(wanted, [], [], min(keys.wait, shown.wait))
        if 0 in ready:
            keys.put(os.read(0, 1024))
        if terminal in ready:
            try:
                shown.put(os.read(terminal, 256))
            except OSError:  # What an ended program's terminal says on Linux (pty(7)).
                ended = True
        if not ended:
            keys.pass_on()
        shown.pass_on()
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
