"""Puts fixed proxy entries back: the kernel drops them whenever the uplink is taken down.

``python -m wizard.ndp.fixed_service --uplink eth0 --address ADDRESS …`` does so until it is
stopped, and leaves them.
"""

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from ipaddress import IPv6Address

from wizard.ndp import fixed
from wizard.ndp import uplink as uplinks
from wizard.ndp.notify import notify

_PERIOD = 30.0
"""Seconds after which they are put back although nothing was told."""

_BURST = 0.02
"""Seconds in which more of a burst of messages is waited for."""

_TIMEOUT = 5.0


def main(words: Sequence[str]) -> int:
    """Serve until a signal ends the process."""
    uplink, addresses = words[1], words[3::2]
    commands = fixed.commands(uplink, map(IPv6Address, addresses))
    lines = "".join(f"{' '.join(command[2:])}\n" for command in commands)
    at_once = uplinks.AtOnce(uplink)
    wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
    threading.Thread(target=_follow, args=(uplink, wakes), daemon=True).start()
    while True:
        # While the interface is away it fails, and is tried again when it comes.
        with contextlib.suppress(OSError, subprocess.TimeoutExpired), at_once.words() as change:
            subprocess.run(
                ["ip", "-6", "-force", "-batch", "-"],
                input=f"{' '.join(change)}\n{lines}" if change else lines,
                text=True,
                timeout=_TIMEOUT,
                stderr=subprocess.DEVNULL,
            )
        notify("READY=1", "WATCHDOG=1", f"STATUS=answering for {len(addresses)} on {uplink}")
        with contextlib.suppress(queue.Empty):
            wakes.get(timeout=_PERIOD)
            time.sleep(_BURST)
            while True:
                wakes.get_nowait()


def _follow(uplink: str, wakes: "queue.SimpleQueue[None]") -> None:
    with contextlib.suppress(OSError):
        for _ in uplinks.changes(uplink):
            wakes.put(None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
