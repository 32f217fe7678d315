"""The packets that tell how an upstream delivers to an address: which they are, and in words."""

import struct
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv6Address

from wizard.probes import icmpv6

BPF_INSTRUCTION = struct.Struct("@HBBI")
"""Code, jump if true, jump if false, constant (struct sock_filter, linux/filter.h)."""

_NEIGHBOR_SOLICITATION = 135
_ICMPV6 = 58

_REFUSALS = (1, 5, 6)
"""Administratively prohibited, source address failed policy, route rejects it (RFC 4443 §3.1)."""

# Offsets from the IPv6 header on (RFC 8200 §3, RFC 4861 §4.3).
_NEXT_HEADER = 6
_SOURCE = 8
_DESTINATION = 24
_TYPE = 40
_CODE = 41
_TARGET = 48

# Classic BPF: load a byte or a word, jump if equal or greater, return (linux/bpf_common.h).
_LOAD_BYTE, _LOAD_WORD, _IF_EQUAL, _IF_GREATER, _RETURN = 0x30, 0x20, 0x15, 0x25, 0x06


class Kind(Enum):
    """Of what kind a packet is."""

    SOLICITATION = auto()
    DELIVERY = auto()  # an answer to a request, or an error that has nothing to do with its source
    REFUSAL = auto()  # an error that says that such packets are not let through


@dataclass(frozen=True)
class Seen:
    """A packet that tells something, and the line that tcpdump would print for it."""

    kind: Kind
    words: str


def solicited_node(address: IPv6Address) -> bytes:
    """Return the solicited-node multicast address (RFC 4291 §2.7.1), 16 bytes."""
    return IPv6Address("ff02::1:ff00:0").packed[:13] + address.packed[13:]


def parse(packet: bytes, address: IPv6Address) -> Seen | None:
    """Return what an incoming packet, from its IPv6 header on, tells about the address, or None."""
    if len(packet) < _TARGET or packet[_NEXT_HEADER] != _ICMPV6:
        return None
    message, source = packet[_TYPE], IPv6Address(packet[_SOURCE:_DESTINATION])
    destination = IPv6Address(packet[_DESTINATION:_TYPE])
    way = f"{source} > {destination}: ICMP6,"
    if message == _NEIGHBOR_SOLICITATION:
        if packet[_TARGET : _TARGET + 16] != address.packed:
            return None
        return Seen(Kind.SOLICITATION, f"{way} neighbor solicitation, who has {address}")
    if destination != address:
        return None
    if message == icmpv6.ECHO_REPLY:
        return Seen(Kind.DELIVERY, f"{way} echo reply")
    if message <= icmpv6.PARAMETER_PROBLEM:
        refused = message == icmpv6.DESTINATION_UNREACHABLE and packet[_CODE] in _REFUSALS
        words = f"{way} {icmpv6.error_words(message, packet[_CODE])}"
        return Seen(Kind.REFUSAL if refused else Kind.DELIVERY, words)
    return None


def bpf(address: IPv6Address) -> bytes:
    """Return the filter that lets through only what :func:`parse` understands.

    For a packet socket without link-level headers, whose packets begin with the IPv6 header.
    """
    solicitation, drop = 15, 24
    program = [
        (_LOAD_BYTE, 0, 0, _NEXT_HEADER),
        (_IF_EQUAL, 2, drop, _ICMPV6),
        (_LOAD_BYTE, 0, 0, _TYPE),
        (_IF_EQUAL, solicitation, 4, _NEIGHBOR_SOLICITATION),
        (_IF_EQUAL, 6, 5, icmpv6.ECHO_REPLY),
        (_IF_GREATER, drop, 6, icmpv6.PARAMETER_PROBLEM),
        *_compare(6, _DESTINATION, address, drop),
        (_RETURN, 0, 0, 0xFFFFFFFF),
        *_compare(solicitation, _TARGET, address, drop),
        (_RETURN, 0, 0, 0xFFFFFFFF),
        (_RETURN, 0, 0, 0),
    ]
    instructions = b""
    for place, (code, yes, no, constant) in enumerate(program):
        # Above, jumps name the instruction they lead to; the kernel counts from the next one.
        origin = place + 1 if code in (_IF_EQUAL, _IF_GREATER) else 0
        instructions += BPF_INSTRUCTION.pack(code, yes - origin, no - origin, constant)
    return instructions


def _compare(
    place: int, offset: int, address: IPv6Address, otherwise: int
) -> list[tuple[int, int, int, int]]:
    """Return eight instructions, from ``place`` on, that compare 16 bytes of a packet."""
    program = []
    for number, word in enumerate(struct.unpack("!4I", address.packed)):
        program.append((_LOAD_WORD, 0, 0, offset + 4 * number))
        program.append((_IF_EQUAL, place + 2 * number + 2, otherwise, word))
    return program
