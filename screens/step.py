"""What every screen of the way through is: a title, a body, a sentence, Back and Next, the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from screens.behind import BehindScreen
from screens.navigator import Navigator
from screens.state import State
from screens.widgets.key_line import KeyLine
from screens.widgets.paragraph import Paragraph
from screens.widgets.plain_button import PlainButton
from screens.widgets.sentence import Sentence, Tone
from screens.widgets.title import TitleLine
from wizard.platform.later import later

with later():
    from screens import modals
    from screens.widgets import choice_list

BODY_SCROLL = (
    ("up", "scroll_up"),
    ("down", "scroll_down"),
    ("pageup", "scroll_page_up"),
    ("pagedown", "scroll_page_down"),
    ("home", "scroll_home"),
    ("end", "scroll_end"),
)


_BELOW = "More below: PgDn"


class StepScreen(BehindScreen[None]):
    """One step. It reads the state in :meth:`show_state` and keeps none of its own."""

    NAME: ClassVar[str]
    """The key under which the app knows the screen."""
    HEADING: ClassVar[str]
    EXPLANATION: ClassVar[Sequence[str]] = ()
    """Paragraphs for somebody who knows little of IPv6."""
    BACK: ClassVar[str] = "Back"
    NEXT: ClassVar[str] = "Next"
    ASKS: ClassVar[bool] = True
    """Whether to go on from here is to agree to the answers that are filled in."""

    CHECKING: ClassVar[str] = ""
    """What is said while :meth:`check` is at work."""

    ready = False
    """Whether all that :meth:`show_state` paints on is there."""
    at_work = False
    """Whether something is done on the way to the next screen, which is not begun twice."""

    AUTO_FOCUS = "#next"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Next", key_display="Enter", priority=True),
        Binding("ctrl+n", "forward", show=False, priority=True),
        Binding("escape", "back", "Back", key_display="Esc"),
        *(Binding(key, f"scroll_body('{how}')", show=False) for key, how in BODY_SCROLL),
    ]

    @property
    def goes_back(self) -> bool:
        """Whether there is a screen to go back to."""
        return len(self.app.screen_stack) > 1

    @property
    def heading(self) -> str:
        """What the screen is about now."""
        return self.HEADING

    @property
    def explanation(self) -> Sequence[str]:
        """The help for what the screen is about now."""
        return self.EXPLANATION

    @property
    def help(self) -> modals.HelpModal:
        """What F1 shows."""
        return modals.HelpModal(self.HEADING, self.explanation)

    @property
    def wizard(self) -> Navigator:
        """The app, as far as a screen may know it."""
        return cast("Navigator", self.app)

    @property
    def state(self) -> State:
        """What all screens know."""
        return self.wizard.state

    def step_words(self) -> str:
        """Return which step of how many this is."""
        run, names = self.state.run, self.state.order
        if run.takes_back or run.undoing or self.wizard.at_home or self.NAME not in names:
            return self.heading
        return f"{names.index(self.NAME) + 1} of {len(names)} · {self.heading}"

    def compose(self) -> ComposeResult:
        """Compose the frame around :meth:`compose_body`."""
        yield TitleLine(self.step_words())
        with VerticalScroll(id="body", can_focus=False):
            yield from self.compose_body()
        yield Sentence(id="sentence")
        with Horizontal(id="buttons"):
            yield PlainButton(self.BACK, id="back")
            yield PlainButton(self.NEXT, id="next")
            yield Static(_BELOW, id="below", markup=False)
        yield KeyLine()

    def compose_body(self) -> ComposeResult:
        """Compose what is between the title and the buttons."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Hide Back where there is nowhere to go back to, and be ready to paint."""
        self.ready = True
        self.call_later(self.arrive)
        self.query_one("#back").display = self.goes_back
        body = self.query_one("#body")
        for each in ("show_vertical_scrollbar", "virtual_size", "scroll_y"):
            self.watch(body, each, self._body_changed)

    def _body_changed(self) -> None:
        # When one of the values changes, the others may not be known yet.
        self.call_after_refresh(self._say_whether_more)

    def _say_whether_more(self) -> None:
        """Say that there is more to read, where there is, and with which key."""
        body = self.query_one("#body")
        self.query_one("#below").display = body.scroll_y < body.max_scroll_y

    def on_screen_resume(self) -> None:
        """Arrive again; the first time it is on_mount that does it, once all is there."""
        if self.ready:
            self.arrive()

    def arrive(self) -> None:
        """Show the answers as they are now."""
        if not self.at_work:
            self.say(*self.greeting)
        # What lies below may be another screen by now, or none.
        self.query_one("#back").display = self.goes_back
        self.repaint()
        # The focus may be on a list that is taller than the screen, which would scroll to its end.
        self.call_after_refresh(self.action_scroll_body, "scroll_home")

    def repaint(self) -> None:
        """Paint the title, whose count of steps depends on the answers, and all below it."""
        self.query_one(TitleLine).show(self.step_words())
        self.show_state()
        self.app.call_later(self.wizard.resume)

    def show_state(self) -> None:
        """Paint the state; called whenever that changes."""

    def refusal(self) -> str | None:
        """Return a sentence that says why there is no going on yet, or None."""
        return None

    def check(self, then: Callable[[str | None], None]) -> None:
        """Find out beside the event loop why there is no going on, and tell that, or None.

        Before the preview the plan is made.
        """
        if not self.state.router_decides_after(self.NAME):
            then(None)
        elif self.state.when_router_known(lambda: self._make_plan(then)):
            self.say("Watching what your provider's router does …")

    def _make_plan(self, then: Callable[[str | None], None]) -> None:
        # What the router was seen to do may have brought a question.
        if self.state.after(self.NAME) == "preview":
            self.say("Making the plan …")
            self.state.draft.make(then)
        else:
            then(None)

    def go_on(self) -> None:
        """Open the next screen."""
        self.wizard.go_after(self.NAME)

    @property
    def greeting(self) -> tuple[str, Tone]:
        """What is said when one arrives: nothing, but where one left at an earlier time."""
        here = self.wizard.resumed_at == self.NAME
        return (
            ("You stopped here last time. Your answers are filled in.", "note")
            if here
            else ("", "plain")
        )

    def say(self, words: str, tone: Tone = "plain") -> None:
        """Say a sentence above the buttons."""
        self.query_one("#sentence", Sentence).say(words, tone)

    def say_refusal(self, refusal: str) -> None:
        """Say why there is no going on."""
        self.say(refusal, "problem")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take Back away where there is nowhere to go back to."""
        if action == "back" and not self.goes_back:
            return False
        return super().check_action(action, parameters)

    def action_enter(self) -> None:
        """Press the button that has the focus, or go on, after all keys that came before."""
        self.wizard.after_keys(self._enter)

    def _enter(self) -> None:
        if self.app.screen is not self:
            return
        if isinstance(self.focused, Button):
            self.focused.press()
        else:
            self.action_next()

    def action_forward(self) -> None:
        """Go on, after all keys that came before."""
        self.wizard.after_keys(self.action_next)

    def action_next(self) -> None:
        """Go on, or say why not; a second press before the next screen is there does nothing."""
        if self.app.screen is not self or self.at_work:
            return
        refusal = self.refusal()
        if refusal:
            self.say_refusal(refusal)
            return
        if self.ASKS:
            self.state.save()
        self.begin(self.CHECKING)
        self.check(self._checked)

    def _checked(self, refusal: str | None) -> None:
        self.end()
        # Somebody who has gone on to something else meanwhile is not torn away from that.
        if self.app.screen is not self:
            return
        if refusal:
            self.wizard.stop_resuming()
            self.say_refusal(refusal)
        else:
            self.go_on()

    def begin(self, words: str) -> None:
        """Say what is done, and go on to nothing else before :meth:`end`."""
        self.at_work = True
        self.say(words)

    def end(self, complaint: str = "") -> None:
        """Say how it went."""
        self.at_work = False
        self.say(complaint, "problem")

    def action_back(self) -> None:
        """Go back; every answer stays, and whoever comes again begins where everybody does."""
        if self.app.screen is self and self.goes_back:
            self.set_focus(None)
            self.leave_back()

    def leave_back(self) -> None:
        """Show the screen that one came from."""
        self.app.pop_screen()

    def action_scroll_body(self, how: str) -> None:
        """Scroll the body."""
        getattr(self.query_one("#body"), how)(animate=False)

    def on_choice_list_picked(self, event: choice_list.ChoiceList.Picked) -> None:
        """Tell the list that its choice was taken over; a screen's own handler comes before."""
        event.choice_list.answered()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what the button says."""
        match event.button.id:
            case "back":
                self.action_back()
            case "next":
                self.action_next()


def paragraph(text: str, *, id: str | None = None, classes: str | None = None) -> Paragraph:  # noqa: A002
    """Return a paragraph, literally as it is."""
    return Paragraph(Content(text), markup=False, id=id, classes=classes)
