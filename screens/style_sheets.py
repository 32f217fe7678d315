"""The style sheets: what the first screen needs at once, and the others before another comes."""

from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.screen import Screen

_FIRST = ("welcome", "home")
"""The screens of which one comes first."""

_FOLDER = Path(__file__).parent


class StyleSheetsApp(App[int]):
    """An app that parses no style sheet that nobody sees yet.

    Textual reads those of a screen when it is shown, and parses all there are anew for that.
    """

    # What a sheet says holds for the screen of its name, after what the first two say of all.
    # Textual declares it wider than what it takes.
    CSS_PATH: ClassVar[list[str]] = [  # type: ignore[assignment]
        *("app.tcss", "step.tcss"),
        *(f"{name}.tcss" for name in _FIRST),
    ]

    def read_other_sheets(self) -> None:
        """Parse those that are not parsed yet."""
        others = [path for path in sorted(_FOLDER.glob("*.tcss")) if not self._has_sheet(path)]
        if others:
            self.stylesheet.read_all(others)
            self.stylesheet.parse()

    def _has_sheet(self, path: Path) -> bool:
        return self.stylesheet.has_source(str(path))

    def _load_screen_css(self, screen: Screen[object]) -> None:
        if getattr(screen, "NAME", "") not in _FIRST:
            self.read_other_sheets()
        super()._load_screen_css(screen)
