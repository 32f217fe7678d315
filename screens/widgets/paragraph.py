"""Words that screens tell again and again, whether they are others or not."""

from textual.visual import VisualType
from textual.widgets import Static


class Paragraph(Static):
    """Lays the screen out anew only where there is something else to read."""

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show other words; Textual would lay out all anew for the same ones, too."""
        if content != self.content:
            super().update(content, layout=layout)
