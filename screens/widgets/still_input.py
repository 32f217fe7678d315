"""A line to type in whose cursor does not blink: a blink is sent over the line, twice a second."""

from textual.widgets import Input


class StillInput(Input):
    """Takes one line of text."""

    def __init__(self, *, id: str, max_length: int) -> None:  # noqa: A002
        super().__init__(id=id, compact=True, max_length=max_length)
        self.cursor_blink = False
