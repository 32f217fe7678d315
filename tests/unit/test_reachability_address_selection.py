"""The examples of RFC 6724 §10, and what containers meet."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from wizard.probes.address_selection import (
    GLIBC,
    MUSL,
    POLICIES,
    RFC6724,
    Candidate,
    Policy,
    _decide,
    explanation,
    prefer,
    summary,
)


def candidate(destination: str, source: str | None) -> Candidate:
    return Candidate(ip_address(destination), ip_address(source) if source else None)


# RFC 6724 §10.2: the better destination first, with the source the RFC gives for each.
EXAMPLES = {
    "prefer matching scope": (
        candidate("2001:db8:1::1", "2001:db8:1::2"),
        candidate("198.51.100.121", "169.254.13.78"),
    ),
    "prefer matching scope, IPv4": (
        candidate("198.51.100.121", "198.51.100.117"),
        candidate("2001:db8:1::1", "fe80::1"),
    ),
    "prefer higher precedence": (
        candidate("2001:db8:1::1", "2001:db8:1::2"),
        candidate("10.1.2.3", "10.1.2.4"),
    ),
    "prefer smaller scope": (
        candidate("fe80::1", "fe80::2"),
        candidate("2001:db8:1::1", "2001:db8:1::2"),
    ),
    "longest matching prefix": (
        candidate("2001:db8:1::1", "2001:db8:1::2"),
        candidate("2001:db8:3ffe::1", "2001:db8:3f44::2"),
    ),
    "prefer matching label": (
        candidate("2002:c633:6401::1", "2002:c633:6401::2"),
        candidate("2001:db8:1::1", "2002:c633:6401::2"),
    ),
    "prefer higher precedence, 6to4": (
        candidate("2001:db8:1::1", "2001:db8:1::2"),
        candidate("2002:c633:6401::1", "2002:c633:6401::2"),
    ),
    "avoid unusable": (
        candidate("198.51.100.121", "198.51.100.117"),
        candidate("2001:db8:1::1", None),
    ),
}


@pytest.mark.parametrize("pair", EXAMPLES.values(), ids=EXAMPLES)
def test_the_rfcs_examples_come_out_in_the_rfcs_order_either_way_round(
    pair: tuple[Candidate, Candidate],
) -> None:
    assert _decide(*pair, RFC6724)[0] < 0
    assert _decide(*pair[::-1], RFC6724)[0] > 0


def test_what_no_rule_tells_apart_keeps_its_order() -> None:
    one, other = (candidate(f"2001:db8:5::{n}", "2001:db8:1::2") for n in (1, 2))
    assert _decide(one, other, RFC6724) == _decide(other, one, RFC6724) == (0, 10)


IPV4 = candidate("203.0.113.53", "172.18.0.2")
ULA = candidate("2001:db8:ffff::53", "fd91:7981:3415::2")
GUA = candidate("2001:db8:ffff::53", "2001:db8:1:2::5")


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_unique_local_source_loses_to_ipv4_by_rule_5_everywhere(policy: Policy) -> None:
    preference = prefer(ULA, IPV4, policy)
    assert (preference.family, preference.rule) == (4, 5)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_a_global_source_wins_over_ipv4_by_rule_6_everywhere(policy: Policy) -> None:
    preference = prefer(GUA, IPV4, policy)
    assert (preference.family, preference.rule) == (6, 6)


def test_between_unique_local_addresses_glibc_differs_from_the_rfc() -> None:
    inside = candidate("fd91:7981:3415::9", "fd91:7981:3415::2")
    assert prefer(inside, IPV4, RFC6724).family == 4, "its precedence is 3"
    assert prefer(inside, IPV4, MUSL).family == 4
    assert prefer(inside, IPV4, GLIBC).family == 6, "its precedence is that of any IPv6"
    assert summary(inside, IPV4) == (
        "IPv4 first with RFC 6724, IPv6 first with glibc, IPv4 first with musl"
    )
    assert explanation(inside, IPV4).startswith("Which family a dual-stack server is reached over")


def test_the_sentence_about_a_unique_local_source_names_the_rule_and_the_exception() -> None:
    assert summary(ULA, IPV4) == "IPv4 first (RFC 6724 rule 5, prefer matching label)"
    assert explanation(ULA, IPV4) == (
        "A program that follows RFC 6724, glibc and musl included, reaches a dual-stack server "
        "over IPv4 (its source is a unique local address: rule 5, prefer matching label). "
        "Mastodon sorts addresses itself and tries IPv6 first. "
        "Servers that have IPv6 alone are reached over IPv6."
    )


def test_the_other_sentences() -> None:
    no_ipv6 = Candidate(IPv6Address("2001:db8::1"), None)
    no_ipv4 = Candidate(IPv4Address("192.0.2.1"), None)
    assert "over IPv6" in explanation(GUA, IPV4)
    assert explanation(no_ipv6, IPV4).endswith("because IPv6 has no way out.")
    assert explanation(ULA, no_ipv4).endswith("because IPv4 has no way out.")
    assert summary(no_ipv6, no_ipv4) == "neither family has a way out"


@pytest.mark.parametrize(
    ("address", "labels"),
    [
        ("::1", (0, 0, 0)),
        ("2001:db8::1", (1, 1, 1)),
        ("2002::1", (2, 2, 2)),
        ("2001::1", (5, 7, 5)),
        ("fd00::1", (13, 6, 13)),
        ("fec0::1", (11, 5, 1)),
        ("192.0.2.1", (4, 4, 4)),
    ],
)
def test_labels_are_those_of_the_three_tables(address: str, labels: tuple[int, ...]) -> None:
    assert tuple(policy.label(ip_address(address)) for policy in POLICIES) == labels
