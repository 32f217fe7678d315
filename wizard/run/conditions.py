"""How every step of a run stands today: in effect, missing, or changed by somebody, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from wizard.answers import answers_file
from wizard.host.host import Host
from wizard.platform.system import System
from wizard.platform.text import clean, clean_line
from wizard.record.record import Record, StepRecord
from wizard.run.adapted import adapted
from wizard.run.causes import Cause, cause_of
from wizard.run.each_step import Hindered, attempt, begun
from wizard.steps.actions import WriteFile
from wizard.steps.base import Step
from wizard.steps.before import Before
from wizard.steps.others import Other, known
from wizard.steps.parts import Condition, Part, worst

NOT_KNOWN = "not known"
"""How a step stands that could not be looked at."""


@dataclass(frozen=True)
class StepCondition:
    """One step of a run, as it stands."""

    number: int
    title: str
    kind: str
    state: str
    """One of :class:`Condition`, or :data:`NOT_KNOWN`."""
    words: str = ""
    """What is not in effect, in sentences."""
    cause: Cause | None = None
    parts: tuple[Part, ...] = ()
    step: Step | None = None
    """The step as it would be made today."""

    @property
    def sentence(self) -> str:
        """All of it for a person; empty where the step is in effect."""
        if self.state == Condition.IN_EFFECT:
            return ""
        # What to type stands at the end of the words.
        why = f"{self.cause.sentence} " if self.cause else ""
        return f"Step {self.number}, “{self.title}”: {why}{self.words}"

    def as_values(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return {
            "number": self.number,
            "title": self.title,
            "kind": self.kind,
            "state": self.state,
            "words": self.words,
            "cause": self.cause.words if self.cause else None,
            "evidence": self.cause.evidence if self.cause else None,
        }


def conditions(
    record: Record, host: Host, system: System, beside: Sequence[Other] = ()
) -> tuple[StepCondition, ...]:
    """Look at every step of a run that was begun, in their order; the host is only read.

    ``beside`` are the steps of the other set-ups that are in force, as of today.
    """
    return tuple(
        _condition(entry, record, host, system, beside) for entry in reversed(begun(record))
    )


def _condition(
    entry: StepRecord, record: Record, host: Host, system: System, beside: Sequence[Other]
) -> StepCondition:
    found = attempt(entry, partial(_looked_at, entry, record, host, system, beside), beside)
    if isinstance(found, Hindered):
        title = clean_line(entry.title)
        return StepCondition(entry.number, title, entry.kind, NOT_KNOWN, found.words)
    return found


def _looked_at(
    entry: StepRecord,
    record: Record,
    host: Host,
    system: System,
    beside: Sequence[Other],
    step: Step,
) -> StepCondition:
    choices = answers_file.from_table(record.choices)
    others = known(beside)
    today = adapted(step, record, host, choices).among(others)
    before = step.before_from(entry.before)
    recorded = step.among([each.as_recorded for each in others])
    left = today.goes_back_to(before, others) if others else None
    parts = today.parts(system, before, _texts(recorded, today.among(()), left))
    state = worst(parts)
    words = " ".join(dict.fromkeys(clean(part.words) for part in parts if part.words))
    why = None
    if state is not Condition.IN_EFFECT:
        why = cause_of(parts, record, host, system)
    title = clean_line(entry.title)
    return StepCondition(entry.number, title, entry.kind, str(state), words, why, parts, today)


def _texts(recorded: Step, alone: Step, left: Before | None) -> Mapping[str, Sequence[str]]:
    """Return what the wizard wrote at other times: for other names, or for other set-ups."""
    found: dict[str, list[str]] = {}
    for step in (recorded, alone):
        for each in step.actions():
            if isinstance(each, WriteFile):
                found.setdefault(each.path, []).append(each.after.text)
    for file in left.files if left else ():
        if file.state is not None:
            found.setdefault(file.path, []).append(file.state.text)
    return found
