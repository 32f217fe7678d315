"""How what a step left on the host stands today, and what an undo makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from wizard.platform.later import later

with later():
    from wizard.steps import actions


class Comparison(StrEnum):
    """How one object compares with what the step left."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    """By somebody, and it is theirs to say what becomes of it."""
    GONE = "gone"
    """Nothing of the step is in it any more."""


class Resolution(StrEnum):
    """What becomes of an object that somebody changed."""

    KEEP = "keep"
    """Theirs stays."""
    OURS = "ours"
    """What the step left is put back, and the step stays in force."""
    ORIGINAL = "original"
    """What was there before the wizard is put back, and their change is lost."""


Decisions = Mapping[str, Resolution]
"""What was chosen, by the names of the objects."""

NOTHING_DECIDED: Decisions = {}


class Treatment(Enum):
    """What an undo does with one object."""

    LEAVE = "leave it"
    BACK = "take it back"
    OURS_OUT = "take only ours out of it"
    OURS = "put ours back"


@dataclass(frozen=True)
class Found:
    """One object that a step left, compared with what is there now. The host was only read."""

    name: str
    """What it is called; no other object of the step is called the same."""
    comparison: Comparison = Comparison.UNCHANGED
    words: str = ""
    """How it stands, in sentences; empty where it is unchanged."""
    needed: str = ""
    """Who or what stands on it, so that it cannot be taken back yet, in sentences."""
    changed: actions.Diff | None = None
    """From what the step left to what is there now."""
    ours_out: actions.Diff | None = None
    """From what is there now to the same without what the step put in, where that can be done."""
    back: actions.Diff | None = None
    """From what is there now to what was there before the wizard."""
    rest: str = ""
    """What of the step cannot be told apart from their change and so stays, in a sentence."""
    goes_with_it: tuple[str, ...] = ()
    """The names of what goes when this goes."""

    def diffs(self, choice: Resolution) -> tuple[actions.Diff, ...]:
        """Return what somebody changed, and what an undo with this choice changes."""
        happens = None if self.needed else self.back
        shown = [happens]
        if self.comparison is Comparison.CHANGED:
            since = self.changed and replace(self.changed, heading="Changed since in")
            if choice is Resolution.KEEP and not self.needed:
                happens = self.ours_out
            elif choice is Resolution.OURS:
                happens = None
            shown = [since, happens and replace(happens, heading="Will change in")]
        return tuple(each for each in shown if each is not None and each.lines)

    def outlook(self, choice: Resolution) -> str:
        """Return how it stands and what an undo with this choice makes of it, in sentences."""
        match self.comparison, choice:
            case Comparison.GONE, Resolution.KEEP | Resolution.ORIGINAL:
                return self.words
            case Comparison.UNCHANGED, Resolution.KEEP | Resolution.ORIGINAL:
                return self.needed
            case _, Resolution.OURS:
                words = "is put back as the wizard left it, and stays in force, as was chosen."
                return f"{self._subject} {words}"
            case _, Resolution.ORIGINAL if not self.needed:
                created = self.back is not None and "+++ /dev/null" in self.back.lines
                fate = "removed, for it was not there" if created else "put back as it was"
                return f"{self.words} It is {fate} before the wizard, and their change is lost."
            case _, Resolution.KEEP if self.ours_out is None:
                return f"{self.words} {self.rest or 'It is left as it is.'}"
            case _ if self.needed:
                return f"{self.words} {self.needed}"
        kept = "Their change is kept; only what the wizard put in is removed."
        return " ".join(filter(None, (self.words, kept, self.rest)))

    def left(self, choice: Resolution) -> str:
        """Return what to say of it where it is on the host after the undo."""
        if self.needed and choice is not Resolution.OURS:
            if self.comparison is not Comparison.CHANGED:
                return self.needed
            if choice is Resolution.ORIGINAL or self.ours_out is not None:
                return f"{self.words} {self.needed}"
        if self.comparison is Comparison.CHANGED and choice is not Resolution.OURS:
            stays = self.rest if choice is Resolution.KEEP else ""
            return f"{self.words} {stays or 'It was left as it is.'}"
        words = "is in force as the wizard left it, because that was chosen."
        return f"{self._subject} {words}"

    @property
    def _subject(self) -> str:
        """What a sentence about it begins with: how it stands, or what it is called."""
        return f"{self.words} It" if self.words else self.name


def stays(found: Sequence[Found], decisions: Decisions) -> bool:
    """Return whether a step stays in force: where one of its objects is to be as the step left it.

    What it left besides stays too then, for half a step does nobody good.
    """
    return any(decisions.get(each.name) is Resolution.OURS for each in found)


def treatments(found: Sequence[Found], decisions: Decisions) -> dict[str, Treatment]:
    """Return what an undo does with each object, by its name."""
    whole = stays(found, decisions)
    return {each.name: _treatment(each, decisions, whole) for each in found}


def choice_of(found: Found, decisions: Decisions) -> Resolution:
    """Return what was chosen for an object; theirs is kept where nothing was."""
    return decisions.get(found.name, Resolution.KEEP)


def _treatment(each: Found, decisions: Decisions, whole: bool) -> Treatment:
    choice = choice_of(each, decisions)
    match each.comparison:
        case Comparison.UNCHANGED:
            return Treatment.LEAVE if whole or each.needed else Treatment.BACK
        case Comparison.CHANGED | Comparison.GONE if choice is Resolution.OURS:
            return Treatment.OURS
        case Comparison.CHANGED if choice is Resolution.ORIGINAL and not each.needed:
            return Treatment.BACK
        case Comparison.CHANGED if choice is Resolution.KEEP and not each.needed and each.ours_out:
            return Treatment.OURS_OUT
    return Treatment.LEAVE


def left_of(
    these: Sequence[Found], found: Sequence[Found], decisions: Decisions
) -> tuple[str, ...]:
    """Return what to say of those among the objects of a step that are left by its undo."""
    todo = treatments(found, decisions)
    return tuple(
        each.left(choice_of(each, decisions))
        for each in these
        if todo[each.name] is Treatment.OURS
        or (todo[each.name] is Treatment.LEAVE and each.comparison is not Comparison.GONE)
        or (todo[each.name] is Treatment.OURS_OUT and each.rest)
    )
