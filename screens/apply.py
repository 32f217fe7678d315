"""The run while it is at work: each step's state, the current sentence, and what commands said."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from screens.modals import QuestionModal
from screens.step import StepScreen, paragraph
from screens.widgets.details import Detail, Details
from screens.widgets.step_list import StepList
from wizard.record.record import Record, State, StepRecord, StepState
from wizard.verification.verification import CHECKING

SENTENCES = {
    State.APPLYING: "The next step begins …",
    State.UNCONFIRMED: "All steps are done, and the wizard asks whether to keep them.",
    State.APPLIED: "All steps are done, and they stay.",
    State.ROLLING_BACK: "Something went wrong or was called off, and everything is taken back …",
    State.ROLLED_BACK: "All steps were taken back.",
    State.UNDOING: "All steps are taken back, the last one first …",
    State.UNDONE: "All steps were taken back.",
}
"""What is under way where no step is at work, or what came of it."""
_WIDEST = max(len(each.words) for each in StepState)
_BAR = 30
TAKING_BACK = "Taking it back"


class ApplyScreen(StepScreen):
    """Follows the record; the run itself goes on without the screen."""

    NAME = "apply"
    HEADING = "Apply"
    NEXT = "Next"
    AUTO_FOCUS = "#steps"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "scroll_output('scroll_page_down')", show=False, priority=True),
        Binding("pageup", "scroll_output('scroll_page_up')", show=False, priority=True),
        Binding(
            "c,C", "cancel", "Cancel", key_display="C", tooltip="Stop and take everything back"
        ),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "The steps are done one after the other, by a program of its own that continues even if "
        "this terminal is closed. The word in front of a step says how it stands: waiting, at "
        "work, done, or, if something went wrong, going back and taken back.",
        "Below the steps is what the commands of the current one say. Choose another step with "
        "the arrow keys to see what its commands said; Page Up and Page Down scroll that text.",
        "C cancels: the step that is at work is finished, and then all steps are taken back, so "
        "that the host is as it was before.",
    )

    @property
    def goes_back(self) -> bool:
        """Nowhere: what was asked before has been answered."""
        return False

    @property
    def heading(self) -> str:
        """Say whether the steps are done or taken back."""
        run = self.state.run
        return TAKING_BACK if run.takes_back else run.kind.capitalize() or self.HEADING

    def compose_body(self) -> ComposeResult:
        """Compose the bar, the sentence, the steps and the output."""
        with Vertical(id="run"):
            yield paragraph("", id="bar")
            yield paragraph("", id="current")
            yield StepList(id="steps")
            yield Details(id="output")

    def on_mount(self) -> None:
        """Let the cursor follow the work until the person moves it."""
        super().on_mount()
        self._following: int | None = None

    def show_state(self) -> None:
        """Show how far the run is."""
        progress = self.state.run.progress
        record = progress.record if progress else None
        self.query_one("#next").display = not self.state.run.running
        self.refresh_bindings()
        if progress is not None and progress.ended is not None:
            self._ended()
        begins = "The wizard begins to take back …"
        if not self.state.run.takes_back:
            begins = (progress.doing if progress else "") or "Starting …"
        # So that nobody wonders whether it goes on.
        seconds = self.state.run.seconds_still
        still = f" {seconds}\N{NO-BREAK SPACE}s" if seconds and self.state.run.running else ""
        begins += still
        if record is None:
            self.query_one("#bar", Static).update(Content(begins))
            self.query_one("#current", Static).update(Content(""))
            return
        # Until its process has begun, the record tells of what is to be taken back.
        not_yet = self.state.run.takes_back and not record.state.moving and self.state.run.running
        self.query_one("#bar", Static).update(Content(begins if not_yet else bar(record)))
        doing = f"{current(record, progress.doing if progress else '')}{still}"
        self.query_one("#current", Static).update(Content("" if not_yet else doing))
        steps = self.query_one("#steps", StepList)
        steps.show(
            [(f"{step.state.words:<{_WIDEST}}  ", f"{step.number}. {step.title}")
             for step in record.steps]
        )  # fmt: skip
        at_work = _at_work(record)
        if at_work is not None and at_work != self._following:
            if steps.highlighted in (None, self._following, 0):
                steps.highlighted = at_work
            self._following = at_work
        self._show_output()

    def _ended(self) -> None:
        if self.app.screen is self:
            self.wizard.show_run()

    @on(OptionList.OptionHighlighted, "#steps")
    def _highlighted(self) -> None:
        self._show_output()

    def _show_output(self) -> None:
        record = self.state.run.record
        at = self.query_one("#steps", StepList).highlighted
        if record is None or at is None or at >= len(record.steps):
            return
        step = record.steps[at]
        shown = Detail(
            output=tuple(step.output) or ("Nothing so far.",),
            notes=tuple(step.left),
        )
        self.query_one("#output", Details).show(shown, follow=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take away what cannot be done now."""
        if action == "cancel":
            return self.state.run.can_cancel
        if action == "enter":
            return not self.state.run.running
        return super().check_action(action, parameters)

    def go_on(self) -> None:
        """Open the result."""
        self.wizard.show_run()

    def refusal(self) -> str | None:
        """Say that there is no result yet."""
        return "The steps are still being done." if self.state.run.running else None

    def action_cancel(self) -> None:
        """Ask before everything is taken back."""
        self.app.push_screen(
            QuestionModal(
                "Cancel?",
                "The step that is at work is finished, and then every step is taken back, so that "
                "the host is as it was before.",
                yes="Cancel and take back",
                no="Go on",
            ),
            self._cancel,
        )

    def _cancel(self, yes: bool | None) -> None:
        if yes:
            self.state.run.cancel(self._not_cancelled)
            self.say("The wizard stops after the step that is at work, and takes back.", "note")

    def _not_cancelled(self, complaint: str) -> None:
        self.say(complaint, "problem")

    def action_scroll_output(self, how: str) -> None:
        """Scroll the output."""
        getattr(self.query_one("#output"), how)(animate=False)


def bar(record: Record) -> str:
    """Return how much is done, as a bar and in numbers."""
    back = record.state not in (State.APPLYING, State.UNCONFIRMED, State.APPLIED)
    ended = (StepState.UNDONE, StepState.KEPT) if back else (StepState.DONE,)
    begun = [step for step in record.steps if not back or step.state is not StepState.PLANNED]
    done, total = sum(step.state in ended for step in begun), len(begun)
    filled = _BAR * done // total if total else _BAR
    words = "taken back" if back else "done"
    return f"{'█' * filled}{'░' * (_BAR - filled)}  {done} of {total} steps {words}"


def current(record: Record, doing: str = "") -> str:
    """Return the sentence about what is at work; ``doing`` is what its process last said."""
    at = _at_work(record)
    if record.state is State.APPLYING and at is not None:
        return f"{record.steps[at].title} …"
    if record.state is State.APPLYING and all(
        _is(each, (StepState.DONE,)) for each in record.steps
    ):
        return doing or CHECKING
    if record.state.moving and at is not None:
        return f"Taking back: {record.steps[at].title} …"
    return SENTENCES.get(record.state, f"The run {record.state.meaning}.")


def _at_work(record: Record) -> int | None:
    moving = (StepState.APPLYING, StepState.UNDOING)
    found = [index for index, step in enumerate(record.steps) if _is(step, moving)]
    return found[0] if found else None


def _is(step: StepRecord, states: Sequence[StepState]) -> bool:
    return step.state in states
