"""Which set-ups are on this host, and what each of them needs of what several stand on."""

from collections.abc import Sequence

from wizard.platform.errors import Refused
from wizard.platform.text import clean_line
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run.each_step import begun
from wizard.steps import kinds
from wizard.steps.others import Other, in_words

NOTHING = "There is nothing to take back: no run of the wizard is on this host."


def in_force(store: Store) -> tuple[Record, ...]:
    """Return the records of the set-ups that are, or may be, on the host, in order of undo.

    First what moves or waits for an answer, for nothing else can begin before that is over; then
    the newest.

    Raises:
        Refused: a record cannot be read.
    """
    found = [each for each in store.records() if each.state.in_force]
    found.reverse()
    return tuple(sorted(found, key=lambda record: not record.state.is_open))


def others(store: Store, *but: str) -> tuple[Other, ...]:
    """Return the steps of every set-up of which something is, or may be, on the host, but these.

    Raises:
        Refused: a record cannot be read.
    """
    return tuple(
        _other(record, entry.kind, entry.parameters, entry.before)
        for record in store.records()
        if record.id not in but and record.state.in_force
        for entry in reversed(begun(record))
    )


def others_or_doubt(store: Store, run: str) -> tuple[Other, ...]:
    """Return the same; where a record cannot be read, one that hinders whatever may be shared."""
    try:
        return others(store, run)
    except Refused:
        return tuple(Other("another set-up", kind, None, None) for kind in kinds.SHARED)


def _other(
    record: Record, kind: str, parameters: dict[str, object], before: dict[str, object]
) -> Other:
    try:
        step = kinds.step(kind, parameters)
        return Other(name_of(record), kind, step, step.before_from(before))
    except Refused:
        return Other(name_of(record), kind, None, None)


def another_is_open(store: Store, run: str) -> bool:
    """Return whether another run moves or waits for an answer, as far as records can be read."""
    try:
        return any(each.id != run and each.state.is_open for each in store.records())
    except Refused:
        return False


def name_of(record: Record) -> str:
    """Return what a set-up is called: as its Compose project, or when it was started."""
    return clean_line(record.project) or f"the run of {record.started}"


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
        f"for {in_words([name_of(each) for each in found])}."
    )


def why_not_apply(records: Sequence[Record], project: str | None) -> str | None:
    """Return a sentence that says why no plan for a project can be applied now, or None.

    Args:
        records: Every record that is kept.
        project: The project; None where it is not chosen yet.
    """
    for record in records:
        if record.state is State.UNCONFIRMED:
            return (
                f"The run of {record.started} for {name_of(record)} waits for an answer: keep it "
                "with wizard --keep, or let it be taken back."
            )
        if record.state.moving:
            return (
                f"The run of {record.started} for {name_of(record)} is {record.state.words} on "
                "this host. Take it back first, with wizard --undo."
            )
    for record in records:
        if record.in_the_way and project is not None and record.project in ("", project):
            return (
                f"{name_of(record)} is set up already: the run of {record.started} is "
                f"{record.state.words} on this host. Take it back first, with "
                f"wizard --undo {name_of(record)}."
            )
    return None


def why_not_undo(records: Sequence[Record], record: Record) -> str | None:
    """Return a sentence that says why a set-up cannot be taken back now, or None.

    What waits for an answer may be taken back at any instant, by its guard, and so may nothing
    that stands beside it.
    """
    for each in records:
        if each.id != record.id and each.state.is_open:
            return (
                f"{name_of(record)} cannot be taken back now: the run for {name_of(each)} is "
                f"{each.state.words}. Keep that with wizard --keep, or take it back with "
                f"wizard --undo {name_of(each)}, and then go on."
            )
    return None
