"""What this host closes today, and Docker would open with the containers' IPv6 addresses."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from ipaddress import IPv6Address

from wizard.answers.choices import Choices
from wizard.answers.prefixes import first_subnet
from wizard.host import filtering
from wizard.host.host import Container, Engine, Host, Unknown, Uplink
from wizard.host.known import KnownHost
from wizard.host.published import Published, published
from wizard.inward.closed import InputRules
from wizard.inward.dropped import Dropped, dropped
from wizard.modes.plan_inputs import PlanInputs
from wizard.modes.shared import chosen_containers, has_ipv6
from wizard.steps.base import Step
from wizard.steps.closed_ports import ClosedPorts


class PortFate(StrEnum):
    """What becomes of a published port that Docker forwards past the rules of this host."""

    KEPT = "kept"
    """This host closes it to strangers for certain, and a rule of ours does afterwards."""
    OPENS = "opens"
    """This host closes it for certain, and no rule of ours could, or does."""
    DOUBTFUL = "doubtful"
    """Nobody can tell whether this host closes it."""
    OPEN = "open"
    """This host lets strangers in today."""
    LOST = "lost"
    """It may do so today, and drops for certain what Docker will send on to the container."""


def forwarded(host: Host, choices: Choices) -> Iterator[tuple[Container, Published]]:
    """Yield what Docker will forward past INPUT, and does not yet; nothing where it never does.

    Until a container has an IPv6 address, a program of Docker's on the host answers, and what comes
    to it passes INPUT. From then on it is sent on to the container and passes FORWARD
    (docs.docker.com, packet filtering and firewalls; seen on 28.5.2).
    """
    engine = host.engine
    if isinstance(engine, Unknown) or not engine.manages_ip6tables:
        return
    # Published on the containers' own addresses, and not on the host's.
    if choices.mode.addresses.public:
        return
    for container in chosen_containers(host, choices):
        if has_ipv6(container, host):
            continue
        for port in published(container):
            address = port.address
            if isinstance(address, IPv6Address) and not (
                address.is_loopback or address.is_link_local
            ):
                yield container, port


def fates(
    host: KnownHost, choices: Choices, inputs: PlanInputs, steps: Sequence[Step]
) -> tuple[tuple[Container, Published, PortFate], ...]:
    """Return what becomes, by these steps, of each port that Docker will forward past INPUT."""
    kept = {port for each in steps if isinstance(each, ClosedPorts) for port in each.ports}
    return tuple(
        (container, port, PortFate.OPENS)
        if fate is PortFate.KEPT and port.of_host not in kept
        else (container, port, fate)
        for container, port, fate in _possible(host, choices, inputs)
    )


def _possible(
    host: KnownHost, choices: Choices, inputs: PlanInputs
) -> tuple[tuple[Container, Published, PortFate], ...]:
    """Return what can become of each."""
    uplink = host.uplink.interface
    # Only with ip6tables has Docker a chain that is the administrator's, DOCKER-USER.
    closed = PortFate.OPENS if filtering.uses_nftables(host.engine) else PortFate.KEPT
    by_answer = {True: closed, None: PortFate.DOUBTFUL, False: PortFate.OPEN}

    def fate(port: Published) -> PortFate:
        found = by_answer[inputs.input.closes(uplink, port)]
        is_lost = found is not closed and dropped_by(
            inputs.input, host.engine, host.uplink, choices, port
        )
        return PortFate.LOST if is_lost else found

    return tuple((container, port, fate(port)) for container, port in forwarded(host, choices))


def dropped_by(
    rules: InputRules, engine: Engine, uplink: Uplink, choices: Choices, port: Published
) -> Dropped | None:
    """Return what drops for certain what Docker sends on to the container of a port."""
    return dropped(
        rules,
        engine,
        port,
        uplink=uplink.interface,
        bridge=choices.bridge,
        prefix=first_subnet(choices.prefix) if choices.prefix else None,
    )


def step(host: KnownHost, choices: Choices, inputs: PlanInputs) -> ClosedPorts | None:
    """Return the step that keeps them closed, or None where nothing is."""
    ports = sorted(
        {
            (port.host_port, port.protocol)
            for _container, port, fate in _possible(host, choices, inputs)
            if fate is PortFate.KEPT
        }
    )
    if not ports or choices.prefix is None:
        return None
    return ClosedPorts(
        choices.bridge,
        str(first_subnet(choices.prefix)),
        ports=tuple(f"{number}/{protocol}" for number, protocol in ports),
        uplink=host.uplink.interface,
        previous=inputs.files.get(ClosedPorts.path),
    )
