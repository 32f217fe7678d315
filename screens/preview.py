"""The preview: every step with its commands and differences, before anything is done."""

import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from textual.binding import Binding, BindingType

from screens.messages import PlanChecked
from screens.modals import QuestionModal
from screens.review import ReviewScreen
from screens.saver import SAVED_WITHIN
from screens.widgets.details import Detail
from wizard.plan import acceptance
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused, WizardError
from wizard.platform.text import clean

_FIRST_SENTENCE = re.compile(r".*?(?:[.!?](?= )|$)", re.DOTALL)
"""Matches always, if need be the whole text."""

WINDOWS = (60, 120, 300, 600, 900)
"""Seconds to wait for an answer, to choose from."""


class PreviewScreen(ReviewScreen):
    """The plan. Applying it is asked once more."""

    NAME = "preview"
    HEADING = "Preview"
    NEXT = "Apply ..."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Apply", key_display="Enter", priority=True),
        Binding("s,S", "save_script", "Save", key_display="S", tooltip="Save as a shell script"),
        Binding("t,T", "next_window", show=False),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "Nothing has been changed yet. On the left are the steps, in the order in which they will "
        "be done. Choose one with the arrow keys, and the right side shows why it is needed, the "
        "exact commands, and what changes in files. Space or Page Down shows more of the right "
        "side, Page Up goes back up. W gives the right side the whole width, and W again brings "
        "the steps back.",
        "In a difference, a line with + is added, a line with - is taken away, and the others "
        "stay and only show where. A command that is too long for one line ends in a backslash "
        "and goes on below; any other line that is too long goes on after ».",
        "S saves the whole plan as a shell script, so that you can read it at leisure, or run it "
        "by hand in place of the wizard.",
        "Enter asks whether to apply. Then the steps are done one after the other. If one fails, "
        "those before it are taken back, and the host is as it was. What was done is written "
        "into a record, from which wizard --undo takes it back whenever you want.",
        "After the last step the wizard asks you to log in a second time, to see that you still "
        "can. If nobody does in time, everything is taken back. T changes how long it waits.",
    )

    def on_mount(self) -> None:
        """Remember that no look is under way."""
        super().on_mount()
        self._checking = False

    def show_state(self) -> None:
        """Show the plan."""
        plan = self.wizard.plan
        if plan is not None:
            coverage = self.wizard.session.guard_coverage()
            overview = _overview(plan, self.wizard.choices.window, coverage)
            self.show_items([overview, *_steps(plan)])

    def arrive(self) -> None:
        """Make the plan anew: a file may have changed since."""
        complaint = self.wizard.make_plan() if self.wizard.plan is None else None
        super().arrive()
        if complaint:
            self.say(complaint, "problem")

    def refusal(self) -> str | None:
        """Say why the plan cannot be applied."""
        wizard = self.wizard
        plan = wizard.plan
        if plan is None:
            return wizard.make_plan()
        wizard.save()
        wizard.saver.wait(SAVED_WITHIN)
        try:
            return wizard.session.why_not_apply()
        except WizardError as error:
            return str(error)

    def go_on(self) -> None:
        """Look whether the host is still as the plan expects, in a thread: Compose is slow."""
        plan = self.wizard.plan
        if plan is None or self._checking:
            return
        self._checking = True
        self.say("Looking whether the host is still as the plan expects …")

        def run() -> None:
            complaint = None
            try:
                self.wizard.session.check_plan(plan)
            except WizardError as error:
                complaint = str(error)
            with suppress(RuntimeError):
                self.post_message(PlanChecked(plan, complaint))

        threading.Thread(target=run, name="check the plan", daemon=True).start()

    def on_plan_checked(self, message: PlanChecked) -> None:
        """Ask once more, or say what has changed and show the plan as it would be now."""
        self._checking = False
        if self.app.screen is not self or message.plan is not self.wizard.plan:
            return
        self.say("")
        if message.complaint:
            self.wizard.plan_again()
            self.show_state()
            self.say(message.complaint, "problem")
            return
        count = len(message.plan.steps)
        steps = "this step" if count == 1 else f"these {count} steps"
        lost = message.plan.losses
        loss = f"{acceptance.in_short(message.plan)} The overview says why, and what keeps it.\n\n"
        self.app.push_screen(
            QuestionModal(
                f"Apply {steps} now, and lose that?" if lost else f"Apply {steps} now?",
                f"{loss if lost else ''}{_noticed(message.plan)}They are done one after the other. "
                "If one fails, all are taken back. At the end the wizard asks whether to keep "
                "them, and without an answer within "
                f"{in_words(self.wizard.choices.window)} all are taken back, too. Closing this "
                "terminal does not stop them.",
                yes="Apply, and lose it" if lost else "Apply",
                no="Not yet",
            ),
            self._answered,
        )

    def _answered(self, yes: bool | None) -> None:
        if not yes:
            return
        plan = self.wizard.plan
        if plan is not None and plan.unaccepted:
            self.wizard.answer(accepted=acceptance.accept_all(plan))
            self.wizard.make_plan()
        complaint = self.wizard.start_apply()
        if complaint:
            self.say(complaint, "problem")
        else:
            super().go_on()

    def action_next_window(self) -> None:
        """Take the next longer time to wait for an answer, or the shortest after the longest."""
        longer = [seconds for seconds in WINDOWS if seconds > self.wizard.choices.window]
        self.wizard.answer(window=longer[0] if longer else WINDOWS[0])
        self.wizard.make_plan()
        self.show_state()

    def action_save_script(self) -> None:
        """Save the plan as a shell script and say where."""
        plan = self.wizard.plan
        if plan is None:
            return
        try:
            path = self.wizard.session.save_script(plan)
        except Refused as refused:
            self.say(str(refused), "problem")
        else:
            self.say(f"The plan is saved as a script: {clean(str(path))}", "ok")


def in_words(seconds: int) -> str:
    """Return a time as a person says it."""
    minutes, rest = divmod(seconds, 60)
    if rest or not minutes:
        return f"{seconds} seconds"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _noticed(plan: Plan) -> str:
    """Return the first sentence of all that people will notice, and where the rest stands."""
    if not plan.notices:
        return ""
    lines = [f"- {_FIRST_SENTENCE.match(clean(each))[0]}" for each in plan.notices]  # type: ignore[index]
    return "\n".join(["People will notice (the overview says more):", *lines, "", ""])


def _overview(plan: Plan, window: int, coverage: str) -> Detail:
    count = len(plan.steps)
    time = in_words(window)
    return Detail(
        "All of it",
        (f"{count} steps will be done, in this order. Nothing has been changed yet.",),
        points=(
            *plan.notices,
            *plan.remarks,
            f"After the last step the wizard asks whether to keep it. Without an answer within "
            f"{time} everything is taken back. T changes that time.",
            *([coverage] if coverage else []),
        ),
        more=(
            "Choose a step on the left with the arrow keys. Here you will see why it is needed, "
            "the exact commands, and every change to a file. Space shows more.",
        ),
    )


def _steps(plan: Plan) -> list[Detail]:
    return [
        Detail(
            step.title,
            (step.reason,),
            commands=step.commands,
            diffs=step.diffs,
        )
        for step in plan.steps
    ]
