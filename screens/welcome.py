"""The first screen: what the wizard will do and will not, and what an earlier run left."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button

from screens.step import StepScreen, paragraph
from screens.widgets.plain_button import PlainButton
from screens.widgets.sentence import Sentence
from wizard.platform.errors import Refused
from wizard.platform.local_time import local_time
from wizard.platform.text import clean_line
from wizard.record.record import Record, State

NOTHING_TO_RESUME = (
    "There is nothing to resume: no run of the wizard is on this host, and no answers are kept. "
    "This is the beginning."
)

_WHAT_IT_DOES = (
    "This wizard gives IPv6 to the containers of a Docker Compose project, such as Mastodon.",
    "1. It looks at this host and proposes what to do. That changes nothing.\n"
    "2. It shows every command and every change to a file, and asks you.\n"
    "3. It does that, usually within a minute, and asks whether to keep it.",
    "Your containers keep running. Docker is not restarted, and its settings (daemon.json) are "
    "not touched. Without your answer everything is taken back. Later “wizard --undo” does that.",
)


class WelcomeScreen(StepScreen):
    """What will happen, for whom, and how to leave."""

    NAME = "welcome"
    ASKS = False
    HEADING = "Welcome"
    NEXT = "Next: look at this host"
    EXPLANATION: ClassVar[Sequence[str]] = (
        "The internet has two kinds of addresses: the old IPv4 ones, such as 192.0.2.1, and the "
        "newer IPv6 ones, such as 2001:db8::1. More and more servers have IPv6 alone. Docker gives "
        "containers IPv4 only, unless somebody sets up the rest.",
        "This wizard sets up the rest: it lets the host pass IPv6 packets on, makes a Docker "
        "network that has IPv6, and connects the containers of your choice to it.",
        "A container is a program that Docker runs in a box of its own. Compose is the tool that "
        "starts several of them together, from a file called docker-compose.yml. What it starts "
        "is called a project, and its parts are called services.",
        "The keys: Enter continues and Esc goes back. Tab moves from one field or button to the "
        "next, and the arrow keys move within a list. Space ticks. F1 explains every screen. "
        "Ctrl+Q quits, and asks first. The last line always shows the keys that do something.",
    )

    def compose_body(self) -> ComposeResult:
        """Compose the paragraphs, and the box about an earlier run."""
        yield paragraph("\n\n".join(_WHAT_IT_DOES), classes="paragraph")
        yield Sentence(id="answers")
        yield Sentence(id="earlier")
        yield paragraph("Enter continues, Esc goes back, Tab moves, F1 explains, Ctrl+Q quits.")

    @property
    def goes_back(self) -> bool:
        """Only to what is in force."""
        return self.wizard.left_home

    def leave_back(self) -> None:
        """Show what is in force."""
        self.wizard.go_home()

    def show_state(self) -> None:
        """Show what an earlier time left: answers, and a run."""
        nothing = self.wizard.nothing_to_resume
        answers = NOTHING_TO_RESUME if nothing else self.state.filled_in
        self.query_one("#answers", Sentence).say(answers, "note")
        earlier = self.query_one("#earlier", Sentence)
        try:
            record = self.state.session.records.at_hand()
        except Refused as refused:
            earlier.say(str(refused), "problem")
            self._offer(False)
            return
        words = _about(record, self.state.session.is_running())
        earlier.say(words, "note")
        self._offer(bool(words))

    def _offer(self, offered: bool) -> None:
        """Show the buttons for an earlier run; on most hosts there is none, and so are they not."""
        buttons = self.query("#earlier-buttons")
        buttons.set(display=offered)
        if offered and not buttons:
            see = PlainButton("See what it did", id="see")
            take_back = PlainButton("Take it back", id="take-back")
            row = Horizontal(see, take_back, id="earlier-buttons")
            self.query_one("#body").mount(row, after="#earlier")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Open what the button says."""
        match event.button.id:
            case "see":
                self.wizard.see_earlier()
            case "take-back":
                self.wizard.open("undo")
            case _:
                super().on_button_pressed(event)


def _about(record: Record | None, running: bool) -> str:
    if record is None or not record.state.in_force:
        return ""
    if running:
        return f"A run of the wizard that was started {local_time(record.started)} is at work now."
    if record.state.moving:
        return (
            f"The run that was started {local_time(record.started)} stopped in the middle: its "
            "process is gone. Take back what it had begun before you start another."
        )
    if record.state is State.APPLIED:
        return (
            f"{clean_line(record.project) or 'This host'} has IPv6 for containers already: the run "
            f"that was started {local_time(record.started)} is in force. Other projects can be set "
            "up beside it; wizard --change gives this one other answers."
        )
    return (
        f"Of the run that was started {local_time(record.started)} something is still on this host "
        f"({record.state.words}). Take it back before you start another."
    )
