"""Which set-ups are on this host, and what each of them needs of what several stand on."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.platform.errors import Refused
from wizard.platform.later import later
from wizard.platform.local_time import local_time
from wizard.platform.text import clean_line
from wizard.record.record import Record, State, StepRecord
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store

with later():
    from wizard.answers import answers_file
    from wizard.host import host as hosts
    from wizard.run import adapted, each_step, lost_record
    from wizard.steps import docker_network, kinds, sysctl
    from wizard.steps import others as needs

AT_WORK = "Another run of the wizard is at work. Wait until it has ended."
NOTHING = "There is nothing to take back: no run of the wizard is on this host."


def in_force(store: Store) -> tuple[Record, ...]:
    """Return the records of the set-ups that are, or may be, on the host, in order of undo.

    First what moves or waits for an answer, itself or a repair of it, for nothing else can begin
    before that is over; then the newest.

    Raises:
        Refused: a record cannot be read.
    """
    found = [each for each in store.records() if each.state.in_force]
    found.reverse()
    repair = open_repair(store)
    mended = repair.project if repair else None
    return tuple(sorted(found, key=lambda each: not (each.state.is_open or each.project == mended)))


def others(store: Store, *but: str, host: hosts.Host | None = None) -> tuple[needs.Other, ...]:
    """Return the steps of every set-up of which something is, or may be, on the host, but these.

    They are as they would be made today on a ``host``; without one, as the records say. Of a set-up
    whose change waits for an answer they are those that are there by now.

    Raises:
        Refused: a record cannot be read.
    """
    return tuple(
        _other(record, entry, host)
        for record in store.records()
        if record.id not in but and record.state.in_force
        for entry in reversed(each_step.begun(as_it_stands(store, record)))
    )


def others_than_of(store: Store, project: str) -> tuple[needs.Other, ...]:
    """Return what :func:`others` does, but for every run of a project.

    Raises:
        Refused: a record cannot be read.
    """
    return others(store, *(each.id for each in store.records() if each.project == project))


def beside(store: Store, record: Record) -> tuple[needs.Other, ...]:
    """Return the steps beside which those of a run stand: of every other set-up in force.

    A change stands beside what keeps forwarding on for the run that it changes, too: that goes
    last. One that makes what comes first stands beside the whole of that.

    Raises:
        Refused: a record cannot be read.
    """
    if not record.changes:
        return others(store, record.id)
    runs = Store(store.directory)
    changed = [each for each in runs.records() if each.id == record.changes]
    old = [
        _other(each, entry, None)
        for each in changed
        for entry in reversed(each_step.begun(each))
        if entry.kind in (sysctl.Sysctl.kind, docker_network.DockerNetwork.kind)
        or makes_first(record)
    ]
    return (*others(runs, record.changes), *old)


def makes_first(change: Record) -> bool:
    """Return whether a change makes a network before it takes away the one that was there."""
    kinds_in_order = [str(each.parameters.get("of", each.kind)) for each in change.steps]
    if kinds_in_order.count(docker_network.DockerNetwork.kind) < 2:
        return False
    return (
        change.steps[kinds_in_order.index(docker_network.DockerNetwork.kind)].kind
        == docker_network.DockerNetwork.kind
    )


def beside_or_doubt(store: Store, record: Record) -> tuple[needs.Other, ...]:
    """Return the same; where a record cannot be read, one that hinders whatever may be shared."""
    try:
        return beside(store, record)
    except Refused:
        return tuple(needs.Other("another set-up", kind, None, None) for kind in kinds.SHARED)


def _other(record: Record, entry: StepRecord, host: hosts.Host | None) -> needs.Other:
    name, kind = name_of(record), entry.kind
    try:
        step = kinds.step(kind, entry.parameters)
        before = step.before_from(entry.before)
        if host is None or kind not in kinds.SHARED:
            return needs.Other(name, kind, step, before)
        today = adapted.adapted(step, record, host, answers_file.from_table(record.choices))
        return needs.Other(name, kind, today, before, recorded=step)
    except Refused:
        return needs.Other(name, kind, None, None)


def another_is_open(store: Store, run: str) -> bool:
    """Return whether another run, or a repair, is open, as far as records can be read."""
    try:
        records = Store(store.directory).records()
    except Refused:
        records = ()
    repair = open_repair(store)
    found = (*records, *([repair] if repair else []))
    return any(each.id != run and each.state.is_open for each in found)


def open_repair(store: Store) -> Record | None:
    """Return the record of a repair that moves or waits for an answer, as far as it can be read."""
    try:
        return RepairStore(store.directory).open
    except Refused:
        return None


def unreadable_repair(store: Store) -> str:
    """Return why the record of the last repair or change cannot be read; empty where it can."""
    try:
        RepairStore(store.directory).load()
    except Refused as refused:
        return str(refused)
    return ""


def kind_of(repair: Record) -> str:
    """Return what a run beside another one is: a repair of it, or a change."""
    return "change" if repair.changes else "repair"


def unsettled_change(store: Store) -> Record | None:
    """Return the record of a change of which it is open what becomes of it, or None."""
    try:
        record = RepairStore(store.directory).load()
    except Refused:
        return None
    if record is None or not record.changes or record.state is State.APPLIED:
        return None
    return record if record.state.in_force else None


def as_it_stands(store: Store, run: Record) -> Record:
    """Return what the record of a run says, or will say of what is on the host by now.

    Raises:
        Refused: that cannot be read.
    """
    change = unsettled_change(store)
    if change is None or change.changes != run.id or change.state is not State.UNCONFIRMED:
        return run
    return store.intended(run.id) or run


def name_of(record: Record) -> str:
    """Return what a set-up is called: as its Compose project, or when it was started."""
    return clean_line(record.project) or f"the run of {local_time(record.started)}"


def argument_of(record: Record) -> str:
    """Return what stands for a set-up behind --undo and the like."""
    return clean_line(record.project) or record.id


def chosen(store: Store, project: str | None) -> Record:
    """Return the set-up of a project that is in force, or the one that comes first in undo.

    Raises:
        Refused: there is none; which there are is said.
    """
    found = in_force(store)
    if not found:
        raise Refused(NOTHING)
    if project is None:
        return found[0]
    for record in found:
        if project in (record.project, record.id):
            return record
    raise Refused(
        f"No set-up for {clean_line(project)} is on this host. Nothing was changed. There is one "
        f"for {needs.in_words([name_of(each) for each in found])}."
    )


def to_check(store: Store, record: Record | None) -> Record:
    """Return the run that is judged where a record is at hand, as it stands by now.

    Raises:
        Refused: no run is on the host.
    """
    runs = Store(store.directory)
    if record is not None and isinstance(store, RepairStore):
        # What was put back works where the whole of its run does.
        record = chosen(runs, record.project)
    if record is not None and record.state.in_force:
        record = as_it_stands(runs, record)
    if record is None or not record.state.in_force:
        nothing = "There is nothing to check: no run of the wizard is on this host."
        raise Refused(lost_record.or_else(nothing, runs))
    return record


def why_not_apply(
    records: Sequence[Record], project: str | None, repair: Record | None = None
) -> str | None:
    """Return a sentence that says why no plan for a project can be applied now, or None.

    Args:
        records: Every record that is kept.
        project: The project; None where it is not chosen yet.
        repair: The record of a repair that is open.
    """
    for record in records:
        if record.state is State.UNCONFIRMED:
            return (
                f"The run of {local_time(record.started)} for {name_of(record)} waits for an "
                "answer: keep it with wizard --keep, or let it be taken back."
            )
        if record.state.moving:
            return (
                f"The run of {local_time(record.started)} for {name_of(record)} is "
                f"{record.state.words} on this host. Take it back first, with wizard --undo."
            )
    if repair is not None:
        return _repair_is_open(repair)
    for record in records:
        if record.in_the_way and project is not None and record.project in ("", project):
            kept = record.state is State.APPLIED
            other = "Change it with wizard --change, or take" if kept else "Take"
            return (
                f"{name_of(record)} is set up already: the run of {local_time(record.started)} is "
                f"{record.state.words} on this host. {other} it back first, with "
                f"wizard --undo {argument_of(record)}."
            )
    return None


def why_not_undo(
    records: Sequence[Record], record: Record, repair: Record | None = None
) -> str | None:
    """Return a sentence that says why a set-up cannot be taken back now, or None.

    What waits for an answer may be taken back at any instant, by its guard, and so may nothing
    that stands beside it. A repair of the set-up itself goes with it.

    Args:
        records: Every record that is kept.
        record: That of the set-up.
        repair: The record of a repair that is open.
    """
    if repair is not None and repair.project != record.project:
        return _repair_is_open(repair)
    return _beside(records, record, "taken back")


def why_not_repair(records: Sequence[Record], record: Record) -> str | None:
    """Return a sentence that says why a set-up cannot be repaired beside others now, or None."""
    return _beside(records, record, "repaired")


def why_not_change(records: Sequence[Record], record: Record) -> str | None:
    """Return a sentence that says why a set-up cannot be changed beside others now, or None."""
    return _beside(records, record, "changed")


def _beside(records: Sequence[Record], record: Record, done: str) -> str | None:
    for each in records:
        if each.id != record.id and each.state.is_open:
            return (
                f"{name_of(record)} cannot be {done} now: the run for {name_of(each)} is "
                f"{each.state.words}. Keep that with wizard --keep, or take it back with "
                f"wizard --undo {argument_of(each)}, and then go on."
            )
    return None


def _repair_is_open(repair: Record) -> str:
    name, what = name_of(repair), kind_of(repair)
    whole = "what it had begun" if repair.changes else "the set-up with it"
    if repair.state is State.UNCONFIRMED:
        return (
            f"A {what} of the set-up for {name} waits for an answer: keep it with wizard --keep, "
            "or let it be taken back."
        )
    return (
        f"A {what} of the set-up for {name} is {repair.state.words} on this host. Wait until it "
        f"has ended. If its process has died, wizard --undo {name} takes back {whole}."
    )
