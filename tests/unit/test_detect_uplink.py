import socket
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface, ip_network
from typing import Any

import pytest

from tests.unit.recorded import DEBIAN12, DEBIAN12_2017, DEBIAN13, DEBIAN14, EVERY, answer
from wizard.host.host import Address, Origin
from wizard.host.looking import CannotTell
from wizard.host.netlink import Snapshot
from wizard.host.obstacle import Cause
from wizard.host.parts import prefixes_in_use
from wizard.host.parts.uplink import index_of, parse

PERMANENT, MANAGES_TEMPORARY, TEMPORARY = 0x80, 0x100, 0x01
DEPRECATED, DAD_FAILED, NO_PREFIX_ROUTE = 0x20, 0x08, 0x200

LINKS = [
    {"index": index, "attrs": [["IFLA_IFNAME", name], ["IFLA_MTU", 1500]]}
    for index, name in enumerate(("lo", "eth0", "eth1"), start=1)
]


def snapshot(machine: str) -> Snapshot:
    return Snapshot(**answer(machine, "netlink"))


def default(gateway: str | None, interface: int = 2, **fields: Any) -> dict[str, Any]:
    attributes = [
        ["RTA_TABLE", fields.pop("table", 254)],
        ["RTA_PRIORITY", fields.pop("metric", 1024)],
    ]
    if gateway:
        attributes.append(["RTA_GATEWAY", gateway])
    if "hops" in fields:
        attributes.append(["RTA_MULTIPATH", fields.pop("hops")])
    else:
        attributes.append(["RTA_OIF", interface])
    return {
        "family": socket.AF_INET6,
        "dst_len": 0,
        "src_len": 0,
        "table": 254,
        "proto": 3,
        "type": 1,
        "flags": 0,
        "attrs": attributes,
    } | fields


def address(text: str, flags: int, interface: int = 2, **attributes: Any) -> dict[str, Any]:
    ip, _, length = text.partition("/")
    return {
        "family": socket.AF_INET6,
        "prefixlen": int(length),
        "flags": flags & 0xFF,
        "scope": 0,
        "index": interface,
        "attrs": [["IFA_ADDRESS", ip], ["IFA_FLAGS", flags], *map(list, attributes.items())],
    }


def origin_of(text: str, flags: int, **attributes: Any) -> Address:
    found = parse(Snapshot(LINKS, [address(text, flags, **attributes)], [default("fe80::1")]))
    return found.addresses[0]


def test_a_real_static_uplink() -> None:
    uplink = parse(snapshot(DEBIAN12))
    assert (uplink.interface, uplink.mtu) == ("eth0", 1500)
    assert uplink.gateway == IPv6Address("2001:db8:1:2::1")
    assert uplink.route_origin is Origin.STATIC
    assert uplink.addresses == (Address(IPv6Interface("2001:db8:1:2::10/64"), Origin.STATIC),)


@pytest.mark.parametrize("machine", [DEBIAN12_2017, DEBIAN13, DEBIAN14])
def test_a_real_uplink_by_advertisement_from_the_kernel_and_from_networkd(machine: str) -> None:
    uplink = parse(snapshot(machine))
    assert uplink.gateway == IPv6Address("fe80::1")
    assert uplink.route_origin is Origin.ADVERTISEMENT
    (found,) = uplink.addresses
    assert found.interface.network == ip_network("2001:db8:1:2::/64")
    assert found.origin is Origin.ADVERTISEMENT
    assert not found.temporary


def test_no_default_route_says_what_to_do() -> None:
    with pytest.raises(CannotTell, match=r"no IPv6 default route.*Set up IPv6 on the host first"):
        parse(Snapshot(LINKS, [], []))


@pytest.mark.parametrize(
    "route",
    [
        default(None, type=7, interface=1),
        default("fe80::1", family=socket.AF_INET),
        default("fe80::1", table=100),
        default("fe80::1", src_len=64),
        default("fe80::1", dst_len=64),
        default("fe80::1", flags=1),
        default("fe80::1", interface=99),
    ],
    ids=["unreachable", "IPv4", "other table", "source", "no default", "dead", "no interface"],
)
def test_what_only_looks_like_a_default_route_is_none(route: dict[str, Any]) -> None:
    with pytest.raises(CannotTell):
        parse(Snapshot(LINKS, [], [route]))


def test_a_route_for_packets_of_one_source_is_said_with_the_one_that_is_missing() -> None:
    route = default("fe80::1", src_len=64)
    route["attrs"].append(["RTA_SRC", "2001:db8:1:2::"])
    with pytest.raises(CannotTell) as raised:
        parse(Snapshot(LINKS, [], [route]))
    assert "for packets from 2001:db8:1:2::/64 alone" in str(raised.value)
    assert "ip -6 route add default via fe80::1 dev eth0." in str(raised.value)
    assert raised.value.cause is Cause.NO_DEFAULT_ROUTE


def test_the_lowest_metric_wins_and_ties_keep_the_kernels_order() -> None:
    routes = [
        default("fe80::2", metric=2000),
        default("fe80::3", interface=3, metric=100),
        default("fe80::4", metric=100),
    ]
    assert parse(Snapshot(LINKS, [], routes)).interface == "eth1"


def test_of_several_next_hops_the_first_that_is_alive_is_taken() -> None:
    hops = [
        {"oif": 2, "flags": 1, "attrs": [["RTA_GATEWAY", "fe80::1"]]},
        {"oif": 3, "flags": 0, "attrs": [["RTA_GATEWAY", "fe80::2"]]},
    ]
    uplink = parse(Snapshot(LINKS, [], [default(None, hops=hops)]))
    assert (uplink.interface, uplink.gateway) == ("eth1", IPv6Address("fe80::2"))


def test_a_point_to_point_uplink_has_no_router_and_its_own_address() -> None:
    one = address("2001:db8::2/128", PERMANENT, IFA_LOCAL="2001:db8::1")
    uplink = parse(Snapshot(LINKS, [one], [default(None)]))
    assert uplink.gateway is None
    assert uplink.addresses[0].interface == IPv6Interface("2001:db8::1/128")


@pytest.mark.parametrize(
    ("protocol", "origin"),
    [
        (2, Origin.KERNEL),
        (3, Origin.STATIC),
        (4, Origin.STATIC),
        (9, Origin.ADVERTISEMENT),
        (16, Origin.DHCPV6),
        (186, Origin.STATIC),
    ],
)
def test_the_protocol_of_a_route_says_how_it_came(protocol: int, origin: Origin) -> None:
    found = parse(Snapshot(LINKS, [], [default("fe80::1", proto=protocol)]))
    assert found.route_origin is origin


def test_the_flags_of_an_address_say_how_it_came() -> None:
    assert origin_of("2001:db8::1/64", PERMANENT).origin is Origin.STATIC
    assert origin_of("2001:db8::1/64", MANAGES_TEMPORARY).origin is Origin.ADVERTISEMENT
    assert origin_of("2001:db8::1/64", 0, IFA_PROTO=2).origin is Origin.ADVERTISEMENT
    assert origin_of("2001:db8::1/64", NO_PREFIX_ROUTE).origin is Origin.ADVERTISEMENT
    assert origin_of("2001:db8::1/128", NO_PREFIX_ROUTE).origin is Origin.DHCPV6
    temporary = origin_of("2001:db8::1/64", TEMPORARY | DEPRECATED)
    assert (temporary.origin, temporary.temporary, temporary.deprecated) == (
        Origin.ADVERTISEMENT,
        True,
        True,
    )


def test_other_interfaces_link_local_and_duplicate_addresses_are_left_out() -> None:
    addresses = [
        address("2001:db8::1/64", PERMANENT, interface=3),
        address("fe80::1/64", PERMANENT) | {"scope": 253},
        address("2001:db8::2/64", PERMANENT | DAD_FAILED),
    ]
    assert parse(Snapshot(LINKS, addresses, [default("fe80::1")])).addresses == ()


def test_an_interface_is_found_again_by_its_name_as_shown() -> None:
    links = [{"index": 7, "attrs": [["IFLA_IFNAME", "a\x1b"], ["IFLA_MTU", 1280]]}]
    assert index_of(r"a\x1b", links) == 7
    with pytest.raises(CannotTell, match="has gone"):
        index_of("eth9", links)


@pytest.mark.parametrize("machine", EVERY)
def test_prefixes_in_use_on_a_real_machine(machine: str) -> None:
    found = prefixes_in_use.parse(snapshot(machine))
    projects = ["172.18.0.0/16"] if machine == DEBIAN12_2017 else ["172.18.0.0/16", "172.19.0.0/16"]
    assert [str(prefix) for prefix in found] == [
        "172.17.0.0/16",
        *projects,
        "192.0.2.0/24",
        "2001:db8:1:2::/64",
    ]


def test_routes_count_as_in_use_and_wide_ones_do_not() -> None:
    def route(text: str, **fields: Any) -> dict[str, Any]:
        prefix = ip_network(text)
        made = default(None, dst_len=prefix.prefixlen, **fields)
        made["attrs"] = [*made["attrs"], ["RTA_DST", str(prefix.network_address)]]
        return made

    routes = [
        route("fd12:3456::/32"),
        route("10.0.0.0/8"),
        route("fd99::/48", type=7),
        route("fd77::/48", table=100),
        route("2000::/3"),
        route("fc00::/7"),
        route("0.0.0.0/1"),
        route("fe80::/64"),
        route("169.254.169.254/32"),
        route("ff00::/8"),
        route("2001:db8::1/128", table=255),
        default("fe80::1"),
    ]
    assert prefixes_in_use.parse(Snapshot(LINKS, [], routes)) == tuple(
        map(ip_network, ("10.0.0.0/8", "fd12:3456::/32", "fd77::/48", "fd99::/48"))
    )


def by_rules(name: str) -> Snapshot:
    return Snapshot(**answer("policy-routing", name))


@pytest.mark.parametrize("name", ["alone", "both"])
def test_the_uplink_is_where_the_kernels_rules_lead_and_not_what_the_main_table_says(
    name: str,
) -> None:
    """As wg-quick(8) sets it up; recorded with and without a default route in the main table."""
    found = parse(by_rules(name))
    assert (found.interface, found.gateway, found.mtu) == ("wg0", None, 1420)
    assert found.addresses == (Address(IPv6Interface("2001:db8:9::2/128"), Origin.STATIC),)


def test_without_a_word_of_the_kernel_it_is_the_main_table_that_counts() -> None:
    both, alone = by_rules("both"), by_rules("alone")
    assert parse(replace(both, chosen=None)).interface == "eth0"
    with pytest.raises(CannotTell):
        parse(replace(alone, chosen=None))


def test_what_the_kernel_says_of_the_route_comes_from_the_table() -> None:
    advertised = default("fe80::1", proto=9)
    chosen = default("fe80::1", dst_len=128, proto=3)
    found = parse(Snapshot(LINKS, [], [advertised], chosen))
    assert found.route_origin is Origin.ADVERTISEMENT
    assert found.gateway == IPv6Address("fe80::1")


def beside(prefix: str, gateway: str | None = None, **fields: Any) -> dict[str, Any]:
    network = ip_network(prefix)
    route = default(gateway, dst_len=network.prefixlen, **fields)
    return route | {"attrs": [*route["attrs"], ["RTA_DST", str(network.network_address)]]}


@pytest.mark.parametrize(
    ("address_of_it", "route", "expected"),
    [
        # As DHCPv6 and an advertisement leave it together.
        ("2001:db8:1:2::1005/128", beside("2001:db8:1:2::/64", proto=2), ["2001:db8:1:2::/64"]),
        # As an administrator leaves it (RTPROT_STATIC).
        ("2001:db8:1:2::1005/128", beside("2001:db8:1:2::/64", proto=4), ["2001:db8:1:2::/64"]),
        ("2001:db8:1:2::1005/64", beside("2001:db8:1:2::/64", proto=2), []),
        ("2001:db8:1:2::1005/128", beside("2001:db8:1:2::/64", "fe80::1"), []),
        ("2001:db8:1:2::1005/128", beside("2001:db8:1:2::/64", interface=3), []),
        ("2001:db8:1:2::1005/128", beside("2001:db8:1:2::/64", table=100), []),
        ("2001:db8:1:2::1005/128", beside("2001:db8:1:2::/64", type=7), []),
        ("2001:db8:1:2::1005/128", beside("2001:db8:1:2::1/128"), []),
        ("2001:db8:1:2::1005/128", beside("2000::/3"), []),
        ("2001:db8:1:2::1005/128", beside("fd00:1::/64"), []),
    ],
)
def test_what_is_on_the_link_by_a_route_alone(
    address_of_it: str, route: dict[str, Any], expected: list[str]
) -> None:
    addresses = [address(address_of_it, NO_PREFIX_ROUTE)]
    found = parse(Snapshot(LINKS, addresses, [default("fe80::1"), route]))
    assert [str(each) for each in found.on_link] == expected
    assert found.heard == (found.on_link if route["proto"] == 2 else ())
    tunnel = [{**link, "flags": 0x10 | 0x80} for link in LINKS]
    assert parse(Snapshot(tunnel, addresses, [default("fe80::1"), route])).on_link == ()


def closed(prefix: str, kind: int = 7) -> dict[str, Any]:
    network = ip_network(prefix)
    route = default(None, dst_len=network.prefixlen, type=kind)
    return route | {"attrs": [*route["attrs"], ["RTA_DST", str(network.network_address)]]}


@pytest.mark.parametrize(
    ("routes", "addresses", "expected"),
    [
        ([closed("2001:db8:a:b::/64")], [], ["2001:db8:a:b::/64"]),
        ([closed("2001:db8:a:b::/64", kind=6)], [], ["2001:db8:a:b::/64"]),
        ([closed("2001:db8:a:b::/64", kind=1)], [], []),
        ([closed("fc00::/7"), closed("2002::/16"), closed("fd00:1::/64")], [], []),
        ([], [address("2001:db8:a:b::1/64", PERMANENT, interface=1)], ["2001:db8:a:b::/64"]),
        ([], [address("2001:db8:a:b::1/128", PERMANENT, interface=1)], []),
        # A part of what is on a link is not routed here.
        (
            [closed("2001:db8:1:2:3::/80")],
            [address("2001:db8:1:2::10/64", PERMANENT)],
            [],
        ),
    ],
)
def test_prefixes_that_are_routed_here_are_told_by_what_closes_them_or_has_no_link(
    routes: list[dict[str, Any]], addresses: list[dict[str, Any]], expected: list[str]
) -> None:
    found = parse(Snapshot(LINKS, addresses, [default("fe80::1"), *routes]))
    assert [str(each) for each in found.routed] == expected


def hop(gateway: str, interface: int) -> dict[str, Any]:
    return {"oif": interface, "flags": 0, "attrs": [["RTA_GATEWAY", gateway]]}


@pytest.mark.parametrize(
    ("routes", "beside"),
    [
        ([default("fe80::1")], ()),
        ([default("fe80::1", hops=[hop("fe80::1", 2), hop("fe80::2", 3)])], ("eth1",)),
        ([default("fe80::1"), default("fe80::2", 3)], ("eth1",)),
        # Two routers on one link.
        ([default("fe80::1"), default("fe80::2")], ()),
        # One in reserve, and one to which only rules lead.
        ([default("fe80::1"), default("fe80::2", 3, metric=2048)], ()),
        ([default("fe80::1"), default("fe80::2", 3, table=100)], ()),
    ],
)
def test_other_interfaces_count_over_which_packets_may_leave_just_as_well(
    routes: list[dict[str, Any]], beside: tuple[str, ...]
) -> None:
    assert parse(Snapshot(LINKS, [], routes)).beside == beside
