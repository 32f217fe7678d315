"""Says how far work is that takes minutes, and how long the rest may take."""

import math
import time
from collections.abc import Callable
from typing import TextIO

Progress = Callable[[str], None]
"""Is given a line for every stage. One that begins with a carriage return is passing: on a terminal
the next one takes its place."""

_EARLY = 0.1
"""The share of the work before which its own pace tells too little."""

_PAUSE = 1.0
"""Seconds between two passing lines, so that a slow terminal keeps up."""


def silent(_line: str) -> None:
    """Say nothing."""


class Pace:
    """Tells the share of a work that is done, and by its own pace the time that is left."""

    def __init__(
        self, work: float, say: Progress, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin.

        Args:
            work: All that there is to do, in any unit; as many seconds as it took elsewhere say
                most, for then they are the estimate until its own pace is known.
            say: Is given passing lines.
            clock: In seconds.
        """
        self._work, self._say, self._clock = work, say, clock
        self._begun = clock()
        self._said = self._begun - _PAUSE
        self._done = 0.0

    @property
    def left(self) -> float:
        """The seconds that the rest may take."""
        share = self.share
        by_own_pace = (self._clock() - self._begun) * (1 - share) / share if share else 0.0
        return by_own_pace if share >= _EARLY else self._work * (1 - share)

    @property
    def share(self) -> float:
        """What is done of the work, below 1: it is only over when whoever does it says so."""
        return min(self._done / self._work, 0.99)

    def did(self, work: float, what: str) -> None:
        """Add work that was done, and say how far it is and what is done now."""
        self._done += work
        now = self._clock()
        if now - self._said >= _PAUSE:
            self._said = now
            self._say(f"\r{self.share:4.0%}, {in_words(self.left)} left. {what}")


def in_words(seconds: float) -> str:
    """Return a time about as exact as it is known."""
    if seconds < 50:
        return f"about {max(10, math.ceil(seconds / 10) * 10)} seconds"
    minutes = max(1, round(seconds / 60))
    return "about a minute" if minutes == 1 else f"about {minutes} minutes"


class Lines:
    """Writes progress to a terminal, passing lines over one another."""

    def __init__(self, stream: TextIO, columns: Callable[[], int]) -> None:
        """Take the terminal, and how wide it is now."""
        self._stream, self._columns = stream, columns
        self._passing = False

    def __call__(self, line: str) -> None:
        """Write a line."""
        # The last column stays free, for some terminals go on to the next line once it is full.
        width = max(self._columns() - 1, 1)
        over = f"\r{' ' * width}\r" if self._passing else ""
        self._passing = line.startswith("\r")
        self._stream.write(f"{over}{line[1 : width + 1]}" if self._passing else f"{over}{line}\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave the terminal at the beginning of a line."""
        if self._passing:
            self._passing = False
            self._stream.write("\n")
            self._stream.flush()
