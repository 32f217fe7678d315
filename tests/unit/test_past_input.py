"""What is said of published ports that Docker forwards past INPUT in the private mode."""

from dataclasses import replace

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers import choices as choosing
from wizard.answers.choices import Mode
from wizard.host.host import Host, Unknown
from wizard.inward.closed import InputRules
from wizard.modes.consequences import consequences
from wizard.noticed.past_input import notices
from wizard.plan import planning
from wizard.steps.closed_ports import ClosedPorts


def publishing(host: Host, *ports: str) -> Host:
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    containers = tuple(
        replace(each, ports=ports) if each.service == "web" else replace(each, ports=())
        for each in project.containers
    )
    return replace(host, projects=(replace(project, containers=containers),))


def said(host: Host, mode: Mode = Mode.ULA, rules: str = "") -> tuple[str, ...]:
    choices = replace(choosing.defaults(host), services=("web", "sidekiq"), mode=mode)
    return notices(host, choices, replace(deployment(host).sources, input=InputRules(rules)))


EVERYWHERE = ("0.0.0.0:3000->3000/tcp", "[::]:3000->3000/tcp", "[::]:5353->53/udp")


def test_what_becomes_open_is_named_with_the_binding_that_keeps_it_closed() -> None:
    host = publishing(made_up_hosts.debian14(), *EVERYWHERE)
    (sentence,) = said(host)
    assert "3000/tcp (web), 5353/udp (web)" in sentence
    assert '"0.0.0.0:3000:3000", "0.0.0.0:5353:53/udp"' in sentence
    assert sentence in deployment(host).plan().notices


def test_what_this_host_closes_stays_closed_and_only_the_rest_is_said_to_open() -> None:
    host = publishing(made_up_hosts.debian14(), *EVERYWHERE)
    rules = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 3000 -j DROP\nCOMMIT\n"
    opened, kept = said(host, rules=rules)
    assert "5353/udp (web)" in opened and "3000/tcp" not in opened
    assert "stay closed" in kept and "3000/tcp (web)" in kept and '"0.0.0.0:3000:3000"' in kept


def test_the_rule_drops_new_connections_for_the_port_of_the_host_on_the_uplink_alone() -> None:
    made = deployment(publishing(made_up_hosts.debian14(), *EVERYWHERE))
    rules = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp -m udp --dport 5353 -j ACCEPT\nCOMMIT\n"
    plan = planning.plan(made.host, made.choices, replace(made.sources, input=InputRules(rules)))
    (step,) = (each for each in plan.steps if isinstance(each, ClosedPorts))
    (table,) = step.tables
    assert table.parent == "DOCKER-USER"
    assert [" ".join(rule) for rule in table.rules] == [
        "-i eth0 -o br-ipv6 -p tcp -m conntrack --ctstate NEW --ctorigdstport 3000 -j DROP"
    ]
    kinds = [each.kind for each in plan.steps]
    # Closed before there is anything behind it.
    assert kinds.index("closed-ports") < kinds.index("docker-network") < kinds.index("attach")
    assert {"systemd-unit", "filter-service"} <= set(kinds)
    assert ClosedPorts.from_parameters(step.parameters()) == step


def test_what_is_forwarded_already_is_not_closed_by_us() -> None:
    host = publishing(made_up_hosts.debian14(), *EVERYWHERE)
    assert not isinstance(host.networks, Unknown)
    networks = tuple(replace(each, ipv6=True) for each in host.networks)
    assert said(replace(host, networks=networks), rules="*filter\n:INPUT DROP [0:0]\n") == ()


@pytest.mark.parametrize(
    "ports", [("127.0.0.1:3000->3000/tcp",), ("0.0.0.0:3000->3000/tcp",), ("3000/tcp",)]
)
def test_what_is_not_published_over_ipv6_is_not_named(ports: tuple[str, ...]) -> None:
    assert said(publishing(made_up_hosts.debian14(), *ports)) == ()


def test_where_docker_forwards_nothing_and_with_public_addresses_nothing_is_said() -> None:
    assert said(publishing(made_up_hosts.debian13(), *EVERYWHERE)) == ()
    assert said(publishing(made_up_hosts.debian14(), *EVERYWHERE), Mode.ROUTED) == ()


def test_that_nobody_can_connect_is_said_only_where_it_is_so() -> None:
    words = " ".join(consequences(Mode.ULA, made_up_hosts.debian14()))
    assert "nobody outside can connect to them, but to the ports that they publish" in words
    words = " ".join(consequences(Mode.ULA, made_up_hosts.debian13()))
    assert "nobody outside can connect to them." in words
