"""The steps of a plan or a run, one below the other, to move through with the arrow keys."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets.option_list import Option

from screens import wrapping
from screens.widgets.row_list import RowList


class StepList(RowList):
    """Lines that are broken between words, with those that belong together kept together."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, compact=True, markup=False)
        self._shown_lines: tuple[tuple[str, str], ...] = ()

    def show(self, lines: Sequence[tuple[str, str]]) -> None:
        """Show these lines, each as what stands in front and what is said; the cursor stays."""
        if tuple(lines) == self._shown_lines:
            return
        same = len(lines) == len(self._shown_lines)
        before, self._shown_lines = self._shown_lines, tuple(lines)
        if same:
            for index, line in enumerate(lines):
                if line != before[index]:
                    self.replace_option_prompt_at_index(index, self.row_now(index))
            return
        at = self.highlighted or 0
        self.clear_options()
        self.add_options([Option(self.row_now(index)) for index in range(len(lines))])
        if lines:
            self.highlighted = min(at, len(lines) - 1)

    def row(self, index: int, width: int) -> Content:
        """Return a line, broken for a width in columns."""
        front, words = self._shown_lines[index]
        return Content("\n".join(wrapping.prose(words, width, front, " " * len(front))))
