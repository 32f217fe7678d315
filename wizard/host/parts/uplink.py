"""The uplink: the interface of the IPv6 default route, its router and its addresses."""

import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from typing import Any

from wizard.host import advertised, manager
from wizard.host.host import Address, Origin, Uplink
from wizard.host.looking import CannotTell
from wizard.host.netlink import Message, Snapshot, attribute
from wizard.host.obstacle import Cause
from wizard.host.part import Part, Search, Words
from wizard.platform.text import clean_line
from wizard.probes.address_selection import UNIQUE_LOCAL

# linux/rtnetlink.h
_TABLE_MAIN = 254
_TYPE_UNICAST = 1
_HEARD = (2, 9)
"""Of the kernel and of whoever else acts on router advertisements."""
_CLOSED = (6, 7, 8)
"""Blackhole, unreachable, prohibit."""
_NEXT_HOP_DEAD = 1
_ORIGIN_OF_PROTOCOL = {2: Origin.KERNEL, 9: Origin.ADVERTISEMENT, 16: Origin.DHCPV6}

# linux/if_addr.h
_TEMPORARY, _DAD_FAILED, _DEPRECATED, _PERMANENT, _MANAGES_TEMPORARY = 0x01, 0x08, 0x20, 0x80, 0x100
_PROTOCOL_ADVERTISEMENT = 2
_SCOPE_GLOBAL = 0

_GLOBAL = IPv6Network("2000::/3")
_ROUTED_LENGTHS = (32, 119)
"""The lengths of what a provider routes to a host, with room for a part to give away."""
_ON_NO_LINK = ("lo", "dummy")

_ON_LINK_LENGTHS = (48, 127)
"""The lengths of what a router says is on a link (RFC 4861 §4.6.2); a single address is itself."""
_HAS_NO_NEIGHBOURS = 0x10 | 0x80
"""IFF_POINTOPOINT and IFF_NOARP (linux/if.h): what is routed there is at the other end."""

NONE = (
    "This host has no IPv6 default route, so it cannot reach the IPv6 internet and neither could "
    "its containers. Set up IPv6 on the host first, as its provider describes, until "
    "“ip -6 route show default” shows a route."
)


def parse(snapshot: Snapshot) -> Uplink:
    """Tell the uplink from what the kernel answered.

    It is where the kernel would send a packet to the internet, whatever table its rules lead to.
    Where the kernel was not asked, it is the default route with the lowest metric in the main
    table, and of several next hops the first.

    Raises:
        CannotTell: There is no default route.
    """
    for route in (*_chosen(snapshot), *_defaults(snapshot)):
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
                routed=_routed(snapshot, hop["oif"]),
                on_link=_on_link(snapshot, link),
                heard=_on_link(snapshot, link, _HEARD),
                beside=_beside(snapshot, hop["oif"]),
            )
    raise CannotTell(_for_some_alone(snapshot) or NONE, Cause.NO_DEFAULT_ROUTE)


def _beside(snapshot: Snapshot, uplink: int) -> tuple[str, ...]:
    """Return the other interfaces of next hops of the default route, and of its equals."""
    indices: list[int] = []
    for route in filter(_is_default, snapshot.routes):
        if uplink in (hop["oif"] for hop in _hops(route)):
            rank = _table(route), attribute(route, "RTA_PRIORITY")
            indices = [
                hop["oif"]
                for each in filter(_is_default, snapshot.routes)
                if (_table(each), attribute(each, "RTA_PRIORITY")) == rank
                for hop in _hops(each)
            ]
            break
    links = (_link(snapshot.links, each) for each in sorted(set(indices) - {uplink}))
    return tuple(clean_line(attribute(each, "IFLA_IFNAME")) for each in links if each)


def _for_some_alone(snapshot: Snapshot) -> str:
    """Return what to say where default routes are for packets of some sources alone, or nothing.

    Packets of containers are not from there while the kernel looks for their way, for addresses
    are translated after that.
    """
    for route in snapshot.routes:
        if route["family"] != socket.AF_INET6 or route["dst_len"] or not route["src_len"]:
            continue
        link = _link(snapshot.links, attribute(route, "RTA_OIF"))
        gateway, source = attribute(route, "RTA_GATEWAY"), attribute(route, "RTA_SRC")
        if route["type"] != _TYPE_UNICAST or link is None or not source:
            continue
        interface = clean_line(attribute(link, "IFLA_IFNAME"))
        via = f"via {clean_line(gateway)} " if gateway else ""
        return (
            f"This host's IPv6 default route over {interface} is for packets from "
            f"{clean_line(source)}/{route['src_len']} alone, and those of "
            "containers find no way out. Add a route for every source where that one is "
            f"configured; until the next boot this does it: ip -6 route add default {via}dev "
            f"{interface}."
        )
    return ""


def index_of(interface: str, links: Sequence[Message]) -> int:
    """Return the index of an interface by its name as shown.

    Raises:
        CannotTell: It has gone.
    """
    for link in links:
        if clean_line(attribute(link, "IFLA_IFNAME")) == interface:
            return int(link["index"])
    raise CannotTell(f"The interface {interface} has gone.")


def _defaults(snapshot: Snapshot) -> list[Message]:
    """Return the default routes of the main table, the one with the lowest metric first."""
    found = [
        route for route in snapshot.routes if _is_default(route) and _table(route) == _TABLE_MAIN
    ]
    return sorted(found, key=lambda route: attribute(route, "RTA_PRIORITY") or 0)


def _chosen(snapshot: Snapshot) -> list[Message]:
    """Return the route that the kernel chose, as its table has it."""
    chosen = snapshot.chosen
    if chosen is None or chosen["type"] != _TYPE_UNICAST or not attribute(chosen, "RTA_OIF"):
        return []
    # Which table it is from is told, but neither its protocol where a next hop was cloned from
    # an advertisement, nor whether other hops stand beside it.
    wanted = attribute(chosen, "RTA_OIF"), attribute(chosen, "RTA_GATEWAY")
    listed = [
        {**route, "attrs": hop["attrs"], "oif": hop["oif"]}
        for route in snapshot.routes
        if _is_default(route) and _table(route) == _table(chosen)
        for hop in _hops(route)
        if (hop["oif"], attribute(hop, "RTA_GATEWAY")) == wanted
    ]
    alone = {**chosen, "oif": wanted[0]}
    return [
        {**each, "attrs": [["RTA_OIF", wanted[0]], ["RTA_GATEWAY", wanted[1]]]}
        for each in (listed[:1] or [alone])
    ]


def _table(route: Message) -> int:
    return int(attribute(route, "RTA_TABLE") or route["table"])


def _is_default(route: Message) -> bool:
    return bool(
        route["family"] == socket.AF_INET6
        and route["dst_len"] == 0
        and route["src_len"] == 0
        and route["type"] == _TYPE_UNICAST
    )


def _routed(snapshot: Snapshot, uplink: int) -> tuple[IPv6Network, ...]:
    """Return the prefixes that routes close or addresses on no link stand for.

    Who has a prefix routed to a host keeps the rest of it from going round in circles by a route
    that is unreachable (RFC 6204 WPD-5), or gives an address of it to the loopback interface.
    """
    found = [
        IPv6Network((attribute(route, "RTA_DST"), route["dst_len"]))
        for route in snapshot.routes
        if route["family"] == socket.AF_INET6
        and route["type"] in _CLOSED
        and attribute(route, "RTA_DST")
    ]
    on_links: list[IPv6Network] = []
    for message in snapshot.addresses:
        if _is_usable(message):
            network = _address(message).interface.network
            link = _link(snapshot.links, message["index"])
            quiet = link is not None and attribute(link, "IFLA_IFNAME").startswith(_ON_NO_LINK)
            (found if quiet else on_links).append(network)
    return tuple(
        dict.fromkeys(
            prefix
            for prefix in found
            if prefix.subnet_of(_GLOBAL)
            and _ROUTED_LENGTHS[0] <= prefix.prefixlen <= _ROUTED_LENGTHS[1]
            and not any(prefix.subnet_of(each) for each in on_links)
        )
    )


def _on_link(
    snapshot: Snapshot, link: Message, protocols: Collection[int] = range(256)
) -> tuple[IPv6Network, ...]:
    """Return the prefixes of routes over a link without a gateway, but those of its addresses.

    Only of routes that whoever is meant by one of the protocols has made (rtnetlink.h, RTPROT_*).
    """
    if link.get("flags", 0) & _HAS_NO_NEIGHBOURS:
        return ()
    own = {
        _address(message).interface.network
        for message in snapshot.addresses
        if message["index"] == link["index"] and _is_usable(message)
    }
    found = [
        IPv6Network((attribute(route, "RTA_DST"), route["dst_len"]))
        for route in snapshot.routes
        if route["family"] == socket.AF_INET6
        and route["type"] == _TYPE_UNICAST
        and _table(route) == _TABLE_MAIN
        and attribute(route, "RTA_OIF") == link["index"]
        and attribute(route, "RTA_DST")
        and not attribute(route, "RTA_GATEWAY")
        and route["proto"] in protocols
        and _ON_LINK_LENGTHS[0] <= route["dst_len"] <= _ON_LINK_LENGTHS[1]
    ]
    return tuple(
        dict.fromkeys(each for each in found if each.subnet_of(_GLOBAL) and each not in own)
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


def detect(search: Search) -> Uplink:
    """Ask the kernel, and who configures each interface that lives by router advertisements.

    Raises:
        CannotTell: There is no default route.
    """
    snapshot = search.netlink.snapshot()
    return replace(parse(snapshot), advertised=advertised.detect(snapshot, manager.detect))


def in_words(uplink: Uplink) -> Words:
    """Say where it leads to, its addresses, and who else lives by router advertisements."""
    router = f"via {uplink.gateway}" if uplink.gateway else "without a router"
    addresses = ", ".join(
        f"{address.interface} ({address.origin}{', deprecated' if address.deprecated else ''})"
        for address in uplink.addresses
        if not address.temporary
    )
    words = f"{uplink.interface} {router} ({uplink.route_origin}); {addresses or 'no address'}"
    others = [each for each in uplink.advertised if each.interface != uplink.interface]
    for each in others:
        words += f"; {each.interface} lives by router advertisements too ({each.manager})"
    if uplink.addresses and all(address.deprecated for address in uplink.addresses):
        return words, "problem"
    return words, "note" if notes(uplink) else "ok"


def notes(uplink: Uplink) -> list[str]:
    """Return what to mind of its addresses."""
    found = []
    if not uplink.addresses:
        found.append(
            f"{uplink.interface} has the default route but no global address. Packets leave with "
            "one of another interface, if there is any, and else have none to come back to."
        )
    elif all(address.interface in UNIQUE_LOCAL for address in uplink.addresses):
        found.append(
            f"{uplink.interface} has unique local addresses alone, which the internet does not "
            "route, so something on the way has to translate them."
        )
    return found


PART = Part(
    lambda host: host.uplink,
    label="IPv6 uplink",
    find=detect,
    words=in_words,
    foremost=True,
    notes=notes,
    needed=True,
)
