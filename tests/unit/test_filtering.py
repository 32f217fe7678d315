"""Who filters for routed addresses: by answers and rules that real engines gave, and by others."""

from dataclasses import replace
from ipaddress import IPv6Network
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import ARTICLE, deployment
from tests.unit.recorded import answer, text
from wizard.answers.checks import check_inwards
from wizard.answers.choices import Choices, Inwards, Mode
from wizard.host import filtering
from wizard.host.host import Engine, Firewall, Host, Unknown
from wizard.host.known import known
from wizard.host.parts.docker_engine import parse
from wizard.host.parts.firewall import policy
from wizard.modes.mode_plan import ModePlan
from wizard.modes.open_ports import filter_remark
from wizard.modes.registry import behaviour_of
from wizard.modes.routed import mode_plan
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.ip6tables import Ip6tables

BRIDGE = "br-routed"
"""The bridge of the routed network in the recorded rules."""

ENGINES = {
    "docker-27.5.1-iptables": True,
    "docker-29.7.2-iptables": True,
    "docker-29.7.2-ip6tables-off": False,
    "docker-29.7.2-nftables": True,
}
"""Whether each engine was seen to filter, by packets."""

every_engine = pytest.mark.parametrize(("name", "filters"), ENGINES.items(), ids=ENGINES)


def recorded(name: str) -> Host:
    """A host with a recorded engine and its own policy of FORWARD."""
    engine = parse(answer(name, "version"), answer(name, "info"), text(name, "daemon.json"), ())
    saved = text(name, "ip6tables-save")
    policies = [line.split()[1] for line in saved.splitlines() if line.startswith(":FORWARD")]
    return made_up_hosts.debian13(
        engine=engine, firewall=Firewall(forward_policy=policies[0] if policies else "ACCEPT")
    )


def with_engine(version: str, policy: str | None = "ACCEPT", **changes: Any) -> Host:
    engine = Engine(version, "1.47", **{"manages_ip6tables": True, **changes})
    return made_up_hosts.debian13(engine=engine, firewall=Firewall(forward_policy=policy))


def routed(host: Host, **changes: Any) -> ModePlan:
    """The steps for a host, also for one that other obstacles keep from a whole plan."""
    prefix = IPv6Network("2001:db8:1:2:1::/80")
    made = deployment(host, ARTICLE, mode=Mode.ROUTED, prefix=prefix, **changes)
    return mode_plan(known(made.host), made.choices, made.inputs)


def rules_of(plan: ModePlan) -> list[Ip6tables]:
    return [step for step in plan.steps if isinstance(step, Ip6tables)]


@every_engine
def test_what_a_real_engine_did_is_what_is_said_of_it(name: str, filters: bool) -> None:
    found = filtering.of_routed(recorded(name))
    assert found.by_engine is filters
    assert recorded(name).engine.version in found.reason  # type: ignore[union-attr]


@every_engine
def test_the_rules_that_a_real_engine_made_close_exactly_where_it_is_said_to_filter(
    name: str, filters: bool
) -> None:
    saved = text(name, "ip6tables-save").splitlines()
    drops = f"-A DOCKER ! -i {BRIDGE} -o {BRIDGE} -j DROP" in saved
    relies = any(line.startswith(":FORWARD DROP") for line in saved)
    nft = name.endswith("nftables") and _drops_in_nftables(answer(name, "nft"))
    assert (drops or relies or nft) is filters
    if name.startswith("docker-27"):
        # So a policy that somebody changes opens every port.
        assert not drops


def _drops_in_nftables(listed: dict[str, Any]) -> bool:
    rules = [each["rule"] for each in listed["nftables"] if "rule" in each]
    last = [rule for rule in rules if rule["chain"] == f"filter-forward-in__{BRIDGE}"][-1]
    return {"drop": None} in last["expr"]


@every_engine
def test_our_own_filter_is_planned_where_the_engine_has_none(name: str, filters: bool) -> None:
    plan = routed(recorded(name))
    assert bool(rules_of(plan)) is not filters
    kinds = [step.kind for step in plan.steps]
    if not filters:
        # Closed before there is anything behind the bridge.
        assert kinds.index("ip6tables") < kinds.index("docker-network")
    (network,) = (step for step in plan.steps if isinstance(step, DockerNetwork))
    assert ("com.docker.network.bridge.gateway_mode_ipv6", "routed") in network.options


@every_engine
def test_screens_and_remarks_say_who_filters(name: str, filters: bool) -> None:
    host = recorded(name)
    said = " ".join(behaviour_of(Mode.ROUTED).consequences(host))
    assert ("filters what comes in itself" in said) is filters
    assert ("so the wizard adds rules" in said) is not filters
    remarks = " ".join(routed(host).remarks)
    assert ("No packet filter rules of ours" in remarks) is filters
    assert ("packet filter is the wizard's own" in remarks) is not filters


@every_engine
def test_who_comes_in_can_be_chosen_exactly_where_the_filter_is_ours(
    name: str, filters: bool
) -> None:
    for inwards in (Inwards.ALL, Inwards.EXPOSED):
        chosen = Choices(mode=Mode.ROUTED, inwards=inwards)
        assert (check_inwards(chosen, recorded(name)) is not None) is filters
        asked = behaviour_of(Mode.ROUTED).questions(chosen, recorded(name))
        assert ("inwards" in asked) is not filters


@pytest.mark.parametrize("closed", ["DROP"])
@pytest.mark.parametrize("release", ["27.0.1", "27.5.1"])
def test_an_engine_that_relies_on_the_policy_filters_only_while_that_drops(
    release: str, closed: str
) -> None:
    assert filtering.of_routed(with_engine(release, closed)).by_engine
    for opened in ("ACCEPT", "REJECT", None):
        host = with_engine(release, opened)
        assert not filtering.of_routed(host).by_engine
        assert rules_of(routed(host))
    unknown = replace(with_engine(release), firewall=Unknown("Nobody knows."))
    assert not filtering.of_routed(unknown).by_engine


@pytest.mark.parametrize("release", ["28.0.0", "28.5.2", "29.7.2"])
@pytest.mark.parametrize("stated", ["ACCEPT", "DROP", None])
def test_an_engine_with_a_drop_of_its_own_needs_no_policy(release: str, stated: str | None) -> None:
    assert filtering.of_routed(with_engine(release, stated)).by_engine
    off = with_engine(release, stated, manages_ip6tables=False)
    assert not filtering.of_routed(off).by_engine


@pytest.mark.parametrize("backend", ["nftables", "nftables+firewalld"])
def test_an_engine_with_nftables_switched_off_for_ipv6_does_not_filter(backend: str) -> None:
    assert filtering.of_routed(with_engine("29.7.2", firewall_backend=backend)).by_engine
    off = with_engine("29.7.2", firewall_backend=backend, manages_ip6tables=False)
    assert not filtering.of_routed(off).by_engine


@pytest.mark.parametrize(
    ("changes", "forwards"),
    [
        ({}, True),
        ({"manages_ip6tables": False}, False),
        ({"ip_forward": False}, False),
        ({"firewall_backend": "nftables"}, False),
    ],
)
def test_forwarding_is_left_to_an_engine_that_switches_it_on(
    changes: dict[str, Any], forwards: bool
) -> None:
    host = with_engine("29.7.2", **changes)
    assert filtering.engine_forwards(known(host).engine) is forwards
    (sysctl,) = (step for step in routed(host).steps if step.kind == "sysctl")
    assert any("forwarding=1" in line for line in sysctl.commands) is not forwards


def test_an_engine_that_may_not_forward_is_told_by_its_file_and_words() -> None:
    version = {"Version": "29.7.2", "ApiVersion": "1.55"}
    assert parse(version, {}, "{}", ()).ip_forward
    assert not parse(version, {}, '{"ip-forward": false}', ()).ip_forward
    assert not parse(version, {}, "{}", ("dockerd", "--ip-forward=false")).ip_forward


def test_of_an_unknown_engine_nothing_is_believed() -> None:
    host = made_up_hosts.debian13(engine=Unknown("Docker did not answer."))
    assert not filtering.of_routed(host).by_engine


def test_the_recorded_policy_is_what_the_detector_reads() -> None:
    assert policy("-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n") == "DROP"


@pytest.mark.parametrize(
    ("version", "backend", "drops"),
    [
        ("27.5.1", "iptables", True),
        ("28.0.0", "iptables", False),
        ("28.0.4", "iptables+firewalld", False),
        ("29.7.2", "nftables", False),
        ("27.5.1", "nftables", False),
    ],
)
def test_that_ping_from_outside_is_dropped_is_said_of_the_engines_that_drop_it(
    version: str, backend: str, drops: bool
) -> None:
    host = made_up_hosts.debian14()
    assert isinstance(host.engine, Engine)
    host = replace(host, engine=replace(host.engine, version=version, firewall_backend=backend))
    said = filter_remark(host, filtering.Filtering(by_engine=True, reason="It does."))
    assert ("drops ping from outside" in (said or "")) is drops
