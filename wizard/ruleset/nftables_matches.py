"""Whether a packet is what a rule of nftables asks for (libnftables-json(5), STATEMENTS)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range
from typing import Any

from wizard.ruleset.chains import Packet
from wizard.ruleset.ranges import Ranges

NAMES = {4: ("ip", {"ipv4", "ip"}), 6: ("ip6", {"ipv6", "ip6"})}
"""The family of a version of IP, which is also the name of its header, and what it is called."""
_PROTOCOLS = {"tcp": ("tcp", 6), "udp": ("udp", 17)}
"""What a protocol is called, and its number (IANA, Protocol Numbers)."""
_OTHER_HEADERS = ("icmp", "icmpv6", "arp", "sctp", "dccp")
"""Those that no packet that is asked about has."""
_ANY = "*"
"""What stands in a set or map for all that it does not name (nft(8), SETS)."""
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
    """Return whether a packet is what a match asks for; None also where that cannot be read."""
    try:
        left, values = match["left"], _values(match["right"], sets)
        if not isinstance(left, dict):
            return None
        if not _has_header(left, packet):
            # Such a rule is passed over whatever it compares: nft has it ask for the protocol
            # first, and does not list that (nft(8), PAYLOAD EXPRESSIONS).
            return False
        holds = None if values is None else _holds(left, values, packet)
        if holds is None or match["op"] not in ("==", "in", "!="):
            return None
        return not holds if match["op"] == "!=" else holds
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None


def _has_header(left: Mapping[str, Any], packet: Packet) -> bool:
    """Return whether a packet has every header of which fields are asked."""
    (kind,) = left
    of = left[kind]
    if kind == "concat":
        return all(_has_header(each, packet) for each in of)
    if kind != "payload" or "tunnel" in of:
        return True
    protocol = of.get("protocol")
    if protocol in ("tcp", "udp"):
        return bool(protocol == packet.protocol)
    if protocol in ("ip", "ip6"):
        return bool(protocol == NAMES[packet.version][0])
    return protocol not in _OTHER_HEADERS


def _holds(left: Mapping[str, Any], values: Held, packet: Packet) -> bool | None:
    (kind,) = left
    of = left[kind]
    if _ANY in values:
        return True
    if kind == "concat":
        return _together(of, values, packet)
    if values.is_joined:
        return None
    if kind == "meta":
        return _meta(of["key"], values, packet)
    if kind == "ct" and of.get("key") == "state" and set(map(str, values)) <= _STATES:
        return None if packet.state is None else packet.state in values
    if kind == "ct" and of.get("key") == "status" and set(map(str, values)) <= {"dnat", "snat"}:
        return _status(values, packet)
    return _payload(of, values, packet) if kind == "payload" else None


def _status(values: Sequence[Any], packet: Packet) -> bool | None:
    """Return whether connection tracking says one of ``dnat`` and ``snat`` of a packet."""
    if not packet.outgoing:
        return None
    if packet.redirected and "dnat" in values:
        return True
    return None if packet.may_be_of_translated and "snat" in values else False


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
            return _among(values, _PROTOCOLS[packet.protocol])
        case "nfproto" | "protocol":
            return _among(values, NAMES[packet.version][1])
    return None


def _named(interface: str, names: Sequence[Any]) -> bool:
    return any(
        interface.startswith(each[:-1]) if each.endswith("*") else interface == each
        for each in map(str, names)
    )


def _among(values: Sequence[Any], names: Collection[Any]) -> bool | None:
    """Return whether a name is among values; None where a range or the like may hold it."""
    if any(each in names for each in values if not isinstance(each, dict)):
        return True
    return None if any(isinstance(each, dict) for each in values) else False


def _payload(of: Mapping[str, Any], values: Held, packet: Packet) -> bool | None:
    """Return whether a field holds one of the values, of a header that the packet has."""
    protocol, field = of.get("protocol"), of.get("field")
    if "tunnel" in of:
        return None
    if protocol in ("tcp", "udp", "th"):
        return _in(values, packet.port) if field == "dport" else None
    if protocol == "ether":
        return _among(values, NAMES[packet.version][1]) if field == "type" else None
    if protocol not in ("ip", "ip6"):
        return None
    if field in ("nexthdr", "protocol"):
        return _among(values, _PROTOCOLS[packet.protocol])
    if not packet.outgoing:
        # A stranger is none of those whom somebody names.
        return False if field == "saddr" else None
    known = {"saddr": packet.source, "daddr": packet.target}.get(str(field))
    return values.addresses.hold(known) if known and values.addresses else None


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
