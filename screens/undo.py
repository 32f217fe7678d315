"""What undo will take back, before it does, and what becomes of what somebody changed since."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual.binding import Binding, BindingType

from screens.modals import QuestionModal
from screens.review import ReviewScreen
from screens.widgets.details import Detail
from screens.widgets.sentence import Sentence
from wizard.platform.local_time import local_time
from wizard.platform.text import clean_line
from wizard.record.record import Record, State
from wizard.run import set_ups
from wizard.run.undoing import Changed, UndoPreview, UndoStep
from wizard.steps.comparing import Resolution

WORDS: Mapping[Resolution, str] = {
    Resolution.KEEP: "theirs is kept",
    Resolution.OURS: "ours is put back",
    Resolution.ORIGINAL: "the original is put back",
}

_KEYS = (
    "K keeps what they want, O puts back what the wizard left (that step then stays in force), and "
    "P puts back what was there before the wizard."
)


class UndoScreen(ReviewScreen):
    """Like the preview, newest step first; below a step is what somebody changed of it."""

    NAME = "undo"
    HEADING = "Take it back"
    NEXT = "Take it back ..."
    CHECKING = "Comparing the record with this host …"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Undo", key_display="Enter", priority=True),
        Binding("k,K", "choose('keep')", "Choose", key_display="K O P", tooltip="Theirs is kept"),
        Binding("o,O", "choose('ours')", show=False),
        Binding("p,P", "choose('original')", show=False),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "These are the steps of the earlier run, the last one first, as they will be taken back. "
        "Choose one with the arrow keys. Space or Right opens it, and shows what is done and what "
        "changes in files; there Space shows more, and Esc closes it.",
        "Everything is compared with how the wizard left it. What nobody has changed since is "
        "taken back. What somebody has changed has a line of its own below its step, with an "
        "exclamation mark; opened, it shows the difference. There you have three choices.",
        "K keeps it as they want it. If that is a Compose file, only the lines that the wizard "
        "added are taken out of it, where these can still be told apart. This is done unless you "
        "say otherwise.",
        "O puts it back as the wizard left it. That step then stays in force, and the record says "
        "so. You can take it back another time.",
        "P puts it back as it was before the wizard. What they changed is lost.",
        "A network that other containers have joined stays until they have left it; its step, "
        "opened, shows the command for that. Afterwards take the rest back in the same way.",
        "The containers keep running. They lose the IPv6 addresses that they got from the wizard.",
    )

    def on_mount(self) -> None:
        """Remember that nothing is shown yet."""
        super().on_mount()
        self._behind: list[tuple[UndoStep, Changed] | None] = []

    def arrive(self) -> None:
        """Compare the record with the host."""
        super().arrive()
        if not self.at_work:
            self.say(self.CHECKING)
            self.state.undo.look(self._compared)

    def _compared(self, complaint: str | None) -> None:
        # What was said meanwhile of something else stays.
        if self.query_one("#sentence", Sentence).words == self.CHECKING and not self.at_work:
            self.say(complaint or "", "problem")

    def show_state(self) -> None:
        """Show what will be taken back."""
        preview = self.state.undo.preview
        if preview is None:
            return
        items, lines = [_overview(preview)], [("   ", "All of it")]
        self._behind = [None]
        for number, step in enumerate(preview.steps, 1):
            items.append(_of_step(step))
            lines.append((f"{number:>2} ", step.title))
            self._behind.append(None)
            for changed in step.changed:
                items.append(_of_object(changed))
                name = clean_line(PurePath(changed.name).name)
                lines.append(("   ! ", f"{name}: {WORDS[changed.choice]}"))
                self._behind.append((step, changed))
        count = sum(len(step.changed) for step in preview.steps)
        steps = len(preview.steps)
        order = ", the last one first" if steps > 1 else ""
        said = f"{steps}{order}. Nothing has been changed yet."
        theirs = f"{count} changed by somebody since: choose those lines" if count else ""
        self.show_items(
            items,
            lines,
            (
                ("Steps", said),
                _since(preview.record),
                *([("Theirs", theirs)] if theirs else []),
                *(("Noticed", words) for words in preview.noticed),
            ),
        )

    @property
    def chosen(self) -> tuple[UndoStep, Changed] | None:
        """What somebody changed, where that is what is shown, and its step."""
        at = self.at if self.ready else None
        return self._behind[at] if at is not None and at < len(self._behind) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the three choices where there is something to choose."""
        if action == "choose":
            return self.chosen is not None
        return super().check_action(action, parameters)

    def action_choose(self, choice: str) -> None:
        """Choose what becomes of what is shown."""
        if self.chosen is None or self.state.undo.preview is None:
            return
        step, changed = self.chosen
        self.say(self.CHECKING)
        self.state.undo.choose(step.number, changed.name, Resolution(choice), self._compared)

    def refusal(self) -> str | None:
        """Say that it takes root."""
        if not self.state.session.root and self.state.undo.preview is not None:
            return "Only root can take this back. Leave with Ctrl+Q, and type: sudo wizard --undo"
        return None

    def check(self, then: Callable[[str | None], None]) -> None:
        """Compare anew: what is asked about must be what is there."""
        self.state.undo.look(then)

    def go_on(self) -> None:
        """Ask once more, and take back."""
        preview = self.state.undo.preview
        changed = [each for step in preview.steps for each in step.changed] if preview else []
        fate = "".join(
            f" {clean_line(PurePath(each.name).name)}: {WORDS[each.choice]}." for each in changed
        )
        lines = [f"- {each}" for each in preview.noticed] if preview else []
        noticed = "\n".join(["People will notice:", *lines, "", ""]) if lines else ""
        whose = set_ups.name_of(preview.record) if preview else "this host"
        self.app.push_screen(
            QuestionModal(
                "Take these steps back now?",
                f"{noticed}What was set up for {whose} goes, the last step first.{fate} What "
                "somebody else changes until then is kept. Closing this terminal stops nothing.",
                yes="Take back",
                no="Not yet",
            ),
            self._answered,
        )

    def _answered(self, yes: bool | None) -> None:
        if not yes:
            return
        undo, session = self.state.undo, self.state.session
        chosen = undo.chosen
        self.begin("Starting to take back …")
        self.state.run.take_back(
            lambda: session.start_undo(chosen), self.say, self._started, self.end
        )

    def _started(self) -> None:
        self.end()
        self.state.undo.forget()
        self.wizard.open_run()


def _since(record: Record) -> tuple[str, str]:
    """Return how the run stands; what is in force has a time since when, and nothing else has."""
    whose = set_ups.name_of(record)
    if record.state is State.APPLIED:
        return "In force", f"for {whose} since {local_time(record.finished or record.started)}"
    return "Run", f"for {whose} of {local_time(record.started)}, {record.state.words}"


def _overview(preview: UndoPreview) -> Detail:
    steps = len(preview.steps)
    changed = [each for step in preview.steps for each in step.changed]
    points = [each.words for each in changed]
    notes = [note for step in preview.steps for note in step.notes]
    more = f"Choose a line with an exclamation mark: {_KEYS}" if changed else ""
    return Detail(
        "All of it",
        (
            f"The run that was started {local_time(preview.record.started)} will be taken back: "
            f"{'1 step' if steps == 1 else f'{steps} steps, the last one first'}. Nothing has been "
            "changed yet.",
            *((more,) if more else ()),
            "Choose a step with the arrow keys, and open it to see what is done and what changes "
            "in files.",
        ),
        points=preview.noticed,
        notes=(*points, *notes),
    )


def _of_step(step: UndoStep) -> Detail:
    words = "stays in force" if step.stays else "will be taken back"
    return Detail(
        step.title,
        (f"This step {words}.",),
        notes=(*(each.words for each in step.changed), *step.notes),
        commands=() if step.stays else step.commands,
        commands_heading="The same by hand",
        diffs=step.diffs,
    )


def _of_object(changed: Changed) -> Detail:
    return Detail(clean_line(changed.name), (changed.words, _KEYS), diffs=changed.diffs)
