"""Keeps the answers on the disk while they are given, in a thread that nothing waits for."""

import threading
from collections.abc import Callable

from wizard.answers.choices import Choices

SAVED_WITHIN = 2.0
"""Seconds to wait for answers that are being written, before the wizard goes on or ends."""


class Saver:
    """Writes the newest answers as soon as the ones before are written; a slow disk skips some."""

    def __init__(self, keep: Callable[[Choices], bool]) -> None:
        """Take what keeps answers and returns whether it could."""
        self._keep = keep
        self._changed = threading.Condition()
        self._next: Choices | None = None
        self._kept: Choices | None = None
        self._works = False
        self.failed = False
        """Whether the last answers could not be kept."""

    def save(self, choices: Choices) -> None:
        """Have these answers kept."""
        with self._changed:
            if self._next is None and not self._works and choices == self._kept:
                return
            self._next = choices
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="keep the answers", daemon=True).start()

    @property
    def busy(self) -> bool:
        """Whether answers are being written."""
        return self._works

    def wait(self, seconds: float) -> bool:
        """Wait until all answers are kept, so many seconds at most, and return whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._works, seconds)

    def _work(self) -> None:
        while True:
            with self._changed:
                choices, self._next = self._next, None
                if choices is None:
                    self._works = False
                    self._changed.notify_all()
                    return
            done = self._keep(choices)
            with self._changed:
                self._kept = choices if done else None
                self.failed = not done
