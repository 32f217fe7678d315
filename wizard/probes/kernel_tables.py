"""The kernel's own lists of IPv6 addresses and routes, read from /proc/net without any library.

What a service that runs for years and a probe for each container import has to be small.
"""

from __future__ import annotations

import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.probes.answer import DefaultRoute, InterfaceAddress

# linux/if_addr.h
IFA_F_TEMPORARY = 0x01
IFA_F_DADFAILED = 0x08
IFA_F_DEPRECATED = 0x20
IFA_F_TENTATIVE = 0x40
IFA_F_PERMANENT = 0x80

# Scopes of addresses as if_inet6 has them (include/net/ipv6.h).
GLOBAL = 0x00
LINK_LOCAL = 0x20

# linux/route.h and linux/ipv6_route.h
_RTF_UP = 0x1
_RTF_GATEWAY = 0x2
_RTF_REJECT = 0x200
_RTF_ADDRCONF = 0x40000


class Route:
    """A line of /proc/net/ipv6_route, in whichever table: that file does not tell them apart.

    A line is: destination, its prefix length, source, its prefix length, next hop, metric,
    reference count, use count, flags (all hexadecimal), then the interface's name (Linux,
    net/ipv6/route.c).
    """

    __slots__ = (
        "advertised", "default", "destination", "from_any", "gateway", "interface", "length",
        "metric", "on_link",
    )  # fmt: skip

    def __init__(self, fields: list[str]) -> None:
        flags, self.interface = int(fields[8], 16), fields[9]
        # The kernel's own entries on lo are no way out.
        out = flags & _RTF_UP and not flags & _RTF_REJECT and self.interface != "lo"
        self.default = bool(out) and fields[1] == "00" and not int(fields[0], 16)
        """Whether it is a default route that leads somewhere."""
        self.destination, self.length = fields[0], int(fields[1], 16)
        """The first are 32 hexadecimal digits, the other is in bits."""
        self.on_link = not int(fields[4], 16)
        """Whether it has no next hop."""
        self.from_any = fields[3] == "00"
        """Whether packets from every source take it."""
        self.gateway = _address(fields[4]) if flags & _RTF_GATEWAY else None
        self.metric = int(fields[5], 16)
        self.advertised = bool(flags & _RTF_ADDRCONF)
        """Whether it came by router advertisement."""


def parse_routes(text: str) -> list[Route]:
    """Return the routes in the text of /proc/net/ipv6_route."""
    return [Route(fields) for fields in map(str.split, text.splitlines()) if len(fields) >= 10]


def parse_default_route(text: str) -> DefaultRoute | None:
    """Return the default route with the lowest metric in the text of /proc/net/ipv6_route."""
    found = [route for route in parse_routes(text) if route.default and route.from_any]
    best = min(found, key=lambda route: route.metric, default=None)
    return {"gateway": best.gateway, "interface": best.interface} if best else None


def parse_routers(text: str) -> list[str]:
    """Return the router of every default route in the text of /proc/net/ipv6_route."""
    found = [route for route in parse_routes(text) if route.default and route.from_any]
    return [route.gateway for route in found if route.gateway is not None]


def parse_addresses(text: str) -> list[InterfaceAddress]:
    """Return the addresses in the text of /proc/net/if_inet6.

    A line is: address (32 hexadecimal digits), then interface index, prefix length, scope and
    flags (hexadecimal), then the interface's name (Linux, net/ipv6/addrconf.c).
    """
    return [
        {
            "address": _address(fields[0]),
            "prefix_length": int(fields[2], 16),
            "scope": int(fields[3], 16),
            "flags": int(fields[4], 16),
            "interface": fields[5],
        }
        for fields in map(str.split, text.splitlines())
        if len(fields) >= 6
    ]


def _address(digits: str) -> str:
    return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))
