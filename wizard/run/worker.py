"""The process that changes the host: started apart from the terminal, followed through the record.

``wizard.run.worker`` with one of: ``apply ANSWERS DIGEST [SECONDS]``, where SECONDS is
how long to wait for "keep"; ``change ANSWERS DIGEST [SECONDS]``, the same for a run in force;
``repair RUN CHANGED DIGEST [SECONDS]``; ``undo [RUN]``;
``revert RUN [early|now]``, the guard; ``watch RUN``; ``tell TEXT``, to all who are logged in.
"""

import contextlib
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from wizard import describe
from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.answers.projects import project_of
from wizard.host.host import Host
from wizard.host.look import look
from wizard.modes import sources
from wizard.plan import acceptance
from wizard.plan.planning import Plan, plan
from wizard.platform.errors import ExitCode, HostChanged, Refused, WizardError
from wizard.platform.system import RealSystem, System, is_stopping
from wizard.platform.text import clean, clean_line
from wizard.program import program
from wizard.record.record import Record, State, now
from wizard.record.repair_store import RepairStore, store_of
from wizard.record.store import Store
from wizard.run import (
    changing,
    journal,
    lock,
    repairing,
    revert,
    set_ups,
    start,
    watching,
    way_back,
    window,
)
from wizard.run import guard as guarding
from wizard.run.adapted import renamed
from wizard.run.guard import Guard, Unguarded
from wizard.steps.comparing import Choice
from wizard.verification.aspect import Facts
from wizard.verification.verification import (
    Verification,
    verification_of,
    verification_of_repair,
)

REST = 20.0
"""Seconds between two tries of the guard where it cannot do its work."""


class Cancelled:
    """Whether somebody asked for a stop; SIGTERM and SIGINT ask for one."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Take the signals over. A second one changes nothing: a rollback is not interrupted."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def __call__(self) -> bool:
        """Return whether a stop was asked for."""
        return self.asked

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


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
        _say_doing("Looking at this host once more …")
        host = look()
        _say_doing("Making the plan once more, to see that it is the one that was shown …")
        project = project_of(host, choices)
        superseded = [each for each in records if each.project == project.name]
        beside = set_ups.others(store, *(each.id for each in superseded))
        made = plan(host, choices, sources.read_project(system, project, beside))
        _check_shown(made, digest)
        _say_doing("Seeing that nothing is in the way, of the steps and of taking them back …")
        _check_ways(made, system)
        verification = verification_of(system, made, host)
        _say_doing("Looking at all that this host and its containers have now …")
        had = _what_was_had(verification)
        store.move_on()
        for each in superseded:
            store.archive(each.id)
        record = _begin(made, host, store, guard)
        store = store.of(record.id)

        def conclude(record: Record, store: Store) -> None:
            verification.check(had)
            _settle(record, store, guard, seconds)

        journal.apply(made, record, system, store, cancelled, conclude)
        _tell(record, system, guard, store, say)
        return record


def repair(
    run: str,
    changed: Choice,
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
        _check_shown(made.plan, digest)
        _check_ways(made.plan, system)
        steps = repairing.steps_of(made.found, made.plan)
        verification = verification_of_repair(system, steps, host)
        had = _what_was_had(verification)
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
        record = _begin(made.plan, host, store, guard)

        def conclude(record: Record, store: Store) -> None:
            verification.check(had)
            repairing.check_mended(made, mended, host, system, beside)
            # What the runs remember besides does no harm where the repair is taken back.
            for each in amendments:
                if each.steps:
                    each.make(host)
                    runs.save(each.record)
            _settle(record, store, guard, seconds)

        journal.apply(made.plan, record, system, store, cancelled, conclude)
        _tell(record, system, guard, store, say)
        return record


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
        made = changing.change_of(
            run, choices, host, system, set_ups.others(runs, run.id, host=host)
        )
        _check_shown(made.plan, digest)
        changing.check_obstacles(made, system)
        way_back.rehearse(made.plan, system)
        way_back.check_places(made.plan)
        verification = verification_of(system, made.whole, made.host, host)
        had = _what_was_had(verification)
        runs.move_on()
        store.put_aside()
        record = _begin(made.plan, host, store, guard, run.id)

        def conclude(record: Record, store: Store) -> None:
            verification.check(had)
            runs.intend(made.result(run, record, host))
            _settle(record, store, guard, seconds)

        journal.apply(made.plan, record, system, store, cancelled, conclude)
        _tell(record, system, guard, store, say)
        return record


def _check_shown(made: Plan, digest: str) -> None:
    """Make sure that a plan is the one that was shown, and that all that it ends was accepted.

    Raises:
        HostChanged: another plan was shown.
        Refused: something was not accepted.
    """
    if made.digest != digest:
        raise HostChanged(_what_changed(made))
    if made.unaccepted:
        raise Refused(acceptance.refusal(made))


def _check_ways(made: Plan, system: System) -> None:
    """Make sure that nothing is in the way of the steps, and of taking them back."""
    journal.check_obstacles(made, system)
    way_back.rehearse(made, system)
    way_back.check_places(made)


def _what_was_had(verification: Verification) -> Facts:
    """Return what must be there afterwards; refuse where it could not be verified."""
    had = verification.look()
    obstacles = verification.obstacles()
    if obstacles:
        raise Refused(f"{' '.join(obstacles)} Nothing was changed.")
    return had


def _begin(made: Plan, host: Host, store: Store, guard: Guard, changes: str = "") -> Record:
    """Write the record, and have the guard stand before the first step."""
    try:
        record = journal.begin(made, describe.in_words(host), store, changes)
    except OSError as error:
        raise Refused(_no_room(store, error)) from error
    _arm(record, store, guard, window.applying(made.steps))
    return record


def _settle(record: Record, store: Store, guard: Guard, seconds: int | None) -> None:
    """Keep it, or wait so many seconds for somebody to say "keep"."""
    if seconds is None:
        journal.settle(record, store)
    else:
        revert.ask(record, store, guard, seconds)


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
        if not set_ups.in_force(store):
            watching.switch_off(system)
        (guard or Unguarded()).disarm()
        return record


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


def _tell(
    record: Record, system: System, guard: Guard, store: Store, say: Callable[[str], None]
) -> None:
    """End the guard where nothing waits for an answer any more; tell people what waits."""
    if record.state is State.UNCONFIRMED:
        say(
            f"The change for IPv6 in containers is taken back at {record.deadline}, unless "
            f"somebody types: {program.typed('--keep')}",
        )
    elif journal.is_noted(record, store) and (
        record.state is State.APPLIED or not is_stopping(system)
    ):
        guard.disarm()
        store.release()


def _what_changed(made: Plan) -> str:
    titles = "; ".join(step.title for step in made.steps)
    return (
        "The host is not as it was when the plan was shown: another plan would be made now "
        f"({clean(titles)}). Nothing was changed. Look at the new preview and apply that."
    )


def _rest(cancelled: Cancelled) -> None:
    """Wait before PID 1 starts the guard again, for what it met seldom passes within a second."""
    deadline = time.monotonic() + REST
    while time.monotonic() < deadline and not cancelled():
        time.sleep(0.2)


def _leave(store: Store) -> None:
    """Remove the copy that this program was started from once no run needs it any more."""
    if store.directory != program.FOLDER.parent:
        return
    with contextlib.suppress(WizardError, OSError), lock.held(store.lock):
        if not set_ups.in_force(store):
            program.remove()


def main(arguments: Sequence[str]) -> int:
    """Run one verb and return its exit code; what went wrong is on standard error."""
    store = Store()
    try:
        return _run(arguments, store)
    finally:
        _leave(store)


def _store(arguments: Sequence[str], store: Store) -> Store:
    """Return where the record is that this process writes."""
    match list(arguments):
        case ["repair" | "change", *_]:
            return RepairStore(store.directory)
        case ["revert" | "watch", run, *_]:
            return store_of(run, store)
    return store


def _run(arguments: Sequence[str], runs: Store) -> int:
    system, cancelled = RealSystem(), Cancelled()
    store = runs
    with contextlib.suppress(WizardError):
        store = _store(arguments, runs)
    guard = guarding.choose(system, store)
    cancelled.listen()
    try:
        store.prepare()
        match list(arguments):
            case ["apply", answers, digest]:
                choices = answers_file.loads(Path(answers).read_text(encoding="utf-8"))
                record = apply(choices, digest, system, store, cancelled, guard)
            case ["apply", answers, digest, seconds]:
                choices = answers_file.loads(Path(answers).read_text(encoding="utf-8"))
                record = apply(
                    choices, digest, system, store, cancelled, guard, seconds=int(seconds)
                )
            case ["repair", run, changed, digest, *rest] if isinstance(store, RepairStore):
                record = repair(
                    run,
                    Choice(changed),
                    digest,
                    system,
                    store,
                    cancelled,
                    guard,
                    int(rest[0]) if rest else None,
                )
            case ["change", answers, digest, *rest] if isinstance(store, RepairStore):
                record = change(
                    answers_file.loads(Path(answers).read_text(encoding="utf-8")),
                    digest,
                    system,
                    store,
                    cancelled,
                    guard,
                    int(rest[0]) if rest else None,
                )
            case ["undo"]:
                record = undo(system, store, guard)
            case ["undo", run]:
                record = undo(system, store, guard, run)
            case ["revert", run, *how] if how in ([], ["early"], ["now"]):
                revert.revert(
                    run, system, store, guard, early=how == ["early"], asked=how == ["now"]
                )
                return ExitCode.DONE
            case ["watch", run]:
                revert.watch(run, system, store, guard)
                return ExitCode.DONE
            case ["tell", text]:
                guarding.announce(system, text)
                return ExitCode.DONE
            case _:
                raise Refused(
                    "The worker takes: apply, change, repair, undo, revert, watch or tell."
                )
    except WizardError as error:
        _complain(clean(str(error)))
        match list(arguments):
            case ["revert", _]:
                _rest(cancelled)
        return error.exit_code
    except Exception as error:
        words = clean_line(f"{type(error).__name__}: {error}")
        _complain(
            # The log is for a report; its last line is what the person sees.
            f"{traceback.format_exc()}"
            f"The wizard has a fault: {words}. What was done until now is in the record: see "
            f"wizard --status. Please report this, with the newest log in {store.directory}."
        )
        if "revert" in arguments[:1]:
            _rest(cancelled)
        return ExitCode.UNEXPECTED
    if record.error:
        _complain(clean_line(record.error))
    return journal.EXIT_CODES.get(record.state, ExitCode.UNEXPECTED)


def _say_doing(words: str) -> None:
    _complain(f"{start.DOING}{words}")


def _complain(text: str) -> None:
    # The log may be on the very disk that is full.
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    _complain(f"{start.EXIT}{code:d}")
    sys.exit(code)
