"""Looks up the styles of a widget when it is mounted, and neither before nor once more after."""

from textual.app import App
from textual.dom import DOMNode
from textual.events import ScreenResume
from textual.screen import ScreenResultType

from screens.sending import SentScreen


class StyledOnceApp(App[int]):
    """An app whose widgets get no styles before they are on a screen."""

    def update_styles(self, node: DOMNode, animate: bool = True) -> None:
        """Look up the styles of what is on a screen; Textual does that of all that comes there."""
        if node is self or node.is_attached:
            super().update_styles(node, animate)


class StyledOnceScreen(SentScreen[ScreenResultType]):
    """A screen whose styles stay as they were when its widgets were mounted, which is just before.

    No theme changes while the wizard runs, and a style sheet that is parsed later is of a screen
    that comes later.
    """

    def _on_screen_resume(self, event: ScreenResume) -> None:
        # Textual's own handler of this event comes afterwards, and would look up all of them.
        event.refresh_styles = False
