"""A run that applies a plan which was shown."""

from functools import partial

from wizard.answers.choices import Choices
from wizard.answers.projects import project_of
from wizard.host.look import look
from wizard.modes import plan_inputs
from wizard.plan.planning import plan
from wizard.platform.errors import Refused
from wizard.platform.system import System
from wizard.record.record import Record
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import course, journal, lock, set_ups, worker_log
from wizard.run import guard as guarding
from wizard.run.cancelled import Cancelled
from wizard.run.guard import Guard, Unguarded
from wizard.verification.verification import verification_of


def apply(
    choices: Choices,
    digest: str,
    system: System,
    store: Store,
    cancelled: Cancelled,
    guard: Guard | None = None,
    seconds: int | None = None,
) -> Record:
    """Make the plan anew, make sure that it is the one that was shown, and apply it.

    ``seconds`` is how long to wait for somebody to say "keep", or None to keep it if it is well.

    Raises:
        WizardError: nothing was changed, and why.
    """
    guard = guard or Unguarded()
    with guarding.announcing(system) as say, lock.held(store.lock):
        records = store.records()
        repair = RepairStore(store.directory).open
        obstacle = set_ups.why_not_apply(records, choices.project, repair)
        if obstacle:
            raise Refused(f"Nothing was changed. {obstacle}")
        worker_log.say_doing("Looking at this host once more …")
        host = look()
        worker_log.say_doing(
            "Making the plan once more, to see that it is the one that was shown …"
        )
        project = project_of(host, choices)
        superseded = [each for each in records if each.project == project.name]
        beside = set_ups.others(store, *(each.id for each in superseded))
        made = plan(host, choices, plan_inputs.read_project(system, project, beside))
        course.check_shown(made, digest)
        verification = verification_of(system, made, host)
        had = course.what_was_had(verification, partial(course.check_ways, made, system))
        store.move_on()
        for each in superseded:
            store.archive(each.id)
        record = course.begin(made, host, store, guard)
        store = store.of(record.id)

        def conclude(record: Record, store: Store) -> None:
            verification.check(had, worker_log.say_doing)
            course.settle(record, store, guard, seconds)

        journal.apply(made, record, system, store, cancelled, conclude)
        course.finish(record, system, guard, store, say)
        return record
