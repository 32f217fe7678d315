"""The service: waits for the kernel, and starts the program that has the containers follow."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

from wizard.ndp.notify import notify
from wizard.platform.service_log import say
from wizard.platform.text import clean
from wizard.prefix import seen
from wizard.prefix.follower import Follower, Outcome
from wizard.prefix.outcome import FOLLOWED, LATER
from wizard.program import program
from wizard.uplink.happenings import Happenings

_PATIENCE = 900.0
"""Seconds that the program may take; what changes the host then is a process of its own."""

_BURST = 1.0
"""Seconds in which more of a burst of messages is waited for: Docker makes many."""

_OUTCOMES = {0: Outcome.NOTHING, FOLLOWED: Outcome.FOLLOWED, LATER: Outcome.LATER}


class _Acting:
    """Starts the program, and tells what it said unless that is what it said before."""

    def __init__(self) -> None:
        self._told = ""

    def __call__(self) -> Outcome:
        try:
            done = subprocess.run(
                program.command("wizard.prefix_follower"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=_PATIENCE,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            say(f"The program that has the containers follow did not end well: {error}")
            return Outcome.FAILED
        said = clean(done.stdout).strip()
        if said and said != self._told:
            say(said)
        self._told = said
        return _OUTCOMES.get(done.returncode, Outcome.FAILED)


def main() -> int:
    """Serve until a signal ends the process."""
    happenings = Happenings()
    follower = Follower(_prefixes, _Acting(), say)
    while True:
        pause = follower.look(time.monotonic)
        notify("READY=1", "STATUS=looking at the prefixes of the uplink")
        if happenings.wait(pause):
            time.sleep(_BURST)


def _prefixes() -> frozenset[seen.Prefix]:
    return seen.prefixes(_read("/proc/net/if_inet6"), _read("/proc/net/ipv6_route"))


def _read(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text(encoding="ascii", errors="replace")
    return ""


if __name__ == "__main__":
    sys.exit(main())
