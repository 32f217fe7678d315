"""Tells when the kernel's nftables change, whoever changes them (NFNLGRP_NFTABLES)."""

from __future__ import annotations

import errno
import socket

_NETLINK_NETFILTER = 12
_NFNLGRP_NFTABLES = 7
"""linux/netfilter/nfnetlink.h."""


_BATCH = 1000
"""Messages that are read at once: in a storm they come as fast as they are read."""


def listen() -> socket.socket | None:
    """Return a socket that can be read when something changed, or None where there is none.

    The legacy ip6tables changes nothing that it hears of.
    """
    try:
        news = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_NETFILTER
        )
        news.bind((0, 1 << (_NFNLGRP_NFTABLES - 1)))
    except OSError:
        return None
    return news


def drain(news: socket.socket) -> None:
    """Read what there is, in a storm a part of it.

    What it says does not matter, for the tables are looked at.
    """
    try:
        for _ in range(_BATCH):
            news.recv(1 << 16)
    except OSError as error:
        # Lost messages mean a change as well.
        if error.errno not in (errno.EAGAIN, errno.ENOBUFS):
            raise
