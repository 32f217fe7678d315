"""Lines that are broken between words, for whatever width there is."""

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

Lines = Callable[[int], Sequence[Content | str]]
"""Returns the lines for a width in columns."""


class Prose(Widget):
    """Takes as many lines as there are at its width, and no room where there are none.

    What was broken before the layout knew the width would leave what is below where the lines of
    before ended.
    """

    DEFAULT_CSS = """
    Prose {
        height: auto;
        display: none;
        &.-said { display: block; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes, markup=False)
        self._lines: Lines = lambda _width: ()
        self._broken: dict[int, Sequence[Content | str]] = {}

    def show(self, lines: Lines) -> None:
        """Show other lines."""
        self._lines, self._broken = lines, {}
        self.set_class(bool(self._at(self.size.width or 80)), "-said")
        self.refresh(layout=True)

    def _at(self, width: int) -> Sequence[Content | str]:
        if width not in self._broken:
            self._broken = {width: self._lines(width)}
        return self._broken[width]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are at a width."""
        return len(self._at(width))

    def render(self) -> Content:
        """Return the lines at the width that it has."""
        return Content("\n").join(
            each if isinstance(each, Content) else Content(each)
            for each in self._at(self.size.width)
        )
