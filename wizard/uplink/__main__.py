"""The service's command line: ``--forwarding`` where it is to be on, then interfaces by name."""

import sys
import time

from wizard.ndp.notify import notify
from wizard.platform.service_log import say
from wizard.uplink.happenings import Happenings
from wizard.uplink.keeper import Keeper

LOOK = 1.0
"""Seconds after which it looks although nothing was told: the kernel tells of no accept_ra."""

_BURST = 0.02
"""Seconds in which more of a burst of messages is waited for."""

_ALIVE = 20.0
"""Seconds between two signs of life for systemd."""


def main(words: list[str]) -> int:
    """Serve until a signal ends the process."""
    forwarding = "--forwarding" in words
    interfaces = [word for word in words if word != "--forwarding"]
    kept = f"{', '.join(interfaces)} listening" if interfaces else "IPv6 forwarding on"
    happenings = Happenings()
    keeper = Keeper(interfaces, forwarding, say=say)
    changed, told = True, None
    while True:
        now = time.monotonic()
        due = keeper.look(now, changed)
        if told is None or now - told > _ALIVE:
            notify("READY=1", "WATCHDOG=1", f"STATUS=keeping {kept}")
            told = now
        changed = happenings.wait(LOOK if due is None else min(LOOK, due - now))
        if changed:
            time.sleep(_BURST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
