"""A run that puts back what is not in effect any more of another."""

from functools import partial

from wizard.host.look import look
from wizard.platform.errors import Refused
from wizard.platform.system import System
from wizard.record.record import Record
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import changing, course, journal, lock, repairing, set_ups, worker_log
from wizard.run import guard as guarding
from wizard.run.adapted import renamed
from wizard.run.cancelled import Cancelled
from wizard.run.guard import Guard, Unguarded
from wizard.steps.comparing import Resolution
from wizard.verification.verification import verification_of_repair


def repair(
    run: str,
    changed: Resolution,
    digest: str,
    system: System,
    store: RepairStore,
    cancelled: Cancelled,
    guard: Guard | None = None,
    seconds: int | None = None,
) -> Record:
    """Look anew what is not in effect of a run on this host, and put back what was shown.

    Args:
        run: Which run.
        changed: What becomes of what somebody changed.
        digest: That of the plan that was shown.
        system: The host.
        store: Where the record of the repair is kept.
        cancelled: Whether somebody asked for a stop.
        guard: What takes the repair back.
        seconds: How long to wait for somebody to say "keep"; None to keep it if it is well.

    Raises:
        WizardError: nothing was changed, and why.
    """
    guard = guard or Unguarded()
    runs = Store(store.directory)
    with guarding.announcing(system) as say, lock.held(store.lock):
        mended = repairing.in_force(set_ups.chosen(runs, run))
        if store.open is not None:
            raise Refused(repairing.WAITS)
        if set_ups.unsettled_change(runs) is not None:
            raise Refused(changing.FIRST_BACK)
        obstacle = set_ups.why_not_repair(runs.records(), mended)
        if obstacle:
            raise Refused(f"Nothing was changed. {obstacle}")
        host = look()
        beside = set_ups.others(runs, mended.id, host=host)
        made = repairing.repair_of(mended, host, system, changed, beside)
        course.check_shown(made.plan, digest)
        steps = repairing.steps_of(made.found, made.plan)
        verification = verification_of_repair(system, steps, host)
        had = course.what_was_had(verification, partial(course.check_ways, made.plan, system))
        amendments = [
            repairing.amendment(mended, made, system),
            *(
                repairing.amendment_beside(
                    each, host, system, set_ups.others(runs, each.id, host=host)
                )
                for each in set_ups.in_force(runs)
                if each.id != mended.id and renamed(each, host) is not None
            ),
        ]
        store.put_aside()
        record = course.begin(made.plan, host, store, guard)

        def conclude(record: Record, store: Store) -> None:
            verification.check(had, worker_log.say_doing)
            repairing.check_mended(made, mended, host, system, beside)
            # What the runs remember besides does no harm where the repair is taken back.
            for each in amendments:
                if each.steps:
                    each.make(host)
                    runs.save(each.record)
            course.settle(record, store, guard, seconds)

        journal.apply(made.plan, record, system, store, cancelled, conclude)
        course.finish(record, system, guard, store, say)
        return record
