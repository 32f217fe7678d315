"""Moves a host from step to step, with every move in the record before and after it is made."""

import errno
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from wizard.answers import answers_file
from wizard.plan.planning import Plan
from wizard.platform.errors import ExitCode, HostChanged, Refused, StepFailed
from wizard.platform.files import temporary_beside
from wizard.platform.system import System
from wizard.platform.text import clean
from wizard.record import tables
from wizard.record.record import GENERATION, Record, State, StepRecord, StepState, now
from wizard.record.store import FULL, Store
from wizard.run import set_ups
from wizard.run.docker_patience import Patience
from wizard.run.each_step import Hindered, attempt, begun, goes_back_to, in_words
from wizard.steps import kinds
from wizard.steps.actions import WriteFile
from wizard.steps.base import Step
from wizard.steps.comparing import Resolution
from wizard.steps.others import Other, known
from wizard.steps.withdraw import Withdraw

EXIT_CODES: Mapping[State, ExitCode] = {
    State.UNCONFIRMED: ExitCode.DONE,
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
    check_each(plan.steps, lambda step: step.obstacle(system), system)


def check_each(
    steps: Sequence[Step], obstacle: Callable[[Step], str | None], system: System
) -> None:
    """Do what :func:`check_obstacles` does, where a step may have to be asked in another way.

    ``obstacle`` returns what is in the way of one step; none is refused before all were asked.
    """
    for step in steps:
        try:
            sentence = obstacle(step)
        except (StepFailed, OSError) as error:
            raise Refused(f"{in_words(error)} Nothing was changed.") from error
        if sentence:
            raise HostChanged(f"{sentence} Nothing was changed. Look at a new preview.")
    for step in steps:
        sentence = step.refusal(system)
        if sentence:
            raise Refused(f"{sentence} Nothing was changed.")


def planned(number: int, step: Step) -> StepRecord:
    """Return what the record says of a step that has not begun."""
    return StepRecord(
        number=number,
        kind=step.kind,
        title=step.title,
        state=StepState.PLANNED,
        commands=list(step.commands),
        parameters=step.parameters(),
    )


def begin(plan: Plan, host: Mapping[str, str], store: Store, changes: str = "") -> Record:
    """Write the record of a run that is about to start, and return it.

    ``changes`` is the run that it changes, where it does.

    Raises:
        OSError: the record cannot be written; nothing was changed.
    """
    record = Record(
        id=f"{now().replace(':', '').replace('-', '')}-{os.urandom(2).hex()}",
        state=State.APPLYING,
        started=now(),
        digest=plan.digest,
        host=dict(host),
        choices=answers_file.to_table(plan.choices),
        generation=GENERATION,
        changes=changes,
        steps=[planned(number, step) for number, step in enumerate(plan.steps, 1)],
    )
    store.save(record)
    return record


def settle(record: Record, store: Store) -> None:
    """Note durably that the run is what the person wants."""
    record.state, record.finished = State.APPLIED, now()
    store.save(record)


def apply(
    plan: Plan,
    record: Record,
    system: System,
    store: Store,
    cancelled: Callable[[], bool],
    conclude: Callable[[Record, Store], None] = settle,
    before_withdrawal: Callable[[], None] = lambda: None,
) -> None:
    """Apply every step of a begun run; roll everything back where one fails or it is cancelled.

    ``conclude`` is called when all steps are done, and says in the record how it goes on. What it
    raises rolls everything back, too, and so does ``before_withdrawal``, which is called before
    the first step that takes away what another has come for.
    """
    try:
        beside = set_ups.beside(store, record)
        withdrawals = [step for step in plan.steps if isinstance(step, Withdraw)]
        for step, entry in zip(plan.steps, record.steps, strict=True):
            if cancelled():
                raise StepFailed("It was cancelled before the next step.")
            if step in withdrawals[:1]:
                before_withdrawal()
            _apply_step(step, entry, record, system, store, beside)
        if cancelled():
            raise StepFailed("It was cancelled after the last step.")
        conclude(record, store)
    except Exception as error:  # whatever it was, the host must not stay half way
        fault = clean(f"The wizard has a fault: {type(error).__name__}: {error}.")
        record.error = in_words(error) or fault
        take_back(record, system, store, State.ROLLING_BACK)


def _apply_step(
    step: Step,
    entry: StepRecord,
    record: Record,
    system: System,
    store: Store,
    beside: Sequence[Other],
) -> None:
    others = known(beside)
    before = step.found_first(step.capture(system), others)
    entry.before = tables.written(before)
    entry.undo = list(step.undo_lines(step.goes_back_to(before, others)))
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
    """
    patience = Patience(system)
    record.state, record.finished = state, ""
    if state is State.UNDOING:
        # Why an earlier attempt failed would read as if this one had.
        record.error = ""
    save_if_possible(record, store)
    complete = True
    beside = set_ups.beside_or_doubt(store, record)
    new_first = set_ups.makes_first(record)
    for entry in begun(record):
        if not complete and record.changes and (new_first or entry.kind == Withdraw.kind):
            # What has come may still be where that was, or be all that there is.
            break
        complete = _undo_step(entry, record, system, store, patience, beside) and complete
    store.release()
    if state is State.ROLLING_BACK:
        record.state = State.ROLLED_BACK if complete else State.ROLLBACK_INCOMPLETE
    else:
        record.state = State.UNDONE if complete else State.UNDO_INCOMPLETE
    record.finished = now()
    _save_at_last(record, store)


def take_back_early(record: Record, system: System, store: Store, state: State) -> None:
    """At boot, before the network: take back the newest steps, up to the first that needs Docker.

    Not past that one: when Docker starts a network with IPv6 it turns forwarding on, and the host
    would lose its default route if the kernel parameters were as before by then. All steps stay
    to be taken back, for :func:`take_back` looks once more when everything runs.
    """
    record.state, record.finished = state, ""
    save_if_possible(record, store)
    beside = set_ups.beside_or_doubt(store, record)
    for entry in begun(record):
        if kinds.needs_docker(entry.kind):
            break
        entry.state = StepState.UNDOING
        met = attempt(entry, partial(_undo_early, entry, system, beside), beside)
        if met is not None:
            entry.output.append(met.words)
    save_if_possible(record, store)


def _undo_early(entry: StepRecord, system: System, beside: Sequence[Other], step: Step) -> None:
    _sweep(step, system)
    before = goes_back_to(entry, step, beside)
    step.undo_early(system, before, entry.output.append, decisions(entry))


def decisions(entry: StepRecord) -> dict[str, Resolution]:
    """Return what is to become of what somebody changed of a step; what is not known is kept."""
    known = set(Resolution)
    return {name: Resolution(choice) for name, choice in entry.choices.items() if choice in known}


def _undo_step(
    entry: StepRecord,
    record: Record,
    system: System,
    store: Store,
    patience: Patience,
    beside: Sequence[Other],
) -> bool:
    entry.state, entry.left = StepState.UNDOING, []
    save_if_possible(record, store)

    def report(line: str) -> None:
        entry.output.append(clean(line))
        save_if_possible(record, store)

    def undone(step: Step) -> tuple[str, ...]:
        if step.needs_docker and not patience.answers(report):
            raise StepFailed(patience.why)
        return step.undo(system, goes_back_to(entry, step, beside), report, decisions(entry))

    def work(step: Step) -> tuple[str, ...]:
        _sweep(step, system)
        try:
            return undone(step)
        except (StepFailed, OSError) as error:
            # The disk may have filled up, or Docker gone, in the middle of it.
            if not (_is_full(error) and store.release()) and not patience.answers(report):
                raise
            return undone(step)

    kept = attempt(entry, work, beside)
    if isinstance(kept, Hindered):
        by_hand = "; ".join(entry.undo) or f"{store.path} says what it did, as step {entry.number}"
        kept = (f"“{entry.title}” could not be taken back: {kept.words} By hand: {by_hand}",)
    entry.left = [clean(sentence) for sentence in kept]
    entry.state = StepState.KEPT if entry.left else StepState.UNDONE
    save_if_possible(record, store)
    return not entry.left


def _sweep(step: Step, system: System) -> None:
    """Remove what a process that was killed while it wrote a file has left beside it."""
    for action in step.actions():
        if isinstance(action, WriteFile):
            stray = str(temporary_beside(Path(os.path.realpath(action.path))))
            # What somebody put in its place, such as a folder, keeps nothing from being written.
            with suppress(OSError):
                if _is_there(system, stray):
                    system.remove(stray)


def _is_there(system: System, path: str) -> bool:
    try:
        return system.read(path) is not None
    except OSError:
        return True


def _is_full(error: BaseException) -> bool:
    for each in (error, error.__cause__):
        if isinstance(each, OSError) and each.errno in FULL:
            return True
    return False


def save_if_possible(record: Record, store: Store) -> OSError | None:
    """Write the record, or return why that could not be done."""
    try:
        store.save(record)
    except OSError as error:
        return error
    except (MemoryError, RecursionError):
        return OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), str(store.path))
    return None


def _save_at_last(record: Record, store: Store) -> None:
    complaint: OSError | None = None
    for pause in LAST_SAVES:
        time.sleep(pause)
        complaint = save_if_possible(record, store)
        if complaint is None:
            return
    if complaint is not None:
        record.error = (
            f"{record.error} The run is {record.state.words}, but {store.path} could not be "
            f"written and does not say so: {complaint.strerror}. Make room on the disk, and then "
            "let wizard --undo bring it up to date."
        ).strip()


def is_noted(record: Record, store: Store) -> bool:
    """Return whether the record on the disk says how the run stands."""
    try:
        noted = store.of(record.id).load()
    except Refused:
        return False
    return noted is not None and (noted.id, noted.state) == (record.id, record.state)
