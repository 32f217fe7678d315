"""The process that changes the host: started apart from the terminal, followed through the record.

``wizard.run.worker`` with one of: ``apply ANSWERS DIGEST [SECONDS]``, where SECONDS is
how long to wait for "keep"; ``change ANSWERS DIGEST [SECONDS]``, the same for a run in force;
``repair RUN CHANGED DIGEST [SECONDS]``; ``undo [RUN]``;
``revert RUN [early|now]``, the guard; ``watch RUN``; ``tell TEXT``, to all who are logged in.
"""

import contextlib
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.platform.errors import ExitCode, Refused, WizardError
from wizard.platform.system import RealSystem, System
from wizard.platform.text import clean, clean_line
from wizard.program import program
from wizard.record.record import Record
from wizard.record.repair_store import RepairStore, store_of
from wizard.record.store import Store
from wizard.run import (
    apply_run,
    change_run,
    journal,
    lock,
    repair_run,
    revert,
    set_ups,
    undo_run,
    watching,
    worker_log,
)
from wizard.run import guard as guarding
from wizard.run.cancelled import Cancelled
from wizard.run.guard import Guard
from wizard.steps.comparing import Resolution

REST = 20.0
"""Seconds between two tries of the guard where it cannot do its work."""

_CHANGING = ("apply", "change", "repair", "undo", "revert")


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
        if arguments and arguments[0] in _CHANGING and arguments[-1] != "early":
            watching.look_again(RealSystem())


def _store(arguments: Sequence[str], store: Store) -> Store:
    """Return where the record is that this process writes."""
    match list(arguments):
        case ["repair" | "change", *_]:
            return RepairStore(store.directory)
        case ["revert" | "watch", run, *_]:
            return store_of(run, store)
    return store


def _do(
    words: list[str], system: System, store: Store, cancelled: Cancelled, guard: Guard
) -> Record | None:
    """Do what the words say, and return the record of the run; None where the exit code says all.

    Raises:
        WizardError: nothing was changed, and why.
    """
    match words:
        case ["apply", answers, digest, *rest]:
            return apply_run.apply(
                _answers(answers), digest, system, store, cancelled, guard, _seconds(rest)
            )
        case ["repair", run, changed, digest, *rest] if isinstance(store, RepairStore):
            return repair_run.repair(
                run, Resolution(changed), digest, system, store, cancelled, guard, _seconds(rest)
            )
        case ["change", answers, digest, *rest] if isinstance(store, RepairStore):
            return change_run.change(
                _answers(answers), digest, system, store, cancelled, guard, _seconds(rest)
            )
        case ["undo", *run] if len(run) <= 1:
            return undo_run.undo(system, store, guard, *run)
        case ["revert", run, *how] if how in ([], ["early"], ["now"]):
            revert.revert(run, system, store, guard, early=how == ["early"], asked=how == ["now"])
        case ["watch", run]:
            revert.watch(run, system, store, guard)
        case ["tell", text]:
            guarding.announce(system, text)
        case _:
            raise Refused("The worker takes: apply, change, repair, undo, revert, watch or tell.")
    return None


def _answers(path: str) -> Choices:
    return answers_file.loads(Path(path).read_text(encoding="utf-8"))


def _seconds(words: Sequence[str]) -> int | None:
    return int(words[0]) if words else None


def _run(arguments: Sequence[str], runs: Store) -> int:
    system, cancelled = RealSystem(), Cancelled()
    cancelled.listen()
    try:
        runs.prepare()
        store = _store(arguments, runs)
        guard = guarding.choose(system, store)
        record = _do(list(arguments), system, store, cancelled, guard)
    except WizardError as error:
        worker_log.say(clean(str(error)))
        if len(arguments) == 2 and arguments[0] == "revert":
            _rest(cancelled)
        return error.exit_code
    except Exception as error:
        words = clean_line(f"{type(error).__name__}: {error}")
        worker_log.say(
            # The log is for a report; its last line is what the person sees.
            f"{traceback.format_exc()}"
            f"The wizard has a fault: {words}. What was done until now is in the record: see "
            f"wizard --status. Please report this, with the newest log in {runs.directory}."
        )
        if arguments and arguments[0] == "revert":
            _rest(cancelled)
        return ExitCode.UNEXPECTED
    if record is None:
        return ExitCode.DONE
    if record.error:
        worker_log.say(clean_line(record.error))
    return journal.EXIT_CODES.get(record.state, ExitCode.UNEXPECTED)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    worker_log.say_exit(code)
    sys.exit(code)
