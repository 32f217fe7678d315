"""A scrollbar of whole cells: consoles have no letters for parts of one."""

from typing import ClassVar

from textual.scrollbar import ScrollBar, ScrollBarRender


class PlainScrollBar(ScrollBarRender):
    """The part that is in sight is shown in reverse video."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


def use() -> None:
    """Show all scrollbars so."""
    ScrollBar.renderer = PlainScrollBar
