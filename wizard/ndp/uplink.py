"""Tells when the uplink changes: the kernel drops its proxy entries when it is taken down.

It drops them too when IPv6 alone is switched off there for an instant (disable_ipv6), as
NetworkManager does whenever it activates a connection: the link stays up then, and addresses come
and go (net/ipv6/addrconf.c, addrconf_ifdown).
"""

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

# linux/rtnetlink.h
_RTMGRP_LINK = 0x1
_RTMGRP_IPV6_IFADDR = 0x100
_RTMGRP_IPV6_IFINFO = 0x800
_NETLINK_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, sender (netlink(7))
_INDEX = struct.Struct("=4xi")
"""The interface's index, behind its family and type, or those of an address (rtnetlink(7))."""


def changes(uplink: str) -> Iterator[None]:
    """Yield whenever a message of the kernel is about the interface of that name, new or old.

    Decoded by hand, for Docker makes the kernel send a dozen messages for every container.

    Raises:
        OSError: The kernel does not let this process listen.
    """
    seen = index(uplink)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, _RTMGRP_LINK | _RTMGRP_IPV6_IFADDR | _RTMGRP_IPV6_IFINFO))
        while True:
            try:
                changed = indices(kernel.recv(65536))
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                # Messages were lost, so anything may have changed.
                changed = {seen}
            if seen not in changed:
                # It may have been made anew with another index.
                before, seen = seen, index(uplink)
                if seen == before or seen not in changed:
                    continue
            yield


def indices(data: bytes) -> set[int]:
    """Return the indices of the interfaces that a batch of messages is about."""
    found, place = set(), 0
    while place + _NETLINK_HEADER.size + _INDEX.size <= len(data):
        length = _NETLINK_HEADER.unpack_from(data, place)[0]
        found.add(_INDEX.unpack_from(data, place + _NETLINK_HEADER.size)[0])
        place += max(_NETLINK_HEADER.size, (length + 3) & ~3)
    return found


class AtOnce:
    """Has an interface of some name answer for others without a wait (proxy_delay 0).

    One that is made anew has the kernel's own proxy_delay, until something sets what the file of
    kernel parameters says: udev does, which containers of LXC do not run.
    """

    def __init__(self, uplink: str) -> None:
        self._uplink = uplink
        self._set = -1

    @contextmanager
    def words(self) -> Iterator[tuple[str, ...]]:
        """Give the words for ``ip -6`` that set it; none where it is set, or nothing has the name.

        Without an error in the block it counts as set until another interface has the name.
        By netlink (rtnetlink.h, NDTPA_PROXY_DELAY), for which CAP_NET_ADMIN is enough.
        """
        found = index(self._uplink)
        change = ("ntable", "change", "name", "ndisc_cache", "dev", self._uplink)
        yield () if found in (-1, self._set) else (*change, "proxy_delay", "0")
        self._set = found


def index(uplink: str) -> int:
    """Return the index of the interface of that name, or -1 where there is none."""
    try:
        return socket.if_nametoindex(uplink)
    except OSError:
        return -1
