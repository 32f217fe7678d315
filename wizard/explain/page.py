"""A page about what stands in the way, and how it is put together with what was found here."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wizard.host.obstacle import Obstacle

WIDTH = 76
"""Columns of a page: a terminal of 80 has room for a frame around it."""

MOST_LINES = 20
"""Lines of a page below its title: with that and a frame it fits a terminal of 24 rows."""

_INDENT = "  "


@dataclass(frozen=True)
class Page:
    """What somebody wants to know about one cause, in plain words."""

    title: str
    """What stands in the way, in a few words."""
    what: str
    """What it is, and why nothing can be done with it in the way."""
    remedy: str
    """What to do; what follows it is ``commands``."""
    commands: tuple[str, ...]
    """What to type as root, a line each. Words in capital letters stand for others."""
    wizard: str
    """What the wizard can do about it, and what it cannot."""

    def paragraphs(self, obstacle: Obstacle | None) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield each paragraph, with the commands below it.

        Args:
            obstacle: What was found on this host; None where it is not in the way here.
        """
        yield self.what, ()
        if obstacle is None:
            yield "Found here: it is not in the way on this host now.", ()
        else:
            yield f"Found here: {obstacle.found}", ()
        if obstacle is not None and obstacle.commands:
            yield f"What to do: {obstacle.remedy}", obstacle.commands
        else:
            yield f"What to do: {self.remedy}", self.commands
        yield f"What the wizard can do: {self.wizard}", ()

    def lines(self, obstacle: Obstacle | None = None) -> list[str]:
        """Return the page without its title; no line is wider than ``WIDTH`` but a command's.

        A command is never broken, so that it can be copied.
        """
        lines: list[str] = []
        for words, commands in self.paragraphs(obstacle):
            if lines:
                lines.append("")
            lines += textwrap.wrap(words, WIDTH, break_on_hyphens=False)
            lines += [f"{_INDENT}{command}" for command in commands]
        return lines
