"""Proxy entries for the addresses of today, for whoever wants no service."""

from collections.abc import Iterable
from ipaddress import IPv6Address

PROTOCOL = 147
"""The mark of fixed entries. Not the service's, which would take them for its own."""


def commands(uplink: str, addresses: Iterable[IPv6Address]) -> tuple[tuple[str, ...], ...]:
    """Return the commands that make the kernel answer for addresses, one each, in order.

    They may run again at any time: an entry that is there stays as it is.
    """
    mark = ("protocol", str(PROTOCOL))
    return tuple(
        ("ip", "-6", "neigh", "replace", "proxy", str(address), "dev", uplink, *mark)
        for address in sorted(set(addresses))
    )


def undo_commands(uplink: str, addresses: Iterable[IPv6Address]) -> tuple[tuple[str, ...], ...]:
    """Return the commands that take the entries of :func:`commands` away again."""
    return tuple(
        ("ip", "-6", "neigh", "del", "proxy", str(address), "dev", uplink)
        for address in sorted(set(addresses))
    )
