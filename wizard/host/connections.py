"""Which connections a container holds to outside, from the tables that the kernel shows of it.

They say what a service does, where its name is only a guess. Only what it opened itself counts:
who answers visitors need not reach anybody.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network

from wizard.host.contacts import Connection
from wizard.host.listeners import place

_MOST = 100
"""Connections of one container that are told."""

# Established, both waits for the other end's FIN, time wait, close wait, last ack and closing
# (include/net/tcp_states.h): one that is held, or that was a minute ago. A datagram socket with a
# peer is "established" too.
_HELD = frozenset(("01", "04", "05", "06", "08", "09", "0B"))
# TCP_LISTEN, and TCP_CLOSE for a datagram socket without a peer: whoever has a socket for one peer
# besides, on the same port, has it for somebody who came from outside.
_LISTENS = {"tcp": "0A", "udp": "07"}

_DNS = 53
"""Docker itself asks the DNS out of a container's own namespace, for whatever name it looks up."""

_INSIDE = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # RFC 1122
        "10.0.0.0/8",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598
        "127.0.0.0/8",
        "169.254.0.0/16",  # RFC 3927
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",  # multicast and above
    )
)


def outward(tables: Mapping[str, str]) -> tuple[Connection, ...]:
    """Return the connections to addresses outside that were not opened from there.

    Args:
        tables: What ``/proc/PID/net/tcp`` and the like say, by their names.
    """
    found = (each for each in _opened(tables) if _is_outside(each.address))
    return tuple(sorted(found, key=_order))[:_MOST]


def nearby(
    tables: Mapping[str, str], is_own: Callable[[IPv4Address], bool]
) -> tuple[Connection, ...]:
    """Return those to private addresses and to this host's own, by TCP alone.

    Args:
        tables: As above.
        is_own: Tells whether an address is this host's.
    """
    found = (
        each
        for each in _opened(tables)
        if each.protocol == "tcp"
        and (not _is_outside(each.address) or is_own(each.address))
        and not (each.address.is_loopback or each.address.is_multicast)
    )
    return tuple(sorted(found, key=_order))[:_MOST]


def _order(connection: Connection) -> tuple[str, int, IPv4Address]:
    return connection.protocol, connection.port, connection.address


def _opened(tables: Mapping[str, str]) -> set[Connection]:
    """Return what was opened from here, to whatever IPv4 address."""
    found: set[Connection] = set()
    for protocol in ("tcp", "udp"):
        lines = [
            words
            for table in (protocol, f"{protocol}6")
            for words in map(str.split, tables.get(table, "").splitlines()[1:])
            if len(words) >= 4
        ]
        waiting = {_port(words) for words in lines if words[3] == _LISTENS[protocol]}
        for words in lines:
            if words[3] not in _HELD or _port(words) in waiting:
                continue
            with suppress(ValueError, struct.error):
                address, port = place(words[2])
                if isinstance(address, IPv4Address) and port != _DNS:
                    found.add(Connection(protocol, address, port))
    return found


def in_words(connections: Sequence[Connection]) -> str:
    """Return the first connection in words, and how many more there are."""
    first, more = connections[0], len(connections) - 1
    said = f"{first.address} ({first.protocol} port {first.port})"
    return f"{said} and {more} more" if more else said


def _is_outside(address: IPv4Address) -> bool:
    return not any(address in network for network in _INSIDE)


def _port(words: Sequence[str]) -> str:
    return words[1].partition(":")[2]
