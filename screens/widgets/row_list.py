"""A list whose cursor is a row in reverse video, which can be read on every terminal."""

from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.style import Style
from textual.widgets import OptionList

_CURSOR = "option-list--option-highlighted"

_USUAL = 77
"""Columns of a list before the layout knows them."""


class RowList(OptionList):
    """Without the focus, the row is bold alone, so that one thing on a screen looks chosen.

    Page keys show what is below and above it, once it has nothing more to show itself: what they
    are pressed for is to read on, and never to choose.

    Its rows are broken between words. The scrollbar's column is left free always, or its coming
    would break them anew.
    """

    DEFAULT_CSS = """
    RowList {
        border: none;
        padding: 0;
        scrollbar-size-vertical: 1;
        &:focus { border: none; }
    }
    """

    _drawn_width = 0

    def row(self, index: int, width: int) -> Content:
        """Return a row, broken for a width in columns."""
        raise NotImplementedError

    def row_now(self, index: int) -> Content:
        """Return a row at the width that the list has."""
        return self.row(index, (self.outer_size.width or _USUAL) - 1)

    def action_page_down(self) -> None:
        """Show more of the list, or else of the screen."""
        # While something else has its place, it has no lines to go by.
        if self.size and self.scroll_offset.y < self.max_scroll_y:
            super().action_page_down()  # type: ignore[no-untyped-call]
        elif self._around is not None:
            self._around.scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        """Show what came before, of the screen or else of the list."""
        if self._around is not None and self._around.scroll_offset.y > 0:
            self._around.scroll_page_up(animate=False)
        elif self.size and self.scroll_offset.y > 0:
            super().action_page_up()  # type: ignore[no-untyped-call]

    @property
    def _around(self) -> VerticalScroll | None:
        """What scrolls it out of sight."""
        return next((each for each in self.ancestors if isinstance(each, VerticalScroll)), None)

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Bring the cursor back into sight, where it is moved after one has read on."""
        super().watch_highlighted(highlighted)
        around = self._around
        if around is None or not around.region or highlighted is None or not self.has_focus:
            return
        above = _lines(map(self.row_now, range(highlighted)))
        at = self.region.y + above - self.scroll_offset.y
        if at not in range(around.region.y, around.region.bottom):
            self.scroll_visible(animate=False)

    def on_resize(self, _event: Resize) -> None:
        """Break the lines anew."""
        if self.outer_size.width != self._drawn_width:
            self._drawn_width = self.outer_size.width
            for index in range(self.option_count):
                self.replace_option_prompt_at_index(index, self.row_now(index))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are at a width, which those that are drawn may not have yet.

        Otherwise what is below stays where the lines of before a resize ended.
        """
        return _lines(self.row(index, width - 1) for index in range(self.option_count))

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """Return the style of a part of it; Textual leaves reverse video out there."""
        style = super().get_visual_style(*component_classes, partial=partial)
        here = _CURSOR in component_classes and self.has_focus and self.screen.is_current
        return style + Style(reverse=True) if here else style


def _lines(rows: Iterable[Content]) -> int:
    """Return how many lines rows are that have been broken."""
    return sum(row.plain.count("\n") + 1 for row in rows)
