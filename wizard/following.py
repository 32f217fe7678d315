"""Says what a run does until it ends, and what came of it."""

import time
from collections.abc import Callable

from wizard.judging import judged, told
from wizard.platform import streams
from wizard.platform.errors import ExitCode
from wizard.platform.local_time import local_time
from wizard.record.kept_by_docker import kept_by_docker
from wizard.record.record import Record, State, StepState
from wizard.record.repair_store import RepairStore
from wizard.session import Session
from wizard.verification.judgement import Judgement, exit_code

Say = Callable[[str], None]
"""Shows a line to the person."""

STANDS = (ExitCode.DONE, ExitCode.NOT_PASSING, ExitCode.NOT_AS_SET_UP)
"""With these what was followed stands, whatever was found of it afterwards."""

_POLL = 0.1
"""Seconds between two looks at the record of a run."""


def follow(opened: Session, say: Say, begun: Record | None = None) -> int:
    """Say what a run does until it ends, and what came of it, and return the exit code.

    ``begun`` is the record as it was before, where the run takes back.
    """
    # What is announced to everybody is said here already.
    with streams.to_itself():
        return _follow(opened, say, begun)


def _follow(opened: Session, say: Say, begun: Record | None) -> int:
    doing = ""
    states = {step.number: step.state for step in begun.steps} if begun else {}
    while True:
        progress = opened.progress()
        record = progress.record
        for step in record.steps if record else ():
            if step.state != StepState.PLANNED and states.get(step.number) != step.state:
                states[step.number] = step.state
                say(f"  {step.state.words:<12}  {step.title}")
        if progress.doing and progress.doing != doing:
            doing = progress.doing
            say(doing)
        if progress.ended is not None:
            break
        time.sleep(_POLL)
    found: Judgement | None = None
    if progress.complaint:
        say(progress.complaint)
    elif record is not None:
        if record.error:
            say(record.error)
        if record.left:
            say("Left on this host, and why:")
        for line in record.left:
            say(f"  - {line}")
        if record.state is State.UNCONFIRMED:
            back = _what_goes_back(opened, record)
            ends = local_time(opened.awaited.ends(record))
            say(f"Unless somebody types wizard --keep by {ends}, {back}.")
        found, complaint = judged(opened, record)
        for sentence in told(found, complaint):
            say(sentence)
        say(f"The run {record.state.meaning}. The record is {opened.store.of(record.id).path}.")
        kept = kept_by_docker(record)
        if kept:
            say(kept)
    return exit_code(progress.ended, found)


def _what_goes_back(opened: Session, record: Record) -> str:
    if record.changes:
        return "the set-up goes back to what it was"
    if isinstance(opened.store, RepairStore):
        return "the repair is taken back"
    return "everything is taken back"
