"""Who listens in a network namespace, from the tables that the kernel shows below /proc."""

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from wizard.host.contacts import Listener
from wizard.host.looking import read_if_there
from wizard.host.processes import PROC

_STATES = {"tcp": "0A", "udp": "07"}
"""TCP_LISTEN, and TCP_CLOSE for a datagram socket without a peer (net/tcp_states.h)."""

_SYN_SENT = "02"


def read_tables(
    pid: int | str, tables: Sequence[str] = ("tcp", "tcp6")
) -> Mapping[str, str] | None:
    """Return the tables of sockets in the network namespace of a process; None if not shown.

    ``tables`` are named as the kernel's. To read one takes some milliseconds, for it goes through
    every connection of the host.
    """
    found: dict[str, str] = {}
    for table in tables:
        try:
            path = PROC / str(pid) / "net" / table
            found[table] = path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            # Without IPv6 in the kernel there is no table for it.
            if not table.endswith("6") or not (PROC / str(pid)).exists():
                return None
        except OSError:
            return None
    return found


def listeners(tables: Mapping[str, str] | None) -> tuple[Listener, ...] | None:
    """Return who listens by such tables, or None where they were not shown."""
    if tables is None:
        return None
    found = {each for table, text in tables.items() for each in parse(table, text)}
    return tuple(sorted(found, key=str))


def asked_in_vain() -> frozenset[tuple[IPv4Address | IPv6Address, int]]:
    """Return addresses and ports to which a program of this host waits for its first answer."""
    found: set[tuple[IPv4Address | IPv6Address, int]] = set()
    for table in ("tcp", "tcp6"):
        text = read_if_there(PROC / "self" / "net" / table) or ""
        for words in map(str.split, text.splitlines()[1:]):
            if len(words) >= 4 and words[3] == _SYN_SENT:
                with suppress(ValueError, struct.error):
                    found.add(place(words[2]))
    return frozenset(found)


def parse(table: str, text: str) -> Iterator[Listener]:
    """Yield the listeners in the text of ``/proc/PID/net/tcp`` and the like; loopback left out.

    A line holds: number, local address and port, remote address and port, state (Linux,
    net/ipv4/tcp_ipv4.c and net/ipv6/tcp_ipv6.c). Addresses are words in the byte order of the
    machine.
    """
    protocol = table[:3]
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 4 or words[3] != _STATES[protocol]:
            continue
        try:
            address, port = place(words[1])
        except (ValueError, struct.error):
            continue
        if not address.is_loopback:
            yield Listener(protocol, address, port)


def place(word: str) -> tuple[IPv4Address | IPv6Address, int]:
    """Return the address and the port in a word of such a table.

    Raises:
        ValueError, struct.error: It is no such word.
    """
    digits, _, port = word.partition(":")
    return _address(bytes.fromhex(digits)), int(port, 16)


def _address(words: bytes) -> IPv4Address | IPv6Address:
    count = len(words) // 4
    octets = struct.pack(f"={count}I", *struct.unpack(f"!{count}I", words))
    if count == 1:
        return IPv4Address(octets)
    address = IPv6Address(socket.inet_ntop(socket.AF_INET6, octets))
    # An IPv6 socket that is bound to ::ffff:0.0.0.0 hears IPv4 alone (RFC 4291 section 2.5.5.2).
    return address.ipv4_mapped or address
