"""Keeps what the person gives on the disk while it is given, in a thread that nothing waits for."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")

SAVED_WITHIN = 2.0
"""Seconds to wait for answers that are being written, before the wizard goes on or ends."""


class Saver(Generic[Kept]):
    """Writes the newest value as soon as the one before is written; a slow disk skips some."""

    def __init__(self, keep: Callable[[Kept], bool]) -> None:
        """Take what keeps a value and returns whether it could."""
        self._keep = keep
        self._changed = threading.Condition()
        self._next: Kept | None = None
        self._kept: Kept | None = None
        self._works = False
        self.failed = False
        """Whether the last value could not be kept."""

    def save(self, value: Kept) -> None:
        """Have this value kept."""
        with self._changed:
            if self._next is None and not self._works and value == self._kept:
                return
            self._next = value
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="keep the answers", daemon=True).start()

    @property
    def busy(self) -> bool:
        """Whether a value is being written."""
        return self._works

    def wait(self, seconds: float) -> bool:
        """Wait until all is kept, so many seconds at most, and return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._works, seconds)

    def _work(self) -> None:
        while True:
            with self._changed:
                value, self._next = self._next, None
                if value is None:
                    self._works = False
                    self._changed.notify_all()
                    return
            try:
                done = self._keep(value)
            except Exception:  # Whatever it is, this value is not kept, and the next may be.
                done = False
            with self._changed:
                self._kept = value if done else None
                self.failed = not done
