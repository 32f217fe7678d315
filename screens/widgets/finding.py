"""One line about the host: the verdict in a word, what it is about, and what was found."""

from typing import Any

from textual.app import ComposeResult
from textual.containers import HorizontalGroup
from textual.content import Content
from textual.widgets import Static

from wizard.describe import Line
from wizard.host.part import Part

VERDICTS = {"ok": "ok", "note": "note", "problem": "PROBLEM", "unknown": "unknown"}


class FindingLine(HorizontalGroup):
    """A finding, or three dots while it is looked for."""

    DEFAULT_CSS = """
    FindingLine {
        .verdict { width: 9; }
        .label { width: 18; text-style: bold; }
        .words { width: 1fr; }
        &.-problem .verdict { text-style: bold; }
    }
    """

    def __init__(self, part: Part[Any]) -> None:
        super().__init__()
        self.part = part
        self._shown: Line | None = None

    def compose(self) -> ComposeResult:
        """Compose the three columns."""
        yield Static("...", markup=False, classes="verdict")
        yield Static(Content(self.part.label), markup=False, classes="label")
        yield Static("", markup=False, classes="words")

    def show(self, line: Line | None) -> None:
        """Show what was found, or that it is still looked for."""
        if line == self._shown:
            return
        self._shown = line
        for each in VERDICTS:
            self.set_class(line is not None and line.verdict == each, f"-{each}", update=False)
        self.update_node_styles()
        self.query_one(".verdict", Static).update(
            Content(VERDICTS[line.verdict] if line else "...")
        )
        self.query_one(".words", Static).update(Content(line.words if line else ""))
