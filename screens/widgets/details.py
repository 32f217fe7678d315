"""One step in full: why, the exact commands, and the differences, at any width."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from textual.containers import VerticalScroll
from textual.content import Content

from screens import wrapping
from screens.widgets.prose import Prose
from wizard.steps.actions import Diff

_WIDEST = 90
"""Columns of a sentence."""


@dataclass(frozen=True)
class Detail:
    """What is told about one step; every text is shown literally."""

    title: str = ""
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    """Sentences that belong together, without room between them."""
    settings: tuple[str, ...] = ()
    """What was proposed, each after the key that opens it."""
    more: tuple[str, ...] = ()
    """Paragraphs after the points."""
    notes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    commands_heading: str = "Commands"
    diffs: tuple[Diff, ...] = ()
    output: tuple[str, ...] = ()


class Details(VerticalScroll, can_focus=False):
    """Shows a :class:`Detail`, at whatever width there is."""

    DEFAULT_CSS = """
    Details {
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        padding: 0 1;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._detail: Detail | None = None
        self._text = Prose()

    def compose(self) -> Sequence[Prose]:
        """Compose the text."""
        return [self._text]

    def show(self, detail: Detail | None, *, follow: bool = False) -> None:
        """Show another detail, from its top; ``follow`` keeps the end in sight."""
        if detail != self._detail:
            same = (
                detail is not None
                and self._detail is not None
                and detail.title == self._detail.title
            )
            self._detail = detail
            self._text.show(lambda width: draw(detail, width) if detail else ())
            if follow:
                self.scroll_end(animate=False)
            elif not same:
                self.scroll_home(animate=False)


def draw(detail: Detail, width: int) -> list[Content]:
    """Return the lines of a detail; sentences are no longer than the eye can follow."""
    whole, width = width, min(width, _WIDEST)
    title = wrapping.prose(detail.title, width) if detail.title else []
    lines = [Content.styled(line, "bold") for line in title]
    for text in detail.paragraphs:
        lines += [Content(""), *map(Content, wrapping.prose(text, width))]
    if detail.points:
        lines += [Content("")]
    for text in detail.points:
        lines += map(Content, wrapping.prose(text, width, "- ", "  "))
    if detail.settings:
        lines += [Content(""), _heading("Proposed (the key opens it)")]
    for text in detail.settings:
        lines += map(Content, wrapping.prose(text, width, "", "   "))
    for text in detail.more:
        lines += [Content(""), *map(Content, wrapping.prose(text, width))]
    for text in detail.notes:
        lines += [Content(""), *map(Content, wrapping.prose(text, width, "! ", "  "))]
    if detail.commands:
        lines += [Content(""), _heading(detail.commands_heading)]
        lines += [each for line in detail.commands for each in _command(line, whole)]
    for diff in detail.diffs:
        heading = wrapping.literal(f"{diff.heading} {PurePath(diff.path).name}", whole)
        lines += [Content(""), *_styled(heading, "bold underline")]
        lines += [each for line in diff.lines for each in diff_line(line, whole)]
    if detail.output:
        for text in detail.output:
            for line in text.split("\n"):
                if line.startswith("$ "):
                    lines += _styled(wrapping.command(line, whole), "bold")
                else:
                    lines += map(Content, wrapping.literal(line, whole))
    return lines


def diff_line(line: str, width: int) -> list[Content]:
    """Return a line of a unified diff: what is added is bold, and each is marked by its sign."""
    if line.startswith(("+++", "---")):
        style = "underline"
    else:
        style = "bold" if line.startswith("+") else ""
    return _styled(wrapping.literal(line.expandtabs(8), width), style)


def _command(line: str, width: int) -> list[Content]:
    if line.startswith("#"):
        return list(map(Content, wrapping.prose(line, width, "", "# ")))
    return list(map(Content, wrapping.command(line, width)))


def _heading(text: str) -> Content:
    return Content.styled(text, "bold underline")


def _styled(lines: Sequence[str], style: str) -> list[Content]:
    return [Content.styled(line, style) if style else Content(line) for line in lines]
