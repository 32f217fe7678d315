"""A list to choose one of, or to tick any of, drawn with characters that every terminal has."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets.option_list import Option

from screens import wrapping
from screens.widgets.row_list import RowList

_WIDEST_LABEL = 30


@dataclass(frozen=True)
class Entry:
    """One line. ``more`` stands beside or below the label; what is not open is only shown."""

    key: str
    label: str
    more: str = ""
    chosen: bool = False
    open: bool = True


class ChoiceList(RowList):
    """Of one: to move the cursor is to choose. Of many: Space ticks. Enter is the screen's.

    In a list of one the bright line and the one with the mark are the same at all times, so that
    what a person sees and what the wizard goes on with cannot differ.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "Tick", key_display="Space", tooltip="Tick or untick"),
        Binding("space", "choose", show=False),
        Binding("left", "cursor_up", show=False),
        Binding("right", "cursor_down", show=False),
    ]

    DEFAULT_CSS = """
    ChoiceList {
        height: auto;
    }
    """

    @dataclass
    class Picked(Message):
        """The person chose or ticked the entry with this key."""

        choice_list: "ChoiceList"
        key: str

        @property
        def control(self) -> "ChoiceList":
            """The list, for ``@on``."""
            return self.choice_list

    def __init__(
        self,
        *,
        many: bool = False,
        below: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> None:
        # Before the cursor is set for the first time.
        self._many, self._below = many, below
        self._entries: tuple[Entry, ...] = ()
        self._by_keys = True
        """Whether it is the person who moves the cursor."""
        self._on_the_way = 0
        """How many choices were told that the screen has not answered yet."""
        super().__init__(id=id, compact=True, markup=False)

    @property
    def highlighted_key(self) -> str | None:
        """The key of the entry under the cursor."""
        return None if self.highlighted is None else self._entries[self.highlighted].key

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these entries: the cursor on the chosen one, or where it was in a list of many."""
        same = [each.key for each in entries] == [each.key for each in self._entries]
        if tuple(entries) != self._entries:
            at = self.highlighted if same else None
            self._entries = tuple(entries)
            with self._not_by_keys():
                self.clear_options()
                self.add_options(
                    [
                        Option(self.row_now(index), disabled=not entry.open)
                        for index, entry in enumerate(entries)
                    ]
                )
                self.highlighted = at if at is not None else self._first()
        if not self._many and not (same and self._on_the_way):
            self._go_to_chosen()

    def answered(self) -> None:
        """Be told that the screen has taken a choice over, or has not."""
        self._on_the_way = max(0, self._on_the_way - 1)
        if not self._many and not self._on_the_way:
            self._go_to_chosen()

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Choose what the cursor has come to, in a list of one."""
        super().watch_highlighted(highlighted)
        if self._by_keys and not self._many:
            self._pick(highlighted)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to tick only where anything can be ticked."""
        if action in ("tick", "choose"):
            return (action == "tick") is self._many
        return super().check_action(action, parameters)

    def action_tick(self) -> None:
        """Tick or untick the line with the cursor."""
        self._pick(self.highlighted)

    def action_choose(self) -> None:
        """Choose the line with the cursor, or the first where it is on none."""
        if self.highlighted is None:
            self.action_first()
        else:
            self._pick(self.highlighted)

    def _pick(self, index: int | None) -> None:
        if index is None or not self._entries[index].open:
            return
        self._on_the_way += 1
        self.post_message(self.Picked(self, self._entries[index].key))

    def _first(self) -> int | None:
        chosen = [index for index, each in enumerate(self._entries) if each.chosen and each.open]
        return chosen[0] if chosen else 0 if self._many and self._entries else None

    def _go_to_chosen(self) -> None:
        with self._not_by_keys():
            self.highlighted = self._first()

    @contextmanager
    def _not_by_keys(self) -> Iterator[None]:
        self._by_keys = False
        try:
            yield
        finally:
            self._by_keys = True

    def row(self, index: int, width: int) -> Content:
        """Return an entry, broken for a width in columns."""
        entry = self._entries[index]
        if not entry.open:
            mark = " - "
        elif self._many:
            mark = "[x]" if entry.chosen else "[ ]"
        else:
            mark = "(*)" if entry.chosen else "( )"
        style = "bold" if entry.chosen else ""
        if not entry.more:
            lines = wrapping.prose(entry.label, width, f"{mark} ", "    ")
            return Content("\n").join([Content.styled(line, style) for line in lines])
        column = min(_WIDEST_LABEL, max(len(each.label) for each in self._entries if each.more))
        front = f"{mark} {entry.label:<{column}}  "
        if self._below or len(entry.label) > column:
            first = [Content.styled(f"{mark} {entry.label}", style)]
            indent = "    "
            lines = wrapping.prose(entry.more, width, indent, indent)
            return Content("\n").join([*first, *map(Content, lines)])
        lines = wrapping.prose(entry.more, width, front, " " * len(front))
        beside = Content.assemble((front, style), lines[0][len(front) :])
        return Content("\n").join([beside, *map(Content, lines[1:])])
