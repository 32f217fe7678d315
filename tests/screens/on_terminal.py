"""The screens over a made-up session, as a program on a terminal: ``python -m`` this."""

import sys
import time

from screens.app import run_app
from tests.screens.made_up_session import MadeUpSession
from wizard.platform import streams

if __name__ == "__main__":
    streams.take_every_letter()
    sys.exit(run_app(MadeUpSession(counts_since=time.monotonic())))
