"""Has the containers of each set-up that is to follow the uplink's prefix do so, without a person.

Started by the service of :mod:`wizard.prefix`. It does what ``wizard --repair --yes`` does where
the provider gave another prefix, and nothing where anything else of a set-up is not in effect.
"""

import sys

from wizard.answers import answers_file
from wizard.following import STANDS, Say, follow
from wizard.platform.errors import ExitCode, WizardError
from wizard.prefix.outcome import FOLLOWED, LATER
from wizard.record.record import Record, State
from wizard.run.set_ups import name_of
from wizard.session import Session

_WAITING = (State.APPLYING, State.UNCONFIRMED)


def run(opened: Session, say: Say) -> int:
    """Have them follow, and return what the process ends with."""
    ended = 0
    try:
        records = opened.records.in_force()
    except WizardError as error:
        say(str(error))
        return error.exit_code
    for record in records:
        if record.state in _WAITING and answers_file.from_table(record.choices).follow:
            # The prefix may have moved since it was planned, and nothing tells of it once more.
            ended = max(ended, LATER, key=_weight)
        if record.state is State.APPLIED and answers_file.from_table(record.choices).follow:
            ended = max(ended, _follow(opened, record, say), key=_weight)
    return ended


def _follow(opened: Session, record: Record, say: Say) -> int:
    try:
        found = opened.repair(record=record)
        if not found.moved:
            return 0
        say(f"Of the set-up for {name_of(record)}: {found.moved}")
        if found.answers is None:
            for each in found.found:
                if each.sentence:
                    say(each.sentence)
            return ExitCode.NOT_AS_SET_UP
        code = follow(opened.start_repair(found, record=record), say)
    except WizardError as error:
        say(str(error))
        return error.exit_code
    return FOLLOWED if code in STANDS else code


def _weight(code: int) -> int:
    """Return what a code weighs: one that failed more than one that is done."""
    return {0: 0, LATER: 1, FOLLOWED: 2}.get(code, 3)


def main() -> int:
    """Do it, and say what came of it on standard output."""
    return run(Session(), _say)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
