"""When to look whether the containers have to follow: not while anything moves, and not often."""

from collections.abc import Callable, Hashable
from enum import Enum, auto

SETTLED = 10.0
"""Seconds for which the uplink must have had the same prefixes."""

_LOOK = 60.0
"""Seconds after which it looks although nothing was told, and between two looks that find nothing
to do: an advertisement costs its sender little."""

AGAIN = 600.0
"""Seconds at least between the end of a renumbering and the next, and after the first that failed;
after each one more that fails it is twice as long."""

_LONGEST = 24 * 3600.0


class Outcome(Enum):
    """What came of having the containers follow."""

    NOTHING = auto()
    """There was nothing to do."""
    FOLLOWED = auto()
    FAILED = auto()
    """All is as before."""
    LATER = auto()
    """It is not known yet whether there is anything to do."""


class Follower:
    """Decides at every look.

    Args:
        seen: Returns what the uplink has now.
        act: Has the containers follow, where they have to.
        say: Takes a sentence for the journal.
    """

    def __init__(
        self,
        seen: Callable[[], Hashable],
        act: Callable[[], Outcome],
        say: Callable[[str], None] = print,
    ) -> None:
        self._seen, self._act, self._say = seen, act, say
        self._last: Hashable = None
        self._since = self._not_before = 0.0
        self._failed = 0
        self._open = True
        self._limited = self._told = False

    def look(self, clock: Callable[[], float]) -> float:
        """Have the containers follow where it is time to; return the seconds to the next look.

        ``clock`` tells seconds that never go back.
        """
        found, now = self._seen(), clock()
        if found != self._last:
            self._last, self._since = found, now
            self._open, self._told = True, False
        if not self._open:
            return _LOOK
        due = max(self._since + SETTLED, self._not_before)
        if due > now:
            if self._limited and self._not_before > now + SETTLED and not self._told:
                self._told = True
                self._say(
                    "The uplink's prefixes have changed again. Containers follow at most once in "
                    f"{AGAIN / 60:.0f} minutes, so it is looked at in {(due - now) / 60:.0f}."
                )
            return min(due - now, _LOOK)
        outcome = self._act()
        self._failed = self._failed + 1 if outcome is Outcome.FAILED else 0
        self._limited = outcome in (Outcome.FOLLOWED, Outcome.FAILED)
        self._open = outcome in (Outcome.FAILED, Outcome.LATER)
        pause = min(AGAIN * 2 ** max(0, self._failed - 1), _LONGEST) if self._limited else _LOOK
        self._not_before = clock() + pause
        return SETTLED
