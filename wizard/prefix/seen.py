"""The prefixes of the uplink as the kernel lists them, cheap enough to be read at every change."""

from wizard.probes import kernel_tables

_DEPRECATED = 0x20
_USABLE_NOT = kernel_tables.IFA_F_TENTATIVE | kernel_tables.IFA_F_DADFAILED
"""Flags of an address (linux/if_addr.h)."""

Prefix = tuple[str, str, int, bool]
"""An interface, an address or the prefix of a route, its length, and whether it is deprecated."""


def prefixes(addresses: str, routes: str) -> frozenset[Prefix]:
    """Return what the interfaces of default routes have, whatever of it can move.

    Args:
        addresses: The text of /proc/net/if_inet6.
        routes: That of /proc/net/ipv6_route.
    """
    uplinks = {each.interface for each in kernel_tables.parse_routes(routes) if each.default}
    found: set[Prefix] = {
        (
            each["interface"],
            each["address"],
            each["prefix_length"],
            bool(each["flags"] & _DEPRECATED),
        )
        for each in kernel_tables.parse_addresses(addresses)
        if each["interface"] in uplinks
        and each["scope"] == kernel_tables.GLOBAL
        and not each["flags"] & (_USABLE_NOT | kernel_tables.IFA_F_TEMPORARY)
    }
    for words in map(str.split, routes.splitlines()):
        # Destination, its length, and the next hop, all hexadecimal, come first, the name last.
        if len(words) >= 10 and words[9] in uplinks and not int(words[4], 16):
            length = int(words[1], 16)
            if words[0].startswith(("2", "3")) and 0 < length < 128:
                found.add((words[9], words[0], length, False))
    return frozenset(found)
