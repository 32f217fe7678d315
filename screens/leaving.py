"""What becomes of everything when the person leaves: asked before, and said afterwards."""

from datetime import datetime

from screens.following import recorded, standing
from screens.state import State
from wizard.platform.errors import Refused
from wizard.platform.later import later
from wizard.platform.text import clean, clean_line
from wizard.record.record import Record
from wizard.record.record import State as RunState

with later():
    from wizard.run import set_up

_NAMED = 3
"""Containers that are named before the rest is only counted."""


def question(state: State) -> tuple[str, str]:
    """Return the heading and the words of the question whether to leave."""
    run = state.run
    if run.running:
        # Undo is about the whole set-up, and not about what is done to one that stands.
        is_set_up = not (run.kind or run.takes_back)
        back = " To take everything back once they have ended: wizard --undo." if is_set_up else ""
        return (
            "Leave while the steps are being done?",
            "They continue without this terminal, to the end. To see how far they are, start "
            f"the wizard again, or type wizard --status.{back}",
        )
    if run.seconds_left is not None:
        return (
            "Leave without an answer?",
            f"Then {_what(run.kind)} is taken back when the time is over, unless somebody types "
            "the line in another login before then. To come back to the question, start the "
            "wizard again.",
        )
    if state.task.changed is not None and not (run.repairs or run.undoing):
        return "Leave the wizard?", "Nothing of the change was done: the set-up is as it was."
    if run.progress is not None:
        return (
            "Leave the wizard?",
            "What was done is kept in the record. wizard --status shows it, and wizard "
            "--undo takes back what is on this host.",
        )
    return "Leave the wizard?", f"{_nothing(state)} {_of_answers(state)}"


def _what(kind: str) -> str:
    return f"the {kind}" if kind else "everything"


def _nothing(state: State) -> str:
    """Say that nothing was changed, by what was begun since the last run of this sitting."""
    more = " more" if state.run.before else ""
    return f"Nothing{more} was changed on this host."


def _of_answers(state: State) -> str:
    if state.saver.failed:
        return (
            f"Your answers could not be kept in {state.session.store.directory}: the wizard "
            "asks for them again next time."
        )
    if not (state.saver.busy or state.session.answers.load()):
        return "You have not answered anything yet."
    return "Your answers are kept, and the wizard begins with them next time."


def farewell(state: State) -> tuple[str, ...]:
    """Return what stays on the terminal once the screens are gone: a few lines of text."""
    run = state.run
    record = run.record
    if run.running:
        return ("The steps are still being done. How far they are: wizard --status",)
    if run.waits and record is not None:
        until = datetime.fromisoformat(state.session.awaited.ends(record)).astimezone()
        return (
            f"Not kept yet: at {until:%H:%M:%S %Z} {_what(run.kind)} is taken back.",
            "To keep it, log in a second time and type there: wizard --keep",
        )
    if record is not None and record.state is RunState.APPLIED and not run.repairs:
        return _in_force(record, state)
    what = f"The {run.kind}" if run.kind else "This run"
    said = f"{what} is {record.state.words}. {clean(record.error)}".strip() if record else ""
    stands = recorded(state.session)
    if stands is not None and stands.state is RunState.APPLIED:
        return (said or "Nothing was changed now.", *_in_force(stands, state))
    if record is None:
        return (_nothing(state), _of_answers(state))
    return (said, *(("Take back what is left: wizard --undo",) if record.state.in_force else ()))


def _in_force(record: Record, state: State) -> tuple[str, ...]:
    """Say what stands, with the addresses that were seen, or else with the prefix."""
    looked = state.run.judgement is not None or state.run.check_complaint
    try:
        stands = set_up.set_up_of(record)
    except Refused as refused:
        return (str(refused),)
    # With several set-ups, who names none means all of them.
    name = f" {stands.project}" if len(standing(state.session)) > 1 else ""
    return (
        f"In force for {stands.project} since {stands.since}."
        + (f" {state.run.judged}" if looked else ""),
        *(_addresses(state) or (f"  {stands.prefix} on {stands.network}",)),
        f"Check it again: wizard --check{name}",
        f"Take it all back: wizard --undo{name}",
    )


def _addresses(state: State) -> tuple[str, ...]:
    reports = state.run.judgement.reports if state.run.judgement else ()
    named = [(clean_line(each.name), each.address.words) for each in reports[:_NAMED]]
    widest = max((len(name) for name, _words in named), default=0)
    lines = [f"  {name:<{widest}}  {words}" for name, words in named]
    more = len(reports) - _NAMED
    return (*lines, *([f"  and {more} more"] if more > 0 else []))
