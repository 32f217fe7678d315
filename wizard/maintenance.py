"""What the command line does with a set-up that is in force: one function a verb."""

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from wizard import __version__, at_hand, describe, status, typed, verbs
from wizard.following import STANDS, Say, follow
from wizard.plan import acceptance, script
from wizard.plan.planning import Plan
from wizard.platform.errors import ExitCode, Refused, WizardError
from wizard.platform.files import write_durably
from wizard.platform.masking import masked
from wizard.platform.text import clean, clean_line
from wizard.program import trust
from wizard.record.record import Record, now
from wizard.run import repairing, set_ups, watching
from wizard.session import Session
from wizard.steps.comparing import Resolution
from wizard.steps.others import in_words
from wizard.steps.parts import Condition

_CHANGED = (
    "What somebody changed on purpose is left as they want it, unless you add --changed ours, "
    "which puts back what the wizard left."
)


def repair(
    yes: bool,
    say: Say,
    changed: str | None = None,
    window: int | None = None,
    project: str | None = None,
) -> int:
    """Put back what is not in effect any more, and return the exit code.

    Without ``yes`` it is shown as a script, and nothing is changed. ``changed`` is what becomes of
    what somebody changed since, keep or ours. With a ``window`` the repair is taken back unless
    somebody types wizard --keep within these seconds. It is done for every set-up, one after the
    other, or for that of a ``project``.

    Raises:
        Refused: there is nothing to repair on this host, or nobody said yes.
    """
    if changed == Resolution.ORIGINAL:
        raise Refused(
            "--changed original does nothing with --repair: what was there before the wizard is "
            "put back by wizard --undo. Nothing was changed."
        )
    typed.check_window(window)
    opened, choice = Session(), Resolution(changed or Resolution.KEEP)
    opened.say = say
    opened.records.project = project
    records: Sequence[Record | None] = opened.records.in_force() or (None,)
    found = _repairs(opened, choice, records)
    wanting = [record for record, each in zip(records, found, strict=True) if each.plan.steps]
    if not wanting:
        return _nothing_to_do(found, say)
    if not yes:
        for record, each in zip(records, found, strict=True):
            _show(record, each, len(records), say)
        name = f" {clean_line(project)}" if project is not None else ""
        raise Refused(f"Nothing was changed. wizard --repair{name} --yes does this.")
    for each in found:
        if each.plan.unaccepted:
            raise Refused(_accepted_by_change(each.plan))
    if opened.repairing is not None:
        raise Refused(repairing.WAITS)
    if window is not None and len(wanting) > 1:
        names = in_words([set_ups.name_of(each) for each in wanting if each is not None])
        raise Refused(
            f"With --window one set-up is repaired at a time, and {names} lack something. Name "
            "one of them after --repair. Nothing was changed."
        )
    return _repair_each(opened, choice, wanting, len(records), window, say)


def _repairs(
    opened: Session, choice: Resolution, records: Sequence[Record | None]
) -> list[repairing.Repair]:
    """Return the repair of each set-up; what one puts back is not in those after it."""
    found: list[repairing.Repair] = []
    done: set[str] = set()
    for record in records:
        found.append(opened.repair(choice, record, done))
        done |= found[-1].done
    return found


def _repair_each(
    opened: Session,
    choice: Resolution,
    records: Sequence[Record | None],
    count: int,
    window: int | None,
    say: Say,
) -> int:
    code: int = ExitCode.DONE
    for record in records:
        # What the one before has put back is in effect by now.
        each = opened.repair(choice, record)
        if not each.plan.steps:
            continue
        _show(record, each, count, say)
        ended = follow(opened.start_repair(each, choice, window, record), say)
        code = code or ended
        if ended not in STANDS:
            return ended
    return code


def _show(record: Record | None, found: repairing.Repair, count: int, say: Say) -> None:
    if not found.plan.steps:
        return
    if record is not None and count > 1:
        say(f"Of the set-up for {set_ups.name_of(record)}:")
    say(script.render(found.plan))
    if any(each.state == Condition.CHANGED for each in found.left):
        say(_CHANGED)


def _accepted_by_change(plan: Plan) -> str:
    """Return what is said where a repair ends something: a change of the answers accepts it."""
    return (
        f"{acceptance.refusal(plan)}\n\nThen type wizard --change --yes --answers with that file."
    )


def _nothing_to_do(found: Sequence[repairing.Repair], say: Say) -> int:
    left = [each for one in found for each in one.left]
    remarks = dict.fromkeys(remark for one in found for remark in one.plan.remarks)
    for remark in remarks:
        say(remark)
    if any(each.state == Condition.CHANGED for each in left):
        say(_CHANGED)
    if remarks:
        return ExitCode.NOT_AS_SET_UP
    say("Every step is in effect, so there is nothing to repair. Nothing was changed.")
    return ExitCode.DONE


def change(
    answers: Path | None,
    yes: bool,
    say: Say,
    window: int | None = None,
    project: str | None = None,
) -> int:
    """Change a set-up to the answers in a file, or to those kept so far; return the exit code.

    Without ``yes`` it is shown as a script, and nothing is changed. With a ``window`` the host goes
    back to the set-up as it was unless somebody types wizard --keep within these seconds.

    Raises:
        Refused: there is no such set-up, it cannot be changed so, or nobody said yes.
    """
    typed.check_window(window)
    opened = Session()
    choices = typed.answers_in(answers) if answers else opened.answers.load()
    if choices is None:
        raise Refused(
            "There are no answers to change to. Nothing was changed. Take those below [choices] in "
            "the record of the set-up, change what is to be different, and name the file with "
            "--answers."
        )
    if project is not None and project != choices.project:
        raise Refused(
            f"The answers are for {clean_line(choices.project or 'no project')}, and not for "
            f"{clean_line(project)}. Nothing was changed."
        )
    found = opened.change(choices)
    if not found.plan.steps:
        say("The set-up is as these answers want it already. Nothing was changed.")
        return ExitCode.DONE
    if found.plan.unaccepted:
        raise Refused(acceptance.refusal(found.plan, answers))
    say(script.render(found.plan))
    if not yes:
        given = f" --answers {shlex.quote(str(answers))}" if answers else ""
        raise Refused(f"Nothing was changed. wizard --change{given} --yes does this.")
    opened.say = say
    return follow(opened.start_change(found.plan, window), say)


def report(mask: bool) -> str:
    """Write one file with all that somebody needs to help, and return where it is.

    It holds what was found, the steps, the check, and what our units said; no file of the
    deployment, but the lines around a change. With ``mask`` it has no addresses, no secrets and
    not the name of this host.

    Raises:
        Refused: the person is not root, or it cannot be written.
    """
    opened = Session()
    if not opened.root:
        raise Refused(at_hand.ONLY_ROOT_READS)
    parts = (f"== {title} ==\n\n{text.rstrip()}\n" for title, text in _sections(opened))
    text = clean("\n".join(parts))
    if mask:
        text = masked(text, (os.uname().nodename,))
    path = Path.home() / "docker-ipv6-report.txt"
    try:
        trust.check([path.parent], trust.trusted_owners())
        write_durably(path, text, 0o600, os.geteuid(), os.getegid())
    except trust.Doubted as error:
        raise Refused(
            f"{clean_line(str(path))} was not written: others than you can change files there. "
            "Nothing was changed. Take that right away from them, and start again."
        ) from error
    except OSError as error:
        raise Refused(
            f"{path} cannot be written: {error.strerror}. Nothing was changed. Make room on the "
            "disk, or move away what is in its place, and start again."
        ) from error
    hint = "" if mask else " It names addresses; wizard --report --masked leaves them out."
    return f"The report is {path}. Read it before you give it to anybody.{hint}"


def _sections(opened: Session) -> Iterator[tuple[str, str]]:
    yield "Report", f"Of {now()}, by version {__version__} of the wizard."
    yield "This host", describe.as_text(opened.detect())
    records: tuple[Record, ...] = ()
    try:
        records = opened.records.all()
    except WizardError as error:
        yield "Record", str(error)
    if records:
        yield "Run", status.status(as_json=False)
    else:
        yield "Plan", _or_why(lambda: "\n".join(_planned(verbs.plan_of(opened))))
    for record in records:
        yield _headed("Plan", record, records), "\n".join(_steps(record))
        yield _headed("Check", record, records), _or_why(partial(_checked, opened, record))
    words = ("--no-pager", "--output=short-iso", "--lines=500", "--unit=docker-ipv6-wizard*")
    yield "Journal", opened.system.run(("journalctl", *words)).output
    logs = sorted(opened.store.directory.glob("apply*.log"), key=lambda log: log.stat().st_mtime)
    if logs:
        yield "Newest log", logs[-1].read_text(encoding="utf-8", errors="replace")


def _headed(title: str, record: Record, records: Sequence[Record]) -> str:
    return title if len(records) == 1 else f"{title} of {set_ups.name_of(record)}"


def _checked(opened: Session, record: Record) -> str:
    return opened.judge(record=record).as_text()


def _planned(plan: Plan) -> Iterator[str]:
    yield from (*plan.notices, *plan.remarks)
    for number, step in enumerate(plan.steps, 1):
        yield f"{number}. {step.title}"
        yield from (f"    {line}" for line in step.commands)
        yield from (f"    {line}" for diff in step.diffs for line in diff.lines)


def _steps(record: Record) -> Iterator[str]:
    for step in record.steps:
        yield f"{step.number}. {step.title} ({step.state.words})"
        yield from (f"    {line}" for line in step.commands)
        yield from (f"    undo: {line}" for line in step.undo)


def _or_why(work: Callable[[], str]) -> str:
    try:
        return work()
    except WizardError as error:
        return str(error)


def watch(on: bool) -> str:
    """Switch on or off what looks after the set-up, and return what that came to.

    Raises:
        WizardError: the person is not root, no run is on this host, or it cannot be done.
    """
    opened = Session()
    opened.records.need_root()
    if not on:
        there = watching.switch_off(opened.system)
        return "Nothing looks after the set-up any more." if there else "Nothing did so before."
    if not (opened.records.in_force() and watching.looked_after(opened.store)):
        raise Refused(
            "There is nothing to look after: no run of the wizard is on this host. Nothing was "
            "changed."
        )
    opened.store.prepare()
    watching.switch_on(opened.system)
    if not watching.looked_after(opened.store):
        watching.switch_off(opened.system)
        raise Refused(
            "There is nothing to look after any more: all was taken back meanwhile. Nothing looks "
            "after it."
        )
    return (
        "The set-up is looked at daily, and after Docker or the network restarts. What is wrong is "
        f"told at the next login, and in the journal: journalctl -u {watching.NAME}. Nothing is "
        "changed by it. It goes with the last wizard --undo, or with wizard --watch off."
    )
