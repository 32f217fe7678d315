"""Whether somebody asked the process that changes the host to stop."""

import signal
from types import FrameType


class Cancelled:
    """Whether somebody asked for a stop; SIGTERM and SIGINT ask for one."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Take the signals over. A second one changes nothing: a rollback is not interrupted."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def __call__(self) -> bool:
        """Return whether a stop was asked for."""
        return self.asked

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
