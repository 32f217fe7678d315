"""Which profile NetworkManager takes for an interface, and what stands in it of a gateway."""

import pytest

from tests.given_files import GivenFiles
from wizard.boot import network_manager
from wizard.boot.link import Link

FOLDER = "/etc/NetworkManager/system-connections"
MAC = "02:00:00:0a:00:10"


def given(**profiles: str) -> GivenFiles:
    return GivenFiles({f"{FOLDER}/{name}.nmconnection": text for name, text in profiles.items()})


def profile(connection: str = "", ethernet: str = "", ipv6: str = "method=manual\n") -> str:
    return f"[connection]\ntype=ethernet\n{connection}[ethernet]\n{ethernet}[ipv6]\n{ipv6}"


ANY = profile()
NAMED = profile("interface-name=eth0\n")
BY_MAC = profile(ethernet=f"mac-address={MAC.upper()}\n")
FIRST = profile("autoconnect-priority=1\n")
LAST = profile("interface-name=eth0\nautoconnect-priority=-1\n")


@pytest.mark.parametrize(
    ("one", "other"), [(NAMED, ANY), (BY_MAC, ANY), (NAMED, BY_MAC), (FIRST, NAMED), (ANY, LAST)]
)
def test_of_several_profiles_it_takes_the_one_that_fits_best(one: str, other: str) -> None:
    link = Link("eth0", mac=MAC, type="ether")
    for first, second in (("a", "b"), ("b", "a")):
        found = network_manager.of(given(**{first: one, second: other}), link)
        assert found is not None
        assert found.path == f"{FOLDER}/{first}.nmconnection"


@pytest.mark.parametrize(("kind", "hears"), [("", True), ("veth", True), ("bridge", False)])
def test_it_makes_a_profile_up_for_what_looks_like_ethernet_alone(kind: str, hears: bool) -> None:
    found = network_manager.of(given(), Link("eth0", mac=MAC, type="ether", kind=kind))
    assert (found is not None and found.hears) is hears


@pytest.mark.parametrize(
    ("ipv6", "line"),
    [
        ("method=manual\ngateway=2001:db8::1\n", "gateway"),
        ("method=manual\naddress1=2001:db8::2/64,2001:db8::1\n", "address1"),
        ("method=manual\nroute1=::/0,2001:db8::1\n", "route1"),
        ("method=manual\naddress1=2001:db8::2/64\n", None),
        ("method=manual\nroute1=2001:db8:7::/48,2001:db8::1\n", None),
        ("method=manual\n[ipv4]\ngateway=192.0.2.1\n", None),
        ("method=manual\n[other]\ngateway=2001:db8::1\n", None),
    ],
)
def test_a_gateway_is_found_however_it_is_written(ipv6: str, line: str | None) -> None:
    found = network_manager.of(given(a=profile(ipv6=ipv6)), Link("eth0", mac=MAC, type="ether"))
    assert found is not None
    assert (found.gateway and found.gateway.key) == line
