"""What the command line does without the screens: one function a verb, each returning text."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path

from wizard import describe
from wizard.answers import answers_file, obstacles, proposals
from wizard.answers import window as answers_window
from wizard.answers.choices import Choices
from wizard.answers.projects import project_of
from wizard.explain import pages
from wizard.host.obstacle import Obstacle
from wizard.plan import acceptance, script
from wizard.plan.planning import Plan
from wizard.platform.errors import ExitCode, Refused
from wizard.platform.files import read_regular
from wizard.platform.text import clean_line
from wizard.probes import another_machine
from wizard.program import program
from wizard.record import earlier_releases
from wizard.record.engine_rules import kept_by_engine
from wizard.record.record import Record, State, StepState
from wizard.run import journal, set_ups, watching, window
from wizard.run.undoing import UndoPreview
from wizard.session import Session, target_of
from wizard.steps.comparing import Choice
from wizard.verification.judgement import Judgement, exit_code, together, unknown, worst

Say = Callable[[str], None]


class InTheWay(Refused):
    """No plan can be made on this host; the message says all that stands in the way."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        sentences = " ".join(each.sentence for each in obstacles)
        causes = dict.fromkeys(each.cause for each in obstacles)
        more = " and ".join(f"wizard --explain {cause}" for cause in causes)
        super().__init__(f"{sentences}\n\nNothing was changed. More of it: {more}")
        self.obstacles = obstacles


_POLL = 0.1
"""Seconds between two looks at the record of a run."""


def session(answers: Path | None, target: str | None = None) -> Session:
    """Return a session that begins with the answers in a file, where one is named.

    ``target`` is the address that this host and its containers are to reach, where one is named.

    Raises:
        Refused: the file cannot be read or used.
    """
    opened = Session()
    if answers is not None:
        opened.save_answers(answers_in(answers))
        opened.answers_file = answers
    named = _address(target)
    if named is not None:
        opened.save_answers(replace(opened.load_answers() or Choices(), target=named))
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
    host, choices = opened.detect(), opened.load_answers() or Choices()
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
        return _json({"problems": [each.as_table() for each in error.obstacles]}), error.exit_code
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
    return _json(table), ExitCode.DONE


def status(as_json: bool, project: str | None = None) -> str:
    """Return what the records say: of every set-up, or of that of a project.

    As JSON it is what is said of the one at hand, with all of them under ``set-ups``.
    """
    opened = Session()
    at_hand = opened.record()
    if at_hand is None:
        return "null" if as_json else "The wizard has done nothing on this host."
    if project is not None:
        at_hand = _of_project(opened, project)
    shown = [at_hand] if project is not None else _newest_first(opened.records(), at_hand)
    found = [(each, *_judged(opened, each)) for each in shown]
    if as_json:
        values = [_values(opened, *each) for each in found]
        return _json({**values[0], "set-ups": values})
    texts = [
        "\n".join(_status_lines(record, opened, _told(judged, complaint)))
        for record, judged, complaint in found
    ]
    return "\n\n".join(
        _headed(record, text, len(found)) for (record, *_), text in zip(found, texts, strict=True)
    )


def _newest_first(records: Sequence[Record], at_hand: Record) -> list[Record]:
    return [at_hand, *(each for each in reversed(records) if each.id != at_hand.id)]


def _of_project(opened: Session, project: str) -> Record:
    opened.project = project
    record = opened.record()
    return set_ups.chosen(opened.store, project) if record is None else record


def _headed(record: Record, text: str, count: int) -> str:
    """Return a text with the name of the set-up that it is about, where there are several."""
    return text if count == 1 else f"{set_ups.name_of(record)}:\n{text}"


def _values(
    opened: Session, record: Record, found: Judgement | None, complaint: str
) -> dict[str, object]:
    return {
        "id": record.id,
        "project": record.project,
        "state": record.state,
        "running": record.state.moving and opened.is_running(),
        "started": record.started,
        "finished": record.finished,
        "deadline": record.deadline,
        "seconds left": window.seconds_left(record) if record.state is State.UNCONFIRMED else None,
        "error": record.error,
        "left": record.left,
        "check": found.as_values() if found else complaint or None,
        "repair": _repair_in_words(opened, record) or None,
        "faults": earlier_releases.faults(record),
        "steps": [{"title": each.title, "state": each.state} for each in record.steps],
    }


def check(
    target: str | None,
    as_json: bool,
    teller: str | None = None,
    other: str | None = None,
    project: str | None = None,
) -> tuple[str, ExitCode]:
    """Return whether IPv6 works in the containers as it was set up, and the exit code for that.

    It is asked of every set-up, or of that of a project. As JSON it is what is found of all, with
    that of each under ``set-ups``.

    Args:
        target: Whom to ask.
        as_json: Whether to return JSON.
        teller: A host that tells its visitors their address.
        other: A machine that tries what comes in.
        project: Whose set-up; of all where it is None.

    Raises:
        Refused: an address is none, or there is nothing that can be checked.
    """
    opened = Session()
    opened.project = project
    records: Sequence[Record | None] = opened.in_force() or (None,)
    asked = (_address(target), _address(teller))
    machine = None if other is None else another_machine.machine(other)
    found = [opened.judge(*asked, machine, each) for each in records]
    whole, code = together(found), worst(found)
    each_one = [(record, one) for record, one in zip(records, found, strict=True) if record]
    if as_json:
        values = [
            {"project": record.project, "id": record.id, **one.as_values()}
            for record, one in each_one
        ]
        return _json({**whole.as_values(), "code": int(code), "set-ups": values}), code
    texts = [_headed(record, one.as_text(), len(records)) for record, one in each_one]
    return "\n\n".join(texts), code


def install_program() -> str:
    """Make the copy of the wizard that its units start, and return where it is.

    Raises:
        Refused: the person is not root, or it cannot be made.
    """
    opened = Session()
    if not opened.root:
        raise Refused("Only root can change this host. Nothing was changed. Use sudo.")
    opened.store.prepare()
    program.install()
    return f"The wizard's units start it from {program.FOLDER}."


def apply(
    answers: Path | None,
    yes: bool,
    say: Say,
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
        chosen = answers_in(answers) if answers else opened.load_answers()
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
    if not opened.root:
        raise Refused("Only root can change this host. Nothing was changed. Use sudo.")
    check_window(window)
    opened.start_apply(made, seconds=window)
    return follow(opened, say)


def keep() -> str:
    """Keep the run that waits for an answer, and return what that came to.

    Raises:
        WizardError: there is nothing to keep, or it was too late.
    """
    opened = Session()
    record = (opened.repairing or opened).keep()
    return kept(record)


def kept(record: Record) -> str:
    """Return what is said of a run that was kept."""
    name = set_ups.name_of(record)
    return f"The run of {record.started} for {name} is kept. wizard --undo {name} takes it back."


def undo(yes: bool, say: Say, changed: str | None = None, project: str | None = None) -> int:
    """Take every set-up back, or that of a project, and return the exit code.

    ``changed`` is what becomes of what somebody changed since: keep, ours or original.

    Raises:
        Refused: there is nothing to take back, or nobody said yes.
    """
    opened = Session()
    opened.project = project
    records = opened.in_force()
    change = set_ups.unsettled_change(opened.store)
    if change is not None and project in (None, change.project):
        return _undo_change(opened, change, yes, say)
    if not records:
        raise Refused(set_ups.NOTHING)
    repair = set_ups.open_repair(opened.store)
    obstacle = set_ups.why_not_undo(opened.records(), records[0], repair)
    if obstacle:
        raise Refused(f"{obstacle} Nothing was changed.")
    previews = [
        _undo_preview(opened, record, [each.id for each in records[:number]], changed)
        for number, record in enumerate(records)
    ]
    for preview in previews:
        if len(previews) > 1:
            say(f"Of the set-up for {set_ups.name_of(preview.record)}:")
        _say_preview(preview, say)
    if watching.is_on(opened.system) and len(set_ups.in_force(opened.store)) == len(records):
        say(f"Take back, when all the rest is: {watching.NAME}, which looks after the set-up")
    word = f" {records[0].project}" if project is not None else ""
    if not yes:
        raise Refused(f"Nothing was changed. wizard --undo{word} --yes takes this back.")
    if not opened.root:
        raise Refused("Only root can change this host. Nothing was changed. Use sudo.")
    codes = []
    for preview in previews:
        say("")
        opened.start_undo(preview.chosen, preview.record)
        codes.append(follow(opened, say, preview.record))
        if codes[-1] not in (ExitCode.DONE, ExitCode.ROLLBACK_INCOMPLETE):
            # What kept this one from being taken back keeps the others, too.
            break
    return max(codes)


def _undo_change(opened: Session, change: Record, yes: bool, say: Say) -> int:
    name = set_ups.name_of(change)
    say(
        f"A change of the set-up for {name} is {change.state.words}. Undo goes back to the set-up "
        "as it was before that, and not further:"
    )
    for step in reversed(change.steps):
        if step.state is not StepState.PLANNED:
            say(f"Take back: {step.title}")
            for line in step.undo:
                say(f"    {line}")
    if not yes:
        raise Refused("Nothing was changed. wizard --undo --yes does this.")
    code = follow(opened.start_change_back(), say, change)
    return ExitCode.DONE if code == ExitCode.ROLLED_BACK else code


def _undo_preview(
    opened: Session, record: Record, after: Sequence[str], changed: str | None
) -> UndoPreview:
    preview = opened.undo_preview(None, record, after)
    if changed is None:
        return preview
    # What was put back at an earlier time is not different from ours any more.
    if changed == Choice.OURS:
        preview = opened.undo_preview(_noted(preview.record), record, after)
    return opened.undo_preview(preview.choose(Choice(changed)), record, after)


def _noted(record: Record) -> dict[int, dict[str, Choice]]:
    return {entry.number: journal.decisions(entry) for entry in record.steps}


def _say_preview(preview: UndoPreview, say: Say) -> None:
    differing = False
    for step in preview.steps:
        say(f"{'Stays in force' if step.stays else 'Take back'}: {step.title}")
        for line in (*(() if step.stays else step.commands), *step.notes):
            say(f"    {line}")
        diffs = list(step.diffs)
        for each in step.changed:
            say(f"    ! {each.words}")
            diffs += each.diffs
            differing = True
        for diff in diffs:
            say(f"    {diff.heading} {diff.path}:")
            for line in diff.lines:
                say(f"    {line}")
    if differing:
        say(
            "What somebody changed since is marked with an exclamation mark. --changed keep leaves "
            "it as they want it, which is what is done if nothing is said; --changed ours puts "
            "back what the wizard left, and --changed original what was there before the wizard. "
            "For one thing at a time, use the screens: wizard --undo."
        )


def check_window(window: int | None) -> None:
    """Make sure that the seconds that were typed leave time to say "keep".

    Raises:
        Refused: they do not.
    """
    if window is not None:
        try:
            answers_window.check_window(window)
        except ValueError as error:
            raise Refused(f"{error}. Nothing was changed.".replace("window", "--window")) from error


def follow(opened: Session, say: Say, begun: Record | None = None) -> int:
    """Say what a run does until it ends, and what came of it, and return the exit code.

    ``begun`` is the record as it was before, where the run takes back.
    """
    doing = ""
    told = {step.number: step.state for step in begun.steps} if begun else {}
    while True:
        progress = opened.progress()
        record = progress.record
        if progress.doing and progress.doing != doing:
            doing = progress.doing
            say(doing)
        for step in record.steps if record else ():
            if step.state != StepState.PLANNED and told.get(step.number) != step.state:
                told[step.number] = step.state
                say(f"{step.state.words:>12}  {step.title}")
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
            back = (
                "the set-up goes back to what it was"
                if record.changes
                else "everything is taken back"
            )
            say(f"Unless somebody types wizard --keep by {record.deadline}, {back}.")
        found, complaint = _judged(opened, record)
        for sentence in _told(found, complaint):
            say(sentence)
        say(f"The run {record.state.meaning}. The record is {opened.store.of(record.id).path}.")
        kept = kept_by_engine(record)
        if kept:
            say(kept)
    return exit_code(progress.ended, found)


def _judged(opened: Session, record: Record) -> tuple[Judgement | None, str]:
    """Judge a run that has been applied, and say why where that cannot be done."""
    if record.state not in (State.APPLIED, State.UNCONFIRMED) or opened.is_running():
        return None, ""
    try:
        return opened.judge(record=record), ""
    except Refused as refused:
        return None, unknown(str(refused))


def _told(found: Judgement | None, complaint: str) -> tuple[str, ...]:
    return found.told if found else tuple(filter(None, [complaint]))


def _status_lines(record: Record, opened: Session, told: Sequence[str]) -> list[str]:
    running = record.state.moving and opened.is_running()
    lines = [
        f"The run of {record.started} {record.state.meaning}"
        + (", and at work right now." if running else "."),
    ]
    if record.state.moving and not running:
        lines.append("Its process has died. wizard --undo takes back what it had begun.")
    if record.state is State.UNCONFIRMED and window.seconds_left(record) == 0:
        lines.append(
            "Its time is over, and it should be taken back by now. If it still says so in a "
            "minute, somebody has stopped the guard: type wizard --undo, or wizard --keep."
        )
    elif record.state is State.UNCONFIRMED:
        lines.append(f"It is taken back at {record.deadline}, unless you type wizard --keep.")
    lines += [f"  {step.number}. {step.state.words:>12}  {step.title}" for step in record.steps]
    lines += [
        line for line in (record.error, *record.left, _repair_in_words(opened, record)) if line
    ]
    lines += told
    faults = earlier_releases.faults(record)
    if faults:
        lines.append("An earlier release of the wizard set this up, and this may go wrong:")
        lines += [f"  - {fault}" for fault in faults]
    lines.append(f"The record is {opened.store.of(record.id).path}.")
    return lines


def _repair_in_words(opened: Session, record: Record) -> str:
    """Return what becomes of a repair or change of a run that is not settled; else nothing."""
    repair = set_ups.open_repair(opened.store) or set_ups.unsettled_change(opened.store)
    if repair is None or repair.project != record.project or not record.state.in_force:
        return ""
    what = f"A {set_ups.kind_of(repair)} of {repair.started} is"
    if repair.state is State.UNCONFIRMED:
        return f"{what} taken back at {repair.deadline}, unless you type wizard --keep."
    return f"{what} {repair.state.words}."


def plan_of(opened: Session, answers: Path | None = None, target: str | None = None) -> Plan:
    """Return the plan for the answers in a file, or for those kept so far.

    Raises:
        Refused: why there is none.
    """
    chosen = answers_in(answers) if answers else opened.load_answers()
    named = _address(target)
    host = opened.detect(target=named or (chosen.target if chosen else None))
    if chosen is None:
        chosen = proposals.defaults(host)
    if named is not None:
        chosen = replace(chosen, target=named)
    in_the_way = obstacles.obstacles(host, chosen)
    if in_the_way:
        raise InTheWay(in_the_way)
    project = project_of(host, chosen)
    read = opened.read_project(project)
    if not chosen.services:
        chosen = proposals.tick(chosen, read.services, host)
    return opened.plan(host, chosen, read)


def _address(text: str | None) -> IPv6Address | None:
    return None if text is None else target_of(text)


def answers_in(path: Path) -> Choices:
    """Return the answers in a file.

    Raises:
        Refused: the file cannot be read or used.
    """
    try:
        text = read_regular(path)
        # What is not UTF-8 comes as lone surrogates.
        text.encode()
        return answers_file.loads(text)
    except (OSError, UnicodeError) as error:
        raise Refused(
            f"{clean_line(str(path))} cannot be read as answers: {clean_line(str(error))}. "
            "Nothing was changed."
        ) from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
