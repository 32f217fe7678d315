"""What the command line does without the screens: one function a verb, each returning text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from wizard.answers.choices import Choices
from wizard.platform import streams
from wizard.platform.errors import ExitCode, Refused
from wizard.platform.later import later
from wizard.platform.local_time import local_time
from wizard.platform.text import enumerated
from wizard.record.record import Record
from wizard.session import Session

with later():
    from wizard import describe, following, typed
    from wizard.answers import obstacles, projects, proposals
    from wizard.explain import pages
    from wizard.host import obstacle
    from wizard.plan import acceptance, planning, script
    from wizard.platform import json_text
    from wizard.program import program
    from wizard.run import set_ups


class InTheWay(Refused):
    """No plan can be made on this host; the message says all that stands in the way."""

    def __init__(self, obstacles: Sequence[obstacle.Obstacle]) -> None:
        sentences = " ".join(each.sentence for each in obstacles)
        causes = dict.fromkeys(each.cause for each in obstacles)
        more = enumerated(f"wizard --explain {cause}" for cause in causes)
        super().__init__(f"{sentences}\n\nNothing was changed. More of it: {more}")
        self.obstacles = obstacles


def session(answers: Path | None, target: str | None = None) -> Session:
    """Return a session that begins with the answers in a file, where one is named.

    ``target`` is the address that this host and its containers are to reach, where one is named.

    Raises:
        Refused: the file cannot be read or used.
    """
    opened = Session()
    if answers is not None:
        opened.answers.save(typed.answers_in(answers))
        opened.answers.taken_from = answers
    named = typed.address(target)
    if named is not None:
        opened.answers.save(replace(opened.answers.load() or Choices(), target=named))
    return opened


def detect(as_json: bool) -> str:
    """Return what this host is."""
    host = Session().detect()
    return describe.as_json(host) if as_json else describe.as_text(host)


def explain(name: str) -> str:
    """Return the page about a cause of an obstacle, or the list of all where no name is given.

    Raises:
        Refused: there is no page of that name.
    """
    if not name:
        return pages.listed()
    cause = pages.cause_of(name)
    opened = Session()
    host, choices = opened.detect(), opened.answers.load() or Choices()
    found = (*describe.forbidding(host, choices), *describe.doubts(host, choices))
    return pages.as_text(cause, found)


def plan(answers: Path | None, target: str | None = None) -> str:
    """Return the plan as a shell script, for the answers in a file or those kept so far."""
    return script.render(plan_of(Session(), answers, target))


def plan_as_json(answers: Path | None, target: str | None = None) -> tuple[str, ExitCode]:
    """Return the plan, or what stands in the way of any on this host, and the exit code.

    Where something stands in the way, the object has ``problems`` as ``--detect --json`` has them
    and no ``steps``.

    Raises:
        Refused: there is no plan for another reason.
    """
    try:
        made = plan_of(Session(), answers, target)
    except InTheWay as error:
        problems = {"problems": [each.as_table() for each in error.obstacles]}
        return json_text.dumps(problems), error.exit_code
    steps = [
        {"title": step.title, "reason": step.reason, "commands": step.commands}
        for step in made.steps
    ]
    table = {
        "problems": [],
        "digest": made.digest,
        "steps": steps,
        "notices": made.notices,
        "remarks": made.remarks,
        "unaccepted": [loss.name for loss in made.unaccepted],
    }
    return json_text.dumps(table), ExitCode.DONE


def install_program() -> str:
    """Make the copy of the wizard that its units start, and return where it is.

    Raises:
        Refused: the person is not root, or it cannot be made.
    """
    opened = Session()
    opened.records.need_root()
    opened.store.prepare()
    program.install()
    return f"The wizard's units start it from {program.FOLDER}."


def apply(
    answers: Path | None,
    yes: bool,
    say: following.Say,
    window: int | None = None,
    target: str | None = None,
) -> int:
    """Apply the plan for the answers in a file, or for those kept so far, and return the exit code.

    With a ``window`` it is taken back unless somebody types wizard --keep within these seconds.

    Raises:
        Refused: --yes is missing, the person is not root, or there is no plan.
    """
    opened = Session()
    if opened.root and not opened.is_running():
        chosen = typed.answers_in(answers) if answers else opened.answers.load()
        obstacle = opened.why_not_apply(chosen.project if chosen else None)
        if obstacle:
            raise Refused(f"{obstacle} Nothing was changed.")
    made = plan_of(opened, answers, target)
    if made.unaccepted:
        raise Refused(acceptance.refusal(made, answers))
    if not yes:
        raise Refused(
            "Nothing was changed. wizard --plan shows what would be done; wizard --apply --yes "
            "does it."
        )
    opened.records.need_root()
    typed.check_window(window)
    opened.say = say
    opened.start_apply(made, seconds=window)
    return following.follow(opened, say)


def keep() -> str:
    """Keep the run that waits for an answer, and return what that came to.

    Raises:
        WizardError: there is nothing to keep, or it was too late.
    """
    opened = Session()
    try:
        # What is announced to everybody is said here already.
        with streams.to_itself():
            return kept((opened.repairing or opened).awaited.keep())
    except Refused:
        # What waits may be that.
        unreadable = set_ups.unreadable_repair(opened.store)
        if unreadable:
            raise Refused(unreadable) from None
        raise


def kept(record: Record) -> str:
    """Return what is said of a run that was kept."""
    return (
        f"The run of {local_time(record.started)} for {set_ups.name_of(record)} is kept. wizard "
        f"--undo {set_ups.argument_of(record)} takes it back."
    )


def plan_of(
    opened: Session, answers: Path | None = None, target: str | None = None
) -> planning.Plan:
    """Return the plan for the answers in a file, or for those kept so far.

    Raises:
        Refused: why there is none.
    """
    chosen = typed.answers_in(answers) if answers else opened.answers.load()
    named = typed.address(target)
    host = opened.detect(target=named or (chosen.target if chosen else None))
    if chosen is None:
        chosen = proposals.defaults(host)
    if named is not None:
        chosen = replace(chosen, target=named)
    in_the_way = obstacles.obstacles(host, chosen)
    if in_the_way:
        raise InTheWay(in_the_way)
    project = projects.project_of(host, chosen)
    read = opened.read_project(project)
    if not chosen.services:
        chosen = proposals.tick(chosen, read.services, host)
    return opened.plan(host, chosen, read)
