"""What every mode has: forwarding, the network, the containers, and what is said in any case."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address

from wizard.answers import prefixes
from wizard.answers.address_plan import AddressPlan
from wizard.answers.choices import Choices
from wizard.answers.projects import project_of
from wizard.host import ipv6_already
from wizard.host.compose_generations import makes_networks, makes_networks_without_ipv4
from wizard.host.filtering import engine_forwards
from wizard.host.host import (
    Container,
    Host,
    Unknown,
)
from wizard.host.ipv6_already import networks_with_ipv6
from wizard.host.known import KnownHost
from wizard.modes import advertisements, plan_inputs
from wizard.modes.mode_plan import ModePlan
from wizard.modes.plan_inputs import PlanInputs
from wizard.platform.errors import Refused
from wizard.platform.parameter_names import name
from wizard.steps.attach import Attach
from wizard.steps.base import Step
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.sysctl import PATH, Sysctl

_ETHERNET_MTU = 1500

_IPV6_ALONE = (28, 0)
"""The first Docker that makes networks without IPv4 (Docker Engine 28.0 release notes)."""


def forwarding(
    host: KnownHost, inputs: PlanInputs, further: Sequence[tuple[str, str]] = ()
) -> Sysctl | None:
    """Return the step that lets the kernel forward, with accept_ra first where it is needed.

    ``further`` are kernel parameters that a mode needs besides.
    """
    values = [(name(interface, "accept_ra"), "2") for interface in advertisements.listening(host)]
    if not engine_forwards(host.engine):
        values += [(name("all", "forwarding"), "1"), (name("default", "forwarding"), "1")]
    values += further
    return Sysctl(tuple(values), inputs.files.get(PATH), PATH) if values else None


def network(
    host: KnownHost,
    choices: Choices,
    subnet: str,
    read: PlanInputs,
    options: tuple[tuple[str, str], ...] = (),
    plan: AddressPlan | None = None,
) -> DockerNetwork:
    """Return the step that creates the network, as if Compose did not make it.

    ``plan`` keeps addresses apart that are fixed and that Docker hands out.

    Raises:
        Refused: no IPv4 subnet is free.
    """
    in_use = [
        *host.prefixes_in_use,
        *(each for network in host.networks for each in network.subnets),
    ]
    ipv4_subnet = prefixes.free_ipv4_subnet(in_use)
    own_pools = host.engine.own_address_pools
    ipv4 = needs_ipv4(host, choices)
    if ipv4_subnet is None and not own_pools and ipv4:
        raise Refused(
            "Every IPv4 subnet that Docker takes for its bridges is in use on this host, so the "
            "new network cannot have one. Remove a Docker network that nobody needs, and continue."
        )
    # Docker does not take the uplink's MTU over (moby issue 22297), and a packet too big for a
    # tunnel or an overlay would be lost on the way out.
    if host.uplink.mtu != _ETHERNET_MTU:
        options = (*options, ("com.docker.network.driver.mtu", str(host.uplink.mtu)))
    project = project_of(host, choices)
    return DockerNetwork(
        network=choices.network,
        bridge=choices.bridge,
        ipv4_subnet="" if own_pools or not ipv4 else str(ipv4_subnet),
        ipv6_subnet=subnet,
        project=project.name,
        services=choices.services,
        options=options,
        engine_forwards=engine_forwards(host.engine),
        files=tuple(dict.fromkeys((*read.compose_paths, plan_inputs.target(choices, read)))),
        gateway=str(plan.bridge) if plan else "",
        ip_range=str(plan.dynamic) if plan else "",
        ipv4=ipv4,
    )


def mode_plan(
    host: KnownHost,
    choices: Choices,
    inputs: PlanInputs,
    steps: Sequence[Step | None],
    remarks: Sequence[str | None] = (),
    notices: Sequence[str] = (),
) -> ModePlan:
    """Return what a mode comes to, with what there is to say of every mode.

    Args:
        host: The host.
        choices: The answers.
        inputs: The files as they were read.
        steps: Those of the mode in their order; None for one that the host does without.
        remarks: Those of the mode alone.
        notices: Those of the mode alone, before all others.
    """
    taken = tuple(step for step in steps if step is not None)
    said = [*inputs.unread, advertisements.left_alone(host), *remarks]
    if not any(isinstance(step, Attach) for step in taken):
        said.append("None of the chosen services has a running container to connect.")
    made = [step for step in taken if isinstance(step, DockerNetwork)]
    return ModePlan(
        taken,
        tuple(remark for remark in said if remark is not None),
        (*notices, *(each for network in made for each in _notices(host, choices, network))),
    )


def has_ipv6(container: Container, host: Host) -> bool:
    """Return whether a container has IPv6 today, so that Docker forwards its published ports."""
    networks = () if isinstance(host.networks, Unknown) else host.networks
    return any(network.ipv6 and network.name in container.networks for network in networks)


def needs_ipv4(host: KnownHost, choices: Choices) -> bool:
    """Return whether the network has to have IPv4 as well.

    Docker 28 makes networks without, and then leaves IPv4 and the ports published over it with the
    networks that containers are on already. Where one of those has both families it takes the
    gateway of both, whatever the priorities, unless ours has both too (moby,
    libnetwork/default_gateway.go).
    """
    return (
        host.engine.release < _IPV6_ALONE
        or bool(networks_with_ipv6(host, project_of(host, choices), choices.services))
        or (makes_networks(host.compose) and not makes_networks_without_ipv4(host.compose))
    )


def _notices(host: KnownHost, choices: Choices, made: DockerNetwork) -> tuple[str, ...]:
    """Return what people will notice of the network, in sentences."""
    found = list(ipv6_already.sentences(host, project_of(host, choices), choices.services))
    if made.ipv4 and not found:
        subnet = f", from {made.ipv4_subnet}" if made.ipv4_subnet else ""
        found.append(
            f"Docker {host.engine.version} lets new connections of the chosen containers over IPv4 "
            f"go out through the new network as well{subnet}, and not through the one that they "
            "have."
        )
    if not made.compose_key:
        found.append(
            "The Compose of this host cannot make such a network itself, so it is made outside "
            "Compose. While the project is down, “docker system prune” and “docker network prune” "
            "remove it, and Compose does not start the project before it is made again: "
            f"{made.commands[0]}"
        )
    return tuple(found)


def attach(
    host: Host, choices: Choices, addresses: Mapping[str, IPv6Address] | None = None
) -> Attach | None:
    """Return the step that connects the running containers, or None where none runs.

    In the order in which they were started: Docker moves the published ports of each, and so
    ends, when they are taken back in the same order, with its rules in the order they had.
    """
    running = chosen_containers(host, choices)
    if not running:
        return None
    return Attach(
        network=choices.network,
        containers=tuple((each.id, each.name, each.service) for each in running),
        addresses=tuple(str(addresses.get(each.service, "")) for each in running)
        if addresses
        else (),
        published=tuple(
            dict.fromkeys(
                each.service for each in running if any("->" in port for port in each.ports)
            )
        ),
    )


def chosen_containers(host: Host, choices: Choices) -> tuple[Container, ...]:
    """Return the running containers of the chosen services, in the order they were started."""
    return tuple(
        container
        for container in sorted(project_of(host, choices).containers, key=_started)
        if container.running and container.service in choices.services
    )


def is_scaled(host: Host, choices: Choices, service: str) -> bool:
    """Return whether a service has several containers now."""
    containers = project_of(host, choices).containers
    return sum(container.service == service for container in containers) > 1


def _started(container: Container) -> tuple[str, str]:
    return container.started_at, container.name
