"""Covers the screens while the terminal is too small for them."""

from textual.app import App
from textual.events import Resize
from textual.geometry import Size

from screens.modals import SMALLEST, TooSmallModal


class FittingApp(App[int]):
    """An app that says when it does not fit, and goes on as soon as it does."""

    def on_resize(self, event: Resize) -> None:
        """Check that the screens still fit."""
        self.fit(event.size)

    def fit(self, size: Size) -> None:
        """Say so where the terminal is too small, and go on as soon as it is not."""
        too_small = size.width < SMALLEST[0] or size.height < SMALLEST[1]
        # Below the first screen is Textual's own, which is empty.
        begun = len(self.screen_stack) > 1
        covered = any(isinstance(screen, TooSmallModal) for screen in self.screen_stack)
        if too_small and begun and not covered:
            self.push_screen(TooSmallModal())
        elif not too_small and isinstance(self.screen, TooSmallModal):
            self.pop_screen()
