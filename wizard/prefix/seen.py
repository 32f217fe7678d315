"""The prefixes of the uplink as the kernel lists them, cheap enough to be read at every change."""

from wizard.probes import kernel_tables

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
    listed = kernel_tables.parse_routes(routes)
    uplinks = {each.interface for each in listed if each.default}
    found: set[Prefix] = {
        (
            each["interface"],
            each["address"],
            each["prefix_length"],
            bool(each["flags"] & kernel_tables.IFA_F_DEPRECATED),
        )
        for each in kernel_tables.parse_addresses(addresses)
        if each["interface"] in uplinks
        and each["scope"] == kernel_tables.GLOBAL
        and not each["flags"] & (_USABLE_NOT | kernel_tables.IFA_F_TEMPORARY)
    }
    found |= {
        (each.interface, each.destination, each.length, False)
        for each in listed
        if each.interface in uplinks
        and each.on_link
        and each.destination.startswith(("2", "3"))
        and 0 < each.length < 128
    }
    return frozenset(found)
