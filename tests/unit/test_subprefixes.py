"""Which part of the uplink's prefix containers can have."""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface, IPv6Network

import pytest

from tests import made_up_hosts
from wizard.answers import checks, subprefixes
from wizard.answers.choices import Choices, Mode, Proxy
from wizard.answers.proposals import proxy_for
from wizard.host.host import Address, Debian, Host, Origin, Unknown, Uplink
from wizard.ndp.upstream import UpstreamCase


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


def test_of_an_uplink_that_is_not_known_there_is_no_part() -> None:
    there = replace(host(), uplink=Unknown("There is no default route for IPv6."))
    assert subprefixes.on_link(there) == subprefixes.usable(there) == ()
    assert "no default route" in (subprefixes.why_none(there) or "")


def test_of_several_prefixes_one_in_which_the_host_has_an_address_comes_first() -> None:
    there = host("2001:db8:7:8::10/128")
    assert isinstance(there.uplink, Uplink)
    prefixes = tuple(map(IPv6Network, ("2001:db8:1:2::/64", "2001:db8:7:8::/64")))
    for on_link in (prefixes, prefixes[::-1]):
        known = replace(there, uplink=replace(there.uplink, on_link=on_link))
        assert subprefixes.on_link(known)[0] == prefixes[1]
        assert subprefixes.propose(known) == IPv6Network("2001:db8:7:8:1::/80")


def test_the_sizes_that_are_offered_hold_what_is_said_of_them() -> None:
    there = host("2001:db8:1:2::10/64")
    sizes = {size.length: size.words for size in subprefixes.SIZES}
    # From what is proposed to the longest that can be typed.
    assert list(sizes) == sorted(sizes)
    assert [min(sizes), max(sizes)] == [subprefixes.PROPOSED, subprefixes.LONGEST]
    for length, words in sizes.items():
        prefix = subprefixes.propose(there, length)
        assert prefix is not None
        assert subprefixes.obstacle(prefix, there) is None
        # All but the bridge's address and that of the network itself.
        held = {
            "networks": 2 ** (length - 64),
            "IPv4": prefix.num_addresses if prefix.num_addresses == 2**32 else 0,
            "containers": prefix.num_addresses - 2,
        }
        kind = next(each for each in held if each in words)
        assert held[kind]
        assert kind == "IPv4" or words.startswith(f"{held[kind]:,} {kind}")


def test_nothing_is_said_where_a_part_can_be_proposed() -> None:
    assert subprefixes.why_nothing_proposed(host("2001:db8:1:2::10/64")) is None
    assert subprefixes.why_nothing_proposed(with_routed("2001:db8:a:b::/64")) is None
    unknown = replace(host(), uplink=Unknown("It hides."))
    assert "It hides." in (subprefixes.why_nothing_proposed(unknown) or "")


@pytest.mark.parametrize(
    ("prefix", "length", "taken", "first"),
    [
        ("2001:db8::/118", 120, [], "2001:db8::100/120"),
        ("2001:db8::/118", 120, ["2001:db8::100/121"], "2001:db8::200/120"),
        ("2001:db8::/118", 120, ["2001:db8::100/120", "2001:db8::2ff/128"], "2001:db8::300/120"),
        ("2001:db8::/118", 120, ["2001:db8::100/120", "2001:db8::200/119"], None),
        ("2001:db8::/119", 120, ["2001:db8::100/128"], None),
        ("2001:db8::/120", 120, [], None),
        ("2001:db8::/121", 120, [], None),
        # What is all of it, or more than that, is not in use for that alone.
        ("2001:db8::/119", 120, ["2001:db8::/119", "2001:db8::/32"], "2001:db8::100/120"),
    ],
)
def test_the_first_free_part_lies_in_the_prefix_behind_its_very_first(
    prefix: str, length: int, taken: list[str], first: str | None
) -> None:
    found = subprefixes.first_free(IPv6Network(prefix), length, map(IPv6Network, taken))
    assert found == (None if first is None else IPv6Network(first))


def test_what_is_in_use_is_called_as_people_write_it() -> None:
    there = host("2001:db8:1:2:1::10/64")
    said = subprefixes.obstacle(IPv6Network("2001:db8:1:2:1::/80"), there) or ""
    assert "holds 2001:db8:1:2:1::10, which is already in use" in said
    other = replace(there, prefixes_in_use=(IPv6Network("2001:db8:9:1::/64"),))
    said = subprefixes.obstacle(IPv6Network("2001:db8:9::/48"), other) or ""
    assert "holds 2001:db8:9:1::/64, which is already in use" in said


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
    assert subprefixes.why_none(host(address)) is None
    sentence = subprefixes.why_nothing_proposed(host(address))
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


def test_of_what_a_router_says_is_on_the_link_a_part_can_be_had_beside_a_single_address() -> None:
    """As DHCPv6 leaves it: a /128, and the prefix of the link by a route alone."""
    there, prefix = host("2001:db8:1:2:1::5/128"), IPv6Network("2001:db8:1:2::/64")
    assert isinstance(there.uplink, Uplink)
    assert not isinstance(there.prefixes_in_use, Unknown)
    there = replace(
        there,
        uplink=replace(there.uplink, on_link=(prefix,)),
        prefixes_in_use=(*there.prefixes_in_use, prefix),
    )
    proposed = subprefixes.propose(there)
    assert proposed == IPv6Network("2001:db8:1:2:2::/80")
    assert subprefixes.obstacle(proposed, there) is None
    assert subprefixes.is_on_link(proposed, there)
    assert subprefixes.obstacle(prefix, there)


def with_routed(*prefixes: str) -> Host:
    """A host with a single address on its uplink, to which prefixes are routed."""
    there = host("2001:db8:9::2/128")
    assert isinstance(there.uplink, Uplink)
    routed = tuple(map(IPv6Network, prefixes))
    return replace(
        there,
        uplink=replace(there.uplink, routed=routed),
        prefixes_in_use=(IPv6Network("2001:db8:9::2/128"), *routed),
    )


def test_of_a_prefix_that_is_routed_here_a_part_is_proposed_and_all_of_it_can_be_had() -> None:
    there = with_routed("2001:db8:a:b::/64")
    proposed = subprefixes.propose(there)
    assert proposed == IPv6Network("2001:db8:a:b:1::/80")
    for prefix in (proposed, IPv6Network("2001:db8:a:b::/64")):
        assert subprefixes.obstacle(prefix, there) is None
        assert not subprefixes.is_on_link(prefix, there)
        answers = Choices(mode=Mode.ROUTED, prefix=prefix, proxy=Proxy.NONE)
        assert checks.check_proxy(answers, there) is None


def test_what_a_docker_network_has_of_it_cannot_be_had_again() -> None:
    there = with_routed("2001:db8:a:b::/64")
    assert not isinstance(there.networks, Unknown)
    taken = IPv6Network("2001:db8:a:b:1::/80")
    networks = (replace(there.networks[0], subnets=(taken,)), *there.networks[1:])
    there = replace(there, networks=networks)
    assert subprefixes.obstacle(taken, there)
    assert subprefixes.obstacle(IPv6Network("2001:db8:a:b::/64"), there)
    assert subprefixes.propose(there) == IPv6Network("2001:db8:a:b:2::/80")


def test_all_of_a_routed_prefix_that_a_docker_network_has_cannot_be_had_again() -> None:
    there = with_routed("2001:db8:a:b::/64")
    assert not isinstance(there.networks, Unknown)
    routed = IPv6Network("2001:db8:a:b::/64")
    networks = (replace(there.networks[0], subnets=(routed,)), *there.networks[1:])
    assert subprefixes.obstacle(routed, there) is None
    assert subprefixes.obstacle(routed, replace(there, networks=networks))


def test_a_part_of_what_this_host_uses_for_something_else_cannot_be_had() -> None:
    there = host("2001:db8:1:2::10/64")
    assert not isinstance(there.prefixes_in_use, Unknown)
    part = IPv6Network("2001:db8:9:0:1::/80")
    assert subprefixes.obstacle(part, there) is None
    others = replace(
        there, prefixes_in_use=(*there.prefixes_in_use, IPv6Network("2001:db8:9::/64"))
    )
    assert "lies in 2001:db8:9::/64" in (subprefixes.obstacle(part, others) or "")


def test_a_part_with_the_router_in_it_is_passed_over() -> None:
    there = host("2001:db8:1:2::10/64")
    assert isinstance(there.uplink, Uplink)
    router = replace(there.uplink, gateway=IPv6Address("2001:db8:1:2:1::1"))
    there = replace(there, uplink=router)
    assert subprefixes.propose(there) == IPv6Network("2001:db8:1:2:2::/80")
    assert subprefixes.obstacle(IPv6Network("2001:db8:1:2:1::/80"), there)


@pytest.mark.parametrize("case", UpstreamCase)
def test_nobody_answers_for_what_no_neighbour_asks_for(case: UpstreamCase) -> None:
    there = host("2001:db8:1:2::10/64")
    on_link, elsewhere = IPv6Network("2001:db8:1:2:1::/80"), IPv6Network("2001:db8:9::/64")
    for prefix, asked in ((on_link, case is not UpstreamCase.ROUTED), (elsewhere, False)):
        chosen = Choices(mode=Mode.ROUTED, prefix=prefix)
        proxy = proxy_for(case, chosen, there)
        assert proxy is (Proxy.SERVICE if asked else Proxy.NONE)
        assert checks.check_proxy(replace(chosen, proxy=proxy), there) is None
    refused = checks.check_proxy(
        Choices(mode=Mode.ROUTED, prefix=elsewhere, proxy=Proxy.SERVICE), there
    )
    assert "choose no proxy" in (refused or "")


@pytest.mark.parametrize("address", ["2001:db8:9::2/128", "2001:db8:9::2/124", "fd00:1::10/64"])
def test_a_prefix_that_left_no_trace_can_be_typed(address: str) -> None:
    there = host(address)
    assert checks.check_mode(Mode.ROUTED, there) is None
    asked = checks.check_prefix("", there, Mode.ROUTED)
    assert asked is not None
    assert "type it here" in asked
    typed = IPv6Network("2001:db8:a:b::/64")
    assert checks.usable_prefix(str(typed), there, Mode.ROUTED) == typed


@pytest.mark.parametrize("prefix", ["2001:db8:1:2::/64", "2001:db8:1::/48"])
def test_all_of_the_uplinks_prefix_and_more_is_called_so(prefix: str) -> None:
    sentence = subprefixes.obstacle(IPv6Network(prefix), host("2001:db8:1:2::10/64"))
    assert sentence is not None
    assert "is all of the uplink's prefix 2001:db8:1:2::/64" in sentence


@pytest.mark.parametrize(("length", "some"), [(119, True), (120, False), (128, False)])
def test_a_prefix_of_the_longest_length_has_no_part_to_give_away(length: int, some: bool) -> None:
    assert bool(subprefixes.on_link(host(f"2001:db8:1:2::10/{length}"))) is some


@pytest.mark.parametrize(
    ("debian", "has_it"),
    [
        (Debian("Debian 12", 12), True),
        (Debian("Debian 13", 13), True),
        (Debian("Debian 14", 14), False),
        (Unknown("It hides."), False),
    ],
)
def test_ndppd_is_for_the_releases_alone_that_have_it(
    debian: Debian | Unknown, has_it: bool
) -> None:
    there = replace(host("2001:db8:1:2::10/64"), debian=debian)
    prefix = IPv6Network("2001:db8:1:2:1::/80")
    choices = Choices(mode=Mode.ROUTED, prefix=prefix, proxy=Proxy.NDPPD)
    sentence = checks.check_proxy(choices, there)
    assert (sentence is None) is has_it
    assert sentence is None or "has no ndppd" in sentence
