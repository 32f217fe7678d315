"""Finds a host whose own addresses are all deprecated, which a new bridge would leave without."""

from collections.abc import Mapping

from wizard.host.host import Address, Host, Manager, Origin, Unknown
from wizard.host.obstacle import Cause, Obstacle
from wizard.platform.text import clean_line

_FOR_GOOD: Mapping[Manager, str] = {
    Manager.IFUPDOWN: (
        "take “preferred-lifetime 0”, or “preferred_lft 0” in an “up” line, out of "
        "/etc/network/interfaces and the files below /etc/network/interfaces.d, and where the "
        "address is that of an alias, which ifupdown gives such a lifetime, write “iface eth0 "
        "inet6” in place of “iface eth0:0 inet6”"
    ),
    Manager.NETWORKD: (
        "take “PreferredLifetime=0” out of its file below /etc/systemd/network, or “lifetime: 0” "
        "out of its file below /etc/netplan"
    ),
}
"""Where each program is told of it; see interfaces(5) and systemd.network(5)."""


def obstacles(host: Host) -> list[Obstacle]:
    """Return an obstacle where every address of the uplink is deprecated, with what mends it.

    The kernel takes a deprecated address for a source only where there is no other (RFC 6724 §5,
    rule 3): as soon as a bridge has one, the host would speak with that and get no answer.
    """
    uplink = host.uplink
    if isinstance(uplink, Unknown) or not uplink.addresses:
        return []
    if not all(address.deprecated for address in uplink.addresses):
        return []
    address = next((each for each in uplink.addresses if not each.temporary), uplink.addresses[0])
    interface = clean_line(uplink.interface)
    command = f"ip -6 address change {address.interface} dev {interface} preferred_lft forever"
    return [
        Obstacle(
            Cause.ADDRESS_DEPRECATED,
            f"The address {address.interface.ip} of {interface} is deprecated: its preferred "
            "lifetime is 0. As soon as a bridge for containers has an IPv6 address, this host "
            "would speak with that one instead, and lose its own IPv6.",
            f"For good, {_for_good(address, host)}. First type:",
            (command,),
        )
    ]


def _for_good(address: Address, host: Host) -> str:
    if address.origin is not Origin.STATIC:
        return (
            f"see why it comes so by {address.origin}: the line lasts until the next message, so "
            "ask the provider, or configure the address yourself"
        )
    manager = None if isinstance(host.manager, Unknown) else host.manager
    place = _FOR_GOOD.get(
        manager or Manager.KERNEL,
        "take the lifetime of 0 out of what sets this address at boot",
    )
    files = () if isinstance(host.network_files, Unknown) else host.network_files
    written = [
        f" ({clean_line(each.path)} is written by {each.writer}: {clean_line(each.instead)})"
        for each in files
        if each.writer
    ]
    return place + "".join(written)
