"""What comes before the first step of a run and after its last, whatever it does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from wizard import describe
from wizard.host.host import Host
from wizard.plan import acceptance
from wizard.plan.planning import Plan
from wizard.platform import later
from wizard.platform.errors import HostChanged, Refused
from wizard.platform.local_time import local_time
from wizard.platform.system import System, is_stopping
from wizard.platform.text import clean
from wizard.program import program
from wizard.record.record import Record, State, now
from wizard.record.store import Store
from wizard.run import journal, reversible, revert, window, worker_log
from wizard.run.guard import Guard
from wizard.verification.aspect import Facts
from wizard.verification.verification import Verification


def check_shown(made: Plan, digest: str) -> None:
    """Make sure that a plan is the one that was shown, and that all that it ends was accepted.

    Raises:
        HostChanged: another plan was shown.
        Refused: something was not accepted.
    """
    if made.digest != digest:
        raise HostChanged(_what_changed(made))
    if made.unaccepted:
        raise Refused(acceptance.refusal(made))


def check_ways(made: Plan, system: System, obstacles: Callable[[], None] | None = None) -> None:
    """Make sure that nothing is in the way of the steps, and of taking them back.

    ``obstacles`` raises what is in the way of the steps, where they are not just those of a plan.
    """
    if obstacles is None:
        journal.check_obstacles(made, system)
    else:
        obstacles()
    reversible.check_steps(made, system)
    reversible.check_places(made)


def what_was_had(verification: Verification, check: Callable[[], None]) -> Facts:
    """Return what must be there afterwards; refuse where it could not be verified.

    ``check`` raises what is in the way. It only reads, as the look does, and both wait most of
    the time, so it is called meanwhile.
    """
    later.load()
    worker_log.say_doing(
        "Checking that nothing is in the way of the steps, or of taking them back …"
    )
    with ThreadPoolExecutor(1) as beside:
        looking = beside.submit(verification.look)
        check()
        worker_log.say_doing("Looking at all that this host and its containers have now …")
        had = looking.result()
    obstacles = verification.obstacles()
    if obstacles:
        raise Refused(f"{' '.join(obstacles)} Nothing was changed.")
    return had


def begin(made: Plan, host: Host, store: Store, guard: Guard, changes: str = "") -> Record:
    """Write the record, and have the guard stand before the first step."""
    try:
        record = journal.begin(made, describe.in_words(host), store, changes)
    except OSError as error:
        raise Refused(_no_room(store, error)) from error
    _arm(record, store, guard, window.applying(made.steps))
    return record


def settle(record: Record, store: Store, guard: Guard, seconds: int | None) -> None:
    """Keep it, or wait so many seconds for somebody to say "keep"."""
    if seconds is None:
        journal.settle(record, store)
    else:
        revert.ask(record, store, guard, seconds)


def finish(
    record: Record, system: System, guard: Guard, store: Store, say: Callable[[str], None]
) -> None:
    """End the guard where nothing waits for an answer any more; tell people what waits."""
    if record.state is State.UNCONFIRMED:
        say(
            f"The change for IPv6 in containers is taken back at {local_time(record.deadline)}, "
            f"unless somebody types: {program.typed('--keep')}",
        )
    elif journal.is_noted(record, store) and (
        record.state is State.APPLIED or not is_stopping(system)
    ):
        guard.disarm()
        store.release()


def _arm(record: Record, store: Store, guard: Guard, seconds: float) -> None:
    try:
        # Not before there is a record: what has none is found by nobody who cleans up.
        store.reserve()
        window.open_for(record, seconds)
        record.deadline = ""
        store.save(record)
        guard.arm(record)
    except (Refused, OSError) as error:
        why = error if isinstance(error, Refused) else Refused(_no_room(store, error))
        record.state, record.finished, record.error = State.ROLLED_BACK, now(), f"{why}"
        store.release()
        journal.save_if_possible(record, store)
        raise why from error


def _no_room(store: Store, error: OSError) -> str:
    return clean(
        f"The record {store.path} cannot be written: {error.strerror}. Nothing was changed. Make "
        "room on the disk, and start again."
    )


def _what_changed(made: Plan) -> str:
    titles = "; ".join(step.title for step in made.steps)
    return (
        "The host is not as it was when the plan was shown: another plan would be made now "
        f"({clean(titles)}). Nothing was changed. Look at the new preview and apply that."
    )
