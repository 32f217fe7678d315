"""A network of an earlier Docker, hidden by a later one though its addresses are routed."""

from dataclasses import replace
from ipaddress import IPv6Network

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers.choices import Mode
from wizard.host import gateway_mode
from wizard.host.host import Engine, Host, Unknown
from wizard.plan.planning import Plan
from wizard.verification.from_outside import FromOutside
from wizard.verification.verification import verification_of_repair
from wizard.verification.way_out import WayOut

MODE = "com.docker.network.bridge.gateway_mode_ipv6"


def host(version: str, options: dict[str, str], **changes: bool) -> Host:
    ours = replace(
        made_up_hosts._network("six", "br-ipv6", "172.31.0.0/16", "2001:db8:1:2:1::/80"),
        options=tuple(options.items()),
    )
    engine = Engine(version, "1.47", manages_ip6tables=changes.get("manages_ip6tables", True))
    return replace(made_up_hosts.debian13(), engine=engine, networks=(ours,))


@pytest.mark.parametrize(
    ("made", "hidden"),
    [
        (host("28.5.2", {}), True),
        (host("28.5.2", {MODE: "nat"}), True),
        (host("28.5.2", {MODE: "routed"}), False),
        (host("28.5.2", {}, manages_ip6tables=False), False),
        (host("26.1.5", {}), False),
        (replace(host("28.5.2", {}), networks=()), False),
        (replace(host("28.5.2", {}), networks=Unknown("Docker does not answer.")), False),
    ],
)
def test_who_is_hidden(made: Host, hidden: bool) -> None:
    found = gateway_mode.hides(made, "six")
    assert (found is not None) is hidden
    assert found is None or "wizard --repair" in found


@pytest.mark.parametrize("made", [{}, {MODE: "routed"}])
def test_a_repair_that_comes_before_asks_for_no_packets_that_docker_hides(
    made: dict[str, str],
) -> None:
    found = host("28.5.2", made)
    networks = found.networks
    assert not isinstance(networks, Unknown)
    known = replace(made_up_hosts.debian13(), engine=found.engine, networks=networks)
    choices = replace(
        deployment().choices,
        mode=Mode.ROUTED,
        prefix=IPv6Network("2001:db8:1:2:1::/80"),
        network="six",
    )
    looks = verification_of_repair(deployment().system, Plan(choices, ()), known)._aspects
    there = {type(each) for each in looks}
    assert ({FromOutside, WayOut} <= there) is bool(made)
