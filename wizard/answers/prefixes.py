"""Prefixes: random unique local ones, free IPv4 subnets, and whether a typed one can be used."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network

from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

UNIQUE_LOCAL = IPv6Network("fc00::/7")
LOCALLY_ASSIGNED = IPv6Network("fd00::/8")

# The pools Docker itself takes bridge subnets from, in its order (moby, ipamutils), so that the
# IPv4 subnet of our network looks like every other one on the host. Docker hands them out from the
# first on. Ours is taken from the other end: it stands in a file, and must still be free when
# Docker makes the network again after others have come. 192.168.0.0/16, which many private
# networks use, is the last resort.
_IPV4_POOLS = (
    *(IPv4Network(f"172.{second}.0.0/16") for second in reversed(range(17, 32))),
    *reversed(tuple(IPv4Network("192.168.0.0/16").subnets(new_prefix=20))),
)

Network = IPv4Network | IPv6Network


def random_unique_local(avoid: Iterable[Network] = ()) -> IPv6Network:
    """Return a random /48 in fd00::/8 with a 40 bit global identifier (RFC 4193 §3.2).

    Prefixes that overlap one of ``avoid`` are not returned.
    """
    # Here, for it loads much, and every start of the wizard loads this module.
    import secrets

    taken = tuple(avoid)
    while True:
        global_identifier = secrets.randbits(40)
        prefix = IPv6Network(((0xFD << 120) | (global_identifier << 80), 48))
        if not overlapping(prefix, taken):
            return prefix


def first_subnet(prefix: IPv6Network) -> IPv6Network:
    """Return the first /64 of a prefix that is a /64 or shorter."""
    return next(prefix.subnets(new_prefix=64)) if prefix.prefixlen < 64 else prefix


def overlapping(prefix: Network, others: Iterable[Network]) -> Network | None:
    """Return the first of ``others`` that shares an address with ``prefix``, or None."""
    for other in others:
        if other.version == prefix.version and prefix.overlaps(other):
            return other
    return None


def free_ipv4_subnet(in_use: Iterable[Network]) -> IPv4Network | None:
    """Return an IPv4 subnet of Docker's own pools that nothing on the host uses, or None."""
    taken = tuple(in_use)
    for candidate in _IPV4_POOLS:
        if overlapping(candidate, taken) is None:
            return candidate
    return None


def parse_prefix(text: str) -> IPv6Network:
    """Return the IPv6 prefix that a person typed.

    Raises:
        Refused: it is none.
    """
    text = clean_line(text.strip())
    example = "fd12:3456:789a::/64"
    if not text:
        raise Refused(f"Type a prefix such as {example}, or take a random one.")
    if "/" not in text:
        raise Refused(
            f"{text} has no length: a prefix ends in a slash and a number, as in {example}."
        )
    if "%" in text:
        raise Refused(f"{text} names an interface. Type a prefix such as {example}.")
    try:
        prefix = ip_network(text, strict=False)
    except ValueError as error:
        raise Refused(
            f"{text} is not an IPv6 prefix. It needs groups of up to four hexadecimal digits with "
            f"colons between them, and a length: for example {example}."
        ) from error
    if isinstance(prefix, IPv4Network):
        raise Refused(f"{text} is an IPv4 subnet. Type an IPv6 prefix such as {example}.")
    if ip_interface(text).ip != prefix.network_address:
        raise Refused(f"{text} has bits set behind its length. The prefix it lies in is {prefix}.")
    return prefix
