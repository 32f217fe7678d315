"""The mode that is recommended for a host, with the reason."""

from ipaddress import IPv6Address, IPv6Interface

import pytest

from tests import made_up_hosts
from wizard.answers.choices import Mode
from wizard.answers.proposals import defaults
from wizard.host.host import Address, Origin, Unknown, Uplink
from wizard.modes import recommending
from wizard.modes.recommending import recommended
from wizard.modes.registry import behaviour_of, behaviours
from wizard.ndp.upstream import UpstreamCase

ALONE = Address(IPv6Interface("2001:db8:1:2::10/128"), Origin.STATIC)


@pytest.mark.parametrize("seen", [None, *UpstreamCase])
def test_public_addresses_are_recommended_where_the_prefix_is_routed_here_and_nowhere_else(
    seen: UpstreamCase | None,
) -> None:
    best = recommended(made_up_hosts.debian13(), seen)
    assert best is not None
    assert best.mode.addresses.public is (seen is UpstreamCase.ROUTED)
    assert best.words.startswith("Recommended for this host: ")
    assert best.words.endswith(".")


def test_before_the_router_is_watched_it_is_the_mode_that_is_proposed() -> None:
    host = made_up_hosts.debian13()
    best = recommended(host)
    assert best is not None
    assert best.mode is defaults(host).mode


@pytest.mark.parametrize(
    ("uplink", "reason"),
    [
        (Unknown("There is no default route."), "nothing else is possible"),
        (Uplink("eth0", IPv6Address("fe80::1"), Origin.STATIC, (ALONE,)), "has no prefix"),
    ],
)
def test_where_there_is_no_prefix_public_addresses_are_not_recommended(
    uplink: Uplink | Unknown, reason: str
) -> None:
    best = recommended(made_up_hosts.debian13(uplink=uplink), UpstreamCase.ROUTED)
    assert best is not None
    assert not best.mode.addresses.public
    assert reason in best.words


@pytest.mark.parametrize("seen", [None, *UpstreamCase])
def test_beside_another_way_with_private_addresses_the_reason_is_the_same(
    seen: UpstreamCase | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = made_up_hosts.debian13(
        uplink=Uplink("eth0", IPv6Address("fe80::1"), Origin.STATIC, (ALONE,))
    )
    best = recommended(host, seen)
    more = (*behaviours(), behaviour_of(Mode.ULA))
    monkeypatch.setattr(recommending, "behaviours", lambda: more)
    assert recommended(host, seen) == best
