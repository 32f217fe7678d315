from ipaddress import ip_network
from typing import Any

import pytest

from tests.unit.recorded import DEBIAN12, DEBIAN13, DEBIAN14, answer
from wizard.host.parts.docker_networks import parse

ENTRY: dict[str, Any] = {
    "Name": "one",
    "Id": "0123456789abcdef" * 4,
    "Driver": "bridge",
    "IPAM": {"Config": [{"Subnet": "172.18.0.0/16"}, {"Subnet": "fd00:1:2:3::/64"}]},
    "EnableIPv6": True,
    "Labels": {"b": "2", "a": "1"},
    "Options": {},
}


@pytest.mark.parametrize("machine", [DEBIAN12, DEBIAN13, DEBIAN14])
def test_the_networks_of_a_real_deployment(machine: str) -> None:
    networks = {network.name: network for network in parse(answer(machine, "networks"))}
    assert list(networks) == [
        "bridge",
        "host",
        "mastodon_external_network",
        "mastodon_internal_network",
        "none",
    ]
    assert networks["bridge"].bridge == "docker0"
    assert networks["bridge"].subnets == (ip_network("172.17.0.0/16"),)
    assert networks["host"].bridge is None
    internal, external = (networks[f"mastodon_{kind}_network"] for kind in ("internal", "external"))
    assert internal.internal
    assert not external.internal
    assert external.bridge == f"br-{external.id[:12]}"
    assert ("com.docker.compose.project", "mastodon") in external.labels
    assert not any(network.ipv6 for network in networks.values())


def test_both_subnets_and_the_order_of_labels() -> None:
    (network,) = parse([ENTRY])
    assert network.ipv6
    assert network.subnets == (ip_network("172.18.0.0/16"), ip_network("fd00:1:2:3::/64"))
    assert network.labels == (("a", "1"), ("b", "2"))


def test_a_bridge_keeps_the_name_it_was_given() -> None:
    (network,) = parse([ENTRY | {"Options": {"com.docker.network.bridge.name": "br-mine"}}])
    assert network.bridge == "br-mine"


@pytest.mark.parametrize("ipam", [None, {}, {"Config": None}, {"Config": [{}, {"Subnet": "x"}]}])
def test_a_network_without_addresses_has_no_subnets(ipam: object) -> None:
    (network,) = parse([ENTRY | {"IPAM": ipam, "Labels": None, "Options": None}])
    assert network.subnets == ()
    assert network.labels == ()


def test_control_characters_are_written_out() -> None:
    (network,) = parse([ENTRY | {"Name": "a\x1b[2J", "Labels": {"\u202e": "x\ny"}}])
    assert network.name == r"a\x1b[2J"
    assert network.labels == ((r"\u202e", r"x\ny"),)
