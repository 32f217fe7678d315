"""Which interfaces live by router advertisements: what came to them by one, and who listens."""

import socket
from collections.abc import Callable

from wizard.host.host import Advertised, Manager
from wizard.host.netlink import Message, Snapshot, attribute
from wizard.platform.text import clean_line

# linux/rtnetlink.h
_PROTOCOL_KERNEL, _PROTOCOL_ADVERTISEMENT = 2, 9

# linux/if_addr.h
_TEMPORARY, _PERMANENT, _MANAGES_TEMPORARY = 0x01, 0x80, 0x100
_FROM_ADVERTISEMENT = 2
_SCOPE_GLOBAL = 0
_WHOLE = 128

_LOOPBACK = 0x8
"""A flag of a link (linux/if.h)."""


def parse(snapshot: Snapshot) -> tuple[tuple[str, int], ...]:
    """Return name and index of each interface to which something came by router advertisement.

    That is a route of its protocol, an on-link prefix that the kernel learned and that runs out
    (RFC 4861 §6.3.4), or an address that was made from a prefix (RFC 4862 §5.5.3).
    """
    indices = {index for route in snapshot.routes if _came(route) for index in _indices(route)}
    indices |= {message["index"] for message in snapshot.addresses if _was_made(message)}
    return tuple(
        (clean_line(attribute(link, "IFLA_IFNAME")), int(link["index"]))
        for link in snapshot.links
        if link["index"] in indices and not link.get("flags", 0) & _LOOPBACK
    )


def detect(snapshot: Snapshot, manager_of: Callable[[str, int], Manager]) -> tuple[Advertised, ...]:
    """Return those interfaces with who configures each, in the kernel's order."""
    return tuple(
        Advertised(interface, manager_of(interface, index)) for interface, index in parse(snapshot)
    )


def _indices(route: Message) -> set[int]:
    several = attribute(route, "RTA_MULTIPATH")
    return {hop["oif"] for hop in several} if several else {attribute(route, "RTA_OIF")}


def _came(route: Message) -> bool:
    if route["family"] != socket.AF_INET6:
        return False
    if route["proto"] == _PROTOCOL_ADVERTISEMENT:
        return True
    cache = attribute(route, "RTA_CACHEINFO") or {}
    return bool(route["proto"] == _PROTOCOL_KERNEL and cache.get("rta_expires"))


def _was_made(message: Message) -> bool:
    if message["family"] != socket.AF_INET6 or message["scope"] != _SCOPE_GLOBAL:
        return False
    if attribute(message, "IFA_PROTO") == _FROM_ADVERTISEMENT:
        return True
    wide = attribute(message, "IFA_FLAGS")
    flags = int(message["flags"] if wide is None else wide)
    if flags & (_TEMPORARY | _MANAGES_TEMPORARY):
        return True
    # An address from DHCPv6 stands alone, without a prefix (RFC 8415 §18.2.10.1).
    return not flags & _PERMANENT and message["prefixlen"] != _WHOLE
