"""Dims a screen while a box lies over it."""

from textual.screen import ModalScreen, Screen, ScreenResultType

_BEHIND = "-screen-suspended"
"""The class that Textual's own style sheets dim."""


class BehindScreen(Screen[ScreenResultType]):
    """A screen that is dim behind a box.

    Textual's SUSPENDED_SCREEN_CLASS has a screen that is not seen at all dimmed too, which styles
    each of its widgets anew whenever one goes on or back.
    """

    def on_screen_suspend(self) -> None:
        """Dim it where it is still seen."""
        if isinstance(self.app.screen, ModalScreen):
            self.add_class(_BEHIND)

    def on_screen_resume(self) -> None:
        """Show it as it was."""
        self.remove_class(_BEHIND)
