"""How the set-ups on this host stand, in words and as JSON: one function a verb."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.platform.errors import ExitCode
from wizard.platform.later import later
from wizard.platform.local_time import local_time
from wizard.record.record import Record, State
from wizard.session import Session

with later():
    from wizard import judging, typed
    from wizard.platform import json_text
    from wizard.probes import another_machine
    from wizard.record import earlier_releases
    from wizard.run import lost_record, set_ups, watching, window
    from wizard.verification import judgement


def status(as_json: bool, project: str | None = None) -> str:
    """Return what the records say: of every set-up, or of that of a project.

    As JSON it is what is said of the one at hand, with all of them under ``set-ups``.
    """
    opened = Session()
    at_hand = opened.records.at_hand()
    if at_hand is None:
        nothing = "The wizard has done nothing on this host."
        return "null" if as_json else lost_record.or_else(nothing, opened.store)
    if project is not None:
        at_hand = _of_project(opened, project)
    shown = [at_hand] if project is not None else _newest_first(opened.records.all(), at_hand)
    found = [(each, *judging.judged(opened, each)) for each in shown]
    if as_json:
        values = [_values(opened, *each) for each in found]
        return json_text.dumps({**values[0], "set-ups": values})
    texts = [
        "\n".join(_status_lines(record, opened, judging.told(judged, complaint)))
        for record, judged, complaint in found
    ]
    return "\n\n".join(
        _headed(record, text, len(found)) for (record, *_), text in zip(found, texts, strict=True)
    )


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
    opened.records.project = project
    records: Sequence[Record | None] = opened.records.in_force() or (None,)
    asked = (typed.address(target), typed.address(teller))
    machine = None if other is None else another_machine.machine(other)
    found = [opened.judge(*asked, machine, each) for each in records]
    whole, code = judgement.together(found), judgement.worst(found)
    if project is None and code is ExitCode.DONE:
        watching.say_nothing()
    each_one = [(record, one) for record, one in zip(records, found, strict=True) if record]
    if as_json:
        values = [
            {"project": record.project, "id": record.id, **one.as_values()}
            for record, one in each_one
        ]
        return json_text.dumps({**whole.as_values(), "code": int(code), "set-ups": values}), code
    texts = [_headed(record, one.as_text(), len(records)) for record, one in each_one]
    return "\n\n".join(texts), code


def _newest_first(records: Sequence[Record], at_hand: Record) -> list[Record]:
    return [at_hand, *(each for each in reversed(records) if each.id != at_hand.id)]


def _of_project(opened: Session, project: str) -> Record:
    opened.records.project = project
    record = opened.records.at_hand()
    return set_ups.chosen(opened.store, project) if record is None else record


def _headed(record: Record, text: str, count: int) -> str:
    """Return a text with the name of the set-up that it is about, where there are several."""
    return text if count == 1 else f"{set_ups.name_of(record)}:\n{text}"


def _values(
    opened: Session, record: Record, found: judgement.Judgement | None, complaint: str
) -> dict[str, object]:
    return {
        "id": record.id,
        "project": record.project,
        "state": record.state,
        "running": record.state.moving and opened.is_running(),
        "started": record.started,
        "finished": record.finished,
        "deadline": window.ends(record),
        "seconds left": window.seconds_to_answer(record),
        "error": record.error,
        "left": record.left,
        "check": found.as_values() if found else complaint or None,
        "repair": _repair_in_words(opened, record) or None,
        "faults": earlier_releases.faults(record),
        "steps": [{"title": each.title, "state": each.state} for each in record.steps],
    }


def _status_lines(record: Record, opened: Session, told: Sequence[str]) -> list[str]:
    running = record.state.moving and opened.is_running()
    lines = [
        f"The run of {local_time(record.started)} {record.state.meaning}"
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
        lines.append(
            f"It is taken back at {local_time(window.ends(record))}, unless you type wizard --keep."
        )
    lines += [f"{step.number:>3}. {step.state.words:<12}  {step.title}" for step in record.steps]
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
    unreadable = set_ups.unreadable_repair(opened.store)
    if unreadable:
        return f"What becomes of the last repair or change is not known. {unreadable}"
    repair = set_ups.open_repair(opened.store) or set_ups.unsettled_change(opened.store)
    if repair is None or repair.project != record.project or not record.state.in_force:
        return ""
    what = f"A {set_ups.kind_of(repair)} of {local_time(repair.started)} is"
    if repair.state is State.UNCONFIRMED:
        ends = local_time(window.ends(repair))
        return f"{what} taken back at {ends}, unless you type wizard --keep."
    return f"{what} {repair.state.words}."
