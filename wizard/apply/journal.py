"""Moves a host from step to step, with every move in the record before and after it is made."""

import secrets
import time
from collections.abc import Callable, Mapping

from wizard import choices as choosing
from wizard.errors import ExitCode, HostChanged, Refused, StepFailed, WizardError
from wizard.plan import Plan
from wizard.record import Record, State, StepRecord, StepState, Store, now
from wizard.steps import kinds
from wizard.steps.base import Step
from wizard.system import System
from wizard.text import clean

EXIT_CODES: Mapping[State, ExitCode] = {
    State.APPLIED: ExitCode.DONE,
    State.UNDONE: ExitCode.DONE,
    State.ROLLED_BACK: ExitCode.ROLLED_BACK,
    State.ROLLBACK_INCOMPLETE: ExitCode.ROLLBACK_INCOMPLETE,
    State.UNDO_INCOMPLETE: ExitCode.ROLLBACK_INCOMPLETE,
}
"""What a run that ended in a state exits with."""

LAST_SAVES = (0.0, 0.2, 1.0)
"""Seconds to wait before each try to write the record when everything was taken back."""


def check_obstacles(plan: Plan, system: System) -> None:
    """Look, before anything is touched, whether every step finds what it was planned for.

    Raises:
        HostChanged: one does not; the message says which and why.
        Refused: a command that must succeed beforehand, such as Compose's own check, failed.
    """
    for step in plan.steps:
        try:
            sentence = step.obstacle(system)
        except (StepFailed, OSError) as error:
            raise Refused(f"{_in_words(error)} Nothing was changed.") from error
        if sentence:
            raise HostChanged(f"{sentence} Nothing was changed. Look at a new preview.")
    for step in plan.steps:
        sentence = step.refusal(system)
        if sentence:
            raise Refused(f"{sentence} Nothing was changed.")


def begin(plan: Plan, host: Mapping[str, str], store: Store) -> Record:
    """Write the record of a run that is about to start, and return it.

    Raises:
        OSError: the record cannot be written; nothing was changed.
    """
    record = Record(
        id=f"{now().replace(':', '').replace('-', '')}-{secrets.token_hex(2)}",
        state=State.APPLYING,
        started=now(),
        digest=plan.digest,
        host=dict(host),
        choices=choosing.to_table(plan.choices),
        steps=[
            StepRecord(
                number=number,
                kind=step.kind,
                title=step.title,
                state=StepState.PLANNED,
                commands=list(step.commands),
                parameters=step.parameters(),
            )
            for number, step in enumerate(plan.steps, 1)
        ],
    )
    store.save(record)
    return record


def apply(
    plan: Plan, record: Record, system: System, store: Store, cancelled: Callable[[], bool]
) -> None:
    """Apply every step of a begun run; roll everything back where one fails or it is cancelled."""
    try:
        for step, entry in zip(plan.steps, record.steps, strict=True):
            if cancelled():
                raise StepFailed("It was cancelled before the next step.")
            _apply_step(step, entry, record, system, store)
        record.state, record.finished = State.APPLIED, now()
        store.save(record)
    except Exception as error:  # whatever it was, the host must not stay half way
        record.error = _in_words(error)
        take_back(record, system, store, State.ROLLING_BACK)


def _apply_step(
    step: Step, entry: StepRecord, record: Record, system: System, store: Store
) -> None:
    entry.before = step.capture(system)
    entry.undo = list(step.undo_lines(entry.before))
    entry.state = StepState.APPLYING
    store.save(record)

    def report(line: str) -> None:
        entry.output.append(clean(line))
        store.save(record)

    step.apply(system, report)
    missing = step.check(system)
    if missing:
        raise StepFailed(f"It was done but is not in effect. {missing}")
    entry.state = StepState.DONE
    store.save(record)


def take_back(record: Record, system: System, store: Store, state: State) -> None:
    """Take back every step that was begun, newest first; go on where one fails.

    ``state`` is ROLLING_BACK or UNDOING. What is not taken back is in ``left`` of its step. It goes
    on where the record cannot be written: the record then says too much is there, never too little.

    Raises:
        Refused: the record holds a step that is not known; nothing was touched.
    """
    steps = [kinds.step(entry.kind, entry.parameters) for entry in record.steps]
    record.state, record.finished = state, ""
    if state is State.UNDOING:
        # Why an earlier attempt failed would read as if this one had.
        record.error = ""
    _save_if_possible(record, store)
    complete = True
    for step, entry in reversed(list(zip(steps, record.steps, strict=True))):
        if entry.state in (StepState.PLANNED, StepState.UNDONE):
            continue
        complete = _undo_step(step, entry, record, system, store) and complete
    if state is State.ROLLING_BACK:
        record.state = State.ROLLED_BACK if complete else State.ROLLBACK_INCOMPLETE
    else:
        record.state = State.UNDONE if complete else State.UNDO_INCOMPLETE
    record.finished = now()
    _save_at_last(record, store)


def _undo_step(step: Step, entry: StepRecord, record: Record, system: System, store: Store) -> bool:
    entry.state, entry.left = StepState.UNDOING, []
    _save_if_possible(record, store)

    def report(line: str) -> None:
        entry.output.append(clean(line))
        _save_if_possible(record, store)

    try:
        entry.left = [clean(sentence) for sentence in step.undo(system, entry.before, report)]
    except Exception as error:  # whatever it was, the other steps must still be taken back
        by_hand = "; ".join(entry.undo)
        entry.left = [clean(f"{entry.title}: {_in_words(error)} By hand: {by_hand}")]
    entry.state = StepState.KEPT if entry.left else StepState.UNDONE
    _save_if_possible(record, store)
    return not entry.left


def _save_if_possible(record: Record, store: Store) -> OSError | None:
    try:
        store.save(record)
    except OSError as error:
        return error
    return None


def _save_at_last(record: Record, store: Store) -> None:
    complaint: OSError | None = None
    for pause in LAST_SAVES:
        time.sleep(pause)
        complaint = _save_if_possible(record, store)
        if complaint is None:
            return
    if complaint is not None:
        record.error = (
            f"{record.error} The run is {record.state}, but {store.path} could not be written and "
            f"does not say so: {complaint.strerror}. Make room on the disk, and then let "
            "wizard --undo bring it up to date."
        ).strip()


def _in_words(error: Exception) -> str:
    match error:
        case WizardError():
            return clean(str(error))
        case OSError():
            return clean(f"{error.filename} could not be read or written: {error.strerror}.")
    return clean(f"The wizard has a fault: {type(error).__name__}: {error}.")
