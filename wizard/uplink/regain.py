"""Brings default routes back that the routers on a link advertise: asks, and waits."""

import time
from collections.abc import Sequence

from wizard.uplink.kernel import Kernel

PATIENCE = 13.0
"""Seconds in which a router that is there has answered: three questions, four seconds apart, and
one more (RFC 4861 §10, MAX_RTR_SOLICITATIONS, RTR_SOLICITATION_INTERVAL)."""

_INTERVAL = 4.0
_POLL = 0.1


def regain(interfaces: Sequence[str], kernel: Kernel | None = None) -> tuple[str, ...]:
    """Ask on each interface without a default route for one, and return those still without."""
    kernel = kernel or Kernel()
    started = time.monotonic()
    due = started
    while True:
        missing = tuple(each for each in interfaces if not kernel.has_default_route(each))
        now = time.monotonic()
        if not missing or now - started > PATIENCE:
            return missing
        if now >= due:
            due = now + _INTERVAL
            for interface in missing:
                source = kernel.link_local(interface)
                if source is None or not kernel.solicit(interface, source):
                    due = now + _POLL
        time.sleep(_POLL)
