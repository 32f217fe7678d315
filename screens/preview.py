"""The preview: every step with its commands and differences, before anything is done."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from screens import background, proposed
from screens.modals import QuestionModal
from screens.review import ReviewScreen
from screens.saver import SAVED_WITHIN
from screens.state import State
from screens.widgets.details import Detail
from wizard.answers.proposed import Proposed
from wizard.plan import acceptance
from wizard.plan.in_short import first_sentence, in_short
from wizard.plan.planning import Plan
from wizard.platform.errors import WizardError
from wizard.platform.text import clean
from wizard.session import Session

WINDOWS = (60, 120, 300, 600, 900)
"""Seconds to wait for an answer, to choose from."""


class PreviewScreen(ReviewScreen):
    """The plan. Applying it is asked once more."""

    NAME = "preview"
    HEADING = "Preview"
    NEXT = "Apply ..."
    CHECKING = "Checking that the host is still as the plan expects …"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Apply", key_display="Enter", priority=True),
        Binding("s,S", "save_script", "Save", key_display="S", tooltip="Save as a shell script"),
        Binding("w,W", "wait_longer", "Wait", key_display="W", tooltip="How long for an answer"),
        *(
            Binding(f"{key},{key.upper()}", f"question('{name}')", show=False)
            for name, key in proposed.KEYS.items()
        ),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "Nothing has been changed yet. At the top stands in short what will change and what people "
        "will notice, and below it each step, in the order in which they will be done. Choose one "
        "with the arrow keys: Space or Right opens it, and shows why it is needed, the exact "
        "commands, and what changes in files. There Space or Page Down shows more, and Esc closes "
        "it. On a wide terminal both stand side by side.",
        "Below the steps stands what was proposed and not asked, such as addresses and names. The "
        "key in front opens its question.",
        "In a difference, a line with + is added, a line with - is taken away, and the others "
        "stay and only show where. A command that is too long for one line ends in a backslash "
        "and continues below; any other line that is too long continues after ».",
        "S saves the whole plan as a shell script, so that you can read it at leisure, or run it "
        "by hand in place of the wizard.",
        "Enter asks whether to apply. Then the steps are done one after the other. If one fails, "
        "those before it are taken back, and the host is as it was. What was done is written "
        "into a record, from which wizard --undo takes it back whenever you want.",
    )

    @property
    def heading(self) -> str:
        """Say whether a set-up that stands is changed."""
        return "Preview of a change" if self.state.task.changed else self.HEADING

    @property
    def explanation(self) -> Sequence[str]:
        """Say of a change what becomes of that."""
        return (
            *self.EXPLANATION,
            "After the last step the wizard asks you to log in a second time, to see that you "
            f"still can. If nobody does in time, {_goes_back(self.state)}. W changes how long it "
            "waits.",
        )

    def show_state(self) -> None:
        """Show the plan."""
        plan = self.state.draft.plan
        if plan is not None:
            coverage = self.state.session.awaited.guard_coverage()
            overview = _overview(plan, self.state, coverage)
            steps, settings = _steps(plan), proposed.proposed(self.state)
            numbered = [(f"{number:>2} ", each.title) for number, each in enumerate(steps, 1)]
            self.show_items(
                [overview, *steps, *(_proposed(each) for each in settings)],
                [
                    ("   ", overview.title),
                    *numbered,
                    *(
                        (f" {proposed.key(each)} ", f"{each.label}: {each.words}")
                        for each in settings
                    ),
                ],
                (("Steps", f"{len(steps)}. Nothing has been changed yet."), *in_short(plan)),
            )

    def arrive(self) -> None:
        """Make the plan anew: a file may have changed since."""
        super().arrive()
        if not self.state.draft.fits:
            self.begin(self.CHECKING)
            self.state.draft.make(self._made)

    def _made(self, complaint: str | None) -> None:
        self.end(complaint or "")
        self.show_state()

    def check(self, then: Callable[[str | None], None]) -> None:
        """Find out why the plan cannot be applied, or that the host is still as it expects."""
        plan = self.state.draft.plan
        if plan is None:
            self.state.draft.make(lambda words: then(words) if words else self.check(then))
            return
        state = self.state
        state.save()

        def look() -> tuple[str, bool]:
            state.saver.wait(SAVED_WITHIN)
            complaint = state.task.why_not(plan.choices.project)
            if complaint:
                return complaint, False
            try:
                state.task.check(plan)
            except WizardError as error:
                return str(error), True
            return "", False

        def looked(found: tuple[str, bool]) -> None:
            complaint, anew = found
            if plan is not state.draft.plan:
                then("The answers have changed meanwhile. Look at the preview again.")
            elif anew:
                state.draft.make(lambda _: self._made_anew(then, complaint), again=True)
            else:
                then(complaint or None)

        background.run(self.app, "Checking whether the plan can be applied", look, looked, then)

    def _made_anew(self, then: Callable[[str | None], None], complaint: str) -> None:
        """Show the plan as it would be now, and say what has changed."""
        self.show_state()
        then(complaint)

    def go_on(self) -> None:
        """Ask once more."""
        plan = self.state.draft.plan
        if plan is None:
            return
        count = len(plan.steps)
        steps = "this step" if count == 1 else f"these {count} steps"
        fails = "If it fails, it is" if count == 1 else "If one fails, all are"
        lost = plan.losses
        loss = f"{acceptance.in_short(plan)} The overview says why, and what keeps it.\n\n"
        self.app.push_screen(
            QuestionModal(
                f"Apply {steps} now, and lose that?" if lost else f"Apply {steps} now?",
                f"{loss if lost else ''}{_noticed(plan)}{fails} taken back. At the end the wizard "
                f"asks whether to keep {_what(self.state)}. {_unless_kept(self.state)} Closing "
                "this terminal stops nothing.",
                yes="Apply, and lose it" if lost else "Apply",
                no="Not yet",
            ),
            self._answered,
        )

    def _answered(self, yes: bool | None) -> None:
        plan = self.state.draft.plan
        if not yes or plan is None:
            return
        self.begin("Starting …")
        if plan.unaccepted:
            self.state.answer(accepted=acceptance.accept_all(plan))
            self.state.draft.make(self._start)
        else:
            self._start(None)

    def _start(self, complaint: str | None) -> None:
        """Start applying the plan."""
        plan, state = self.state.draft.plan, self.state
        if complaint or plan is None:
            self.end(complaint or "")
            return
        seconds = state.choices.window

        def begin() -> Session | None:
            state.saver.wait(SAVED_WITHIN)
            return state.task.start(plan, seconds)

        state.run.apply(begin, self.say, self._started, self.end)

    def _started(self) -> None:
        self.end()
        if self.state.task.changed is None:
            super().go_on()
        else:
            self.wizard.open_run()

    def action_wait_longer(self) -> None:
        """Take the next longer time to wait for an answer, or the shortest after the longest."""
        if self.at_work:
            return
        longer = [seconds for seconds in WINDOWS if seconds > self.state.choices.window]
        self.state.answer(window=longer[0] if longer else WINDOWS[0])
        self.state.draft.make(self._waits)
        self.show_state()

    def _waits(self, complaint: str | None) -> None:
        self._made(complaint)
        if not complaint:
            self.say(f"{_unless_kept(self.state)} W changes that time.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Open those questions alone that the mode has."""
        if action == "question":
            return parameters[0] in {each.question for each in proposed.proposed(self.state)}
        return super().check_action(action, parameters)

    def action_question(self, name: str) -> None:
        """Open a question that has an answer already."""
        if not self.at_work:
            self.wizard.open(name)

    def action_save_script(self) -> None:
        """Save the plan as a shell script and say where."""
        plan, session = self.state.draft.plan, self.state.session
        if plan is not None:
            background.run(
                self.app,
                "Saving the plan as a script",
                lambda: session.save_script(plan),
                self._saved,
                lambda complaint: self.say(complaint, "problem"),
            )

    def _saved(self, path: Path) -> None:
        self.say(f"The plan is saved as a script: {clean(str(path))}", "ok")


def in_words(seconds: int) -> str:
    """Return a time as a person says it."""
    minutes, rest = divmod(seconds, 60)
    if rest or not minutes:
        return f"{seconds} seconds"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _what(state: State) -> str:
    return "it" if state.task.changed is None else "the change"


def _unless_kept(state: State) -> str:
    """Return what becomes of it without an answer."""
    within = in_words(state.choices.window)
    return f"Without an answer within {within} {_goes_back(state)}."


def _goes_back(state: State) -> str:
    if state.task.changed is None:
        return "everything is taken back"
    return "the set-up goes back to what it was"


def _noticed(plan: Plan) -> str:
    """Return the first sentence of all that people will notice, and where the rest stands."""
    if not plan.notices:
        return ""
    lines = [f"- {first_sentence(each)}" for each in plan.notices]
    return "\n".join(["People will notice (the overview says more):", *lines, "", ""])


def _overview(plan: Plan, state: State, coverage: str) -> Detail:
    count = len(plan.steps)
    return Detail(
        "All of it",
        (
            (
                "1 step will be done."
                if count == 1
                else f"{count} steps will be done, in this order."
            )
            + " Nothing has been changed yet.",
        ),
        points=(
            *plan.notices,
            *plan.remarks,
            f"After the last step the wizard asks whether to keep it. {_unless_kept(state)} W "
            "changes that time.",
            *([coverage] if coverage else []),
        ),
        settings=tuple(
            f"{proposed.key(each)}  {each.label}: {each.words}" for each in proposed.proposed(state)
        ),
        more=(
            "Choose a step with the arrow keys, and open it: there stand why it is needed, the "
            "exact commands, and every change to a file.",
        ),
    )


def _proposed(each: Proposed) -> Detail:
    return Detail(
        each.label,
        (each.words, f"{proposed.key(each)} opens the question, where you can change that."),
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
