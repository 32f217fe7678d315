"""A list of steps on the left and the chosen one in full on the right: preview and undo."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import OptionList

from screens.step import StepScreen
from screens.widgets.details import Detail, Details
from screens.widgets.step_list import StepList


class ReviewScreen(StepScreen):
    """What will be done, before it is done."""

    AUTO_FOCUS = "#steps"
    CSS_PATH: ClassVar[list[str]] = ["step.tcss", "review.tcss"]  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "scroll_details('scroll_page_down')", show=False, priority=True),
        Binding("pageup", "scroll_details('scroll_page_up')", show=False, priority=True),
        Binding("space", "scroll_details('scroll_page_down')", "More", key_display="PgDn"),
        Binding("w,W", "widen", "Wide", key_display="W", tooltip="The right side alone, or both"),
    ]

    def compose_body(self) -> ComposeResult:
        """Compose the two sides."""
        with Horizontal(id="sides"):
            yield StepList(id="steps")
            yield Details(id="details")

    def on_mount(self) -> None:
        """Remember that nothing is shown yet."""
        super().on_mount()
        self._items: tuple[Detail, ...] = ()

    def show_items(
        self, items: Sequence[Detail], lines: Sequence[tuple[str, str]] | None = None
    ) -> None:
        """Show these steps; the first is about all of them.

        ``lines`` are those of the left side, where it is not only their numbers and titles.
        """
        changed = [each.title for each in items] != [each.title for each in self._items]
        self._items = tuple(items)
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
        """Which of the items is shown."""
        at = self.query_one("#steps", StepList).highlighted
        return at if at is not None and at < len(self._items) else None

    def _show_chosen(self) -> None:
        chosen = None if self.at is None else self._items[self.at]
        self.query_one("#details", Details).show(chosen)
        self.refresh_bindings()

    def action_scroll_details(self, how: str) -> None:
        """Scroll the right side."""
        getattr(self.query_one("#details"), how)(animate=False)

    def action_widen(self) -> None:
        """Give the right side the whole width, or show both sides again."""
        self.query_one("#sides").toggle_class("-wide")
