"""IPv4 of containers that Docker takes over to the new network, where rules of this host drop it.

Rules that let a network out and in by its bridge or its subnet know nothing of another one.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from wizard.answers.choices import Choices
from wizard.filter import docker_rules
from wizard.host import filtering
from wizard.host.host import Container
from wizard.host.known import KnownHost
from wizard.host.published import Published, published
from wizard.inward.closed import InputRules
from wizard.inward.dropped import Dropped, dropping, to_port
from wizard.modes.plan_inputs import PlanInputs
from wizard.modes.shared import chosen_containers
from wizard.platform.text import clean_line, enumerated
from wizard.ruleset import nftables
from wizard.ruleset.chains import Packet
from wizard.steps.base import Step
from wizard.steps.docker_network import DockerNetwork

_STRANGERS = IPv4Network("73.100.0.0/24")
"""Some of those whom a large provider connects (ARIN, 73.0.0.0/8), as whom containers reach and are
reached by at large: unlike addresses that are set aside, they stand in no list of bogons."""

_Place = tuple[str, IPv4Network | None]
"""A bridge and the subnet behind it, where that is known."""


def sentences(
    host: KnownHost, choices: Choices, inputs: PlanInputs, steps: Sequence[Step]
) -> tuple[str, ...]:
    """Return what would be lost of IPv4, and the lines that keep it; only what passes today."""
    return tuple(
        sentence
        for step in steps
        if isinstance(step, DockerNetwork) and step.ipv4
        for sentence in _of_network(host, choices, inputs.input, step)
    )


def _of_network(
    host: KnownHost, choices: Choices, rules: InputRules, made: DockerNetwork
) -> Iterator[str]:
    new = made.bridge, IPv4Network(made.ipv4_subnet) if made.ipv4_subnet else None
    lost, commands = dict[str, list[str]](), dict[str, list[str]]()
    sends_on = _docker_sends_on(host, rules)
    for container in chosen_containers(host, choices):
        ports = [*_ports(container)] if sends_on else []
        today = [_packets(host, ports, place) for place in _places(host, container)]
        for number, (what, packet) in enumerate(_packets(host, ports, new)):
            found = _dropping(host, rules, packet)
            if found is None:
                continue
            if all(_dropping(host, rules, each[number][1]) for each in today):
                # Lost by nothing that is done here.
                continue
            lost.setdefault(found.by, []).append(what)
            commands.setdefault(found.by, []).append(found.command)
    subnet = f" ({made.ipv4_subnet})" if made.ipv4_subnet else ""
    for by, passing in lost.items():
        yield (
            f"Docker takes IPv4 of the chosen containers over to {clean_line(made.network)}"
            f"{subnet}, and there {by} drops {enumerated(dict.fromkeys(passing))}, which passes "
            "today by the network that they have. To keep it, write this where you keep your "
            f"rules, and type: {'; '.join(dict.fromkeys(commands[by]))}"
        )


def _dropping(host: KnownHost, rules: InputRules, packet: Packet) -> Dropped | None:
    docker_makes = not filtering.uses_nftables(host.engine) and ":DOCKER" in (rules.iptables or "")
    return dropping(packet, rules, docker_makes=docker_makes)


def _docker_sends_on(host: KnownHost, rules: InputRules) -> bool:
    """Return whether Docker sends on what comes to published ports over IPv4, as far as is known.

    With ``"iptables": false`` (dockerd(8)) it makes no rules for that, and docker-proxy, a program
    on this host, hears there.
    """
    if not filtering.uses_nftables(host.engine):
        return rules.iptables is None or ":DOCKER" in rules.iptables
    try:
        found = nftables.chains(rules.nftables or "", "forward", 4)
    except ValueError:
        return True
    return rules.nftables is None or docker_rules.TABLE in {each.table for each in found}


def _places(host: KnownHost, container: Container) -> list[_Place]:
    """Return the networks with IPv4 that a container is on today."""
    return [
        (network.bridge, subnet)
        for network in host.networks
        if network.name in container.networks and network.bridge
        for subnet in network.subnets
        if isinstance(subnet, IPv4Network)
    ]


def _ports(container: Container) -> Iterator[Published]:
    """Yield the ports that a container publishes over IPv4 to others than this host."""
    for port in published(container):
        outwards = isinstance(port.address, IPv4Address) and not port.address.is_loopback
        if outwards and port.protocol in ("tcp", "udp"):
            yield port


def _packets(
    host: KnownHost, ports: Sequence[Published], place: _Place
) -> list[tuple[str, Packet]]:
    """Return what passes to and from a container behind a bridge, each with what it is in words.

    The uplink is taken for that of IPv4 as well.
    """
    bridge, subnet = place
    uplink = host.uplink.interface
    sent = Packet(
        *(bridge, "tcp", 443, uplink),
        source=subnet,
        target=_STRANGERS,
        translated=True,
        version=4,
    )
    answer = Packet(
        *(uplink, "tcp", None, bridge, "established"),
        source=_STRANGERS,
        target=subnet,
        translated=True,
        version=4,
    )
    visitors = [
        (f"what comes to {port.name}", to_port(port, uplink, bridge, subnet, _STRANGERS))
        for port in ports
    ]
    return [("what they send", sent), ("the answers to it", answer), *visitors]
