"""What undo would take back: compared with the host, anew whenever something else is chosen."""

from __future__ import annotations

from collections.abc import Callable

from textual.dom import DOMNode

from screens.background import Renewed
from screens.waiting import Then, Waiting
from wizard.platform.later import later
from wizard.session import Session
from wizard.steps.comparing import Resolution

with later():
    from wizard.run import undoing


class TakingBack:
    """The preview of an undo, and what was chosen in it."""

    def __init__(self, session: Session, owner: DOMNode, changed: Callable[[], None]) -> None:
        """Take the session, what threads belong to, and what is called after every change."""
        self._changed = changed
        self.preview: undoing.UndoPreview | None = None
        """What would be taken back, once it has been compared."""
        self.chosen: dict[int, dict[str, Resolution]] | None = None
        """What becomes of what somebody changed; None until it has been compared once."""
        self._waiting = Waiting()
        self._comparing: Renewed[undoing.Chosen | None, undoing.UndoPreview] = Renewed(
            owner,
            "Comparing the record with this host",
            session.undo_preview,
            self._compared,
            self._not_compared,
        )

    @property
    def busy(self) -> bool:
        """Whether the host is being compared."""
        return self._comparing.busy

    def look(self, then: Then) -> None:
        """Compare the record with the host, with what is chosen now."""
        self._waiting.add(then)
        self._comparing.ask(self.chosen)

    def choose(self, step: int, name: str, choice: Resolution, then: Then) -> None:
        """Choose what becomes of an object, and compare anew."""
        if self.chosen is None:
            return
        self.chosen = {**self.chosen, step: {**self.chosen.get(step, {}), name: choice}}
        self.look(then)

    def forget(self) -> None:
        """Begin anew: it is taken back."""
        self.preview, self.chosen = None, None

    def _compared(self, preview: undoing.UndoPreview) -> None:
        self.preview, self.chosen = preview, preview.chosen
        self._tell(None)

    def _not_compared(self, complaint: str) -> None:
        self.preview = None
        self._tell(complaint)

    def _tell(self, complaint: str | None) -> None:
        self._waiting.tell(complaint)
        self._changed()
