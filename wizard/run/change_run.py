"""A run that makes another into what other answers want."""

from functools import partial

from wizard.answers.choices import Choices
from wizard.host.look import look
from wizard.platform.system import System
from wizard.record.record import Record
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import changing, course, journal, lock, set_ups, worker_log
from wizard.run import guard as guarding
from wizard.run.cancelled import Cancelled
from wizard.run.ground import ground_of
from wizard.run.guard import Guard, Unguarded
from wizard.verification.verification import verification_of


def change(
    choices: Choices,
    digest: str,
    system: System,
    store: RepairStore,
    cancelled: Cancelled,
    guard: Guard | None = None,
    seconds: int | None = None,
) -> Record:
    """Make the change of a run to other answers anew, and apply it if it is what was shown.

    ``seconds`` is how long to wait for somebody to say "keep", or None to keep it if it is well.

    Raises:
        WizardError: nothing was changed, and why.
    """
    guard = guard or Unguarded()
    runs = Store(store.directory)
    with guarding.announcing(system) as say, lock.held(store.lock):
        run = changing.in_force(runs, choices)
        host = look()
        beside = set_ups.others(runs, run.id, host=host)
        # What was shown may be the repair of a run of which something is missing.
        made = changing.change_of(
            ground_of(run, host, system, beside), choices, system, lacking=True
        )
        course.check_shown(made.plan, digest)
        verification = verification_of(system, made.whole, made.host, host)
        obstacles = partial(changing.check_obstacles, made, system)
        had = course.what_was_had(
            verification, partial(course.check_ways, made.plan, system, obstacles)
        )
        runs.move_on()
        store.put_aside()
        record = course.begin(made.plan, host, store, guard, run.id)

        def conclude(record: Record, store: Store) -> None:
            verification.check(had, worker_log.say_doing)
            runs.intend(made.result(run, record, host))
            course.settle(record, store, guard, seconds)

        def settle() -> None:
            # A new address answers once the kernel has seen that nobody else has it.
            if made.new_first:
                verification.settle()

        journal.apply(made.plan, record, system, store, cancelled, conclude, settle)
        course.finish(record, system, guard, store, say)
        return record
