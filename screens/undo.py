"""What undo will take back, before it does."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from screens.modals import QuestionModal
from screens.review import ReviewScreen
from screens.widgets.details import Detail
from wizard.errors import Refused


class UndoScreen(ReviewScreen):
    """Like the preview, newest step first."""

    NAME = "undo"
    HEADING = "Take it back"
    NEXT = "Take it back ..."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Take back", key_display="Enter", priority=True),
    ]
    EXPLANATION: ClassVar[Sequence[str]] = (
        "These are the steps of the earlier run, the last one first, as they will be taken back. "
        "Choose one with the arrow keys, and the right side shows what is done and what changes "
        "in files. Space or Page Down shows more of the right side, W gives it the whole width.",
        "What somebody else has changed since is not touched: it stays, and a line with an "
        "exclamation mark says so.",
        "The containers keep running. They lose the IPv6 addresses that they got from the wizard.",
    )

    def arrive(self) -> None:
        """Compare the record with the host."""
        complaint = self.wizard.look_back()
        super().arrive()
        if complaint:
            self.say(complaint, "problem")

    def show_state(self) -> None:
        """Show what will be taken back."""
        preview = self.wizard.undo_preview
        if preview is None:
            return
        notes = tuple(note for step in preview.steps for note in step.notes)
        overview = Detail(
            "All of it",
            (
                f"The run that was started {preview.record.started} will be taken back: "
                f"{len(preview.steps)} steps, the last one first. Nothing has been changed yet.",
                "Choose a step on the left with the arrow keys. Here you will see what is done and "
                "what changes in files. Space shows more.",
            ),
            notes=notes,
        )
        self.show_items(
            [
                overview,
                *(
                    Detail(
                        step.title,
                        ("This step will be taken back.",),
                        notes=step.notes,
                        commands=step.commands,
                        commands_heading="The same by hand",
                        diffs=step.diffs,
                    )
                    for step in preview.steps
                ),
            ]
        )

    def refusal(self) -> str | None:
        """Say why nothing can be taken back."""
        complaint = self.wizard.look_back()
        if complaint:
            return complaint
        if not self.wizard.session.root:
            return "Only root can take this back. Leave with Ctrl+Q, and type: sudo wizard --undo"
        return None

    def go_on(self) -> None:
        """Ask once more, and take back."""
        self.app.push_screen(
            QuestionModal(
                "Take these steps back now?",
                "The last one is taken back first. What somebody else has changed since is kept. "
                "Closing this terminal does not stop it.",
                yes="Take back",
                no="Not yet",
            ),
            self._answered,
        )

    def _answered(self, yes: bool | None) -> None:
        if not yes:
            return
        complaint: str | None
        try:
            complaint = self.wizard.start_undo()
        except Refused as refused:
            complaint = str(refused)
        if complaint:
            self.say(complaint, "problem")
        else:
            self.wizard.open("apply")
