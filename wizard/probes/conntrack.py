"""What this host's kernel made of the source of a connection, from its own table of connections.

The kernel keeps, for every connection that it tracks, the tuple in which packets arrive and the
one in which answers are expected; a source that is translated (masqueraded) is the destination of
the latter. Nothing has to be installed, and nobody else is asked.
"""

import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

from wizard.probes.icmpv6 import ECHO_REQUEST

TABLE = Path("/proc/net/nf_conntrack")
"""The table as text, where the kernel is built with CONFIG_NF_CONNTRACK_PROCFS."""

_TIMEOUT = 1.0

# linux/netlink.h, linux/netfilter/nfnetlink.h, linux/netfilter/nfnetlink_conntrack.h
_NETLINK_NETFILTER = 12
_NLM_F_REQUEST = 1
_CT_NEW, _CT_GET = 1 << 8, 1 << 8 | 1
_NESTED, _TYPE_MASK = 0x8000, 0x3FFF
_TUPLE_ORIGINAL, _TUPLE_REPLY = 1, 2
_TUPLE_IP, _TUPLE_PROTO = 1, 2
_IPV6_SOURCE, _IPV6_DESTINATION = 3, 4
_PROTO_NUMBER, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
_ICMPV6_ID, _ICMPV6_TYPE, _ICMPV6_CODE = 7, 8, 9
_HEADER = struct.Struct("=IHHII")
_FAMILY_HEADER = 4

_TCP, _ICMPV6 = 6, 58


@dataclass(frozen=True)
class Flow:
    """A connection as its own end sees it: by TCP with two ports, or an echo with its identifier.

    ``source_port`` is the identifier of an echo request, whose ``destination_port`` is None.
    """

    source: IPv6Address
    destination: IPv6Address
    source_port: int
    destination_port: int | None = None


def seen_source(flow: Flow) -> IPv6Address | None:
    """Return the source with which a connection left this host; None where that is not known.

    It is known only in the network namespace that forwarded the connection, while the kernel
    remembers it (half a minute for an echo), and to root.
    """
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as kernel:
            kernel.settimeout(_TIMEOUT)
            kernel.bind((0, 0))
            kernel.send(request(flow))
            found = parse_answer(kernel.recv(65536))
    except OSError:
        found = None
    if found is not None:
        return found
    try:
        return parse_table(TABLE.read_text(encoding="ascii", errors="replace"), flow)
    except OSError:
        return None


def request(flow: Flow) -> bytes:
    """Return the netlink message that asks for the connection with this tuple."""
    addresses = _attribute(_IPV6_SOURCE, flow.source.packed)
    addresses += _attribute(_IPV6_DESTINATION, flow.destination.packed)
    if flow.destination_port is None:
        numbers = _attribute(_PROTO_NUMBER, bytes([_ICMPV6]))
        numbers += _attribute(_ICMPV6_ID, struct.pack("!H", flow.source_port))
        numbers += _attribute(_ICMPV6_TYPE, bytes([ECHO_REQUEST]))
        numbers += _attribute(_ICMPV6_CODE, bytes([0]))
    else:
        numbers = _attribute(_PROTO_NUMBER, bytes([_TCP]))
        numbers += _attribute(_SOURCE_PORT, struct.pack("!H", flow.source_port))
        numbers += _attribute(_DESTINATION_PORT, struct.pack("!H", flow.destination_port))
    body = struct.pack("!BBH", socket.AF_INET6, 0, 0) + _attribute(
        _TUPLE_ORIGINAL | _NESTED,
        _attribute(_TUPLE_IP | _NESTED, addresses) + _attribute(_TUPLE_PROTO | _NESTED, numbers),
    )
    return _HEADER.pack(_HEADER.size + len(body), _CT_GET, _NLM_F_REQUEST, 1, 0) + body


def parse_answer(message: bytes) -> IPv6Address | None:
    """Return where answers are expected, from what the kernel said; None where it knows none."""
    if len(message) < _HEADER.size + _FAMILY_HEADER:
        return None
    length, kind, _flags, _sequence, _port = _HEADER.unpack_from(message)
    if kind != _CT_NEW:
        return None
    body = message[_HEADER.size + _FAMILY_HEADER : length]
    reply = dict(_attributes(body)).get(_TUPLE_REPLY, b"")
    addresses = dict(_attributes(dict(_attributes(reply)).get(_TUPLE_IP, b"")))
    packed = addresses.get(_IPV6_DESTINATION, b"")
    return IPv6Address(packed) if len(packed) == 16 else None


def parse_table(text: str, flow: Flow) -> IPv6Address | None:
    """Return the same from the text of :data:`TABLE`, one connection a line."""
    for line in text.splitlines():
        words = re.findall(r"\b(src|dst|sport|dport|id)=(\S+)", line)
        if not line.startswith("ipv6") or len(words) < 4:
            continue
        half = next((n for n, (name, _) in enumerate(words) if n and name == "src"), 0)
        one, other = dict(words[:half]), dict(words[half:])
        try:
            ends = IPv6Address(one["src"]), IPv6Address(one["dst"])
            number = int(one.get("id") or one["sport"])
            port = int(one["dport"]) if "dport" in one else None
            seen = IPv6Address(other["dst"])
        except (KeyError, ValueError):
            continue
        if Flow(*ends, number, port) == flow:
            return seen
    return None


def _attribute(kind: int, value: bytes) -> bytes:
    padding = -len(value) % 4
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(padding)


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(octets):
        length, kind = struct.unpack_from("=HH", octets, at)
        if length < 4:
            return
        yield kind & _TYPE_MASK, octets[at + 4 : at + length]
        at += (length + 3) & ~3
