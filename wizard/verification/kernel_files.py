"""What the kernel lists below /proc/net, read for a verification."""

import struct
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200
"""Flags of a route (linux/route.h)."""


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
