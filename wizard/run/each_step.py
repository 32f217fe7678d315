"""Does something with one step of a record, whatever that meets, so that the others go on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from wizard.platform.errors import Refused, WizardError
from wizard.platform.files import Masked
from wizard.platform.text import clean
from wizard.program import switched_off
from wizard.record.record import Record, StepRecord, StepState
from wizard.steps import kinds
from wizard.steps.base import Step
from wizard.steps.others import Other, known

Made = TypeVar("Made")


@dataclass(frozen=True)
class Hindered:
    """What kept something from being done with a step, as a sentence."""

    words: str


def begun(record: Record) -> list[StepRecord]:
    """Return the steps of which something is, or may be, on the host, newest first."""
    return [
        entry
        for entry in reversed(record.steps)
        if entry.state not in (StepState.PLANNED, StepState.UNDONE)
    ]


def attempt(
    entry: StepRecord, work: Callable[[Step], Made], others: Sequence[Other] = ()
) -> Made | Hindered:
    """Make the step that the record describes, do something with it, and return what that gives.

    ``others`` are the steps of other set-ups that are in force, beside which it stands.

    Nothing that the record says of it, that the host answers, or that a file of others holds ends
    more than the work on this one step.
    """
    try:
        step = kinds.step(entry.kind, entry.parameters)
        for other in others:
            if other.step is None and other.kind == entry.kind:
                raise Refused(
                    f"The record of {other.project} is damaged at such a step, so it is not known "
                    "what that set-up needs of it."
                )
        return work(step.among(known(others)))
    except Exception as error:
        return Hindered(
            in_words(error)
            or "What the record or the host says of it is not what the wizard "
            f"expects ({clean(f'{type(error).__name__}: {error}')})."
        )


def goes_back_to(entry: StepRecord, step: Step, others: Sequence[Other]) -> Any:  # noqa: ANN401 - of many kinds
    """Return what the undo of a step leaves behind, beside the steps of others.

    Raises:
        Refused: the record of the step is damaged there.
    """
    return step.goes_back_to(step.before_from(entry.before), known(others))


def in_words(error: Exception) -> str | None:
    """Return what a step met as a sentence, or None for what no step is meant to meet."""
    match error:
        case WizardError():
            return clean(str(error))
        case Masked():
            return switched_off.masked(str(error.filename))
        case OSError():
            what = error.filename or "Something that the wizard needs"
            return clean(f"{what} could not be read or written: {error.strerror or error}.")
        case MemoryError():
            return "There was not enough memory for it."
        case RecursionError():
            return "What it has to read is nested too deep for the wizard."
    return None
