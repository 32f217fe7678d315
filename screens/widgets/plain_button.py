"""A button of one line, in brackets, so that it is one on every terminal."""

from textual.content import Content
from textual.widgets import Button


# Textual's own style sheet for buttons is for nine looks of which none is this one, and to parse it
# takes longer than to parse all of ours.
class PlainButton(Button, inherit_css=False):
    """Its label is shown literally, and it does not flash when pressed."""

    DEFAULT_CSS = """
    PlainButton {
        width: auto;
        min-width: 1;
        height: auto;
        line-pad: 1;
        color: $foreground;
        background: $background;
        text-style: bold;
        &:focus { text-style: reverse bold; }
    }
    """

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002
        super().__init__(Content(f"[ {label} ]"), id=id, compact=True)
        self.active_effect_duration = 0
