"""Decides, under the lock, how a run that waits for an answer ends: kept, or taken back."""

import copy
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from wizard.platform.errors import ExitCode, Locked, Refused, WizardError
from wizard.platform.local_time import local_time
from wizard.platform.system import System, is_stopping
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run import journal, lock, set_ups, window
from wizard.run.guard import Guard, announcing

_PATIENCE = 300.0
"""Seconds that a worker whose time is over has for rolling back itself, before it is killed."""

_SHORT = 2.0
"""Seconds to wait for who holds the lock for a moment alone."""

_POLL = 0.5


class TooLate(WizardError):
    """The run was taken back before somebody said "keep"."""

    exit_code = ExitCode.ROLLED_BACK


def ask(record: Record, store: Store, guard: Guard, seconds: int) -> None:
    """Give somebody so many seconds to say "keep", counted from now.

    At every instant a timer of the guard ends when the record says so, or just after that. One of
    before, which ends too early, finds that time is left, and does nothing.
    """
    record.window = seconds
    # First: the timer must not end before the record says so, for it would find that time is left.
    window.open_for(record, seconds)
    mark = guard.count_down(seconds)
    record.state = State.UNCONFIRMED
    store.save(record)
    guard.forget_all_but(mark)


def keep(system: System, store: Store, guard: Guard) -> Record:
    """Keep the run that waits for an answer.

    Raises:
        Refused: there is nothing to keep.
        TooLate: the run was taken back.
        Locked: a run is at work.
    """
    with announcing(system) as say, _settled(store) as record:
        if record is None or record.state is not State.UNCONFIRMED:
            raise _nothing_to_keep(record)
        before = copy.deepcopy(record)
        # First the record, durably, then the guard: what comes between finds the record.
        try:
            journal.settle(record, store)
        except OSError as error:
            _put_back(before, store)
            place = store.of(record.id).path
            raise Refused(
                f"{place} cannot be written: {error.strerror}. So nothing is kept yet, and "
                f"everything is taken back at {local_time(window.ends(record))}. Make room on the "
                "disk, and type wizard --keep again."
            ) from error
        guard.disarm()
        store.release()
        say("The change for IPv6 in containers is kept.")
    return record


def extend(store: Store, guard: Guard, seconds: int) -> Record:
    """Begin the time for an answer anew, with so many seconds.

    Raises:
        Refused: nothing waits for an answer.
        TooLate: the run was taken back.
        Locked: a run is at work.
    """
    with _settled(store) as record:
        if record is None or record.state is not State.UNCONFIRMED:
            raise _nothing_to_keep(record)
        try:
            ask(record, store, guard, seconds)
        except OSError as error:
            place = store.of(record.id).path
            raise Refused(
                f"{place} cannot be written: {error.strerror}. The time is as it was."
            ) from error
        return record


def revert(
    run: str,
    system: System,
    store: Store,
    guard: Guard,
    *,
    early: bool = False,
    asked: bool = False,
) -> Record | None:
    """Take a run back if its time is over, its process has died, or the person asked for it.

    Returns:
        The record, or None where there is none of this run.

    Raises:
        Locked: the run is at work and did not stop.
        Refused: the record cannot be read; or everything was taken back but it cannot say so, and
            the guard has to come again.
    """
    store = store.of(run)
    with announcing(system) as say, _stopped(store, asked):
        record = store.load()
        if record is None:
            return None
        left = window.seconds_left(record)
        if record.state is State.UNCONFIRMED and not asked and left > 0:
            # Who started the guard now may have been the last to start it: a timer is gone where
            # somebody stopped it, and where a container starts anew under the same kernel.
            if not early:
                guard.forget_all_but(guard.count_down(left))
            return record
        again = asked and record.state is State.ROLLBACK_INCOMPLETE
        if record.state.is_open or again:
            target = State.UNDOING if record.state is State.UNDOING else State.ROLLING_BACK
            record.error = record.error or _reason(record, asked)
            if early:
                journal.take_back_early(record, system, store, target)
                return record
            journal.take_back(record, system, store, target)
            if is_stopping(system) and record.state not in (State.ROLLED_BACK, State.UNDONE):
                # Docker may be gone already: the units go on with it at the next boot.
                record.state = target
                journal.save_if_possible(record, store)
                return record
            say(f"{record.error} The run is {record.state.words}.")
        if not early:
            if not journal.is_noted(record, store):
                raise Refused(record.error)
            # The guard on the host may be another run's, which is none of ours.
            if not set_ups.another_is_open(store, run):
                guard.disarm()
                store.release()
        return record


def watch(run: str, system: System, store: Store, guard: Guard) -> Record | None:
    """Wait, as an ordinary process, until a run is settled or has to be taken back, and do so."""
    store = store.of(run)
    # Who watched the run before this one sees within an instant that it is over.
    with lock.held(store.guard, wait=10):
        while True:
            record = store.load()
            if record is None:
                return None
            if not record.state.is_open:
                return record
            died = record.state.moving and not lock.is_held(store.lock)
            over = not window.seconds_left(record) and record.state is not State.ROLLING_BACK
            if died or over:
                # It may find that the run has gone on meanwhile: not the end of watching.
                with suppress(Locked):
                    revert(run, system, store, guard)
            time.sleep(_POLL)


@contextmanager
def _settled(store: Store) -> Iterator[Record | None]:
    """Hold the lock while nothing moves, and give the record."""
    if store.latest() is None:
        # The lock would be a file, on a host where the wizard has done nothing.
        yield None
        return
    with ExitStack() as holding:
        try:
            holding.enter_context(lock.held(store.lock, wait=_SHORT))
        except Locked as error:
            record = store.latest()
            if record is not None and record.state is State.APPLYING:
                raise Locked(
                    "The wizard is still applying, so there is nothing to keep yet. Wait until it "
                    "asks; wizard --status shows how far it is."
                ) from error
            # The guard holds the lock from before its record says that it takes back until after it
            # says that it has. Who comes too late is told so, and not that somebody is at work.
            holding.enter_context(lock.held(store.lock, wait=_PATIENCE))
        yield store.latest()


@contextmanager
def _stopped(store: Store, asked: bool) -> Iterator[None]:
    """Hold the lock; a worker of this run that overran its time is stopped first."""
    with ExitStack() as holding:
        deadline = time.monotonic() + _PATIENCE
        told = False
        while True:
            try:
                holding.enter_context(lock.held(store.lock, wait=1))
            except Locked:
                process = _overdue(store, asked)
                if process is not None and not told:
                    _send(signal.SIGTERM, process)
                    told = True
                elif time.monotonic() > deadline:
                    if process is None:
                        raise
                    _send(signal.SIGKILL, process)
            else:
                break
        yield


def _put_back(before: Record, store: Store) -> None:
    """Let the record say again what it said, where it was written but perhaps not durably."""
    if store.of(before.id).load() != before:
        journal.save_if_possible(before, store)


def _send(number: signal.Signals, process: int) -> None:
    """Send a signal to a process that may have ended by itself meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(process, number)


def _overdue(store: Store, asked: bool) -> int | None:
    """Return the process that applies this run though its time is over."""
    record = store.load()
    if record is None or record.state is not State.APPLYING:
        return None
    return lock.holder(store.lock) if asked or not window.seconds_left(record) else None


def _reason(record: Record, asked: bool) -> str:
    if record.state is State.UNCONFIRMED:
        if asked:
            return "This was requested."
        if record.boot != window.boot():
            return "The host was restarted before somebody said keep."
        return f"Nobody said keep within {record.window} seconds."
    if record.state is State.UNDOING:
        return ""
    return "The process that changed the host died before its end."


def _nothing_to_keep(record: Record | None) -> WizardError:
    if record is None:
        return Refused("There is nothing to keep: no run of the wizard is on this host.")
    if record.state is State.APPLIED:
        return Refused(
            f"There is nothing to keep: the run of {local_time(record.started)} is kept already."
        )
    if record.state is State.APPLYING:
        return Refused(
            "There is nothing to keep: the process that changed the host has died, and what it "
            "had begun is taken back. wizard --status shows how far that is."
        )
    return TooLate(
        f"It is too late to keep anything: the run of {local_time(record.started)} is "
        f"{record.state.words}. {record.error}"
    )
