"""A list whose cursor is a row in reverse video, which can be read on every terminal."""

from textual.style import Style
from textual.widgets import OptionList

_CURSOR = "option-list--option-highlighted"


class RowList(OptionList):
    """Without the focus, the row is bold alone, so that one thing on a screen looks chosen."""

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """Return the style of a part of it; Textual leaves reverse video out there."""
        style = super().get_visual_style(*component_classes, partial=partial)
        here = _CURSOR in component_classes and self.has_focus and self.screen.is_current
        return style + Style(reverse=True) if here else style
