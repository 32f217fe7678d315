"""The kernel's own lists of IPv6 addresses and routes, read from /proc/net without any library."""

from __future__ import annotations

import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.reachability.answer import DefaultRoute, InterfaceAddress

IFA_F_DADFAILED = 0x08
IFA_F_DEPRECATED = 0x20
IFA_F_TENTATIVE = 0x40

_RTF_UP = 0x1
_RTF_GATEWAY = 0x2
_RTF_REJECT = 0x200


def parse_addresses(text: str) -> list[InterfaceAddress]:
    """Return the addresses in the text of /proc/net/if_inet6.

    A line is: address (32 hexadecimal digits), then interface index, prefix length, scope and
    flags (hexadecimal), then the interface's name (Linux, net/ipv6/addrconf.c).
    """
    addresses: list[InterfaceAddress] = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 6:
            continue
        addresses.append(
            {
                "address": _address(fields[0]),
                "prefix_length": int(fields[2], 16),
                "interface": fields[5],
                "flags": int(fields[4], 16),
            }
        )
    return addresses


def parse_default_route(text: str) -> DefaultRoute | None:
    """Return the default route with the lowest metric in the text of /proc/net/ipv6_route."""
    return min(_default_routes(text), key=lambda each: each[0], default=(0, None))[1]


def parse_routers(text: str) -> list[str]:
    """Return the router of every default route in the text of /proc/net/ipv6_route."""
    gateways = [route["gateway"] for _metric, route in _default_routes(text)]
    return [gateway for gateway in gateways if gateway is not None]


def _default_routes(text: str) -> list[tuple[int, DefaultRoute]]:
    """Return every default route and its metric.

    A line is: destination, its prefix length, source, its prefix length, next hop, metric,
    reference count, use count, flags (all hexadecimal), then the interface's name (Linux,
    net/ipv6/route.c). The kernel's own "unreachable" entry on ``lo`` is no way out.
    """
    found: list[tuple[int, DefaultRoute]] = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 10 or fields[1] != "00" or int(fields[0], 16) or fields[3] != "00":
            continue
        metric, flags = int(fields[5], 16), int(fields[8], 16)
        if not flags & _RTF_UP or flags & _RTF_REJECT:
            continue
        gateway = _address(fields[4]) if flags & _RTF_GATEWAY else None
        found.append((metric, {"gateway": gateway, "interface": fields[9]}))
    return found


def _address(digits: str) -> str:
    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))
