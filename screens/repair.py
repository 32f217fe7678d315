"""What a repair will put back, before it does: what is missing of the run, and what stays."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from screens.modals import QuestionModal
from screens.review import ReviewScreen
from screens.widgets.details import Detail
from screens.widgets.sentence import Sentence
from wizard.answers.choices import Choices
from wizard.platform.text import clean
from wizard.run.repairing import Repair
from wizard.session import Session
from wizard.steps.comparing import Resolution
from wizard.steps.parts import Condition

_NOTHING = "Every step is in effect, so there is nothing to repair."


class RepairScreen(ReviewScreen):
    """Like the preview: a line for each step of which something is put back."""

    NAME = "repair"
    HEADING = "Repair"
    NEXT = "Put it back ..."
    CHECKING = "Checking that every step is in effect …"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Put back", key_display="Enter", priority=True),
        Binding("o,O", "ours", "Ours, too", key_display="O", tooltip="What somebody changed, too"),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "Every step of the run that is in force was looked at. What is not in effect any more is "
        "listed here, with the likely cause. Nothing has been changed yet. Choose a line with the "
        "arrow keys to see the commands, and what changes in files.",
        "What is missing is put back. What somebody changed on purpose stays as they want it, "
        "unless you press O, which puts back what the wizard left; O again leaves it.",
        "Enter asks whether to put it back. Afterwards the wizard asks whether to keep it, and "
        "without an answer everything is as it was before the repair.",
    )

    def arrive(self) -> None:
        """Look at every step."""
        super().arrive()
        if not self.at_work:
            self.say(self.CHECKING)
            self.state.mending.look(self._compared)

    def _compared(self, complaint: str | None) -> None:
        # What was said meanwhile of something else stays.
        said = self.query_one("#sentence", Sentence).words
        if said == self.CHECKING and not self.at_work:
            self.say(complaint or "", "problem")

    def show_state(self) -> None:
        """Show what will be put back."""
        repair = self.state.mending.repair
        if repair is None:
            return
        items = [_overview(repair, self.state.mending.choice)]
        items += [
            Detail(step.title, (step.reason,), commands=step.commands, diffs=step.diffs)
            for step in repair.plan.steps
        ]
        self.query_one("#next").display = self._mends
        left = f"{len(repair.left)} as it is: “All of it” says why" if repair.left else ""
        label = "Prefix" if repair.answers is not None else "Missing"
        short = [(label, items[0].paragraphs[0]), *([("Left", left)] if left else [])]
        self.show_items(items, short=short)

    @property
    def _mends(self) -> bool:
        """Whether anything would be put back, as far as is known."""
        repair = self.state.mending.repair
        return repair is None or bool(repair.plan.steps)

    @property
    def _theirs(self) -> bool:
        """Whether somebody changed anything, which can stay or be put back."""
        repair = self.state.mending.repair
        changed = repair is not None and any(
            part.condition is Condition.CHANGED and part.mendable
            for each in repair.found
            for part in each.parts
        )
        return changed or self.state.mending.choice is Resolution.OURS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what there is something for."""
        if action == "ours":
            return self._theirs
        if action == "enter" and not self._mends:
            # A button that has the focus is pressed all the same, by its own key.
            return False
        return super().check_action(action, parameters)

    def action_ours(self) -> None:
        """Put back what somebody changed, too, or leave it after all."""
        mending = self.state.mending
        mending.choice = Resolution.KEEP if mending.choice is Resolution.OURS else Resolution.OURS
        self.say(self.CHECKING)
        mending.look(self._compared)

    def check(self, then: Callable[[str | None], None]) -> None:
        """Look anew: what is asked about must be what is there."""
        self.state.mending.look(lambda complaint: then(complaint or self._nothing()))

    def _nothing(self) -> str | None:
        repair = self.state.mending.repair
        if repair is None or repair.plan.steps:
            return None
        return "Nothing here can be put back." if repair.left else _NOTHING

    def go_on(self) -> None:
        """Ask once more, and put back."""
        repair = self.state.mending.repair
        follows = repair is not None and repair.answers is not None
        self.app.push_screen(
            QuestionModal(
                "Give the containers the new addresses now?" if follows else "Put this back now?",
                "The steps are done one after the other. If one fails, those before it are taken "
                "back. At the end the wizard asks whether to keep them, and without an answer all "
                "are taken back, too. Closing this terminal does not stop them.",
                yes="Give them" if follows else "Put back",
                no="Not yet",
            ),
            self._answered,
        )

    def _answered(self, yes: bool | None) -> None:
        mending, session = self.state.mending, self.state.session
        repair, choice = mending.repair, mending.choice
        if not yes or repair is None:
            return
        self.begin("Starting …")

        def begin() -> Session:
            return session.start_repair(repair, choice, Choices.window)

        self.state.run.apply(begin, self.say, self._started, self.end)

    def _started(self) -> None:
        self.end()
        self.state.mending.forget()
        self.wizard.open_run()


def _overview(repair: Repair, choice: Resolution) -> Detail:
    count = len(repair.plan.steps)
    steps = "1 step" if count == 1 else f"{count} steps"
    if repair.answers is not None:
        words = repair.plan.notices[0]
    elif count:
        words = (
            f"Of {steps} something is not in effect, and will be put back. Nothing has been "
            "changed yet."
        )
    else:
        words = "Nothing here can be put back." if repair.left else _NOTHING
    left = choice is Resolution.KEEP and any(
        each.state == Condition.CHANGED for each in repair.left
    )
    more = "O puts back what somebody changed, too."
    return Detail(
        "All of it",
        (words, *([more] if left else [])),
        points=tuple(
            map(clean, (*repair.plan.notices[1:], *(step.reason for step in repair.plan.steps)))
        ),
        notes=tuple(clean(each) for each in repair.plan.remarks),
    )
