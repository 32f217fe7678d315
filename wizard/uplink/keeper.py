"""Keeps interfaces listening to router advertisements, and asks for one where a route is missing.

Level-triggered: whatever happened, it compares what should be with what is, and mends the
difference.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wizard.uplink.kernel import Kernel

_FIRST, _LONGEST = 4.0, 3600.0
"""Seconds between the first two solicitations, and at most (IRT and MRT of RFC 7559 §2.1)."""

_SPREAD = 0.1
"""By what part of it a pause is longer or shorter at random (RAND, RFC 8415 §15)."""

_LISTENS = 2
"""accept_ra: listen though the interface forwards (ip-sysctl.rst)."""


class Keeping(Protocol):
    """What the keeper needs of a kernel; see :class:`wizard.uplink.kernel.Kernel`."""

    def accept_ra(self, interface: str) -> int | None: ...  # noqa: D102
    def listen(self, interface: str) -> None: ...  # noqa: D102
    def forwards(self) -> bool | None: ...  # noqa: D102
    def forward(self) -> None: ...  # noqa: D102
    def link_local(self, interface: str) -> str | None: ...  # noqa: D102
    def has_default_route(self, interface: str) -> bool: ...  # noqa: D102
    def solicit(self, interface: str, source: str) -> bool: ...  # noqa: D102


@dataclass
class _Asking:
    """How far the questions on one link have come."""

    pause: float = 0.0
    due: float = 0.0
    deaf: bool = False
    """Whether advertisements may have been missed since the last question."""


class Keeper:
    """Keeps some interfaces as they should be, at every look.

    Args:
        interfaces: Their names; one that is not there is waited for.
        forwarding: Whether IPv6 forwarding is to be on from the start; else it is kept on from
            when somebody, such as Docker, has switched it on.
        kernel: Where to look.
        say: Takes a sentence for the log.
    """

    def __init__(
        self,
        interfaces: Sequence[str],
        forwarding: bool = False,
        kernel: Keeping | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._kernel = kernel or Kernel()
        self._asking = {interface: _Asking() for interface in interfaces}
        self._forwarding = forwarding
        self._say = say

    def look(self, now: float, changed: bool = True) -> float | None:
        """Mend what is not as it should be; return when to ask again on a link, if at all.

        Args:
            now: The time on a monotonic clock, in seconds.
            changed: Whether a link, an address or a route may have changed since the last look.
        """
        for interface, asking in self._asking.items():
            value = self._kernel.accept_ra(interface)
            if value is None or value == _LISTENS:
                continue
            self._kernel.listen(interface)
            self._say(f"accept_ra of {interface} was {value} and is {_LISTENS} again.")
            asking.deaf = changed = True
        # After the above: the kernel drops the routes of interfaces that do not listen by then.
        self._keep_forwarding()
        times = [
            self._ask(interface, asking, now) if changed or asking.pause or asking.deaf else None
            for interface, asking in self._asking.items()
        ]
        return min((time for time in times if time is not None), default=None)

    def _keep_forwarding(self) -> None:
        forwards = self._kernel.forwards()
        if forwards:
            self._forwarding = True
        elif forwards is False and self._forwarding:
            self._kernel.forward()
            self._say("IPv6 forwarding was off and is on again.")

    def _ask(self, interface: str, asking: _Asking, now: float) -> float | None:
        """Ask where it is time to; return when it is time again."""
        source = self._kernel.link_local(interface)
        if source is None:
            # It is down or new: begin anew once it is up.
            asking.pause = asking.due = 0.0
            return None
        if not asking.deaf and self._kernel.has_default_route(interface):
            asking.pause = asking.due = 0.0
            return None
        if asking.deaf or now >= asking.due:
            if not self._kernel.solicit(interface, source):
                asking.pause, asking.due = _FIRST, now + _FIRST
                return asking.due
            asking.deaf = False
            asking.pause = min(asking.pause * 2, _LONGEST) if asking.pause else _FIRST
            asking.due = now + asking.pause * (1 + random.uniform(-_SPREAD, _SPREAD))  # noqa: S311
        return asking.due
