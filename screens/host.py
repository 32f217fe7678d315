"""What the host is: every finding as it is made, what is in the way, and what to mind."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import Static

from screens.modals import HelpModal, PageModal, QuestionModal
from screens.step import StepScreen, paragraph
from screens.widgets.finding import FindingLine
from screens.widgets.obstacle_line import ObstacleLine
from screens.widgets.sentence import Sentence
from wizard import describe
from wizard.explain.pages import PAGES
from wizard.host.every_part import PARTS
from wizard.host.obstacle import Obstacle

_NOTHING: tuple[str, tuple[Obstacle, ...], tuple[str, ...]] = ("", (), ())
"""What is in the way and what to mind, before any of it is shown."""


class HostScreen(StepScreen):
    """The findings, each with a verdict in a word."""

    NAME = "host"
    ASKS = False
    HEADING = "Your host"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "r,R", "look_again", "Look again", key_display="R", tooltip="Look at the host again"
        ),
        Binding("d,D", "details", "Details", key_display="D", tooltip="All findings, or few"),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "The wizard only looks here; it changes nothing. Each line is one thing that matters for "
        "IPv6. The word in front says how it stands: “ok” needs nothing from you, “note” is "
        "something to know, “problem” has to be put right before the wizard can continue, and "
        "“unknown” could not be found out.",
        "Where all is well, only what matters most is shown. D shows every finding, and hides them "
        "again.",
        "IPv6 uplink is the network card through which this host reaches the internet over IPv6. "
        "Its address usually comes from your provider, fixed or by router advertisement, which is "
        "a message in which a router tells the hosts around it how to reach the world.",
        "Forwarding means that the host passes on packets which are not meant for itself. "
        "Containers need it, because the host is their router.",
        "ip6tables is the packet filter for IPv6: its rules say which packets may pass, and which "
        "address they carry when they leave.",
        "What stands in the way has an exclamation mark in front. Tab moves from one such line to "
        "the next, and F1 there says what it is, what to type, and what the wizard can do.",
        "R looks at everything again, for example after you have installed something in another "
        "window.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose a line for each finding; not all are shown at once."""
        yield paragraph("Looking at this host …", id="summary", classes="heading")
        yield VerticalGroup(id="sentences")
        with VerticalGroup(id="findings"):
            for part in PARTS:
                yield FindingLine(part)

    def on_mount(self) -> None:
        """Remember that no sentences are shown yet."""
        super().on_mount()
        self._chosen: tuple[Obstacle, ...] = ()
        self._all = False
        self._shown = _NOTHING

    def show_state(self) -> None:
        """Fill in what has been found."""
        parts = self.state.parts
        problems, doubts = self._problems, self._doubts
        above = {each.sentence for each in (*problems, *doubts)}
        said: dict[str, str] = {}
        for line in self.query(FindingLine):
            finding, again = None, False
            if line.part.field in parts:
                finding = describe.describe(line.part, parts[line.part.field])
                # Several parts are asked of one place, and one reason is enough where it is silent.
                again = finding.words in said and finding.verdict == "unknown"
                if again:
                    finding = replace(finding, words=f"see {said[finding.words]} above")
                said.setdefault(finding.words, finding.label)
                if finding.words in above:
                    finding = replace(finding, words="see above")
            elif self.state.complaint:
                finding = describe.Line(line.part.label, "This was not found out.", "unknown")
            line.show(finding)
            verdict = finding.verdict if finding else None
            line.display = self._all or (line.part.is_foremost(verdict) and not again)
        host = self.state.host
        notes = describe.notes(host) if host else ()
        doubtful = [each.sentence for each in doubts]
        notes = tuple(each for each in notes if each not in doubtful)
        if host is not None and not problems and self.state.filled_in:
            notes = (self.state.filled_in, *notes)
        if self.state.complaint:
            summary = "This host could not be looked at."
        elif host is None:
            summary = "Looking at this host …"
        elif problems:
            summary = "Something is in the way; see F1. Put it right, press R to look again."
        elif doubts:
            summary = (
                "This host is not ready; see F1. Put it right and press R, or press Enter to "
                "continue all the same."
            )
        else:
            summary = "This host is ready. " + (
                "Please note:" if notes else "Nothing is in the way."
            )
        self.query_one("#summary", Static).update(Content(summary))
        self._show_sentences((*problems, *doubts), notes)
        if host is not None and not self.refusal():
            self.say(*self.greeting)

    def _show_sentences(self, in_the_way: tuple[Obstacle, ...], notes: tuple[str, ...]) -> None:
        """Show what is in the way, with the focus on the first of it, and what to mind."""
        shown = (self.state.complaint, in_the_way, notes)
        if shown == self._shown:
            return
        self._shown = shown
        sentences = self.query_one("#sentences", VerticalGroup)
        if isinstance(self.focused, ObstacleLine):
            self.query_one("#next").focus(scroll_visible=False)
        sentences.remove_children()
        lines = [ObstacleLine(each) for each in in_the_way]
        sentences.mount_all(
            [
                Sentence(self.state.complaint, "problem"),
                *lines,
                *(Sentence(words, "note") for words in notes),
            ]
        )
        if lines and self.focused is self.query_one("#next"):
            lines[0].focus(scroll_visible=False)

    def action_back(self) -> None:
        """Go back; whoever comes again has the focus on the first of what is in the way."""
        self._shown = _NOTHING
        super().action_back()

    @property
    def help(self) -> HelpModal:
        """The page about what is in the way, where the focus is on its line."""
        line = self.focused
        if isinstance(line, ObstacleLine):
            page = PAGES[line.obstacle.cause]
            return PageModal(page.title, page.lines(line.obstacle))
        return super().help

    def say_refusal(self, refusal: str) -> None:
        """Point to the sentences at the top, which are there already."""
        if self.state.host is None:
            self.say(refusal, "problem")
            return
        self.action_scroll_body("scroll_home")
        self.say("Not yet: the lines that begin with an exclamation mark say why.", "problem")

    def refusal(self) -> str | None:
        """Say what is in the way."""
        host = self.state.host
        if host is None:
            return self.state.no_host
        return " ".join(each.sentence for each in self._problems) or None

    @property
    def _problems(self) -> tuple[Obstacle, ...]:
        """What forbids to go on."""
        host = self.state.host
        return describe.forbidding(host, self.state.choices) if host else ()

    @property
    def _doubts(self) -> tuple[Obstacle, ...]:
        """In spite of what one goes on only by choosing to."""
        host = self.state.host
        return describe.doubts(host, self.state.choices) if host else ()

    def go_on(self) -> None:
        """Go on, or ask first where that leads to nothing as things are."""
        doubts = self._doubts
        if not doubts or doubts == self._chosen:
            super().go_on()
            return
        self.app.push_screen(
            QuestionModal(
                "Continue all the same?",
                "\n\n".join(each.sentence for each in doubts),
                yes="Continue",
                no="Not yet",
            ),
            self._answered,
        )

    def _answered(self, yes: bool | None) -> None:
        if not yes:
            self.wizard.stop_resuming()
            return
        host = self.state.host
        if host is not None and describe.problems(host, self.state.choices):
            self.state.answer(unproven=True)
        self._chosen = self._doubts
        super().go_on()

    def action_details(self) -> None:
        """Show every finding, or those alone that matter."""
        self._all = not self._all
        self.show_state()

    def action_look_again(self) -> None:
        """Look at the host again."""
        self.say("")
        self.state.look()
