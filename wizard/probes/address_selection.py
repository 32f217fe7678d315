"""Which family a program tries first for a name with both an AAAA and an A record (RFC 6724 §6).

Pure: it is told the destinations and the source the kernel would use for each, and sorts them the
way RFC 6724, glibc or musl would. It asks nobody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network

UNIQUE_LOCAL = IPv6Network("fc00::/7")


@dataclass(frozen=True)
class Candidate:
    """A destination, and the source address a packet to it would have (None: no way there)."""

    destination: IPv4Address | IPv6Address
    source: IPv4Address | IPv6Address | None


@dataclass(frozen=True)
class Policy:
    """A policy table: for each prefix a precedence and a label (RFC 6724 §2.1)."""

    name: str
    precedences: tuple[tuple[IPv6Network, int], ...]
    labels: tuple[tuple[IPv6Network, int], ...]

    def precedence(self, address: IPv4Address | IPv6Address) -> int:
        """Return the precedence of the longest prefix that holds the address."""
        return _longest(self.precedences, address)

    def label(self, address: IPv4Address | IPv6Address) -> int:
        """Return the label of the longest prefix that holds the address."""
        return _longest(self.labels, address)


@dataclass(frozen=True)
class Preference:
    """Which family comes first under one policy, and the number of the rule that decided it."""

    policy: str
    family: int | None
    rule: int


def _policy(name: str, *rows: tuple[str, int, int]) -> Policy:
    networks = [(IPv6Network(prefix), precedence, label) for prefix, precedence, label in rows]
    return Policy(
        name,
        tuple((network, precedence) for network, precedence, _label in networks),
        tuple((network, label) for network, _precedence, label in networks),
    )


RFC6724 = _policy(
    "RFC 6724",
    ("::1/128", 50, 0),
    ("::/0", 40, 1),
    ("::ffff:0:0/96", 35, 4),
    ("2002::/16", 30, 2),
    ("2001::/32", 5, 5),
    ("fc00::/7", 3, 13),
    ("::/96", 1, 3),
    ("fec0::/10", 1, 11),
    ("3ffe::/16", 1, 12),
)
"""The default table of RFC 6724 §2.1."""

GLIBC = _policy(
    "glibc",
    ("::1/128", 50, 0),
    ("::/0", 40, 1),
    ("2002::/16", 30, 2),
    ("::/96", 20, 3),
    ("::ffff:0:0/96", 10, 4),
    ("fec0::/10", 40, 5),
    ("fc00::/7", 40, 6),
    ("2001::/32", 40, 7),
)
"""glibc's built-in tables: RFC 3484's, with labels added for site-local, unique local and Teredo.

Source: glibc, ``default_labels`` and ``default_precedence`` of getaddrinfo.c; ``/etc/gai.conf``
of an image may say otherwise.
"""

MUSL = _policy(
    "musl",
    ("::1/128", 50, 0),
    ("::/0", 40, 1),
    ("::ffff:0:0/96", 35, 4),
    ("2002::/16", 30, 2),
    ("2001::/32", 5, 5),
    ("fc00::/7", 3, 13),
)
"""musl's table: RFC 6724's without the withdrawn prefixes; nothing configures it.

Source: musl, ``defpolicy`` of lookup_name.c.
"""

POLICIES = (RFC6724, GLIBC, MUSL)

RULES = {
    1: "avoid unusable destinations",
    2: "prefer matching scope",
    5: "prefer matching label",
    6: "prefer higher precedence",
    8: "prefer smaller scope",
    9: "use longest matching prefix",
    10: "otherwise, leave the order unchanged",
}
"""The rules' numbers and names in RFC 6724 §6; 3, 4 and 7 ask what a container has none of.

Those are deprecated and home addresses, and encapsulated transport.
"""


def prefer(ipv6: Candidate, ipv4: Candidate, policy: Policy = RFC6724) -> Preference:
    """Say which of the two comes first; the family is None where neither can be used."""
    if ipv6.source is None and ipv4.source is None:
        return Preference(policy.name, None, 1)
    sign, rule = _decide(ipv6, ipv4, policy)
    return Preference(policy.name, 4 if sign > 0 else 6, rule)


def summary(ipv6: Candidate, ipv4: Candidate) -> str:
    """Say in a few words which family a dual-stack name gets."""
    preferences = [prefer(ipv6, ipv4, policy) for policy in POLICIES]
    first = preferences[0]
    if first.family is None:
        return "neither family has a way out"
    if all(one.family == first.family for one in preferences):
        return f"IPv{first.family} first ({_rule_words(preferences)})"
    return ", ".join(f"IPv{one.family} first with {one.policy}" for one in preferences)


def explanation(ipv6: Candidate, ipv4: Candidate) -> str:
    """Say in full sentences which family a dual-stack server is reached over, and why."""
    preferences = [prefer(ipv6, ipv4, policy) for policy in POLICIES]
    families = {one.family for one in preferences}
    if families == {None}:
        return "Neither IPv6 nor IPv4 has a way out, so no server is reached."
    if ipv6.source is None:
        return "A dual-stack server is reached over IPv4, because IPv6 has no way out."
    if ipv4.source is None:
        return "Every server is reached over IPv6, because IPv4 has no way out."
    if families == {6}:
        return (
            "A program that follows RFC 6724, glibc and musl included, reaches a dual-stack "
            f"server over IPv6 ({_rule_words(preferences)})."
        )
    if families == {4}:
        reason = f"rule {preferences[0].rule}, {RULES[preferences[0].rule]}"
        if ipv6.source in UNIQUE_LOCAL and ipv6.destination not in UNIQUE_LOCAL:
            reason = f"its source is a unique local address: {reason}"
        return (
            "A program that follows RFC 6724, glibc and musl included, reaches a dual-stack "
            f"server over IPv4 ({reason}). Mastodon sorts addresses itself and tries IPv6 first. "
            "Servers that have IPv6 alone are reached over IPv6."
        )
    each = ", ".join(
        f"{one.policy} takes IPv{one.family} (rule {one.rule}, {RULES[one.rule]})"
        for one in preferences
    )
    return f"Which family a dual-stack server is reached over depends on the C library: {each}."


def _rule_words(preferences: Sequence[Preference]) -> str:
    rules = sorted({one.rule for one in preferences})
    return "; ".join(f"RFC 6724 rule {rule}, {RULES[rule]}" for rule in rules)


def _decide(one: Candidate, other: Candidate, policy: Policy) -> tuple[int, int]:
    """Return -1, 0 or 1 (one first, no difference, other first) and the rule's number."""
    for number, rule in _RULES:
        sign = rule(one, other, policy)
        if sign:
            return sign, number
    return 0, 10


def _first_if(one: bool, other: bool) -> int:
    return int(other) - int(one)


def _unusable(one: Candidate, other: Candidate, _policy: Policy) -> int:
    return _first_if(one.source is not None, other.source is not None)


def _matching_scope(one: Candidate, other: Candidate, _policy: Policy) -> int:
    return _first_if(_same_scope(one), _same_scope(other))


def _matching_label(one: Candidate, other: Candidate, policy: Policy) -> int:
    return _first_if(_same_label(one, policy), _same_label(other, policy))


def _higher_precedence(one: Candidate, other: Candidate, policy: Policy) -> int:
    return _sign(policy.precedence(other.destination) - policy.precedence(one.destination))


def _smaller_scope(one: Candidate, other: Candidate, _policy: Policy) -> int:
    return _sign(scope(one.destination) - scope(other.destination))


def _longest_prefix(one: Candidate, other: Candidate, _policy: Policy) -> int:
    if one.destination.version != other.destination.version:
        return 0
    return _sign(_common_bits(other) - _common_bits(one))


_RULES: tuple[tuple[int, Callable[[Candidate, Candidate, Policy], int]], ...] = (
    (1, _unusable),
    (2, _matching_scope),
    (5, _matching_label),
    (6, _higher_precedence),
    (8, _smaller_scope),
    (9, _longest_prefix),
)


def scope(address: IPv4Address | IPv6Address) -> int:
    """Return an address's scope as a number, larger for wider (RFC 6724 §3.1, §3.2).

    2 is link-local, 5 site-local, 14 global. Private IPv4 addresses count as global.
    """
    if isinstance(address, IPv4Address):
        return 2 if address.is_link_local or address.is_loopback else 14
    if address.is_multicast:
        return address.packed[1] & 0x0F
    if address.is_link_local or address.is_loopback:
        return 2
    return 5 if address.is_site_local else 14


def _same_scope(candidate: Candidate) -> bool:
    source = candidate.source
    return source is not None and scope(source) == scope(candidate.destination)


def _same_label(candidate: Candidate, policy: Policy) -> bool:
    source = candidate.source
    return source is not None and policy.label(source) == policy.label(candidate.destination)


def _common_bits(candidate: Candidate) -> int:
    if candidate.source is None:
        return 0
    difference = int(candidate.source) ^ int(candidate.destination)
    common = candidate.destination.max_prefixlen - difference.bit_length()
    # The prefix length of the source is not known here; 64 is an interface's (RFC 6724 §2.2).
    return min(common, 64)


def _longest(table: tuple[tuple[IPv6Network, int], ...], address: IPv4Address | IPv6Address) -> int:
    if isinstance(address, IPv4Address):
        address = IPv6Address((0xFFFF << 32) | int(address))
    holding = [(network.prefixlen, value) for network, value in table if address in network]
    return max(holding)[1]


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
