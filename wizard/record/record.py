"""The record of a run, as a value: journal, receipt and undo list in one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from wizard import __version__

FORMAT = 1

GENERATION = 3
"""Which generation of set-ups this release makes; see :mod:`wizard.record.earlier_releases`."""


class State(StrEnum):
    """Where a whole run stands."""

    APPLYING = "applying"
    UNCONFIRMED = "unconfirmed"
    """Every step is done and verified; it is taken back unless somebody says "keep"."""
    APPLIED = "applied"
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"
    ROLLBACK_INCOMPLETE = "rollback incomplete"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNDO_INCOMPLETE = "undo incomplete"

    @property
    def in_force(self) -> bool:
        """Whether something of the run is, or may be, on the host."""
        return self not in (State.ROLLED_BACK, State.UNDONE)

    @property
    def moving(self) -> bool:
        """Whether a process is at work, or died at it."""
        return self in (State.APPLYING, State.ROLLING_BACK, State.UNDOING)

    @property
    def is_open(self) -> bool:
        """Whether it moves or waits for an answer, and nothing else may begin."""
        return self.moving or self is State.UNCONFIRMED

    @property
    def words(self) -> str:
        """The same in plain words, to go on with after “The run is ”."""
        return {
            State.APPLYING: "being applied",
            State.UNCONFIRMED: "applied, and not kept yet",
            State.ROLLING_BACK: "being rolled back",
            State.ROLLBACK_INCOMPLETE: "rolled back in part",
            State.UNDOING: "being undone",
            State.UNDO_INCOMPLETE: "undone in part",
        }.get(self, str(self))

    @property
    def meaning(self) -> str:
        """What it means for the host, to go on with after “The run ”."""
        match self:
            case State.ROLLBACK_INCOMPLETE:
                return (
                    "is rolled back, except for what is listed here. wizard --undo tries that again"
                )
            case State.UNDO_INCOMPLETE:
                return (
                    "is undone, except for what is listed here. wizard --undo tries that again, "
                    "and does nothing else"
                )
        return f"is {self.words}"


def words_of(state: str) -> str:
    """Return the state of a run in plain words; one not known as it is."""
    return State(state).words if state in set(State) else state


def is_in_the_way(state: str, choices: Iterable[str]) -> bool:
    """Return whether a run has to be taken back before another; in a state not known it has.

    After an undo what is left is somebody else's, and another plan looks at it as it finds it,
    but for what the person chose to stay in force.

    Args:
        state: Of the run.
        choices: What an undo did with what somebody changed: keep, ours or original, each.
    """
    if state == State.UNDO_INCOMPLETE:
        return "ours" in choices
    return state not in set(State) or State(state).in_force


class StepState(StrEnum):
    """Where one step stands."""

    PLANNED = "planned"
    APPLYING = "applying"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    KEPT = "kept"
    """Taken back but for what somebody else changed; ``left`` says what."""

    @property
    def words(self) -> str:
        """The same in plain words."""
        return {
            StepState.PLANNED: "waiting",
            StepState.APPLYING: "at work",
            StepState.DONE: "done",
            StepState.UNDOING: "going back",
            StepState.UNDONE: "taken back",
            StepState.KEPT: "kept in part",
        }[self]


@dataclass
class StepRecord:
    """One step of a run."""

    number: int
    kind: str
    title: str
    state: StepState
    commands: list[str]
    parameters: dict[str, object]
    undo: list[str] = field(default_factory=list)
    before: dict[str, object] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)
    """What an undo does with what somebody changed: keep, ours or original, by its name."""


@dataclass
class Record:
    """A run of the wizard on a host."""

    id: str
    state: State
    started: str
    digest: str
    host: dict[str, str]
    choices: dict[str, object]
    steps: list[StepRecord]
    finished: str = ""
    error: str = ""
    window: int = 0
    """Seconds that there are, or were, to say "keep"; 0 where nobody was asked."""
    deadline: str = ""
    """When those end by the clock on the wall, as RFC 3339 writes it."""
    expires: float = 0.0
    """The same on the monotonic clock of the boot named below."""
    boot: str = ""
    changes: str = ""
    """The run that it changes, where it does: going back is to that, and not to nothing."""
    wizard: str = __version__
    generation: int = 1
    """A record that does not say is of the first."""
    format: int = FORMAT

    @property
    def in_the_way(self) -> bool:
        """Whether it has to be taken back before another run."""
        chosen = (choice for step in self.steps for choice in step.choices.values())
        return is_in_the_way(self.state, chosen)

    @property
    def project(self) -> str:
        """The Compose project that was set up; empty where the record does not say."""
        named = self.choices.get("project", "")
        return named if isinstance(named, str) else ""

    @property
    def left(self) -> list[str]:
        """What was left on the host when it was taken back."""
        return [sentence for step in self.steps for sentence in step.left]


def now(later: int = 0) -> str:
    """Return the time in UTC, to the second, as RFC 3339 writes it, or so many seconds later."""
    return (datetime.now(UTC) + timedelta(seconds=later)).strftime("%Y-%m-%dT%H:%M:%SZ")
