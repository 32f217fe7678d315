"""Waits for Docker, which may be starting, restarting or hanging."""

import time
from collections.abc import Callable

from wizard.platform.system import System, is_stopping

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

    def answers(self, report: Callable[[str], None]) -> bool:
        """Return whether Docker answers; wait for it as long as there is patience left."""
        if _answers(self._system):
            return True
        if self._left:
            report(f"Docker does not answer. It has {self._left:.0f} seconds to come back.")
        started = time.monotonic()
        # At shutdown it does not come back.
        while time.monotonic() - started < self._left and not is_stopping(self._system):
            time.sleep(_POLL)
            if _answers(self._system):
                time.sleep(_SETTLING)
                self._left -= time.monotonic() - started
                return True
        self._left = 0.0
        return False


def _answers(system: System) -> bool:
    asked = ("timeout", "5", "docker", "version", "--format", "{{.Server.Version}}")
    return system.run(asked).status == 0
