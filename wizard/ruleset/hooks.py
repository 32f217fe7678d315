"""The hooks that a forwarded packet passes, and what can be told of it at each."""

from dataclasses import replace

from wizard.ruleset.chains import Packet

WAY = ("ingress", "prerouting", "forward", "postrouting", "egress")
"""In the order in which they are passed (nft(8), ADDRESS FAMILIES)."""

TABLES = (
    ("raw", "PREROUTING", -300),
    ("mangle", "PREROUTING", -150),
    ("mangle", "FORWARD", -150),
    ("security", "FORWARD", 50),
    ("mangle", "POSTROUTING", -150),
)
"""The chains of ip6tables beside FORWARD of its filter table in which such a packet can be dropped,
with their priorities (linux/netfilter_ipv6.h, NF_IP6_PRI_*); the table nat drops nothing."""

_IN = ("ingress", "prerouting")
_TRACKING, _SOURCE = -200, 100
"""Where connection tracking begins, and where the source is translated (the same file)."""


def is_told_apart(packet: Packet, hook: str) -> bool:
    """Whether a packet is not one to the host itself there, as far as can be seen.

    What answers translated packets comes to the host's own address, as all answers to it do, and
    so does what it sends on to another.
    """
    to_host = packet.redirected or (packet.translated and packet.state == "established")
    return not (to_host and hook in _IN)


def at(packet: Packet, hook: str, priority: int) -> Packet:
    """Return a forwarded packet as a chain of a hook sees it; what cannot be told there is None."""
    if hook in _IN:
        early = hook == "ingress" or priority <= _TRACKING
        return replace(packet, routed=False, state=None if early else packet.state)
    if packet.translated and (hook == "egress" or (hook == "postrouting" and priority >= _SOURCE)):
        return replace(packet, source=None)
    return packet
