"""The line at the top of every screen: what program this is, and which step of how many."""

from textual.content import Content
from textual.widgets import Static

PROGRAM = "IPv6 for containers"


class TitleLine(Static):
    """The program's name on the left, and the step on the right."""

    DEFAULT_CSS = """
    TitleLine {
        dock: top;
        height: 1;
        text-style: reverse bold;
    }
    """

    def __init__(self, step: str) -> None:
        super().__init__(markup=False)
        self._step = step

    def show(self, step: str) -> None:
        """Show another step."""
        if step != self._step:
            self._step = step
            self.refresh()

    def render(self) -> Content:
        """Fill the line, however wide it is."""
        gap = max(1, self.size.width - len(PROGRAM) - len(self._step) - 2)
        return Content(f" {PROGRAM}{' ' * gap}{self._step} ")
