"""What is said of each mode, for hosts that differ in what matters."""

from dataclasses import replace
from ipaddress import IPv6Interface

import pytest

from tests import made_up_hosts
from wizard.answers.choices import Mode
from wizard.host.host import Address, Host, Origin, Unknown, Uplink
from wizard.modes.registry import behaviour_of


def said(mode: Mode, host: Host) -> str:
    return " ".join(behaviour_of(mode).consequences(host))


def test_private_addresses_go_out_with_the_hosts_own_which_is_named() -> None:
    assert "(2001:db8:1:2::10)" in said(Mode.ULA, made_up_hosts.debian13())


def test_who_makes_the_rules_for_private_addresses_depends_on_the_engine() -> None:
    assert "Docker 26.1.5+dfsg1 makes no rules" in said(Mode.ULA, made_up_hosts.debian13())
    assert "Docker 28.5.2+dfsg1 makes the rules" in said(Mode.ULA, made_up_hosts.debian14())


def test_public_addresses_come_out_of_a_prefix_that_is_named() -> None:
    words = said(Mode.ROUTED, made_up_hosts.debian13())
    assert "out of your provider's prefix 2001:db8:1:2::/64" in words
    assert "rank above IPv4" in words
    assert "The whole internet can reach" in words


def test_a_prefix_of_which_no_part_can_be_given_away_is_not_named() -> None:
    single = Address(IPv6Interface("2001:db8:1:2::10/128"), Origin.STATIC)
    host = made_up_hosts.debian13(uplink=Uplink("eth0", None, Origin.STATIC, (single,)))
    assert "out of your provider's prefix." in said(Mode.ROUTED, host)


def test_who_filters_public_addresses_depends_on_the_engine() -> None:
    assert "so the wizard adds rules" in said(Mode.ROUTED, made_up_hosts.debian12())
    assert "Docker 28.5.2+dfsg1 filters" in said(Mode.ROUTED, made_up_hosts.debian14())


def test_an_engine_with_ip6tables_switched_on_by_hand_does_not_filter_public_addresses() -> None:
    host = made_up_hosts.debian13()
    assert not isinstance(host.engine, Unknown)
    by_hand = replace(host, engine=replace(host.engine, manages_ip6tables=True))
    assert "so the wizard adds rules" in said(Mode.ROUTED, by_hand)


def test_each_mode_has_its_own_catch() -> None:
    host = made_up_hosts.debian13()
    assert "rank below IPv4" in behaviour_of(Mode.ULA).catch(host)
    assert "on eth0" in behaviour_of(Mode.ROUTED).catch(host)


@pytest.mark.parametrize("mode", Mode)
def test_a_host_of_which_nothing_is_known_gets_sentences_too(mode: Mode) -> None:
    unknown = Unknown("Nobody knows.")
    host = made_up_hosts.debian13(engine=unknown, uplink=unknown)
    for sentence in (*behaviour_of(mode).consequences(host), behaviour_of(mode).catch(host)):
        assert sentence.endswith(".")
        assert "Unknown" not in sentence
