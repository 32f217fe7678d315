"""Whether the uplink has another prefix than the containers, and what they get in its place."""

from dataclasses import replace
from ipaddress import IPv6Interface, IPv6Network
from typing import Any

import pytest

from tests import made_up_hosts
from wizard.answers.choices import Choices, Mode, Proxy
from wizard.answers.moved_prefix import State, moved, renumbered
from wizard.host.host import Address, Host, Origin, Unknown

PART = IPv6Network("2001:db8:1:2:3::/80")
OLD, NEW = "2001:db8:1:2::10/64", "2001:db8:7:8::10/64"
CHOICES = Choices(
    mode=Mode.ROUTED,
    prefix=PART,
    network="mastodon_ipv6",
    project="mastodon",
    services=("web",),
)


def host(*addresses: str, deprecated: tuple[str, ...] = (), **uplink: Any) -> Host:
    """A host whose uplink has these addresses."""
    made = made_up_hosts.debian13()
    assert not isinstance(made.uplink, Unknown)
    found = tuple(
        Address(IPv6Interface(each), Origin.ADVERTISEMENT, deprecated=each in deprecated)
        for each in addresses
    )
    changed = replace(made.uplink, addresses=found, **uplink)
    return replace(made, uplink=changed, prefixes_in_use=changed.prefixes)


def test_a_prefix_that_is_there_has_not_moved_whatever_is_beside_it() -> None:
    assert moved(CHOICES, host(OLD)) is None
    # A second router, which advertises another one.
    assert moved(CHOICES, host(OLD, NEW)) is None
    assert renumbered(CHOICES, host(NEW, OLD)) is None
    # One address of several that goes, as temporary ones do, takes no prefix with it.
    second = "2001:db8:1:2::11/64"
    assert moved(CHOICES, host(OLD, second, NEW, deprecated=(second,))) is None
    # What is deprecated has nothing to move to.
    assert moved(CHOICES, host(OLD, deprecated=(OLD,))) is None
    assert moved(CHOICES, host(OLD, NEW, deprecated=(OLD, NEW))) is None
    assert moved(CHOICES, host(OLD, "fd00::10/64", deprecated=(OLD,))) is None


def test_the_evidence_is_what_lasts_on_the_uplink() -> None:
    passing = "2001:db8:7:8:1234:5678:9abc:def0/64"
    there = host(NEW, passing)
    assert not isinstance(there.uplink, Unknown)
    lasting, temporary = there.uplink.addresses
    addresses = (lasting, replace(temporary, temporary=True))
    found = moved(CHOICES, replace(there, uplink=replace(there.uplink, addresses=addresses)))
    assert found is not None
    assert NEW in found.sentence
    assert passing not in found.sentence
    assert found.evidence.count(".") == 1
    assert found.sentence.endswith(".")


def test_one_that_another_interface_has_has_not_moved_though_the_default_route_has() -> None:
    other = host(NEW)
    both = (IPv6Network("2001:db8:1:2::/64"), IPv6Network("2001:db8:7:8::/64"))
    there = replace(other, prefixes_in_use=both)
    assert moved(CHOICES, there) is None
    assert renumbered(CHOICES, there) is None
    # The containers' own network says nothing.
    assert moved(CHOICES, replace(other, prefixes_in_use=(PART,))) is not None


def test_one_that_is_gone_is_told_with_what_is_there() -> None:
    found = moved(CHOICES, host(NEW))
    assert found is not None
    assert found.state is State.GONE
    assert found.new == IPv6Network("2001:db8:7:8::/64")
    assert f"{PART} of the containers lies in none" in found.sentence
    assert "The new one is 2001:db8:7:8::/64. wizard --repair" in found.sentence
    assert f"eth0 has {NEW} (router advertisement)." in found.sentence


def test_one_that_is_deprecated_is_told_where_another_is_preferred() -> None:
    found = moved(CHOICES, host(OLD, NEW, deprecated=(OLD,)))
    assert found is not None
    assert found.state is State.DEPRECATED
    assert found.new == IPv6Network("2001:db8:7:8::/64")
    assert f"{OLD} (router advertisement, deprecated), {NEW}" in found.sentence


def test_what_is_gone_without_another_is_told_and_followed_to_nowhere() -> None:
    gone = host("2001:db8:7:8::10/128")
    found = moved(CHOICES, gone)
    assert found is not None
    assert found.new is None
    assert "ask your provider" in found.sentence
    assert "wizard --repair" not in found.sentence
    assert renumbered(CHOICES, gone) is None


def test_by_dhcpv6_the_prefix_is_that_of_a_route_and_the_address_stands_alone() -> None:
    old, new = IPv6Network("2001:db8:1:2::/64"), IPv6Network("2001:db8:7:8::/64")
    alone = ("2001:db8:1:2::1000/128", "2001:db8:7:8::1000/128")
    assert moved(CHOICES, host(*alone, on_link=(old, new))) is None
    found = moved(CHOICES, host(*alone, deprecated=alone[:1], on_link=(old, new)))
    assert found is not None
    assert (found.state, found.new) == (State.DEPRECATED, new)
    # A route of the old one that nobody has taken away, or that somebody has configured.
    found = moved(CHOICES, host(alone[1], on_link=(old, new), heard=(old, new)))
    assert found is not None
    assert (found.state, found.new) == (State.LEFT, new)
    assert moved(CHOICES, host(alone[1], on_link=(old, new), heard=(new,))) is None
    found = moved(CHOICES, host(alone[1], on_link=(new,)))
    assert found is not None
    assert (found.state, found.new) == (State.GONE, new)


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": Mode.ULA, "prefix": IPv6Network("fd00:1:2:3::/64")},
        {"proxy": Proxy.NONE},
        {"prefix": None},
    ],
)
def test_who_has_no_part_of_the_uplinks_prefix_does_not_care(changes: dict[str, Any]) -> None:
    assert moved(replace(CHOICES, **changes), host(NEW)) is None
    assert renumbered(replace(CHOICES, **changes), host(NEW)) is None


def test_the_new_part_has_the_place_of_the_old_one_and_other_names() -> None:
    assert renumbered(CHOICES, host(NEW)) == replace(
        CHOICES,
        prefix=IPv6Network("2001:db8:7:8:3::/80"),
        network="mastodon_ipv6",
        bridge="br-ipv6",
    )
    known = host(NEW)
    assert not isinstance(known.networks, Unknown)
    assert not isinstance(known.interfaces, Unknown)
    ours = replace(known.networks[0], name="mastodon_ipv6", bridge="br-ipv6")
    there = replace(
        known, networks=(*known.networks, ours), interfaces=(*known.interfaces, "br-ipv6")
    )
    first = renumbered(CHOICES, there)
    assert first is not None
    assert (first.network, first.bridge) == ("mastodon_ipv6_2", "br-ipv6-2")
    # The next one goes back to the first names.
    second = renumbered(replace(first, prefix=PART), known)
    assert second is not None
    assert (second.network, second.bridge) == ("mastodon_ipv6", "br-ipv6")


def test_where_that_place_is_taken_it_is_the_first_free_part() -> None:
    made = host(NEW)
    assert not isinstance(made.prefixes_in_use, Unknown)
    taken = IPv6Network("2001:db8:7:8:3::/80")
    found = renumbered(CHOICES, replace(made, prefixes_in_use=(*made.prefixes_in_use, taken)))
    assert found is not None
    assert found.prefix == IPv6Network("2001:db8:7:8:1::/80")


def test_a_name_that_fills_the_bridge_leaves_room_for_the_number() -> None:
    made = host(NEW)
    assert not isinstance(made.interfaces, Unknown)
    long = replace(CHOICES, bridge="br-fifteenchars")
    taken = ("br-fifteenchars", "br-fifteench")
    found = renumbered(long, replace(made, interfaces=(*made.interfaces, *taken)))
    assert found is not None
    assert found.bridge == "br-fifteench-2"


def test_of_a_prefix_that_is_longer_than_the_part_was_a_part_is_taken() -> None:
    found = renumbered(CHOICES, host("2001:db8:7:8::10/100"))
    assert found is not None
    assert found.prefix == IPv6Network("2001:db8:7:8::800:0/101")
    as_long = renumbered(CHOICES, host("2001:db8:7:8::10/80"))
    assert as_long is not None
    assert as_long.prefix == IPv6Network("2001:db8:7:8:0:8000::/81")


def test_the_new_network_s_name_sorts_before_that_of_another_with_ipv6() -> None:
    made = host(NEW)
    assert not isinstance(made.networks, Unknown)
    on = made_up_hosts.EXTERNAL
    rivals = tuple(replace(each, ipv6=each.name == on, internal=False) for each in made.networks)
    found = renumbered(CHOICES, replace(made, networks=rivals))
    assert found is not None
    assert found.network < on < CHOICES.network
    other = renumbered(replace(CHOICES, project="gone"), replace(made, networks=rivals))
    assert other is not None
    assert other.network == CHOICES.network
