"""Published ports that stop answering over IPv6, or open, by the change: what is to be accepted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wizard.answers.choices import Choices
from wizard.host import bridge_options
from wizard.host.host import Container
from wizard.host.known import KnownHost
from wizard.host.published import Published, hears, parse
from wizard.inward.dropped import Dropped
from wizard.modes import closed_ports
from wizard.modes.closed_ports import PortFate
from wizard.modes.plan_inputs import PlanInputs
from wizard.modes.shared import chosen_containers, has_ipv6
from wizard.platform.text import clean_line
from wizard.steps.base import Step
from wizard.steps.docker_network import DockerNetwork


class LossCause(StrEnum):
    """Why a published port stops answering over IPv6, or opens."""

    LISTENER = "listener"
    """The program listens over IPv4 alone, and Docker sends IPv6 visitors to the container's own
    IPv6 address as soon as there is one."""
    ROUTED = "routed"
    """With gateway mode routed, Docker publishes ports on the containers' IPv6 addresses and not on
    the host's (Docker Engine 27.0 release notes)."""
    DROPPED = "dropped"
    """Docker sends on to the container what came to a program of its own before, and rules of this
    host drop what is forwarded there."""
    OPENED = "opened"
    """Docker forwards it past INPUT, which closes it today or may do so, and nothing else will."""


@dataclass(frozen=True)
class Loss:
    """A published port that stops answering over IPv6, or loses what may keep strangers out."""

    port: Published
    service: str
    container: str
    cause: LossCause
    hears_ipv6: bool | None
    """Whether the program itself listens over IPv6; None where that was not seen."""
    dropped: Dropped | None = None
    """What drops it, where that is the cause."""

    @property
    def name(self) -> str:
        """What stands for it in the answers: ``[::]:3000/tcp``, or ``open [::]:3000/tcp``."""
        return f"open {self.port.name}" if self.cause is LossCause.OPENED else self.port.name


def losses(
    host: KnownHost, choices: Choices, steps: Sequence[Step], inputs: PlanInputs
) -> tuple[Loss, ...]:
    """Return what these steps cost the chosen services, in the order of the ports."""
    routed = any(
        isinstance(step, DockerNetwork) and bridge_options.ROUTED in step.options for step in steps
    )
    found = {
        loss.name: loss
        for container in chosen_containers(host, choices)
        for loss in _of_container(container, routed=routed, has_ipv6=has_ipv6(container, host))
    }
    for container, port, fate in closed_ports.fates(host, choices, inputs, steps):
        service, name = clean_line(container.service), clean_line(container.name)
        if fate in (PortFate.OPENS, PortFate.DOUBTFUL):
            opened = Loss(port, service, name, LossCause.OPENED, None)
            found[opened.name] = opened
        elif fate is PortFate.LOST:
            by = closed_ports.dropped_by(inputs.input, host.engine, host.uplink, choices, port)
            lost = Loss(port, service, name, LossCause.DROPPED, None, by)
            found.setdefault(lost.name, lost)
    return tuple(sorted(found.values(), key=lambda loss: (loss.port.host_port, loss.name)))


def _of_container(container: Container, *, routed: bool, has_ipv6: bool) -> Iterator[Loss]:
    for text in container.ports:
        if container.proxied is not None and text not in container.proxied:
            continue
        for port in parse(text):
            if port.address.version != 6:
                continue
            heard = answered = None
            if container.listeners is not None:
                heard = hears(container.listeners, port.protocol, port.port, 6)
                answered = heard or hears(container.listeners, port.protocol, port.port, 4)
            # What nobody hears today is not lost.
            if has_ipv6:
                answered = heard
            if answered is not False and (routed or heard is False):
                cause = LossCause.ROUTED if routed else LossCause.LISTENER
                service, name = clean_line(container.service), clean_line(container.name)
                yield Loss(port, service, name, cause, heard)
