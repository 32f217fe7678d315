"""The uplink: the interface of the IPv6 default route, its router and its addresses."""

import socket
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, IPv6Interface
from typing import Any

from wizard.detect.looking import CannotTell
from wizard.detect.netlink import Message, Snapshot, attribute
from wizard.host import Address, Origin, Uplink
from wizard.text import clean_line

# linux/rtnetlink.h
_TABLE_MAIN = 254
_TYPE_UNICAST = 1
_NEXT_HOP_DEAD = 1
_ORIGIN_OF_PROTOCOL = {2: Origin.KERNEL, 9: Origin.ADVERTISEMENT, 16: Origin.DHCPV6}

# linux/if_addr.h
_TEMPORARY, _DAD_FAILED, _DEPRECATED, _PERMANENT, _MANAGES_TEMPORARY = 0x01, 0x08, 0x20, 0x80, 0x100
_PROTOCOL_ADVERTISEMENT = 2
_SCOPE_GLOBAL = 0

NONE = (
    "This host has no IPv6 default route, so it cannot reach the IPv6 internet and neither could "
    "its containers. Set up IPv6 on the host first, as its provider describes, until "
    "“ip -6 route show default” shows a route."
)


def parse(snapshot: Snapshot) -> Uplink:
    """Tell the uplink from what the kernel answered.

    Of several default routes it is the one with the lowest metric, and of several next hops the
    first.

    Raises:
        CannotTell: There is no default route.
    """
    candidates = sorted(
        (attribute(route, "RTA_PRIORITY") or 0, position)
        for position, route in enumerate(snapshot.routes)
        if _is_default(route)
    )
    for _, position in candidates:
        route = snapshot.routes[position]
        for hop in _hops(route):
            link = _link(snapshot.links, hop["oif"])
            if link is None or hop.get("flags", 0) & _NEXT_HOP_DEAD:
                continue
            gateway = attribute(hop, "RTA_GATEWAY")
            return Uplink(
                interface=clean_line(attribute(link, "IFLA_IFNAME")),
                gateway=IPv6Address(gateway) if gateway else None,
                route_origin=_ORIGIN_OF_PROTOCOL.get(route["proto"], Origin.STATIC),
                addresses=tuple(
                    _address(message)
                    for message in snapshot.addresses
                    if message["index"] == hop["oif"] and _is_usable(message)
                ),
                mtu=attribute(link, "IFLA_MTU"),
            )
    raise CannotTell(NONE)


def index_of(interface: str, links: Sequence[Message]) -> int:
    """Return the index of an interface by its name as shown.

    Raises:
        CannotTell: It has gone.
    """
    for link in links:
        if clean_line(attribute(link, "IFLA_IFNAME")) == interface:
            return int(link["index"])
    raise CannotTell(f"The interface {interface} has gone.")


def _is_default(route: Message) -> bool:
    return bool(
        route["family"] == socket.AF_INET6
        and route["dst_len"] == 0
        and route["src_len"] == 0
        and route["type"] == _TYPE_UNICAST
        and (attribute(route, "RTA_TABLE") or route["table"]) == _TABLE_MAIN
    )


def _hops(route: Message) -> Sequence[Mapping[str, Any]]:
    several = attribute(route, "RTA_MULTIPATH")
    if several:
        return list(several)
    return [
        {
            "oif": attribute(route, "RTA_OIF"),
            "flags": route["flags"],
            "attrs": route["attrs"],
        }
    ]


def _link(links: Sequence[Message], index: int) -> Message | None:
    return next((link for link in links if link["index"] == index), None)


def _flags(message: Message) -> int:
    wide = attribute(message, "IFA_FLAGS")
    return int(message["flags"] if wide is None else wide)


def _is_usable(message: Message) -> bool:
    return bool(
        message["family"] == socket.AF_INET6
        and message["scope"] == _SCOPE_GLOBAL
        and not _flags(message) & _DAD_FAILED
    )


def _address(message: Message) -> Address:
    flags = _flags(message)
    # On a point-to-point link IFA_ADDRESS is the peer's, and IFA_LOCAL the host's own.
    own = attribute(message, "IFA_LOCAL") or attribute(message, "IFA_ADDRESS")
    return Address(
        interface=IPv6Interface(f"{own}/{message['prefixlen']}"),
        origin=_origin(flags, message),
        temporary=bool(flags & _TEMPORARY),
        deprecated=bool(flags & _DEPRECATED),
    )


def _origin(flags: int, message: Message) -> Origin:
    """How an address came; programs that do the kernel's work name no protocol.

    An address from DHCPv6 stands alone, without a prefix (RFC 8415 §18.2.10.1): a /128.
    """
    if attribute(message, "IFA_PROTO") == _PROTOCOL_ADVERTISEMENT:
        return Origin.ADVERTISEMENT
    if flags & (_TEMPORARY | _MANAGES_TEMPORARY):
        return Origin.ADVERTISEMENT
    if flags & _PERMANENT:
        return Origin.STATIC
    return Origin.DHCPV6 if message["prefixlen"] == 128 else Origin.ADVERTISEMENT
