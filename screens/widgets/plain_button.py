"""A button of one line, in brackets, so that it is one on every terminal."""

from textual.content import Content
from textual.widgets import Button


class PlainButton(Button):
    """Its label is shown literally, and it does not flash when pressed."""

    DEFAULT_CSS = """
    PlainButton {
        min-width: 1;
        &:focus { text-style: reverse bold; }
    }
    """

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002
        super().__init__(Content(f"[ {label} ]"), id=id, compact=True)
        self.active_effect_duration = 0
