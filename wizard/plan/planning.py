"""Host and choices in, an ordered tuple of steps out. Nothing is read and nothing is changed."""

import hashlib
from dataclasses import dataclass

import tomli_w

from wizard.answers import checks, firewalls, obstacles
from wizard.answers.choices import Choices
from wizard.answers.prefixes import first_subnet
from wizard.host.host import Host
from wizard.host.known import known
from wizard.modes.plan_inputs import PlanInputs
from wizard.modes.registry import behaviour_of
from wizard.noticed import (
    flushed,
    moved_ports,
    outside,
    owners,
    past_input,
    peers,
    source_addresses,
    visitors,
)
from wizard.noticed.losses import Loss, losses
from wizard.plan import kept_ipv4
from wizard.platform.errors import Refused
from wizard.steps.base import Step
from wizard.steps.firewalld import PATH, Firewalld

_UNPROVEN = (
    "You chose to continue although it may not be possible to try whether the containers reach the "
    "internet over IPv6. Where it is not, their way as far as the router on this host is tried."
)

_RELOADED = (
    "firewalld is reloaded, which it needs to hear of the new policy. For about half a second it "
    "refuses new connections, and Docker makes its rules anew: published ports and the way out of "
    "containers over IPv4 are closed for that long."
)


@dataclass(frozen=True)
class Plan:
    """What will be done, step by step, and what is left out with the reason."""

    choices: Choices
    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """What people will notice of the change, in sentences, the weightiest first."""
    losses: tuple[Loss, ...] = ()
    """Published ports that stop answering over IPv6, or open, in the order of their ports."""

    @property
    def digest(self) -> str:
        """A fingerprint of every step with its parameters: equal plans do the same."""
        table: dict[str, object] = {
            "steps": [{"kind": step.kind} | step.parameters() for step in self.steps]
        }
        if self.losses:
            table["losses"] = [loss.name for loss in self.losses]
        return hashlib.sha256(tomli_w.dumps(table).encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def unaccepted(self) -> tuple[Loss, ...]:
        """The losses that the choices do not accept by their names."""
        return tuple(loss for loss in self.losses if loss.name not in self.choices.accepted)


def plan(host: Host, choices: Choices, inputs: PlanInputs) -> Plan:
    """Return the plan for these choices on this host.

    Raises:
        Refused: something stands between the choices and a plan; the message says all of it.
    """
    in_the_way = [each.sentence for each in obstacles.obstacles(host, choices)]
    sentences = (*in_the_way, *checks.check(choices, host))
    if sentences:
        raise Refused(" ".join(sentences))
    sure = known(host)
    of_mode = behaviour_of(choices.mode).mode_plan(sure, choices, inputs)
    steps = (*_firewalld(sure, choices, inputs), *of_mode.steps)
    for each in inputs.beside:
        if each.step is None:
            raise Refused(
                f"The record of {each.project}, which is set up on this host, is damaged, so it is "
                "not known what it stands on. Nothing was changed. Take that back first, with "
                f"wizard --undo {each.project}."
            )
    steps = tuple(step.among(inputs.beside) for step in steps)
    if without := kept_ipv4.sentences(sure, choices, inputs, steps):
        raise Refused(" ".join(without))
    lost = losses(sure, choices, steps, inputs)
    notices = (
        *past_input.notices(sure, choices, steps, inputs),
        *visitors.notices(sure, lost),
        *moved_ports.notices(steps),
        *of_mode.notices,
        *peers.notices(host, choices),
        *source_addresses.notices(sure, choices, steps, inputs),
        *outside.notices(sure, choices),
        *owners.notices(sure, choices),
        *flushed.notices(sure, choices),
        *((_RELOADED,) if any(isinstance(step, Firewalld) for step in steps) else ()),
        *((_UNPROVEN,) if choices.unproven else ()),
    )
    return Plan(choices, steps, of_mode.remarks, notices, lost)


def _firewalld(host: Host, choices: Choices, inputs: PlanInputs) -> tuple[Step, ...]:
    """Return the step that lets firewalld pass on what it drops; first, for it is reloaded."""
    stopped = choices.firewalld and firewalls.stopped_by_firewalld(host, choices)
    if not stopped or choices.prefix is None:
        return ()
    prefix, public = first_subnet(choices.prefix), choices.mode.addresses.public
    return (Firewalld(str(prefix), public, inputs.files.get(PATH)),)
