"""The files of a step: told from what somebody made of them, and put back as they were."""

import re
from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.files import Masked
from wizard.platform.system import FileState
from wizard.steps.actions import Diff, WriteFile
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Comparison, Found, Resolution
from wizard.steps.step_files import StepFiles, changed, read

A, B, C = "/etc/a", "/etc/b", "/etc/c"
OLD, OURS = FileState("one\ntwo\n", 0o600, 1, 2), FileState("one\ntwo\nours\n", 0o600, 1, 2)
NEW = FileState("ours\n")
MINE = replace(OURS, text="one\nmine\nours\n")


def without_ours(before: str, after: str, now: str) -> str | None:
    assert (before, after) == (OLD.text, OURS.text)
    return now.replace("ours\n", "") if "certain" not in now else None


FILES = StepFiles((WriteFile(A, OLD, OURS), WriteFile(B, None, NEW)), without_ours)
BEFORE = Before(files=(FileBefore.of(A, OLD), FileBefore(B, exists=False)))


def a_host(a: FileState | None = OURS, b: FileState | None = NEW) -> MadeUpSystem:
    system = MadeUpSystem()
    system.files = {path: state for path, state in ((A, a), (B, b)) if state is not None}
    return system


def lines(diff: Diff | None) -> list[str]:
    return [] if diff is None else [each for each in diff.lines if each[:2] != "@@"]


def test_what_is_there_is_remembered_in_the_order_in_which_it_is_written() -> None:
    assert FILES.capture(a_host(OLD, None)) == BEFORE.files
    assert FILES.capture(a_host(None, MINE)) == (
        FileBefore(A, exists=False), FileBefore.of(B, MINE)
    )  # fmt: skip


def test_untouched_files_are_compared_and_go_in_the_other_order() -> None:
    b, a = FILES.compare(a_host(), BEFORE)
    assert (a.name, a.comparison, a.words) == (A, Comparison.UNCHANGED, "")
    assert lines(a.back) == ["--- a/etc/a", "+++ b/etc/a", " one", " two", "-ours"]
    assert (b.name, b.comparison) == (B, Comparison.UNCHANGED)
    assert lines(b.back) == ["--- a/etc/b", "+++ /dev/null", "-ours"]
    assert FILES.undo_lines(BEFORE) == (
        f"rm {B}", f"# put back {A}: its text from before is in the record"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (OLD, NEW, {A: f"{A} is already as it was before."}),
        (OURS, None, {B: f"{B} is not there any more."}),
        # Owner and mode are nobody's change of ours.
        (replace(OLD, mode=0o644), NEW, {A: f"{A} is already as it was before."}),
    ],
)
def test_what_is_as_before_has_gone(
    a: FileState | None, b: FileState | None, words: dict[str, str]
) -> None:
    found = FILES.compare(a_host(a, b), BEFORE)
    gone = {each.name: each.words for each in found if each.comparison is Comparison.GONE}
    assert gone == words
    assert all(each.comparison is Comparison.UNCHANGED for each in found if each.name not in words)


def test_what_somebody_made_of_a_file_is_shown_with_what_can_be_taken_out_of_it() -> None:
    b, a = FILES.compare(a_host(MINE, FileState("x\n")), BEFORE)
    assert (a.comparison, a.words) == (
        Comparison.CHANGED,
        f"{A} has been changed by somebody else since.",
    )
    assert lines(a.changed)[2:] == [" one", "-two", "+mine", " ours"]
    assert lines(a.ours_out)[2:] == [" one", " mine", "-ours"]
    assert lines(a.back)[2:] == [" one", "-mine", "-ours", "+two"]
    # One that was not there has nothing of others in it to keep.
    assert b.ours_out is None and lines(b.changed)[2:] == ["-ours", "+x"]
    uncertain = replace(MINE, text="certain\nours\n")
    (_b, a) = FILES.compare(a_host(uncertain), BEFORE)
    assert a.ours_out is None
    (_b, a) = FILES.compare(a_host(None), BEFORE)
    assert (a.comparison, a.words) == (
        Comparison.CHANGED,
        f"{A} has been removed by somebody else.",
    )
    assert a.ours_out is None and lines(a.changed)[1] == "+++ /dev/null"
    assert lines(a.back)[:1] == ["--- /dev/null"]


def test_a_record_that_does_not_say_what_a_file_was_is_not_guessed_at() -> None:
    with pytest.raises(StepFailed, match=f"^The record does not say what {B} was before.$"):
        FILES.compare(a_host(), Before(files=BEFORE.files[:1]))
    # What it says besides is of nobody.
    more = Before(files=(*BEFORE.files, FileBefore.of(C, OLD)))
    assert [each.name for each in FILES.compare(a_host(), more)] == [B, A]


@pytest.mark.parametrize(
    ("a", "choice", "after", "left"),
    [
        (OURS, Resolution.KEEP, OLD, None),
        (OLD, Resolution.KEEP, OLD, None),
        (MINE, Resolution.KEEP, replace(MINE, text="one\nmine\n"), None),
        (MINE, Resolution.ORIGINAL, OLD, None),
        (MINE, Resolution.OURS, OURS, "chosen"),
        (None, Resolution.KEEP, None, "It was left as it is."),
        (None, Resolution.ORIGINAL, OLD, None),
        (None, Resolution.OURS, OURS, "chosen"),
        (replace(MINE, text="certain\n"), Resolution.KEEP, replace(MINE, text="certain\n"), "left"),
        # What somebody gave it of owner and mode stays with it.
        (replace(OURS, mode=0o640), Resolution.KEEP, replace(OLD, mode=0o640), None),
        (replace(OURS, uid=9), Resolution.KEEP, replace(OLD, uid=9), None),
        (replace(OURS, gid=9), Resolution.KEEP, replace(OLD, gid=9), None),
        (replace(MINE, gid=9), Resolution.OURS, replace(OURS, gid=9), "chosen"),
    ],
)
def test_a_file_becomes_what_was_chosen(
    a: FileState | None, choice: Resolution, after: FileState | None, left: str | None
) -> None:
    system = a_host(a)
    decisions = {A: choice}
    found = FILES.compare(system, BEFORE)
    said = FILES.undo(system, BEFORE, found, decisions)
    assert system.files.get(A) == after
    # Where one of two stays as the step left it, so does the other.
    whole = choice is Resolution.OURS
    assert system.files.get(B) == (NEW if whole else None)
    said_of_a = [each for each in said if each.startswith(A)]
    assert len(said_of_a) == (0 if left is None else 1)
    assert all(left in each for each in said_of_a if left)
    assert len(said) == len(said_of_a) + whole


def test_what_was_written_last_is_said_first() -> None:
    system = a_host(MINE, FileState("x\n"))
    kept = FILES.undo(system, BEFORE, FILES.compare(system, BEFORE), {A: Resolution.OURS})
    assert [each.partition(" ")[0] for each in kept] == [B, A]


def test_a_file_in_which_nothing_of_ours_is_left_is_not_written() -> None:
    system = a_host(replace(MINE, text="one\nmine\n"), None)
    assert FILES.undo(system, BEFORE, FILES.compare(system, BEFORE), {}) == ()
    assert system.changes == 0


def test_only_what_was_found_is_touched_and_all_of_that() -> None:
    system = a_host()
    found = [each for each in FILES.compare(system, BEFORE) if each.name == A]
    assert FILES.undo(system, BEFORE, found, {}) == ()
    assert system.files == {A: OLD, B: NEW}


def test_a_file_that_changes_in_the_last_moment_is_left() -> None:
    system = a_host()
    found = FILES.compare(system, BEFORE)
    system.files[A] = MINE
    with pytest.raises(StepFailed, match=f"^{A} was changed this very moment, so it was left"):
        FILES.undo(system, BEFORE, found, {})
    assert system.files[A] == MINE


def test_a_mask_in_the_place_of_a_file_of_ours_stays_and_one_before_it_is_not_guessed_at() -> None:
    system = a_host(b=None)
    system.masked.add(B)
    b, _a = FILES.compare(system, BEFORE)
    assert b.comparison is Comparison.GONE
    assert b.words.startswith(f"Somebody has masked {B} since,") and f"type: rm {B}" in b.words
    assert FILES.undo(system, BEFORE, [b], {}) == ()
    assert system.masked == {B}
    system.masked = {A}
    with pytest.raises(Masked):
        FILES.compare(system, BEFORE)


def test_what_cannot_be_read_or_written_is_said_with_its_path_and_why() -> None:
    system = a_host()
    assert read(system, A) == OURS and read(system, C) is None
    system.unreadable.add(A)
    with pytest.raises(Refused, match=f"^{A} cannot be read: Permission denied.$"):
        read(system, A)
    system.masked.add(B)
    with pytest.raises(Refused, match=f"^Somebody has masked {B}, so nothing"):
        read(system, B)

    def failing() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(
        StepFailed, match=rf"^{re.escape(C)} could not be changed: No space left on device\.$"
    ):
        changed(C, failing)
    done: list[Found] = []
    changed(C, lambda: done.append(Found("x")))
    assert done


@pytest.mark.parametrize(
    "wrong",
    [
        {"exists": True},
        {"exists": True, "text": "x", "mode": 0o600, "uid": 0},
        {"exists": True, "text": "x", "mode": 0o600, "gid": 0},
        {"exists": True, "text": "x", "uid": 0, "gid": 0},
        {"exists": True, "mode": 0o600, "uid": 0, "gid": 0},
        {"exists": False, "text": "x"},
        {"exists": False, "mode": 0},
        {"exists": True, "text": "x", "mode": 0o10000, "uid": 0, "gid": 0},
        {"exists": True, "text": "x", "mode": -1, "uid": 0, "gid": 0},
        {"exists": True, "text": "x", "mode": 0, "uid": -1, "gid": 0},
        {"exists": True, "text": "x", "mode": 0, "uid": 0, "gid": -1},
    ],
)
def test_a_record_that_says_half_of_what_a_file_was_is_damaged(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"lacks|says that there was no|no file has") as damaged:
        FileBefore(A, **wrong)  # type: ignore[arg-type]
    if wrong["exists"] is False:
        assert "says that there was no file, and what was in it" in str(damaged.value)
    for state in (FileState("", 0o7777, 0, 0), FileState("x", 0, 65534, 65534)):
        assert FileBefore.of(A, state).state == state
    assert FileBefore(A, exists=False).state is None
