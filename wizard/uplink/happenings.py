"""Waits until the kernel tells of a change of a link, an IPv6 address or an IPv6 route."""

import errno
import select
import socket

_BATCH = 1000
"""Messages that are read at once: more may come as fast as they are read, for as long as a storm
lasts, and nothing would be looked at meanwhile."""

_LINKS, _ADDRESSES, _ROUTES = 0x1, 0x100, 0x400
"""Groups of rtnetlink(7): RTMGRP_LINK, RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE."""


class Happenings:
    """A socket on which the kernel tells."""

    def __init__(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The kernel does not let this process listen.
        """
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE
        )
        self._socket.bind((0, _LINKS | _ADDRESSES | _ROUTES))

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; return whether anything happened.

        What there is to be read then is read, in a storm a part of it: the rest counts as the next.
        """
        if not select.select([self._socket], [], [], max(0.0, seconds))[0]:
            return False
        for _ in range(_BATCH):
            try:
                self._socket.recv(65536)
            except BlockingIOError:
                break
            except OSError as error:
                # Messages were lost: something happened.
                if error.errno != errno.ENOBUFS:
                    raise
        return True
