"""Makes sure, before anything is changed, that the way back can be gone."""

import os
from dataclasses import replace
from pathlib import Path

from wizard.answers import answers_file
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused, WizardError
from wizard.platform.system import System
from wizard.platform.text import clean, clean_line
from wizard.record import tables
from wizard.record.record import Record, State, StepRecord
from wizard.record.toml_text import dumps, loads
from wizard.run import journal
from wizard.steps import kinds
from wizard.steps.actions import WriteFile
from wizard.steps.base import Step


def check_steps(plan: Plan, system: System) -> None:
    """Go the way back in words: what each step would record, read again, gives the same step.

    The host is only read.

    Raises:
        Refused: a step could not be taken back, and why; nothing was changed.
    """
    entries = [_entry(number, step, system) for number, step in enumerate(plan.steps, 1)]
    record = Record(
        id="way back",
        state=State.APPLYING,
        started="",
        digest=plan.digest,
        host={},
        choices=answers_file.to_table(plan.choices),
        steps=entries,
    )
    again = loads(dumps(record))
    for step, entry in zip(plan.steps, again.steps, strict=True):
        read = kinds.step(entry.kind, entry.parameters)
        if read != step or tables.written(read.before_from(entry.before)) != entry.before:
            raise Refused(_cannot(step, "the record would not hold all of it"))


def check_places(plan: Plan) -> None:
    """Look whether every file that is written could be put back.

    Raises:
        Refused: a folder cannot be written; nothing was changed.
    """
    for step in plan.steps:
        for action in step.actions():
            if isinstance(action, WriteFile):
                folder = Path(os.path.realpath(action.path)).parent
                while not folder.exists():
                    folder = folder.parent
                if not os.access(folder, os.W_OK):
                    raise Refused(_cannot(step, f"{clean_line(str(folder))} cannot be written"))


def _entry(number: int, step: Step, system: System) -> StepRecord:
    try:
        before = step.capture(system)
        undo = list(step.undo_lines(before))
    except (WizardError, OSError, KeyError, ValueError) as error:
        raise Refused(_cannot(step, clean(str(error)))) from error
    return replace(journal.planned(number, step), undo=undo, before=tables.written(before))


def _cannot(step: Step, why: str) -> str:
    return (
        f"Nothing was changed, because one step could not be taken back: {step.title} ({why}). "
        "Fix this, and start again."
    )
