"""What this host closes today, and Docker would open with the containers' IPv6 addresses."""

from collections.abc import Iterator
from ipaddress import IPv6Address

from wizard.answers.choices import Choices
from wizard.answers.prefixes import first_subnet
from wizard.host import filtering
from wizard.host.host import Container, Host, Unknown
from wizard.host.known import KnownHost
from wizard.host.published import Published, published
from wizard.modes.shared import chosen_containers, has_ipv6
from wizard.modes.sources import Sources
from wizard.steps.closed_ports import ClosedPorts


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


def kept(host: KnownHost, choices: Choices, sources: Sources) -> tuple[Published, ...]:
    """Return those of them that this host's own rules close to strangers for certain."""
    # Only with ip6tables has Docker a chain that is the administrator's, DOCKER-USER.
    if filtering.uses_nftables(host.engine):
        return ()
    uplink = host.uplink.interface
    return tuple(
        port for _container, port in forwarded(host, choices) if sources.input.closes(uplink, port)
    )


def doubtful(
    host: KnownHost, choices: Choices, sources: Sources
) -> tuple[tuple[Container, Published], ...]:
    """Return those of which nobody can tell whether this host closes them to strangers."""
    uplink = host.uplink.interface
    return tuple(
        each for each in forwarded(host, choices) if sources.input.closes(uplink, each[1]) is None
    )


def step(host: KnownHost, choices: Choices, sources: Sources) -> ClosedPorts | None:
    """Return the step that keeps them closed, or None where nothing is."""
    ports = sorted({(port.host_port, port.protocol) for port in kept(host, choices, sources)})
    if not ports or choices.prefix is None:
        return None
    return ClosedPorts(
        choices.bridge,
        str(first_subnet(choices.prefix)),
        ports=tuple(f"{number}/{protocol}" for number, protocol in ports),
        uplink=host.uplink.interface,
        previous=sources.files.get(ClosedPorts.path),
    )
