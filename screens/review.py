"""One line for each step, and the chosen one in full: preview, undo and repair.

Where there is room they stand side by side; elsewhere the chosen one opens over the lines.
"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import Resize
from textual.widgets import OptionList

from screens import wrapping
from screens.step import StepScreen
from screens.widgets.details import Detail, Details
from screens.widgets.prose import Prose
from screens.widgets.step_list import StepList

_BOTH = 160
"""Columns from which on both stand side by side."""
_LABEL = 12

Short = Sequence[tuple[str, str]]
"""What is said above the lines: labels, and words."""


class ReviewScreen(StepScreen):
    """What will be done, before it is done."""

    AUTO_FOCUS = "#steps"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", key_display="Esc"),
        Binding("escape", "back", "Back", key_display="Esc"),
        Binding("pagedown", "page_down", show=False, priority=True),
        Binding("pageup", "scroll_details('scroll_page_up')", show=False, priority=True),
        Binding("space", "open", "Open", key_display="Space", tooltip="All of what is chosen"),
        Binding("space", "page_down", "More", key_display="PgDn"),
        Binding("right", "open", show=False),
        Binding("left", "close", show=False),
    ]

    def compose_body(self) -> ComposeResult:
        """Compose the lines, and the chosen one."""
        with Container(id="sides"):
            with Vertical(id="list"):
                yield Prose(id="short")
                yield StepList(id="steps")
            yield Details(id="details")

    def on_mount(self) -> None:
        """Remember that nothing is shown yet."""
        super().on_mount()
        self._items: tuple[Detail, ...] = ()
        self._short: Short = ()
        self._fit()

    def on_resize(self, _event: Resize) -> None:
        """Show as much as there is room for."""
        if self.ready:
            self._fit()

    def _fit(self) -> None:
        self.query_one("#sides").set_class(self.size.width >= _BOTH, "-both")
        self.refresh_bindings()

    def show_items(
        self,
        items: Sequence[Detail],
        lines: Sequence[tuple[str, str]] | None = None,
        short: Short = (),
    ) -> None:
        """Show these steps; the first is about all of them.

        ``lines`` are what stands for them, where it is not only their numbers and titles, and
        ``short`` is what is said above them.
        """
        changed = [each.title for each in items] != [each.title for each in self._items]
        self._items = tuple(items)
        if tuple(short) != self._short:
            self._short = tuple(short)
            self.query_one("#short", Prose).show(partial(_in_short, self._short))
        steps = self.query_one("#steps", StepList)
        steps.show(
            lines
            or [
                (f"{number:>2} " if number else "   ", item.title)
                for number, item in enumerate(self._items)
            ]
        )
        if changed and self._items:
            steps.highlighted = 0
        self._show_chosen()

    @on(OptionList.OptionHighlighted, "#steps")
    def _highlighted(self) -> None:
        self._show_chosen()

    @property
    def at(self) -> int | None:
        """Which of the items is chosen."""
        at = self.query_one("#steps", StepList).highlighted
        return at if at is not None and at < len(self._items) else None

    def _show_chosen(self) -> None:
        chosen = None if self.at is None else self._items[self.at]
        self.query_one("#details", Details).show(chosen)
        self.call_after_refresh(self.refresh_bindings)

    @property
    def _opened(self) -> bool:
        """Whether the chosen one is shown in full and alone."""
        return self.ready and self.query_one("#sides").has_class("-open")

    @property
    def _shown(self) -> bool:
        """Whether the chosen one is shown in full."""
        return self.ready and (self._opened or self.query_one("#sides").has_class("-both"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open what is closed, and the other way round."""
        match action:
            case "open":
                return not self._shown
            case "close":
                return self._opened
            case "back" if self._opened:
                return False
            case "page_down" if self._shown:
                return self.query_one("#details").max_scroll_y > 0
        return super().check_action(action, parameters)

    def action_open(self) -> None:
        """Show the chosen one in full, from its top."""
        self.query_one("#sides").add_class("-open")
        self.query_one("#details").scroll_home(animate=False)
        self.call_after_refresh(self.refresh_bindings)

    def action_close(self) -> None:
        """Show the lines again."""
        self.query_one("#sides").remove_class("-open")
        self.refresh_bindings()

    def action_back(self) -> None:
        """Show the lines again, or go back to where one came from."""
        if self._opened:
            self.action_close()
        else:
            super().action_back()

    def action_page_down(self) -> None:
        """Open the chosen one, or show more of it."""
        if self._shown:
            self.action_scroll_details("scroll_page_down")
        else:
            self.action_open()

    def action_scroll_details(self, how: str) -> None:
        """Scroll the chosen one."""
        getattr(self.query_one("#details"), how)(animate=False)


def _in_short(short: Short, width: int) -> list[str]:
    return [
        line
        for label, words in short
        for line in wrapping.prose(words, width, f"{label:<{_LABEL}}", " " * _LABEL)
    ]
