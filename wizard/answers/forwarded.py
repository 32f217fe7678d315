"""The packets of containers that a host has to forward, and what matches them in nftables."""

from collections.abc import Sequence
from ipaddress import IPv6Network

from wizard.answers.choices import Choices
from wizard.answers.prefixes import LOCALLY_ASSIGNED
from wizard.ruleset.chains import Network, Packet

GLOBAL = IPv6Network("2000::/3")
"""All that is assigned as yet (IANA, IPv6 Global Unicast Address Space)."""

Named = tuple[str, Packet]
"""A packet after what it is in words."""


def packets(
    bridge: str, uplink: str, choices: Choices | None, *, public: bool
) -> tuple[Named, ...]:
    """Return the packets that have to pass; what the containers send is the first.

    Containers have addresses of the prefix, which private ones keep until they are forwarded.
    """
    own = choices.prefix if choices else None
    sent = Packet(bridge, "tcp", 443, uplink, source=own, translated=not public)
    answer = Packet(uplink, "tcp", None, bridge, "established", target=own, translated=not public)
    asked = Packet(uplink, "tcp", None, bridge, target=own)
    common = (("what the containers send", sent), ("the answers to them", answer))
    return (*common, ("what comes in to them", asked)) if public else common


def lines(hook: str, bridge: str, stopped: Sequence[Packet]) -> list[str]:
    """Return the rules that accept packets in a chain of a hook, beside one of forward."""
    return list(dict.fromkeys(f"{_match(hook, bridge, each)} accept" for each in stopped))


def _match(hook: str, bridge: str, packet: Packet) -> str:
    if packet.interface == bridge:
        by_source = hook in ("postrouting", "egress")
        return f"ip6 saddr {source(packet)}" if by_source else f'iifname "{bridge}"'
    if hook == "postrouting":
        return f'oifname "{bridge}"'
    return f"ip6 daddr {packet.target or GLOBAL}"


def source(packet: Packet) -> Network:
    """Return where what containers send comes from: any such address while none is chosen."""
    return packet.source or (LOCALLY_ASSIGNED if packet.translated else GLOBAL)
