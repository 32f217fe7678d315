"""Router solicitations (RFC 4861 §4.1): asking the routers on a link to advertise at once."""

import socket
from pathlib import Path

_ALL_ROUTERS = "ff02::2"
_HOP_LIMIT = 255
"""A router discards one that has another: it would have come from off the link (§6.1.1)."""
_SOLICITATION = 133
_SOURCE_LINK_LAYER_ADDRESS = 1
_ADDRESSES = Path("/sys/class/net")


def message(link_layer: bytes) -> bytes:
    """Return a solicitation, its checksum left to the kernel; ``link_layer`` may be empty.

    The option tells the router where to send its answer (§4.6.1). Its length is in units of
    eight octets, so only an address of six is told.
    """
    option = bytes((_SOURCE_LINK_LAYER_ADDRESS, 1)) + link_layer if len(link_layer) == 6 else b""
    return bytes((_SOLICITATION, 0, 0, 0, 0, 0, 0, 0)) + option


def solicit(interface: str, source: str) -> None:
    """Send one solicitation from a link-local address of an interface.

    Raises:
        OSError: the interface has gone, is down, or the packet filter refuses.
    """
    index = socket.if_nametoindex(interface)
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as raw:
        raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _HOP_LIMIT)
        raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        raw.bind((source, 0, 0, index))
        raw.sendto(message(_link_layer(interface)), (_ALL_ROUTERS, 0, 0, index))


def _link_layer(interface: str) -> bytes:
    try:
        text = (_ADDRESSES / interface / "address").read_text(encoding="ascii")
        return bytes.fromhex(text.strip().replace(":", ""))
    except (OSError, ValueError):
        return b""
