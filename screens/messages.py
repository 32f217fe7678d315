"""What threads tell the app: facts in the past tense, as frozen values."""

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from wizard.host.host import Host
from wizard.ndp.upstream import UpstreamFinding
from wizard.plan.planning import Plan
from wizard.verification.judgement import Judgement


@dataclass(eq=False)
class PartFound(Message):
    """One part of the host was found; ``look`` numbers the look that it belongs to."""

    look: int
    field: str
    value: object


@dataclass(eq=False)
class HostFound(Message):
    """The whole host was found."""

    look: int
    host: Host


@dataclass(eq=False)
class PlanChecked(Message):
    """It was looked whether a plan can be applied; ``complaint`` says why not."""

    plan: Plan
    complaint: str | None


@dataclass(eq=False)
class ContainersChecked(Message):
    """The containers were looked into; ``complaint`` says why not, where nothing was found."""

    judgement: Judgement | None
    complaint: str = ""


@dataclass(eq=False)
class UpstreamProbed(Message):
    """The upstream router was watched; ``complaint`` says why not, where nothing was found."""

    probe: int
    finding: UpstreamFinding | None
    complaint: str = ""


@dataclass(eq=False)
class KeysWorkedOff(Message):
    """The keys typed before another are worked off, once it has gone all the way ``laps`` times."""

    then: Callable[[], None]
    laps: int


@dataclass(eq=False)
class QuestionSettled(Message):
    """An answer to the question whether to keep was given; ``complaint`` says why it was not."""

    complaint: str = ""
