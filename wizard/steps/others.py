"""What the other set-ups on a host have put into the same things as a step.

Each record says what the host was before any set-up, and what its own run put in. So whichever is
taken back, what the others need stays, and the last one to go leaves what was there at first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from wizard.platform.errors import Refused
from wizard.platform.system import FileState
from wizard.platform.text import clean_line, enumerated
from wizard.steps.before import Before
from wizard.steps.comparing import Comparison, Found

AnyBefore = TypeVar("AnyBefore", bound=Before)


@dataclass(frozen=True)
class Other:
    """A step of another set-up, which is in force."""

    project: str
    kind: str
    step: Any
    """The step, or None where its record is damaged there."""
    before: Any
    """What it found; of the kind that the step says."""
    recorded: Any = None
    """The step as its record has it, where ``step`` is what it would be made as today."""

    @property
    def as_recorded(self) -> "Other":
        """The same as its record has it."""
        return self if self.recorded is None else replace(self, step=self.recorded)


def known(others: Sequence[Other]) -> list[Other]:
    """Return those whose record is not damaged there."""
    return [each for each in others if each.step is not None]


def in_words(projects: Sequence[str]) -> str:
    """Return whose set-ups they are: ``mastodon``, or ``mastodon and peertube``."""
    return enumerated(clean_line(each) for each in dict.fromkeys(projects))


def stays(what: str, projects: Sequence[str]) -> Found:
    """Return what to say of a thing that is not taken back, for other set-ups stand on it."""
    return Found(f"{what} of others", Comparison.GONE, f"{what} stays for {in_words(projects)}.")


def with_what_stays(
    found: Sequence[Found], what: str, projects: Sequence[str]
) -> tuple[Found, ...]:
    """Return what was found of a thing that others need, as before or not: it stays for them."""
    changed = (each for each in found if each.comparison is not Comparison.GONE)
    return (*changed, stays(what, projects))


def only_ours(path: str, projects: Sequence[str]) -> str:
    """Return the line that says, among commands, what becomes of a file that others need."""
    return f"# take out of {clean_line(path)} what {in_words(projects)} has no need of"


def with_first_files(before: AnyBefore, others: Sequence[Other]) -> AnyBefore:
    """Return what a step found with the files as they were before the first of the set-ups."""
    first = {each.path: each for other in reversed(others) for each in other.before.files}
    return replace(before, files=tuple(first.get(each.path, each) for each in before.files))


def check_left(
    path: str, now: FileState | None, theirs: str | None, projects: Sequence[str]
) -> None:
    """Look whether a file that several set-ups share is as they left it, where there are any.

    Raises:
        Refused: somebody has changed it since, and to write it would overwrite that.
    """
    if projects and now is not None and now.text != theirs:
        whose = in_words(projects)
        raise Refused(
            f"Nothing was changed. {clean_line(path)}, which serves {whose} as well, has been "
            f"changed by somebody since, and that would be overwritten. wizard --check says what "
            "is not in effect. Put the file back, or take that set-up back first, with wizard "
            "--undo, which asks what becomes of their change."
        )
