"""Applies a plan in a machine and makes it fail: after a step, or instead of a change.

``failing_apply.py ANSWERS step N`` fails once step N is done; ``change N`` fails the N-th command
or file that changes the host. With an N past the last one nothing fails.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from wizard.platform.errors import StepFailed, WizardError
from wizard.platform.system import FileState, RealSystem, Result, System
from wizard.program import program
from wizard.record.record import Record, State, StepRecord
from wizard.record.store import Store
from wizard.run import apply_run, journal
from wizard.run.cancelled import Cancelled
from wizard.session import Session
from wizard.steps.base import Step
from wizard.steps.others import Other
from wizard.verbs import plan_of

READING = {"-S", "-C", "inspect", "ls", "ps", "config", "is-enabled", "is-active", "--ignore"}
READING |= {"--all", "ip6tables-save", "grep", "-json", "ruleset"}

answers, kind, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])


class Failing(RealSystem):
    """A host on which one change fails, while the plan is applied."""

    changes = 0
    taking_back = False

    def due(self) -> bool:
        self.changes += 1
        return not self.taking_back and kind == "change" and self.changes == number

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        if not READING & set(argv) and self.due():
            return Result(1, "made to fail")
        return super().run(argv, stdin)

    def write(self, path: str, state: FileState) -> None:
        if self.due():
            raise OSError(28, "No space left on device")
        super().write(path, state)


once = journal._apply_step
back = journal.take_back


def failing_step(
    step: Step,
    entry: StepRecord,
    record: Record,
    system: System,
    store: Store,
    beside: Sequence[Other],
) -> None:
    once(step, entry, record, system, store, beside)
    if kind == "step" and entry.number == number:
        raise StepFailed("made to fail")


def take_back(record: Record, system: System, store: Store, state: State) -> None:
    Failing.taking_back = True
    back(record, system, store, state)


journal._apply_step = failing_step
journal.take_back = take_back

made = plan_of(Session(), answers)
store = Store()
store.prepare()
# As a session does before it starts the worker.
program.install()
try:
    record = apply_run.apply(made.choices, made.digest, Failing(), store, Cancelled())
except WizardError as error:
    print(error)
    sys.exit(error.exit_code)
print(record.error, record.left)
sys.exit(journal.EXIT_CODES[record.state])
