"""A check tells of published ports that rules drop where Docker sends on what comes to them."""

from dataclasses import replace

import pytest

from tests import made_up_hosts
from tests.unit.test_chains_on_the_way import listed
from tests.unit.test_checking import PORTS, Asked, private, public, publishing
from tests.unit.test_dropped import OF_DOCKER, saved
from wizard.host.host import Unknown
from wizard.inward import closed
from wizard.inward.closed import InputRules
from wizard.record.store import Store

SHUT = InputRules("", listed("forward", 0, policy="drop"))
BEGIN = "Strangers do not reach "


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setattr(closed, "read", lambda _: SHUT)
    return Asked(monkeypatch)


def test_each_is_told_with_what_drops_it_and_is_not_said_to_answer(
    asked: Asked, store: Store
) -> None:
    place = private(store, made_up_hosts.debian14())
    publishing(place, "web")
    found = place.check(other="root@other")
    told = [each for each in found.notes if each.startswith(BEGIN)]
    assert len(told) == len({each for each in PORTS if "[::]" in each})
    assert told[0].startswith(f"{BEGIN}[")
    assert "the chain “own” of the nftables table “inet edge” drops what Docker sends on" in told[0]
    assert "type: nft 'insert rule inet edge own oifname" in told[0]
    # Somebody may have closed them on purpose.
    assert not [each for each in found.faults if BEGIN in each]
    assert asked.places == []
    assert not any("From outside should answer" in each for each in found.notes)


def test_what_somebody_accepted_or_docker_does_not_send_on_is_left_out(
    asked: Asked, store: Store
) -> None:
    for place in (
        private(store, made_up_hosts.debian14(), accepted=("[::]:443/tcp", "[::]:8008/tcp")),
        private(store),
        public(store, made_up_hosts.debian14()),
    ):
        publishing(place, "web")
        told = [each for each in place.check().notes if each.startswith(BEGIN)]
        assert not [each for each in told if "443" in each or "8008" in each], told
    place = private(store, made_up_hosts.debian14())
    publishing(place, "web")
    place.host = replace(place.host, uplink=Unknown("Nobody knows."))
    assert not [each for each in place.check().notes if each.startswith(BEGIN)]


@pytest.mark.parametrize(
    ("address", "is_told"),
    [("::", True), ("2001:db8:1:2::10", True), ("fd42::1", False), ("fe80::1", False)],
)
def test_where_strangers_do_not_come_to_nothing_is_told(
    asked: Asked, store: Store, address: str, is_told: bool
) -> None:
    place = private(store, made_up_hosts.debian14())
    place.containers(lambda each: replace(each, ports=(f"[{address}]:8080->80/tcp",)))
    told = [each for each in place.check().notes if each.startswith(f"{BEGIN}[{address}]:8080")]
    assert bool(told) is is_told


def test_what_docker_accepts_is_not_told(
    asked: Asked, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closed, "read", lambda _: InputRules(saved(*OF_DOCKER)))
    place = private(store, made_up_hosts.debian14())
    publishing(place, "web")
    assert not [each for each in place.check().notes if each.startswith(BEGIN)]
