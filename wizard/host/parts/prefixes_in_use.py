"""Every prefix that an address or a route of the host covers."""

from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network

from wizard.host.netlink import Message, Snapshot, attribute
from wizard.host.part import Part

_TABLE_LOCAL = 255

# A route that wide says where all the rest goes (0.0.0.0/1, 2000::/3, or the "unreachable
# fc00::/7" that routers keep), not that somebody uses what it covers.
_SHORTEST = {4: 8, 6: 9}


def parse(snapshot: Snapshot) -> tuple[IPv4Network | IPv6Network, ...]:
    """Tell the prefixes from what the kernel answered, each once, IPv4 first, in order.

    Default routes, loopback, link-local and multicast prefixes are left out.
    """
    prefixes = [_of_address(message) for message in snapshot.addresses]
    prefixes += [
        _of_route(route)
        for route in snapshot.routes
        if (attribute(route, "RTA_TABLE") or route["table"]) != _TABLE_LOCAL
        and attribute(route, "RTA_DST")
    ]
    kept = {prefix for prefix in prefixes if _is_in_use(prefix)}
    return tuple(
        sorted(kept, key=lambda one: (one.version, int(one.network_address), one.prefixlen))
    )


def _of_address(message: Message) -> IPv4Network | IPv6Network:
    own = attribute(message, "IFA_LOCAL") or attribute(message, "IFA_ADDRESS")
    return ip_interface(f"{own}/{message['prefixlen']}").network


def _of_route(route: Message) -> IPv4Network | IPv6Network:
    return ip_network(f"{attribute(route, 'RTA_DST')}/{route['dst_len']}", strict=False)


def _is_in_use(prefix: IPv4Network | IPv6Network) -> bool:
    return prefix.prefixlen >= _SHORTEST[prefix.version] and not (
        prefix.is_link_local or prefix.is_multicast or prefix.is_loopback
    )


PART = Part(
    lambda host: host.prefixes_in_use,
    label="Prefixes in use",
    find=lambda search: parse(search.netlink.snapshot()),
    words=lambda prefixes: (", ".join(map(str, prefixes)) or "none", "ok"),
)
