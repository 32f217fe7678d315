"""What IPv6 the networks of a project give its services before the wizard does anything."""

from collections.abc import Iterable

from wizard.host import bridge_options
from wizard.host.host import ComposeProject, ExistingNetwork, Host, Unknown
from wizard.host.own_objects import is_ours

# Docker masquerades every IPv6 network from here on (Docker Engine 27.0 release notes).
_MASQUERADES = (27, 0)


def networks_with_ipv6(
    host: Host, project: ComposeProject, services: Iterable[str] | None = None
) -> tuple[ExistingNetwork, ...]:
    """Return the networks with IPv6 and a way out that containers of a project are on, but ours.

    Args:
        host: The host.
        project: The project.
        services: Only of these services; of all where it is None.
    """
    chosen = None if services is None else set(services)
    on = {
        name
        for container in project.containers
        if chosen is None or container.service in chosen
        for name in container.networks
    }
    known = () if isinstance(host.networks, Unknown) else host.networks
    return tuple(
        network
        for network in known
        if network.name in on and network.ipv6 and not network.internal and not is_ours(network)
    )


def works(host: Host, network: ExistingNetwork) -> bool:
    """Return whether packets pass through a network with IPv6 as it is: Docker masquerades them."""
    engine, options = host.engine, dict(network.options)
    return (
        not isinstance(engine, Unknown)
        and engine.release >= _MASQUERADES
        and engine.manages_ip6tables
        and network.driver == "bridge"
        and options.get(bridge_options.GATEWAY_MODE, "nat").startswith("nat")
        and options.get(bridge_options.MASQUERADE, "true") == "true"
    )


def served(host: Host, project: ComposeProject) -> tuple[str, ...]:
    """Return the services that reach the IPv6 internet through a network of the project already."""
    found: dict[str, None] = {}
    for service in sorted({container.service for container in project.containers}):
        networks = networks_with_ipv6(host, project, [service])
        # Docker gives the gateway to the one whose name sorts first.
        if networks and works(host, min(networks, key=lambda network: network.name)):
            found[service] = None
    return tuple(found)


def why_not_ticked(host: Host, project: ComposeProject, service: str) -> str | None:
    """Return the sentence why a service that reaches the IPv6 internet is not ticked, or None."""
    if service not in served(host, project):
        return None
    first = min(network.name for network in networks_with_ipv6(host, project, [service]))
    return (
        f"{service} reaches the IPv6 internet through {first} already: Docker masquerades what it "
        "sends, so it needs nothing more."
    )


def sentences(host: Host, project: ComposeProject, services: Iterable[str]) -> tuple[str, ...]:
    """Return what chosen services have already, and what becomes of it, in sentences."""
    found = []
    for network in networks_with_ipv6(host, project, services):
        subnet = next((each for each in network.subnets if each.version == 6), "IPv6")
        on = sorted(
            {
                container.service
                for container in project.containers
                if container.service in set(services) and network.name in container.networks
            }
        )
        way = (
            "Docker lets its packets out behind the address of this host already"
            if works(host, network)
            else "nothing lets its packets out"
        )
        found.append(
            f"{', '.join(on)}: IPv6 by the network {network.name} ({subnet}) is there already, and "
            f"{way}. That address stays; connections to the internet, over IPv6 and over IPv4, go "
            "out through the new network, whose name sorts first."
        )
    return tuple(found)
