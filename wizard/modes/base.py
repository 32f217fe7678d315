"""What a mode is to everybody else: one object that each of them asks."""

from collections.abc import Callable
from dataclasses import dataclass

from wizard.answers.choices import Choices, Mode
from wizard.host.host import Host
from wizard.host.known import KnownHost
from wizard.modes.mode_plan import ModePlan
from wizard.modes.plan_inputs import PlanInputs


@dataclass(frozen=True)
class Open:
    """What strangers reach once a mode is in force."""

    ports: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By the name of the container, each port as ``3000/tcp``, at the container's own address."""
    nothing_else: bool = True
    """Whether every other port is closed."""


@dataclass(frozen=True)
class Behaviour:
    """A way to get IPv6: what is said of it, asked for it, done for it, and expected of it.

    What the checks of answers need to know stands in ``mode.addresses``. Nothing here has a
    default, so that no mode gets what was meant for another one.
    """

    mode: Mode
    label: str
    """A few words, by which it is chosen."""
    summary: str
    """A sentence beside the label."""
    explanation: str
    """A paragraph for the page of help."""
    consequences: Callable[[Host], tuple[str, ...]]
    """Returns what it means on a host, in sentences, the most important first."""
    catch: Callable[[Host], str]
    """Returns what somebody may regret who chooses it on a host."""
    questions: Callable[[Choices, Host | None], tuple[str, ...]]
    """Returns the names of the screens that ask for what it needs, in their order."""
    mode_plan: Callable[[KnownHost, Choices, PlanInputs], ModePlan]
    """Returns its steps on a host. Raises Refused where the Compose files do not allow them."""
    opens: Callable[[Host, Choices], Open]
    """Returns what strangers should reach once it is in force."""
    deviations: Callable[[Host, Choices], tuple[str, ...]]
    """Returns what of the host is not as it was set up any more, in sentences."""
