import socket
from typing import Any

from wizard.host.advertised import detect, parse
from wizard.host.host import Advertised, Manager
from wizard.host.netlink import Snapshot

LINKS = [
    {"index": index, "flags": 8 if name == "lo" else 0, "attrs": [("IFLA_IFNAME", name)]}
    for index, name in enumerate(("lo", "eth0", "eth1", "eth2", "br-1"), 1)
]


def route(index: int, proto: int, **attributes: Any) -> dict[str, Any]:
    return {
        "family": socket.AF_INET6,
        "proto": proto,
        "attrs": [("RTA_OIF", index), *attributes.items()],
    }


def address(index: int, flags: int, length: int = 64, **attributes: Any) -> dict[str, Any]:
    return {
        "family": socket.AF_INET6,
        "index": index,
        "prefixlen": length,
        "scope": 0,
        "flags": flags & 0xFF,
        "attrs": [("IFA_FLAGS", flags), *attributes.items()],
    }


def names(routes: list[dict[str, Any]], addresses: list[dict[str, Any]]) -> list[str]:
    return [name for name, _index in parse(Snapshot(LINKS, addresses, routes))]


def test_a_route_by_advertisement_counts_on_every_interface() -> None:
    assert names([route(3, 9), route(2, 9)], []) == ["eth0", "eth1"]
    several = [{"oif": 2}, {"oif": 4}]
    both = {"family": socket.AF_INET6, "proto": 9, "attrs": [("RTA_MULTIPATH", several)]}
    assert names([both], []) == ["eth0", "eth2"]


def test_an_on_link_prefix_that_runs_out_counts_and_one_that_does_not_does_not() -> None:
    assert names([route(3, 2, RTA_CACHEINFO={"rta_expires": 8640000})], []) == ["eth1"]
    assert names([route(3, 2, RTA_CACHEINFO={"rta_expires": 0}), route(4, 3)], []) == []


def test_an_address_of_a_prefix_that_runs_out_counts() -> None:
    assert names([], [address(4, 0x100)]) == ["eth2"]
    assert names([], [address(4, 0, IFA_PROTO=2)]) == ["eth2"]
    assert names([], [address(4, 0)]) == ["eth2"]


def test_addresses_that_stay_or_came_by_dhcpv6_do_not_count() -> None:
    assert names([], [address(2, 0x80), address(5, 0x80), address(3, 0, 128)]) == []


def test_each_is_asked_who_configures_it() -> None:
    snapshot = Snapshot(LINKS, [], [route(2, 9), route(3, 9)])
    managers = {2: Manager.IFUPDOWN, 3: Manager.NETWORKD}
    assert detect(snapshot, lambda name, index: managers[index]) == (
        Advertised("eth0", Manager.IFUPDOWN),
        Advertised("eth1", Manager.NETWORKD),
    )
