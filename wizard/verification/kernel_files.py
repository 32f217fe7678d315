"""What the kernel lists below /proc/net, read for a verification."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200
"""Flags of a route (linux/route.h)."""

_ADVERTISED = 0x40000
"""A flag of an IPv6 route that came by router advertisement (RTF_ADDRCONF, linux/ipv6_route.h)."""

# linux/if_addr.h, and the global scope of an address as /proc/net/if_inet6 has it.
_TEMPORARY, _DUPLICATE, _TENTATIVE, _PERMANENT = 0x01, 0x08, 0x40, 0x80
_GLOBAL = 0x00


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
    found = []
    for line in table.splitlines():
        words = line.split()
        if len(words) != 6 or int(words[3], 16) != _GLOBAL:
            continue
        flags = int(words[4], 16)
        if not flags & _DUPLICATE:
            found.append(
                GlobalAddress(
                    words[5],
                    IPv6Address(int(words[0], 16)),
                    temporary=bool(flags & _TEMPORARY),
                    tentative=bool(flags & _TENTATIVE),
                    lasts=bool(flags & _PERMANENT),
                )
            )
    return found


def advertised_interfaces(table: str) -> set[str]:
    """Return the interfaces of routes by advertisement in the text of /proc/net/ipv6_route."""
    rows = (line.split() for line in table.splitlines())
    return {words[9] for words in rows if len(words) > 9 and int(words[8], 16) & _ADVERTISED}


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
    found: list[tuple[str, IPv6Address | None]] = []
    for line in table.splitlines():
        words = line.split()
        if len(words) < 10 or int(words[0], 16) or words[1] != "00" or words[9] == "lo":
            continue
        flags = int(words[8], 16)
        if flags & _UP and not flags & _REJECT:
            router = IPv6Address(int(words[4], 16))
            found.append((words[9], router if flags & _GATEWAY else None))
    return found


def read(path: str) -> str:
    """Return the text of such a file, or an empty one where it cannot be read."""
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
