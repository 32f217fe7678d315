"""Covers the screens while the terminal is too small for them."""

from textual.app import App, ComposeResult
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from screens.styled_once import StyledOnceScreen

SMALLEST = (80, 24)
"""Columns and rows below which the screens do not fit."""


class TooSmallModal(ModalScreen[None], StyledOnceScreen[None]):
    """Covers the screen while the terminal is too small for it."""

    def compose(self) -> ComposeResult:
        """Compose the sentence."""
        columns, rows = SMALLEST
        yield Static(
            Content(
                f"This terminal is too small: the wizard needs {columns} columns and {rows} "
                "rows. Make the window larger and it continues by itself. Nothing is lost. Ctrl+Q "
                "leaves; wizard --ask asks the same line by line, on any terminal."
            ),
            id="sentence",
            markup=False,
        )


class FittingApp(App[int]):
    """An app that says when it does not fit, and goes on as soon as it does."""

    def on_resize(self, event: Resize) -> None:
        """Check that the screens still fit."""
        self.fit(event.size)

    def fit(self, size: Size) -> None:
        """Say so where the terminal is too small, and go on as soon as it is not."""
        too_small = size.width < SMALLEST[0] or size.height < SMALLEST[1]
        covered = any(isinstance(screen, TooSmallModal) for screen in self.screen_stack)
        if too_small and not covered:
            self.push_screen(TooSmallModal())
        elif not too_small and isinstance(self.screen, TooSmallModal):
            self.pop_screen()
