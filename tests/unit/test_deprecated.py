from dataclasses import replace
from ipaddress import IPv6Interface

import pytest

from tests import made_up_hosts
from wizard.describe import describe, problems
from wizard.host.deprecated import obstacles
from wizard.host.host import Address, Host, Manager, Origin, Uplink
from wizard.host.parts import uplink

OLD = Address(IPv6Interface("2001:db8:1:2::10/64"), Origin.STATIC, deprecated=True)


def host(*addresses: Address, manager: Manager = Manager.IFUPDOWN) -> Host:
    made = made_up_hosts.debian12(manager=manager)
    assert isinstance(made.uplink, Uplink)
    return replace(made, uplink=replace(made.uplink, addresses=addresses))


@pytest.mark.parametrize(
    ("manager", "place"),
    [
        (Manager.IFUPDOWN, "/etc/network/interfaces"),
        (Manager.NETWORKD, "/etc/netplan"),
        (Manager.KERNEL, "at boot"),
    ],
)
def test_the_line_that_mends_it_and_its_place_for_good_are_named(
    manager: Manager, place: str
) -> None:
    (found,) = obstacles(host(OLD, manager=manager))
    sentence = found.sentence
    line = "ip -6 address change 2001:db8:1:2::10/64 dev eth0 preferred_lft forever"
    assert line in sentence
    assert place in sentence


def test_an_address_that_a_router_deprecates_is_said_to_be_so() -> None:
    (found,) = obstacles(host(replace(OLD, origin=Origin.ADVERTISEMENT)))
    assert "router advertisement" in found.sentence


def test_one_that_is_preferred_is_enough() -> None:
    spare = replace(OLD, interface=IPv6Interface("2001:db8:1:2::11/64"), deprecated=False)
    assert obstacles(host(OLD, spare)) == []
    assert obstacles(host()) == []


def test_it_is_in_the_way() -> None:
    found = host(OLD)
    assert problems(found) == tuple(obstacles(found))
    assert describe(uplink.PART, found.uplink).verdict == "problem"
