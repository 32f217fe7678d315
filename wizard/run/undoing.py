"""What undo would take back, before it does; and what it is told to do with others' changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from wizard.noticed import moved_ports
from wizard.platform.errors import Refused
from wizard.platform.system import System
from wizard.platform.text import clean
from wizard.record.record import Record, State, StepRecord
from wizard.record.store import Store
from wizard.run import journal, lock
from wizard.run.each_step import Hindered, attempt, begun, goes_back_to
from wizard.run.set_ups import NOTHING
from wizard.steps.actions import Diff
from wizard.steps.base import Step
from wizard.steps.comparing import (
    Comparison,
    Decisions,
    Found,
    Resolution,
    Treatment,
    choice_of,
    stays,
    treatments,
)
from wizard.steps.others import Other

Chosen = Mapping[int, Decisions]
"""What becomes of what somebody changed, by the number of the step and the name of the object."""


@dataclass(frozen=True)
class Changed:
    """One object that somebody changed since, and what becomes of it."""

    name: str
    choice: Resolution
    words: str
    diffs: tuple[Diff, ...]


@dataclass(frozen=True)
class UndoStep:
    """One step that will be taken back: its title, the commands, and what changes in files."""

    title: str
    commands: tuple[str, ...]
    diffs: tuple[Diff, ...]
    notes: tuple[str, ...] = ()
    """A sentence for each thing that is gone, or has to stay."""
    number: int = 0
    changed: tuple[Changed, ...] = ()
    stays: bool = False
    """Whether it stays in force, because something of it is put back as the wizard left it."""
    noticed: tuple[str, ...] = ()
    """What people will notice of it, in sentences."""


@dataclass(frozen=True)
class UndoPreview:
    """Everything that undo will take back, in the order in which it does: newest first."""

    record: Record
    steps: tuple[UndoStep, ...]

    @property
    def noticed(self) -> tuple[str, ...]:
        """What people will notice, in sentences."""
        return tuple(dict.fromkeys(words for step in self.steps for words in step.noticed))

    @property
    def chosen(self) -> dict[int, dict[str, Resolution]]:
        """What becomes of all that somebody changed."""
        return {
            step.number: {each.name: each.choice for each in step.changed}
            for step in self.steps
            if step.changed
        }

    def choose(self, choice: Resolution) -> dict[int, dict[str, Resolution]]:
        """Return one choice for all that somebody changed."""
        return {
            number: dict.fromkeys(decisions, choice) for number, decisions in self.chosen.items()
        }


def preview(
    record: Record | None,
    system: System,
    chosen: Chosen | None = None,
    beside: Sequence[Other] = (),
) -> UndoPreview:
    """Compare the record with the host, which is only read.

    Args:
        record: The record of the run.
        system: The host.
        chosen: What becomes of what somebody changed; without it, what was chosen for an undo that
            did not come to its end, and otherwise theirs is kept.
        beside: The steps of the other set-ups that are in force.

    Raises:
        Refused: there is nothing to take back.
    """
    if record is None or not record.state.in_force:
        raise Refused(NOTHING)
    steps: list[UndoStep] = []
    gone_by_then: set[str] = set()
    for entry in begun(record):
        decisions = _decisions(record, entry, chosen)
        work = partial(_step, entry, system, decisions, gone_by_then, beside)
        found = attempt(entry, work, beside)
        if isinstance(found, Hindered):
            words = clean(f"It is not known how this step stands: {found.words}")
            found = UndoStep(entry.title, tuple(entry.undo), (), (words,), entry.number)
        steps.append(found)
    return UndoPreview(record, tuple(steps))


def note(store: Store, chosen: Chosen | None) -> None:
    """Write into the record what becomes of what somebody changed, before the undo begins.

    So that whoever goes on with an undo that was cut short does the same. Nothing is written where
    the record says so already.

    Raises:
        Refused: it cannot be written, or the record cannot be read; nothing was changed.
        Locked: a run is at work.
    """
    record = store.load()
    if record is None or _noted(record, chosen):
        return
    with lock.held(store.lock):
        record = store.load()
        if record is None or not record.state.in_force:
            return
        for entry in record.steps:
            decisions = _decisions(record, entry, chosen)
            entry.choices = {name: str(choice) for name, choice in decisions.items()}
        try:
            store.save(record)
        except OSError as error:
            raise Refused(
                f"{store.path} cannot be written: {error.strerror}. What was chosen for what "
                "somebody else changed would be lost with this process, so nothing was changed. "
                "Make room on the disk, or let all of theirs be kept."
            ) from error


def _noted(record: Record, chosen: Chosen | None) -> bool:
    return all(
        journal.decisions(entry) == _decisions(record, entry, chosen) for entry in record.steps
    )


def _decisions(record: Record, entry: StepRecord, chosen: Chosen | None) -> Decisions:
    if chosen is not None:
        return chosen.get(entry.number, {})
    return journal.decisions(entry) if record.state is State.UNDOING else {}


def _step(
    entry: StepRecord,
    system: System,
    decisions: Decisions,
    gone_by_then: set[str],
    beside: Sequence[Other],
    step: Step,
) -> UndoStep:
    """Return what becomes of a step, and add to ``gone_by_then`` what will be gone after it."""
    before = goes_back_to(entry, step, beside)
    found = step.compare(system, before, gone_by_then)
    for name, treatment in treatments(found, decisions).items():
        if treatment in (Treatment.BACK, Treatment.OURS_OUT) or _is_gone(found, name):
            gone_by_then.add(name)
            gone_by_then.update(*(each.goes_with_it for each in found if each.name == name))
    open_to_choice = [
        each
        for each in found
        if each.comparison is Comparison.CHANGED or decisions.get(each.name) is Resolution.OURS
    ]
    settled = [each for each in found if each not in open_to_choice]
    outlooks = [each.outlook(Resolution.KEEP) for each in settled]
    whole = stays(found, decisions)
    # What the record says was so when the step was done: others may have come and gone since.
    lines = step.undo_lines(before) if beside else entry.undo
    return UndoStep(
        entry.title,
        tuple(lines),
        tuple(diff for each in settled for diff in each.diffs(Resolution.KEEP) if not whole),
        tuple(dict.fromkeys(clean(words) for words in outlooks if words)),
        entry.number,
        tuple(
            Changed(
                each.name,
                choice_of(each, decisions),
                clean(each.outlook(choice_of(each, decisions))),
                each.diffs(choice_of(each, decisions)),
            )
            for each in open_to_choice
        ),
        whole,
        () if whole else moved_ports.notices([step]),
    )


def _is_gone(found: tuple[Found, ...], name: str) -> bool:
    return any(each.name == name and each.comparison is Comparison.GONE for each in found)
