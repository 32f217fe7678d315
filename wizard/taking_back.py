"""The verb that takes set-ups back, or shows what that would be."""

from collections.abc import Sequence

from wizard.following import Say, follow
from wizard.platform.errors import ExitCode, Refused
from wizard.record.record import Record, StepState
from wizard.run import journal, lost_record, set_ups, watching
from wizard.run.undoing import UndoPreview
from wizard.session import Session
from wizard.steps.comparing import Resolution


def undo(yes: bool, say: Say, changed: str | None = None, project: str | None = None) -> int:
    """Take every set-up back, or that of a project, and return the exit code.

    ``changed`` is what becomes of what somebody changed since: keep, ours or original.

    Raises:
        Refused: there is nothing to take back, or nobody said yes.
    """
    opened = Session()
    opened.records.project = project
    records = opened.records.in_force()
    change = set_ups.unsettled_change(opened.store)
    if change is not None and project in (None, change.project):
        return _undo_change(opened, change, yes, say)
    if not records:
        raise Refused(lost_record.or_else(set_ups.NOTHING, opened.store))
    repair = set_ups.open_repair(opened.store)
    obstacle = set_ups.why_not_undo(opened.records.all(), records[0], repair)
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
        say(f"Take back, once all the rest has been: {watching.NAME}, which looks after the set-up")
    word = f" {records[0].project}" if project is not None else ""
    if not yes:
        raise Refused(f"Nothing was changed. wizard --undo{word} --yes takes this back.")
    opened.records.need_root()
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
    if changed == Resolution.OURS:
        preview = opened.undo_preview(_noted(preview.record), record, after)
    return opened.undo_preview(preview.choose(Resolution(changed)), record, after)


def _noted(record: Record) -> dict[int, dict[str, Resolution]]:
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
    for words in preview.noticed:
        say(words)
    if differing:
        say(
            "What somebody changed since is marked with an exclamation mark. --changed keep leaves "
            "it as they want it, which is what is done if nothing is said; --changed ours puts "
            "back what the wizard left, and --changed original what was there before the wizard. "
            "For one thing at a time, use the screens: wizard --undo."
        )
