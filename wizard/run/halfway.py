"""A set-up of which neither all nor nothing stands: what is to be said of it, and what to type."""

from wizard.platform.local_time import local_time
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run import lock, set_ups

_INCOMPLETE = (State.ROLLBACK_INCOMPLETE, State.UNDO_INCOMPLETE)


def told(store: Store, record: Record) -> str:
    """Return what to say of a run, or of a change of it, that stopped half way; empty otherwise.

    What its steps lack is then nothing that somebody took away, and no repair puts it back.

    Args:
        store: The folder of the records.
        record: Of the run.
    """
    whose, stopped = f"The run of {local_time(record.started)} for", record
    if not _is_halfway(record):
        change = set_ups.unsettled_change(store)
        if change is None or change.changes != record.id or not _is_halfway(change):
            return ""
        whose, stopped = f"The change of {local_time(change.started)} of", change
    name, argument = set_ups.name_of(record), set_ups.argument_of(record)
    state = f"{whose} {name} is {stopped.state.words}"
    if stopped.state in _INCOMPLETE:
        return (
            f"{state}: wizard --status lists what is left of it, and wizard --undo {argument} "
            "tries that again."
        )
    if lock.is_held(store.lock):
        return f"{state} right now. Look again once that has ended."
    return f"{state}, and its process has died. wizard --undo {argument} takes back what is left."


def _is_halfway(record: Record) -> bool:
    return record.state.moving or record.state in _INCOMPLETE
