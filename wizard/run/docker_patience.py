"""Waits for Docker, which may be starting, restarting or hanging."""

import time
from collections.abc import Callable

from wizard.platform.system import NOT_THERE, System, is_stopping
from wizard.steps import removed_docker

WAIT = 90.0
"""Seconds that one way back waits for Docker, all in all: it may be starting after a boot."""

_POLL = 0.5

_SETTLING = 3.0
"""Seconds in which a Docker that hung does what it had been told before it did."""


class Patience:
    """How long one way back waits for Docker."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._left = WAIT
        self.why = "Docker does not answer."
        """What to say where it does not."""

    def answers(self, report: Callable[[str], None]) -> bool:
        """Return whether Docker answers; wait for it as long as there is patience left.

        One that was removed, with all that it knew, has nothing left to be asked.
        """
        asked = removed_docker.asked(self._system)
        if not asked:
            return True
        if asked == NOT_THERE and removed_docker.is_removed(self._system):
            kept = removed_docker.kept_data(self._system)
            self.why = removed_docker.comes_back(kept)
            return not kept
        if self._left:
            report(f"Docker does not answer. It has {self._left:.0f} seconds to come back.")
        started = time.monotonic()
        # At shutdown it does not come back.
        while time.monotonic() - started < self._left and not is_stopping(self._system):
            time.sleep(_POLL)
            if not removed_docker.asked(self._system):
                time.sleep(_SETTLING)
                self._left -= time.monotonic() - started
                return True
        self._left = 0.0
        return False
