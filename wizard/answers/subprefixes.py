"""Parts of the uplink's prefix, or of one routed here, that containers can have, or why not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Network

from wizard.answers.prefixes import UNIQUE_LOCAL, Network
from wizard.host.host import Host, Unknown

LONGEST = 120
PROPOSED = 80

# A /64 has 65,536 parts of the proposed size; nobody's first thousand are all in use.
_TRIED = 1024


@dataclass(frozen=True)
class Size:
    """A length for the sub-prefix, and what it means in words."""

    length: int
    words: str


SIZES = (
    Size(80, "65,536 networks of this size fit into a /64; what most people take"),
    Size(96, "as many addresses as IPv4 has in all"),
    Size(112, "65,534 containers"),
    Size(120, "254 containers"),
)
"""The lengths that are offered; every one from /65 to /120 can be typed."""


def on_link(host: Host) -> tuple[IPv6Network, ...]:
    """Return the uplink's global prefixes that are short enough to give a part away.

    First those in which the host has an address: by DHCPv6 that is the one which is in use.
    """
    if isinstance(host.uplink, Unknown):
        return ()
    own = [address.interface.ip for address in host.uplink.addresses]
    found = [
        prefix
        for prefix in host.uplink.prefixes
        if prefix.prefixlen < LONGEST and not prefix.subnet_of(UNIQUE_LOCAL)
    ]
    return tuple(sorted(found, key=lambda prefix: not any(each in prefix for each in own)))


def usable(host: Host) -> tuple[IPv6Network, ...]:
    """Return the prefixes to give a part away of: those routed to this host, then the uplink's."""
    routed = () if isinstance(host.uplink, Unknown) else host.uplink.routed
    return (*routed, *on_link(host))


def why_none(host: Host) -> str | None:
    """Return a sentence that says why containers cannot have global addresses, or None."""
    if isinstance(host.uplink, Unknown):
        return f"There is no IPv6 uplink to take addresses from. {host.uplink.reason}"
    return None


def why_nothing_proposed(host: Host) -> str | None:
    """Return a sentence that says why no prefix can be proposed, and what to do, or None."""
    if isinstance(host.uplink, Unknown):
        return why_none(host)
    if usable(host):
        return None
    otherwise = (
        " If your provider routes a prefix to this host besides, type it here, such as "
        "2001:db8:1:2::/64, and choose no proxy. Otherwise choose private addresses (ULA and "
        "NAT66)."
    )
    prefixes = [each for each in host.uplink.prefixes if not each.subnet_of(UNIQUE_LOCAL)]
    if not prefixes:
        return (
            "The uplink has no global address, so there is no prefix to give a part of to "
            f"containers.{otherwise}"
        )
    longest = max(prefix.prefixlen for prefix in prefixes)
    if longest == 128:
        return (
            "The uplink has single addresses (/128) and no prefix to give a part of to containers."
            f"{otherwise}"
        )
    return (
        f"The uplink has a /{longest}, which has too few addresses to give a part of to "
        f"containers.{otherwise}"
    )


def first_free(prefix: IPv6Network, length: int, in_use: Iterable[Network]) -> IPv6Network | None:
    """Return the first part of ``prefix`` after its very first that nothing uses, or None.

    The very first part holds the addresses that people give by hand, such as ::1 and ::2.
    """
    taken = [each for each in in_use if isinstance(each, IPv6Network) and each != prefix]
    inside = [each for each in taken if each.subnet_of(prefix)]
    for candidate in _parts(prefix, length):
        if not any(candidate.overlaps(each) for each in inside):
            return candidate
    return None


def _parts(prefix: IPv6Network, length: int) -> Iterator[IPv6Network]:
    if length <= prefix.prefixlen:
        return
    step = 1 << (128 - length)
    count = min(1 << (length - prefix.prefixlen), _TRIED)
    for number in range(1, count):
        yield IPv6Network((int(prefix.network_address) + number * step, length))


def in_use(host: Host) -> list[Network]:
    """Return the prefixes and single addresses that are in use on the host."""
    found: list[Network] = []
    if not isinstance(host.prefixes_in_use, Unknown):
        found += host.prefixes_in_use
    if not isinstance(host.networks, Unknown):
        found += [subnet for network in host.networks for subnet in network.subnets]
    if not isinstance(host.uplink, Unknown):
        found += [IPv6Network(address.interface.ip) for address in host.uplink.addresses]
        if host.uplink.gateway is not None:
            found.append(IPv6Network(host.uplink.gateway))
    return found


def propose(host: Host, length: int = PROPOSED) -> IPv6Network | None:
    """Return the first free part of a prefix that can be used, or None where there is none."""
    for prefix in usable(host):
        found = first_free(prefix, max(length, prefix.prefixlen + 1), in_use(host))
        if found is not None:
            return found
    return None


def obstacle(prefix: IPv6Network, host: Host) -> str | None:
    """Return a sentence that says why containers cannot have this prefix, or None.

    It must be a true part of the uplink's prefix, or lie outside it, as one does that the
    provider routes to this host.
    """
    if prefix.is_multicast or prefix.is_link_local or prefix.is_loopback or prefix.is_unspecified:
        return f"{prefix} is not global: nobody outside this link can reach such addresses."
    if prefix.subnet_of(UNIQUE_LOCAL):
        return f"{prefix} is private. For private addresses choose ULA and NAT66."
    if prefix.prefixlen > LONGEST:
        return f"{prefix} is too long: take a /{LONGEST} or a shorter one, for room to grow."
    for uplink in () if isinstance(host.uplink, Unknown) else host.uplink.prefixes:
        if prefix == uplink or uplink.subnet_of(prefix):
            return (
                f"{prefix} is all of the uplink's prefix {uplink}. The host itself needs it: take "
                f"a part, such as {propose(host)}."
            )
    for other in in_use(host):
        if other in usable(host) and other not in on_link(host) and _is_free(other, host):
            continue
        if isinstance(other, IPv6Network) and other.subnet_of(prefix):
            what = other.network_address if other.prefixlen == 128 else other
            return f"{prefix} holds {what}, which is already in use. Take another part."
        if isinstance(other, IPv6Network) and prefix.subnet_of(other) and other not in usable(host):
            return f"{prefix} lies in {other}, which this host already uses. Take another one."
    return None


def _is_free(routed: Network, host: Host) -> bool:
    """Return whether no Docker network has all of a prefix that is routed here."""
    networks = () if isinstance(host.networks, Unknown) else host.networks
    return all(routed not in network.subnets for network in networks)


def is_on_link(prefix: IPv6Network, host: Host) -> bool:
    """Return whether the prefix is a part of the uplink's, so that neighbours may ask for it."""
    return any(prefix.subnet_of(each) for each in on_link(host))
