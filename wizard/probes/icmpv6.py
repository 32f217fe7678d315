"""Echo requests, and the replies and errors that come back for them (RFC 4443)."""

import struct

DESTINATION_UNREACHABLE = 1
PACKET_TOO_BIG = 2
TIME_EXCEEDED = 3
PARAMETER_PROBLEM = 4
ECHO_REQUEST = 128
ECHO_REPLY = 129

ICMP6_FILTER = 1
"""The socket option's number, which Python's socket module does not name (linux/icmpv6.h)."""

_IPV6_HEADER = 40
_ICMPV6_HEADER = 8

_UNREACHABLE = {
    0: "no route to the destination",
    1: "administratively prohibited",
    2: "beyond the scope of the source address",
    3: "address unreachable",
    4: "port unreachable",
    5: "the source address failed a policy",
    6: "the route rejects it",
}


def filter_of(*types: int) -> bytes:
    """Return the value of ICMP6_FILTER that lets only these message types through (RFC 3542 §3.2).

    Linux keeps 256 bits in native words, and a bit that is set blocks its type.
    """
    words = [0xFFFFFFFF] * 8
    for message_type in types:
        words[message_type >> 5] &= ~(1 << (message_type & 31))
    return struct.pack("=8I", *words)


def echo_request(identifier: int, sequence: int, payload: bytes) -> bytes:
    """Return an echo request (RFC 4443 §4.1); the kernel fills in the checksum."""
    return struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, identifier, sequence) + payload


def parse_reply(message: bytes, identifier: int, payload: bytes) -> int | None:
    """Return the sequence number if message is the echo reply to one of our requests."""
    if len(message) < _ICMPV6_HEADER or message[0] != ECHO_REPLY:
        return None
    theirs, sequence = struct.unpack_from("!HH", message, 4)
    if theirs != identifier or message[_ICMPV6_HEADER:] != payload:
        return None
    return int(sequence)


def parse_error(message: bytes, identifier: int) -> tuple[int, int, bytes, int] | None:
    """Return type, code, destination (16 bytes) and sequence of an error about one of our requests.

    An error carries the packet it is about from its IPv6 header on (RFC 4443 §2.4 c).
    """
    inner = _ICMPV6_HEADER + _IPV6_HEADER
    if len(message) < inner + _ICMPV6_HEADER or not 1 <= message[0] <= PARAMETER_PROBLEM:
        return None
    next_header = message[_ICMPV6_HEADER + 6]
    theirs, sequence = struct.unpack_from("!HH", message, inner + 4)
    if next_header != 58 or message[inner] != ECHO_REQUEST or theirs != identifier:
        return None
    destination = message[_ICMPV6_HEADER + 24 : inner]
    return message[0], message[1], destination, int(sequence)


def error_words(message_type: int, code: int) -> str:
    """Return an ICMPv6 error in words (RFC 4443 §3)."""
    if message_type == DESTINATION_UNREACHABLE:
        return _UNREACHABLE.get(code, f"unreachable, code {code}")
    if message_type == PACKET_TOO_BIG:
        return "packet too big"
    if message_type == TIME_EXCEEDED:
        return "hop limit used up" if code == 0 else "reassembly took too long"
    return f"parameter problem, code {code}"
