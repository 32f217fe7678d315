"""Whoever trusts, or lets in, the IPv4 subnet from which containers and the host come today."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from wizard.answers.choices import Choices
from wizard.answers.projects import project_of
from wizard.host.contacts import Mention
from wizard.host.environment import networks_in
from wizard.host.host import Host, Unknown
from wizard.host.known import KnownHost
from wizard.modes.plan_inputs import PlanInputs
from wizard.modes.shared import chosen_containers
from wizard.platform.text import clean_line, enumerated
from wizard.steps.base import Step
from wizard.steps.docker_network import DockerNetwork

MOST = 12
"""Places that are listed."""

_OF_COMPOSE = ("subnet:", "gateway:", "ip_range:", "ipv4_address:")
"""What says in a Compose file which subnet there is, and not who is trusted."""


def notices(
    host: KnownHost, choices: Choices, steps: Sequence[Step], inputs: PlanInputs
) -> tuple[str, ...]:
    """Return where an old subnet is named, and which new ones have to stand beside it."""
    networks = [step for step in steps if isinstance(step, DockerNetwork)]
    old = old_subnets(host, choices)
    if not networks or not old:
        return ()
    new = [
        ip_network(text)
        for step in networks
        for text in (step.ipv4_subnet, step.ipv6_subnet)
        if text
    ]
    # A network without IPv4 leaves IPv4 with the old one, and what filters that goes on to fit.
    own_pools = host.engine.own_address_pools
    moves = own_pools or any(isinstance(each, IPv4Network) for each in new)
    of_filter = _of_filter(host) if moves else ()
    places = [
        place
        for place in (*_of_variables(host, choices), *_of_files(inputs), *of_filter)
        if _is_touched(place.network, old) and not _covers(place.network, new)
    ]
    shown = list(dict.fromkeys(f"{place.where} ({place.network})" for place in places))
    if not shown:
        return ()
    more = f"; and {len(shown) - MOST} more" if len(shown) > MOST else ""
    also = enumerated(map(str, new)) or f"the subnet of {clean_line(choices.network)}"
    return (
        f"The chosen containers, and this host as they see it, come from {also} as well from now "
        f"on, and not from {', '.join(map(str, old))} alone. These name the old subnet and will "
        f"not recognise them: {'; '.join(shown[:MOST])}{more}. Add {also} in each of them, before "
        "this is applied where it decides who is trusted or let in.",
    )


def old_subnets(host: KnownHost, choices: Choices) -> tuple[IPv4Network, ...]:
    """Return the IPv4 subnets that the chosen containers are on today."""
    names = {name for each in chosen_containers(host, choices) for name in each.networks}
    return tuple(
        subnet
        for network in host.networks
        if network.name in names
        for subnet in network.subnets
        if isinstance(subnet, IPv4Network)
    )


def _of_variables(host: Host, choices: Choices) -> Iterator[Mention]:
    for container in project_of(host, choices).containers:
        for mention in container.mentions:
            where = f"{mention.where} in the environment of {clean_line(container.service)}"
            yield Mention(where, mention.network)


def _of_files(inputs: PlanInputs) -> Iterator[Mention]:
    for path in inputs.named:
        for number, line in enumerate(inputs.files[path].text.splitlines(), 1):
            text = line.split("#", 1)[0]
            if not any(word in text for word in _OF_COMPOSE):
                for network in networks_in(text):
                    yield Mention(f"{clean_line(path)}, line {number}", network)


def _of_filter(host: Host) -> tuple[Mention, ...]:
    return () if isinstance(host.firewall, Unknown) else host.firewall.sources


def _is_touched(network: IPv4Network, old: Iterable[IPv4Network]) -> bool:
    return network.prefixlen > 0 and any(network.overlaps(subnet) for subnet in old)


def _covers(network: IPv4Network, new: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Return whether a prefix takes in every new subnet; an IPv4 one never takes in an IPv6 one."""
    return all(isinstance(each, IPv4Network) and each.subnet_of(network) for each in new)
