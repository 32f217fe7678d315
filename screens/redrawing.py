"""Sends the screen anew over what another program has written on the terminal, as wall(1) does."""

from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.timer import Timer

REDRAWN_EVERY = 2.0
"""Seconds between two times that the whole screen is sent anew while a run is followed."""


class RedrawnApp(App[int]):
    """An app on a terminal that others may write on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "redraw", show=False, priority=True),
    ]

    _redrawing: Timer | None = None

    def keep_redrawing(self) -> None:
        """Redraw again and again: the guard of a run tells everybody who is logged in of it."""
        if self._redrawing is None:
            self._redrawing = self.set_interval(REDRAWN_EVERY, self.action_redraw)

    def action_redraw(self) -> None:
        """Send the whole screen anew, over whatever another program has written there."""
        # A timer may end once more while the program does.
        if self.is_running and self.screen_stack:
            self.screen.refresh()
