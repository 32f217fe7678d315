"""What a match of nftables says of a packet: yes, no, or nobody can tell; never an exception."""

from dataclasses import replace
from ipaddress import IPv6Network
from typing import Any

import pytest

from tests.unit.test_chains_on_the_way import ACCEPT, DROP, asks, listed, meta, prefix
from wizard.ruleset import ip6tables, nftables
from wizard.ruleset.chains import Packet

SENT = Packet(*("br-ipv6", "tcp", 443, "eth0"), source=IPv6Network("fd00:1::/64"), translated=True)
ANSWER = Packet(*("eth0", "tcp", None, "br-ipv6", "established"), translated=True)
SENT4 = replace(SENT, source=None, version=4)


def field(protocol: str, name: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": name}}


def stops(match: dict[str, Any], packet: Packet = SENT) -> bool | None:
    return dropped([match, DROP], packet=packet)


def dropped(
    *rules: list[dict[str, Any]], packet: Packet = SENT, policy: str = "accept"
) -> bool | None:
    (chain,) = nftables.chains(listed("forward", 0, *rules, policy=policy), "forward")
    return chain.stops(packet)


UDP, TCP = field("udp", "dport"), field("tcp", "dport")
IPV4, IPV6 = field("ip", "saddr"), field("ip6", "saddr")
ETHER = field("ether", "type")


@pytest.mark.parametrize(
    ("left", "right", "packet"),
    [
        (UDP, 53, SENT),
        (UDP, {"range": [1, 99]}, SENT),
        (UDP, "@not-listed", SENT),
        (TCP, 53, replace(SENT, protocol="udp")),
        (IPV4, prefix("10.0.0.0", 8), SENT),
        (field("ip", "protocol"), "tcp", SENT),
        (IPV6, prefix("fc00::", 7), SENT4),
        (field("ip6", "nexthdr"), "tcp", SENT4),
        (field("icmpv6", "type"), {"set": ["echo-request", "nd-router-advert"]}, SENT),
        (field("icmp", "type"), "echo-request", SENT4),
        (field("sctp", "dport"), 443, SENT),
        (field("arp", "operation"), "request", SENT),
        ({"concat": [IPV4, TCP]}, {"set": [{"concat": ["192.0.2.1", 22]}]}, SENT),
        ({"concat": [IPV6, UDP]}, {"set": [{"concat": ["2001:db8::1", 53]}]}, SENT),
    ],
)
@pytest.mark.parametrize("op", ["==", "in", "!=", "<"])
def test_what_asks_of_a_header_that_is_not_there_matches_nothing_whatever_it_compares(
    left: dict[str, Any], right: object, packet: Packet, op: str
) -> None:
    assert stops(asks(left, right, op), packet) is False


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (asks(TCP, 53, "!="), True),
        (asks(TCP, 443, "!="), False),
        (asks(IPV6, prefix("2001:db8::", 32), "!="), True),
        (asks(field("ip6", "nexthdr"), "udp", "!="), True),
        (meta("l4proto", "icmpv6", "!="), True),
        (asks({"concat": [IPV6, TCP]}, {"set": [{"concat": ["2001:db8::1", 22]}]}, "!="), True),
        # Inside of what a tunnel carries, which is not looked into.
        (asks({"payload": {"tunnel": "vxlan", "protocol": "ip6", "field": "saddr"}}, "::1"), None),
    ],
)
def test_of_a_header_that_is_there_the_inverse_counts(
    rule: dict[str, Any], expected: bool | None
) -> None:
    assert stops(rule) is expected


@pytest.mark.parametrize(("key", "expected"), [(UDP, False), (TCP, True), (IPV4, False)])
def test_a_map_says_what_becomes_of_all_others_that_have_the_header(
    key: dict[str, Any], expected: bool
) -> None:
    mapped = {"vmap": {"key": key, "data": {"set": [[22, ACCEPT], ["*", DROP]]}}}
    assert dropped([mapped]) is expected


def test_a_set_may_hold_all_others() -> None:
    assert stops(asks(TCP, {"set": [22, "*"]})) is True


RANGE = {"range": [0, 1535]}


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (ETHER, RANGE, None),
        (ETHER, {"set": ["ip6", RANGE]}, True),
        (ETHER, "arp", False),
        ({"meta": {"key": "protocol"}}, RANGE, None),
        ({"meta": {"key": "nfproto"}}, RANGE, None),
        ({"meta": {"key": "l4proto"}}, {"range": [1, 17]}, None),
        (field("ip6", "nexthdr"), {"range": [1, 17]}, None),
        (TCP, prefix("400", 6), None),
        (TCP, {"range": ["a", "b"]}, None),
        (TCP, {"range": 3}, None),
        ({"meta": None}, "eth0", None),
        ({"meta": {}}, "eth0", None),
        ({"ct": "state"}, "new", None),
        ({"payload": "tcp"}, 1, None),
        ({"concat": ["tcp", 3]}, 1, None),
        ({"concat": [TCP]}, {"set": [{"concat": [1, 2]}]}, None),
        ({"one": 1, "two": 2}, 1, None),
        ({}, 1, None),
        (TCP, {"set": [{"elem": {}}]}, None),
    ],
)
def test_what_cannot_be_read_is_not_known(
    left: dict[str, Any], right: object, expected: bool | None
) -> None:
    assert stops(asks(left, right)) is expected


@pytest.mark.parametrize("match", [{}, None, 3, {"left": TCP}, {"left": TCP, "right": 443}])
def test_nor_is_what_is_no_match(match: object) -> None:
    assert stops({"match": match}) is None


STATUS = {"ct": {"key": "status"}}


@pytest.mark.parametrize(
    ("named", "packet", "expected"),
    [
        ("snat", ANSWER, None),
        (["dnat", "snat"], ANSWER, None),
        ("dnat", ANSWER, True),
        ("snat", replace(ANSWER, translated=False), True),
        ("snat", SENT, True),
        # Behind the translation its source is not known.
        ("snat", replace(SENT, source=None), None),
        (["dnat", "snat"], replace(SENT, translated=False, redirected=True), False),
    ],
)
def test_answers_to_translated_packets_may_be_let_in_by_that(
    named: object, packet: Packet, expected: bool | None
) -> None:
    accepting = asks(STATUS, named, "in"), ACCEPT
    assert dropped([*accepting], packet=packet, policy="drop") is expected
    words = named if isinstance(named, list) else [named]
    states = ",".join(map(str.upper, words))
    saved = f"*filter\n:FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate {states} -j ACCEPT\n"
    assert ip6tables.closes(f"{saved}COMMIT\n", packet) is expected


def test_what_is_not_known_of_one_rule_leaves_the_others() -> None:
    rules = [asks(ETHER, RANGE), DROP], [meta("iifname", "br-ipv6"), DROP]
    assert dropped(*rules) is True
    assert dropped(*rules, packet=ANSWER) is None
