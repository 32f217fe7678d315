"""What appears over a screen: help, and a question."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Button, Static

from screens.behind import BehindScreen
from screens.fitting import SMALLEST
from screens.widgets.key_line import KeyLine
from screens.widgets.plain_button import PlainButton


class TextModal(ModalScreen[ScreenResultType], BehindScreen[ScreenResultType]):
    """A box with a text that may be longer than it, and the keys to read on where it is.

    To leave is asked on a terminal that is too small for the screens, too.
    """

    # Textual declares it as one of an instance.
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [  # type: ignore[misc]
        (0, "-low"),
        (SMALLEST[1], "-high"),
    ]

    def on_mount(self) -> None:
        """Show the keys to read on, once it is known whether there is more than fits."""
        self.watch(self.query_one("#text"), "virtual_size", self._size_changed)
        self.watch(self.query_one("#text"), "size", self._size_changed)

    def _size_changed(self) -> None:
        self.call_after_refresh(self.refresh_bindings)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to read on only where there is more."""
        if action == "scroll":
            return self.is_mounted and self.query_one("#text").max_scroll_y > 0
        return super().check_action(action, parameters)

    def action_scroll(self, how: str) -> None:
        """Scroll the text."""
        getattr(self.query_one("#text"), how)(animate=False)


class HelpModal(TextModal[None]):
    """The help of one screen, in plain words."""

    AUTO_FOCUS = "#close"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "dismiss", "Close", key_display="Esc"),
        Binding("up", "scroll('scroll_up')", "Scroll", key_display="↑ ↓"),
        Binding("down", "scroll('scroll_down')", show=False),
        Binding("pageup", "scroll('scroll_page_up')", show=False),
        Binding("pagedown,space", "scroll('scroll_page_down')", show=False),
        Binding("home", "scroll('scroll_home')", show=False),
        Binding("end", "scroll('scroll_end')", show=False),
    ]

    def __init__(self, heading: str, paragraphs: Sequence[str]) -> None:
        super().__init__()
        self._heading = heading
        self._paragraphs = tuple(paragraphs)

    def compose(self) -> ComposeResult:
        """Compose the box."""
        with Vertical(id="box"):
            yield Static(Content(self._heading), id="heading", markup=False)
            with VerticalScroll(id="text", can_focus=False):
                yield Static(Content("\n\n".join(self._paragraphs)), markup=False)
            with Horizontal(id="answers"):
                yield PlainButton("Close", id="close")
        yield KeyLine()

    def on_button_pressed(self) -> None:
        """Close."""
        self.dismiss()


class PageModal(HelpModal):
    """A page of lines that are broken already, which takes the whole terminal."""

    def __init__(self, heading: str, lines: Sequence[str]) -> None:
        super().__init__(heading, ["\n".join(lines)])


class QuestionModal(TextModal[bool]):
    """A question with two answers; the one that changes nothing has the focus."""

    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "answer(True)", "Yes", key_display="Y"),
        Binding("escape,n,N", "answer(False)", "No", key_display="N"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
        Binding("pageup", "scroll('scroll_page_up')", show=False),
        Binding(
            "pagedown,space",
            "scroll('scroll_page_down')",
            "More of the text",
            key_display="PgDn",
            priority=True,
        ),
    ]

    def __init__(self, heading: str, words: str, *, yes: str, no: str, name: str = "") -> None:
        super().__init__(name=name)
        self._heading, self._words, self._yes, self._no = heading, words, yes, no

    def compose(self) -> ComposeResult:
        """Compose the box."""
        with Vertical(id="box"):
            yield Static(Content(self._heading), id="heading", markup=False)
            with VerticalScroll(id="text", can_focus=False):
                yield Static(Content(self._words), id="words", markup=False)
            with Horizontal(id="answers"):
                yield PlainButton(self._yes, id="yes")
                yield PlainButton(self._no, id="no")
        yield KeyLine()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer with the button."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Answer with a key."""
        self.dismiss(yes)
