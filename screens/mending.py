"""What a repair would put back: compared with the host, anew whenever something else is chosen."""

from __future__ import annotations

from collections.abc import Callable

from textual.dom import DOMNode

from screens.background import Renewed
from screens.waiting import Then, Waiting
from wizard.platform.later import later
from wizard.session import Session
from wizard.steps.comparing import Resolution

with later():
    from wizard.run import repairing


class Mending:
    """The preview of a repair, and what was chosen in it."""

    def __init__(self, session: Session, owner: DOMNode, changed: Callable[[], None]) -> None:
        """Take the session, what threads belong to, and what is called after every change."""
        self._changed = changed
        self.repair: repairing.Repair | None = None
        """What would be put back, once it has been compared."""
        self.choice = Resolution.KEEP
        """What becomes of what somebody changed: theirs stays, or ours is put back."""
        self._waiting = Waiting()
        self._comparing: Renewed[Resolution, repairing.Repair] = Renewed(
            owner, "Looking at every step", session.repair, self._compared, self._not_compared
        )

    def look(self, then: Then) -> None:
        """Look at every step, with what is chosen now."""
        self._waiting.add(then)
        self._comparing.ask(self.choice)

    def forget(self) -> None:
        """Begin anew: it is put back, or nobody asks any more."""
        self.repair, self.choice = None, Resolution.KEEP

    def _compared(self, repair: repairing.Repair) -> None:
        self.repair = repair
        self._tell(None)

    def _not_compared(self, complaint: str) -> None:
        self.repair = None
        self._tell(complaint)

    def _tell(self, complaint: str | None) -> None:
        self._waiting.tell(complaint)
        self._changed()
