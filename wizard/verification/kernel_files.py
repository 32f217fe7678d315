"""What the kernel lists below /proc/net, read for a verification."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from wizard.probes import kernel_tables

_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200
"""Flags of an IPv4 route (linux/route.h)."""


@dataclass(frozen=True)
class GlobalAddress:
    """An address of global scope, as the kernel holds it now."""

    interface: str
    address: IPv6Address
    temporary: bool
    """Made for privacy, and replaced by another before long (RFC 8981)."""
    tentative: bool
    """Not used yet: another host may have it (RFC 4862 §5.4)."""
    lasts: bool
    """Whether it has no lifetime that something has to renew."""


def global_addresses(table: str) -> list[GlobalAddress]:
    """Return the addresses in the text of /proc/net/if_inet6, without duplicates of others'."""
    return [
        GlobalAddress(
            each["interface"],
            IPv6Address(each["address"]),
            temporary=bool(each["flags"] & kernel_tables.IFA_F_TEMPORARY),
            tentative=bool(each["flags"] & kernel_tables.IFA_F_TENTATIVE),
            lasts=bool(each["flags"] & kernel_tables.IFA_F_PERMANENT),
        )
        for each in kernel_tables.parse_addresses(table)
        if each["scope"] == kernel_tables.GLOBAL
        and not each["flags"] & kernel_tables.IFA_F_DADFAILED
    ]


def advertised_interfaces(table: str) -> set[str]:
    """Return the interfaces of routes by advertisement in the text of /proc/net/ipv6_route."""
    return {route.interface for route in kernel_tables.parse_routes(table) if route.advertised}


def default_routes_ipv4(table: str) -> list[tuple[str, IPv4Address | None]]:
    """Return interface and router of each default route in the text of /proc/net/route."""
    found: list[tuple[str, IPv4Address | None]] = []
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) < 8 or words[1] != "00000000" or words[7] != "00000000":
            continue
        flags = int(words[3], 16)
        if flags & _UP and not flags & _REJECT:
            # In the byte order of the machine (net/ipv4/fib_trie.c).
            router = IPv4Address(struct.pack("=I", int(words[2], 16)))
            found.append((words[0], router if flags & _GATEWAY else None))
    return found


def default_routes_ipv6(table: str) -> list[tuple[str, IPv6Address | None]]:
    """Return interface and router of each default route in the text of /proc/net/ipv6_route."""
    return [
        (route.interface, IPv6Address(route.gateway) if route.gateway else None)
        for route in kernel_tables.parse_routes(table)
        if route.default
    ]


def read(path: str) -> str:
    """Return the text of such a file, or an empty one where it cannot be read."""
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
