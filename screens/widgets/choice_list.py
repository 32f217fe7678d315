"""A list to pick one of, or to tick any of, drawn with characters that every terminal has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens import wrapping

_WIDEST_LABEL = 30


@dataclass(frozen=True)
class Entry:
    """One line. ``more`` stands beside the label; an entry that is not open is only shown."""

    key: str
    label: str
    more: str = ""
    chosen: bool = False
    open: bool = True


class ChoiceList(OptionList):
    """Space picks or ticks; Enter is left to the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "Tick", key_display="Space", tooltip="Tick or untick"),
    ]

    DEFAULT_CSS = """
    ChoiceList {
        height: auto;
        border: none;
        padding: 0;
        &:focus { border: none; }
    }
    """

    @dataclass
    class Picked(Message):
        """The person picked or ticked the entry with this key."""

        choice_list: "ChoiceList"
        key: str

        @property
        def control(self) -> "ChoiceList":
            """The list, for ``@on``."""
            return self.choice_list

    def __init__(self, *, many: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, compact=True, markup=False)
        self._many = many
        self._entries: tuple[Entry, ...] = ()
        self._drawn_width = 0

    @property
    def highlighted_key(self) -> str | None:
        """The key of the entry under the cursor."""
        return None if self.highlighted is None else self._entries[self.highlighted].key

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these entries, with the cursor where it was."""
        if tuple(entries) == self._entries:
            return
        same = [each.key for each in entries] == [each.key for each in self._entries]
        at = self.highlighted if same else None
        self._entries = tuple(entries)
        self.clear_options()
        self.add_options(
            [Option(self._prompt(entry), disabled=not entry.open) for entry in entries]
        )
        if at is None:
            chosen = [index for index, entry in enumerate(entries) if entry.chosen and entry.open]
            at = chosen[0] if chosen else 0
        self.highlighted = at

    def on_resize(self, event: Resize) -> None:
        """Break the lines anew."""
        if event.size.width != self._drawn_width:
            self._drawn_width = event.size.width
            for index, entry in enumerate(self._entries):
                self.replace_option_prompt_at_index(index, self._prompt(entry))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tell the screen which entry it was."""
        event.stop()
        self.post_message(self.Picked(self, self._entries[event.option_index].key))

    def _prompt(self, entry: Entry) -> Content:
        if not entry.open:
            mark = " - "
        elif self._many:
            mark = "[x]" if entry.chosen else "[ ]"
        else:
            mark = "(*)" if entry.chosen else "( )"
        style = "bold" if entry.chosen else ""
        width = (self.size.width or 76) - 1
        if not entry.more:
            lines = wrapping.prose(entry.label, width, f"{mark} ", "    ")
            return Content("\n").join([Content.styled(line, style) for line in lines])
        column = min(_WIDEST_LABEL, max(len(each.label) for each in self._entries if each.more))
        front = f"{mark} {entry.label:<{column}}  "
        if len(entry.label) > column:
            first = [Content.styled(f"{mark} {entry.label}", style)]
            indent = "    "
            lines = wrapping.prose(entry.more, width, indent, indent)
            return Content("\n").join([*first, *map(Content, lines)])
        lines = wrapping.prose(entry.more, width, front, " " * len(front))
        beside = Content.assemble((front, style), lines[0][len(front) :])
        return Content("\n").join([beside, *map(Content, lines[1:])])
