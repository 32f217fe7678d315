"""Holds signals back while a program is started: nobody could end it before its number is known."""

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class HeldSignals:
    """From when it is made until :meth:`let_go`, those that end this process wait."""

    def __init__(self) -> None:
        self._came: list[int] = []
        self._before: dict[int, Any] = {}
        # Python runs handlers in the main thread alone, and only that one may set them (signal).
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _SIGNALS:
            # What is started is not to mind what is ignored here.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, self._note)

    def let_go(self) -> None:
        """Handle signals as before, and those that came by now; a second call does nothing.

        Raises:
            BaseException: What a handler raises.
        """
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        came, self._came = self._came, []
        for number in came:
            os.kill(os.getpid(), number)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._came.append(number)


def started(argv: Sequence[str], **how: Any) -> tuple[subprocess.Popen[str], HeldSignals]:  # noqa: ANN401 - as Popen takes it
    """Start a command whose output is text, and return it with the signals that wait for that.

    Raises:
        OSError: It cannot be started.
    """
    signals = HeldSignals()
    try:
        process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            **how,
        )
    except BaseException:
        signals.let_go()
        raise
    return process, signals
