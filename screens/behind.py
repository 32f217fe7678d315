"""Dims a screen while a box lies over it."""

from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Button

from screens.styled_once import StyledOnceScreen

_BEHIND = "-screen-suspended"
"""The class that Textual's own style sheets dim."""


class BehindScreen(StyledOnceScreen[ScreenResultType]):
    """A screen that is dim behind a box.

    Textual's SUSPENDED_SCREEN_CLASS has a screen that is not seen at all dimmed too, which styles
    each of its widgets anew whenever one goes on or back.
    """

    def on_screen_suspend(self) -> None:
        """Dim it where it is still seen."""
        if isinstance(self.app.screen, ModalScreen):
            self._dim(True)

    def on_screen_resume(self) -> None:
        """Show it as it was."""
        if self.has_class(_BEHIND):
            self._dim(False)

    def _dim(self, dim: bool) -> None:
        # To set the class alone has Textual look up the styles of all there is on the screen. Those
        # of these differ; what is on them is dim with the screen, and forgets how it was.
        self.set_class(dim, _BEHIND, update=False)
        inner = self.query()
        for each in inner:
            each.notify_style_update()
        styled = [each for each in inner if isinstance(each, Button) or each.is_scrollable]
        self.app.stylesheet.update_nodes([self, *styled], animate=True)
