"""Unique local prefixes that containers can have, or why not (RFC 4193)."""

from ipaddress import IPv6Network

from wizard.answers import prefixes
from wizard.host.host import Host, Unknown


def propose(host: Host) -> IPv6Network:
    """Return a random unique local /64 that nothing on the host uses."""
    in_use = () if isinstance(host.prefixes_in_use, Unknown) else host.prefixes_in_use
    return prefixes.first_subnet(prefixes.random_unique_local(in_use))


def obstacle(prefix: IPv6Network, host: Host) -> str | None:
    """Return a sentence that says why containers cannot have this prefix, or None.

    From /48 to /64: RFC 4193 §3.1 gives a site a /48, and a network on a link has a /64
    (RFC 4291 §2.5.4). A shorter one than /64 gives its first /64 to the network.
    """
    if prefix.is_multicast:
        return f"{prefix} is multicast: it names groups, and no container can have such an address."
    if prefix.is_link_local:
        return f"{prefix} is link-local: its addresses are valid on one link and never routed."
    if not prefix.subnet_of(prefixes.LOCALLY_ASSIGNED):
        if prefix.subnet_of(prefixes.UNIQUE_LOCAL):
            return (
                f"{prefix} lies in the half of the unique local range that is not to be assigned "
                "by oneself (RFC 4193, section 3.1). Take one that begins with fd."
            )
        return (
            f"{prefix} is not a unique local prefix. With NAT66 the containers' addresses must not "
            "belong to anybody else: take one that begins with fd."
        )
    if prefix.prefixlen > 64:
        return f"{prefix} is too long: the network of the containers needs a /64."
    if prefix.prefixlen < 48:
        return f"{prefix} is too short: a unique local prefix is a /48 or a part of one."
    return _free(prefix, host)


def _free(prefix: IPv6Network, host: Host) -> str | None:
    networks = () if isinstance(host.networks, Unknown) else host.networks
    for network in networks:
        if prefixes.overlapping(prefix, network.subnets):
            return f"{prefix} overlaps the Docker network {network.name}. Take another prefix."
    in_use = () if isinstance(host.prefixes_in_use, Unknown) else host.prefixes_in_use
    other = prefixes.overlapping(prefix, in_use)
    if other:
        return f"{prefix} overlaps {other}, which this host already uses. Take another prefix."
    return None
