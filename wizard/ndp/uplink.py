"""Tells when the uplink changes: the kernel drops its proxy entries when it is taken down."""

import errno
import socket
import struct
from collections.abc import Iterator

_RTMGRP_LINK = 1
_NETLINK_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, sender (netlink(7))
_INDEX = struct.Struct(
    "=4xi"
)  # family, padding and type, then the interface's index (rtnetlink(7))


def changes(uplink: str) -> Iterator[None]:
    """Yield whenever a message of the kernel is about the interface of that name, new or old.

    Decoded by hand, for Docker makes the kernel send a dozen messages for every container.

    Raises:
        OSError: The kernel does not let this process listen.
    """
    index = _index(uplink)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, _RTMGRP_LINK))
        while True:
            try:
                changed = indices(kernel.recv(65536))
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                # Messages were lost, so anything may have changed.
                changed = {index}
            if index not in changed:
                # It may have been made anew with another index.
                before, index = index, _index(uplink)
                if index == before or index not in changed:
                    continue
            yield


def indices(data: bytes) -> set[int]:
    """Return the indices of the interfaces that a batch of link messages is about."""
    found, place = set(), 0
    while place + _NETLINK_HEADER.size + _INDEX.size <= len(data):
        length = _NETLINK_HEADER.unpack_from(data, place)[0]
        found.add(_INDEX.unpack_from(data, place + _NETLINK_HEADER.size)[0])
        place += max(_NETLINK_HEADER.size, (length + 3) & ~3)
    return found


def _index(uplink: str) -> int:
    try:
        return socket.if_nametoindex(uplink)
    except OSError:
        return -1
