"""The process that changes the host: started apart from the terminal, followed through the record.

``python -m wizard.apply.worker apply ANSWERS DIGEST`` or ``python -m wizard.apply.worker undo``.
"""

import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import FrameType

from wizard import choices as choosing
from wizard import describe, sources
from wizard.apply import journal, lock
from wizard.choices import Choices
from wizard.detect.look import look
from wizard.errors import ExitCode, HostChanged, Refused, WizardError
from wizard.host import Host
from wizard.modes.shared import project_of
from wizard.plan import Plan, plan
from wizard.record import Record, State, Store
from wizard.system import RealSystem, System
from wizard.text import clean, clean_line


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
    choices: Choices, digest: str, system: System, store: Store, cancelled: Cancelled
) -> Record:
    """Make the plan anew, make sure that it is the one that was shown, and apply it.

    Raises:
        WizardError: nothing was changed, and why.
    """
    with lock.held(store.lock):
        earlier = store.load()
        if earlier is not None and earlier.state.in_the_way:
            raise Refused(
                f"An earlier run of the wizard ({earlier.started}) is {earlier.state} on this "
                "host. Nothing was changed. Take it back first with wizard --undo."
            )
        host = look()
        made = plan(host, choices, sources.read_project(system, project_of(host, choices)))
        if made.digest != digest:
            raise HostChanged(_what_changed(made))
        journal.check_obstacles(made, system)
        if earlier is not None:
            store.archive()
        try:
            record = journal.begin(made, _in_words(host), store)
        except OSError as error:
            raise Refused(
                f"The record {store.path} cannot be written: {error.strerror}. Nothing was "
                "changed. Make room on the disk, and start again."
            ) from error
        journal.apply(made, record, system, store, cancelled)
        return record


def undo(system: System, store: Store) -> Record:
    """Take back what the record says is on the host.

    Raises:
        WizardError: there is nothing to take back, or it cannot be begun.
    """
    with lock.held(store.lock):
        record = store.load()
        if record is None or not record.state.in_force:
            raise Refused("There is nothing to take back: no run of the wizard is on this host.")
        journal.take_back(record, system, store, State.UNDOING)
        return record


def _in_words(host: Host) -> dict[str, str]:
    lines = (describe.describe(each.name, getattr(host, each.name)) for each in fields(host))
    return {line.label: line.words for line in lines}


def _what_changed(made: Plan) -> str:
    titles = "; ".join(step.title for step in made.steps)
    return (
        "The host is not as it was when the plan was shown: another plan would be made now "
        f"({clean(titles)}). Nothing was changed. Look at the new preview and apply that."
    )


def main(arguments: Sequence[str]) -> int:
    """Run one verb and return its exit code; what went wrong is on standard error."""
    store, system, cancelled = Store(), RealSystem(), Cancelled()
    cancelled.listen()
    try:
        store.prepare()
        match list(arguments):
            case ["apply", answers, digest]:
                choices = choosing.loads(Path(answers).read_text(encoding="utf-8"))
                record = apply(choices, digest, system, store, cancelled)
            case ["undo"]:
                record = undo(system, store)
            case _:
                raise Refused("The worker takes: apply ANSWERS DIGEST, or undo.")
    except WizardError as error:
        sys.stderr.write(f"{clean(str(error))}\n")
        return error.exit_code
    except Exception as error:
        # The log is for a report; its last line is what the person sees.
        traceback.print_exc()
        words = clean_line(f"{type(error).__name__}: {error}")
        sys.stderr.write(
            f"The wizard has a fault: {words}. What was done until now is in the record: see "
            f"wizard --status. Please report this, with {store.log}.\n"
        )
        return ExitCode.UNEXPECTED
    if record.error:
        sys.stderr.write(f"{clean_line(record.error)}\n")
    return journal.EXIT_CODES.get(record.state, ExitCode.UNEXPECTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
