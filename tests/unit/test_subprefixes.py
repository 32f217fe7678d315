"""Which part of the uplink's prefix containers can have."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface, IPv6Network

import pytest

from tests import made_up_hosts
from wizard import subprefixes
from wizard.host import Address, Host, Origin, Unknown, Uplink


def host(*addresses: str) -> Host:
    """A host whose uplink has these addresses."""
    uplink = Uplink(
        "eth0",
        IPv6Address("fe80::1"),
        Origin.STATIC,
        tuple(Address(IPv6Interface(each), Origin.STATIC) for each in addresses),
    )
    made_up = made_up_hosts.debian13()
    assert not isinstance(made_up.networks, Unknown)
    in_use = tuple(IPv6Interface(each).network for each in addresses)
    return replace(made_up, uplink=uplink, prefixes_in_use=in_use)


def test_the_first_free_80_after_the_one_with_the_addresses_given_by_hand() -> None:
    assert subprefixes.propose(host("2001:db8:1:2::10/64")) == IPv6Network("2001:db8:1:2:1::/80")


def test_a_part_with_an_address_of_the_host_is_passed_over() -> None:
    there = host("2001:db8:1:2::10/64", "2001:db8:1:2:1::5/64")
    assert subprefixes.propose(there) == IPv6Network("2001:db8:1:2:2::/80")


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("2001:db8:1:2::10/128", "single addresses"),
        ("2001:db8:1:2::10/124", "/124"),
        ("fd00:1::10/64", "no global address"),
    ],
)
def test_a_prefix_that_is_too_long_or_private_is_said_and_points_to_ula(
    address: str, word: str
) -> None:
    sentence = subprefixes.why_none(host(address))
    assert sentence is not None
    assert word in sentence
    assert "ULA" in sentence


@pytest.mark.parametrize(
    "prefix",
    [
        "2001:db8:1:2::/64",  # all of it
        "2001:db8:1::/48",  # more than all of it
        "2001:db8:1:2::/80",  # holds the host's own address
        "2001:db8:1:2:1::/121",  # no room
        "fe80::/80",
        "ff05::/80",
        "fd00::/80",
    ],
)
def test_what_containers_cannot_have(prefix: str) -> None:
    assert subprefixes.obstacle(IPv6Network(prefix), host("2001:db8:1:2::10/64"))


@pytest.mark.parametrize("length", [65, 80, 112, 120])
def test_every_true_part_that_nobody_uses_can_be_had(length: int) -> None:
    there = host("2001:db8:1:2::10/64")
    prefix = subprefixes.propose(there, length)
    assert prefix is not None
    assert prefix.prefixlen == length
    assert subprefixes.obstacle(prefix, there) is None
    assert subprefixes.is_on_link(prefix, there)


def test_a_prefix_that_is_routed_to_the_host_may_lie_elsewhere() -> None:
    there = host("2001:db8:1:2::10/64")
    elsewhere = IPv6Network("2001:db8:9::/64")
    assert subprefixes.obstacle(elsewhere, there) is None
    assert not subprefixes.is_on_link(elsewhere, there)
