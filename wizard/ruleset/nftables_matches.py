"""Whether a packet is what a rule of nftables asks for (libnftables-json(5), STATEMENTS)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range
from typing import Any

from wizard.ruleset.chains import Packet
from wizard.ruleset.ranges import Ranges

NAMES = {4: ("ip", {"ipv4", "ip"}), 6: ("ip6", {"ipv6", "ip6"})}
"""The family of a version of IP, which is also the name of its header, and what it is called."""
_STATES = {"established", "related", "invalid", "untracked", "new"}


class Held(list[Any]):
    """What a set, a map or a list of a rule holds; what is made of it is made once."""

    @cached_property
    def is_plain(self) -> bool:
        """Whether every element is understood."""
        known = {"range", "prefix", "concat"}
        return not any(isinstance(each, dict) and set(each) - known for each in self)

    @cached_property
    def is_joined(self) -> bool:
        """Whether an element is a concatenation."""
        return any(has(each, "concat") for each in self)

    @cached_property
    def addresses(self) -> Ranges | None:
        """The addresses that the elements are; None where one is none."""
        try:
            return Ranges(_networks(self))
        except (ValueError, TypeError):
            return None


def has(value: object, key: str) -> bool:
    """Return whether a value is an object with one key alone, which says what it is."""
    return isinstance(value, dict) and set(value) == {key}


Sets = Mapping[str, Held | None]
"""What sets and maps with a name hold, by that name; None where that changes by itself."""


def matches(asked: Sequence[Mapping[str, Any]], sets: Sets, packet: Packet) -> bool | None:
    """Return whether a packet is all that is asked; None where that cannot be told."""
    found = [_one(each["match"], packet, sets) if "match" in each else None for each in asked]
    if False in found:
        return False
    return None if None in found else True


def _one(match: Mapping[str, Any], packet: Packet, sets: Sets) -> bool | None:
    left, right = match["left"], match["right"]
    values = _values(right, sets)
    if not isinstance(left, dict) or values is None:
        return None
    holds = _holds(left, values, packet)
    if holds is None or match["op"] not in ("==", "in", "!="):
        return None
    return not holds if match["op"] == "!=" else holds


def _holds(left: Mapping[str, Any], values: Held, packet: Packet) -> bool | None:
    (kind,) = left
    of = left[kind]
    if kind == "concat":
        return _together(of, values, packet)
    if values.is_joined:
        return None
    if kind == "meta":
        return _meta(of["key"], values, packet)
    if kind == "ct" and of.get("key") == "state" and set(map(str, values)) <= _STATES:
        return None if packet.state is None else packet.state in values
    if kind == "ct" and of.get("key") == "status" and set(map(str, values)) <= {"dnat", "snat"}:
        if packet.outgoing:
            return packet.redirected and "dnat" in values
        return None
    return _payload(of, values, packet) if kind == "payload" else None


def _together(
    parts: Sequence[Mapping[str, Any]], values: Sequence[Any], packet: Packet
) -> bool | None:
    """Return whether all parts of a concatenation hold for one of its values."""
    found: list[bool | None] = []
    for each in values:
        if not has(each, "concat"):
            return None
        pairs = zip(parts, each["concat"], strict=True)
        of_parts = [_holds(part, Held([value]), packet) for part, value in pairs]
        found.append(False if False in of_parts else None if None in of_parts else True)
    return True if True in found else None if None in found else False


def _meta(key: str, values: Sequence[Any], packet: Packet) -> bool | None:
    match key:
        case "iif" | "iifname":
            return _named(packet.interface, values)
        case "oif" | "oifname":
            return _named(packet.outgoing if packet.routed else "", values)
        case "l4proto":
            return packet.protocol in values or {"tcp": 6, "udp": 17}[packet.protocol] in values
        case "nfproto" | "protocol":
            return bool(NAMES[packet.version][1] & set(values))
    return None


def _named(interface: str, names: Sequence[Any]) -> bool:
    return any(
        interface.startswith(each[:-1]) if each.endswith("*") else interface == each
        for each in map(str, names)
    )


def _payload(of: Mapping[str, Any], values: Held, packet: Packet) -> bool | None:
    protocol, field = of.get("protocol"), of.get("field")
    if protocol in ("tcp", "udp", "th"):
        if protocol not in (packet.protocol, "th"):
            return False
        return _in(values, packet.port) if field == "dport" else None
    if protocol == NAMES[packet.version][0]:
        if field in ("nexthdr", "protocol"):
            return packet.protocol in values
        if not packet.outgoing:
            # A stranger is none of those whom somebody names.
            return False if field == "saddr" else None
        known = {"saddr": packet.source, "daddr": packet.target}.get(str(field))
        return values.addresses.hold(known) if known and values.addresses else None
    if protocol == "ether":
        return bool(NAMES[packet.version][1] & set(values)) if field == "type" else None
    # Another protocol's header is not there.
    return False if protocol in ("ip", "ip6", "icmp", "icmpv6", "arp", "sctp", "dccp") else None


def _networks(values: Sequence[Any]) -> Iterator[IPv4Network | IPv6Network]:
    """Yield the networks that values of an address are.

    Raises:
        ValueError: One is no address.
        TypeError: The ends of a range are of two versions.
    """
    for each in values:
        if has(each, "prefix"):
            one = each["prefix"]
            yield ip_network(f"{one['addr']}/{one['len']}", strict=False)
        elif has(each, "range"):
            first, last = map(ip_address, each["range"])
            yield from summarize_address_range(first, last)
        else:
            yield ip_network(str(each))


def _values(right: object, sets: Sets) -> Held | None:
    """Return what a value, or one of a set, may be; None where that is not known."""
    if isinstance(right, str) and right.startswith("@"):
        found = sets.get(right[1:])
    else:
        if isinstance(right, dict) and set(right) == {"set"}:
            right = right["set"]
        values: list[Any] = right if isinstance(right, list) else [right]
        found = Held(each["elem"]["val"] if has(each, "elem") else each for each in values)
    return found if found is not None and found.is_plain else None


def _in(values: Sequence[Any], port: int | None) -> bool | None:
    if port is None:
        return None
    for each in values:
        if isinstance(each, dict):
            first, last = each["range"]
            if int(first) <= port <= int(last):
                return True
        elif str(each) == str(port):
            return True
    return False
