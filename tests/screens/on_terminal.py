"""The screens over a made-up session, as a program on a terminal: ``python -m`` this."""

import sys
import time
from dataclasses import dataclass, field

from screens.app import run_app
from tests.screens.made_up_session import MadeUpSession
from wizard.platform import streams

WINDOW = 107.0


@dataclass
class Counting(MadeUpSession):
    """A session whose time for an answer runs."""

    begun: float = field(default_factory=time.monotonic)

    def seconds_left(self) -> float | None:
        return WINDOW - (time.monotonic() - self.begun)


if __name__ == "__main__":
    streams.take_every_letter()
    sys.exit(run_app(Counting()))
