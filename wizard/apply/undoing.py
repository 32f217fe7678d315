"""What undo would take back, before it does."""

from dataclasses import dataclass

from wizard.errors import Refused
from wizard.record import Record, StepRecord, StepState
from wizard.steps import kinds
from wizard.steps.actions import Diff, WriteFile, difference
from wizard.system import System
from wizard.text import clean


@dataclass(frozen=True)
class UndoStep:
    """One step that will be taken back: its title, the commands, and what changes in files."""

    title: str
    commands: tuple[str, ...]
    diffs: tuple[Diff, ...]
    notes: tuple[str, ...] = ()
    """A sentence for each file that somebody changed since, and that will therefore stay."""


@dataclass(frozen=True)
class UndoPreview:
    """Everything that undo will take back, in the order in which it does: newest first."""

    record: Record
    steps: tuple[UndoStep, ...]


def preview(record: Record | None, system: System) -> UndoPreview:
    """Compare the record with the host, which is only read.

    Raises:
        Refused: there is nothing to take back.
    """
    if record is None or not record.state.in_force:
        raise Refused("There is nothing to take back: no run of the wizard is on this host.")
    begun = [
        step
        for step in reversed(record.steps)
        if step.state not in (StepState.PLANNED, StepState.UNDONE)
    ]
    return UndoPreview(record, tuple(_step(step, system) for step in begun))


def _step(entry: StepRecord, system: System) -> UndoStep:
    step = kinds.step(entry.kind, entry.parameters)
    wanted = {each.path: each.after for each in step.actions() if isinstance(each, WriteFile)}
    diffs: list[Diff] = []
    notes: list[str] = []
    for table in entry.before.get("files", []):
        path = str(table["path"])
        old = table["text"] if table["exists"] else None
        try:
            now = system.read(path)
        except OSError as error:
            notes.append(clean(f"{path} cannot be read ({error.strerror}), so it stays so."))
            continue
        if (now.text if now else None) == old:
            continue
        if now is None or (path in wanted and now.text != wanted[path].text):
            gone = "removed" if now is None else "changed"
            notes.append(clean(f"{path} has been {gone} by somebody else since, so it stays so."))
        else:
            diffs.append(difference(path, now.text, old))
    return UndoStep(entry.title, tuple(entry.undo), tuple(diffs), tuple(notes))
