"""The steps of a plan or a run, one below the other, to move through with the arrow keys."""

from collections.abc import Sequence

from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.widgets.option_list import Option

from screens import wrapping
from screens.widgets.row_list import RowList


class StepList(RowList):
    """Lines that are broken between words, with those that belong together kept together."""

    DEFAULT_CSS = """
    StepList {
        border: none;
        padding: 0;
        scrollbar-size-vertical: 1;
        &:focus { border: none; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, compact=True, markup=False)
        self._shown_lines: tuple[tuple[str, str], ...] = ()
        self._drawn_width = 0

    def show(self, lines: Sequence[tuple[str, str]]) -> None:
        """Show these lines, each as what stands in front and what is said; the cursor stays."""
        if tuple(lines) == self._shown_lines:
            return
        same = len(lines) == len(self._shown_lines)
        before, self._shown_lines = self._shown_lines, tuple(lines)
        if same:
            for index, line in enumerate(lines):
                if line != before[index]:
                    self.replace_option_prompt_at_index(index, self._prompt(line))
            return
        at = self.highlighted or 0
        self.clear_options()
        self.add_options([Option(self._prompt(line)) for line in lines])
        if lines:
            self.highlighted = min(at, len(lines) - 1)

    def on_resize(self, event: Resize) -> None:
        """Break the lines anew."""
        if event.size.width != self._drawn_width:
            self._drawn_width = event.size.width
            for index, line in enumerate(self._shown_lines):
                self.replace_option_prompt_at_index(index, self._prompt(line))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are at a width, which those that are drawn may not have yet.

        Otherwise what is below stays where the lines of before a resize ended.
        """
        return sum(len(_broken(line, width)) for line in self._shown_lines)

    def _prompt(self, line: tuple[str, str]) -> Content:
        return Content("\n".join(_broken(line, self.size.width or 78)))


def _broken(line: tuple[str, str], width: int) -> list[str]:
    front, words = line
    return wrapping.prose(words, width - 1, front, " " * len(front))
