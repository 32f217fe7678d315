"""Takes a run back on request."""

from wizard.platform.errors import Refused
from wizard.platform.system import System
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import changing, journal, lock, repairing, set_ups, watching
from wizard.run.guard import Guard, Unguarded


def undo(
    system: System, store: Store, guard: Guard | None = None, run: str | None = None
) -> Record:
    """Take back what the record of a run says is on the host; without one, of that at hand.

    Raises:
        WizardError: there is nothing to take back, or it cannot be begun.
    """
    with lock.held(store.lock):
        record = set_ups.chosen(store, run)
        obstacle = set_ups.why_not_undo(store.records(), record, set_ups.open_repair(store))
        if obstacle:
            raise Refused(f"Nothing was changed. {obstacle}")
        unsettled = set_ups.unsettled_change(store)
        if unsettled is not None and unsettled.changes == record.id:
            raise Refused(changing.FIRST_BACK)
        # What a repair put back goes with all the rest, so nothing of it waits any more.
        repairing.give_up(RepairStore(store.directory))
        store = store.of(record.id)
        journal.take_back(record, system, store, State.UNDOING)
        if not watching.looked_after(store):
            watching.switch_off(system)
        (guard or Unguarded()).disarm()
        return record
