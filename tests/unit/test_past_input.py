"""What is said of published ports that Docker forwards past INPUT in the private mode."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers import proposals
from wizard.answers.choices import Mode
from wizard.host.host import Host, Unknown
from wizard.host.known import known
from wizard.host.published import parse
from wizard.inward import closed
from wizard.inward.closed import InputRules
from wizard.modes import closed_ports
from wizard.modes.registry import behaviour_of
from wizard.noticed.losses import LossCause, losses
from wizard.noticed.past_input import notices
from wizard.plan import acceptance, planning
from wizard.platform.system import NOT_THERE, Result
from wizard.steps.actions import WriteFile
from wizard.steps.closed_ports import ClosedPorts
from wizard.verification.kept_closed import faults_in, kept_closed


def publishing(host: Host, *ports: str) -> Host:
    assert not isinstance(host.projects, Unknown)
    (project,) = host.projects
    containers = tuple(
        replace(each, ports=ports) if each.service == "web" else replace(each, ports=())
        for each in project.containers
    )
    return replace(host, projects=(replace(project, containers=containers),))


def said(host: Host, mode: Mode = Mode.ULA, rules: str = "") -> tuple[str, ...]:
    choices = replace(proposals.defaults(host), services=("web", "sidekiq"), mode=mode)
    inputs = replace(deployment(host).inputs, input=InputRules(rules))
    step = closed_ports.step(known(host), choices, inputs)
    return notices(known(host), choices, [step] if step else [], inputs)


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
    plan = planning.plan(made.host, made.choices, replace(made.inputs, input=InputRules(rules)))
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
    # Docker makes the chain that leads to ours.
    texts = [
        action.after.text
        for each in plan.steps
        for action in each.actions()
        if isinstance(action, WriteFile) and action.path.endswith(".service")
    ]
    assert any("After=docker.service\n" in text for text in texts)
    assert not any("Before=docker.service\n" in text for text in texts)
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
    words = " ".join(behaviour_of(Mode.ULA).consequences(made_up_hosts.debian14()))
    assert "nobody outside can connect to them, but to the ports that they publish" in words
    words = " ".join(behaviour_of(Mode.ULA).consequences(made_up_hosts.debian13()))
    assert "nobody outside can connect to them." in words


UNTOLD = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m set --match-set a src -j DROP\nCOMMIT\n"


def test_without_the_step_that_keeps_it_closed_a_port_is_said_to_open_and_is_a_loss() -> None:
    made = deployment(publishing(made_up_hosts.debian14(), *EVERYWHERE))
    rules = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp -m udp --dport 5353 -j ACCEPT\nCOMMIT\n"
    inputs = replace(made.inputs, input=InputRules(rules))
    steps = planning.plan(made.host, made.choices, inputs).steps
    others = [each for each in steps if not isinstance(each, ClosedPorts)]
    assert len(others) == len(steps) - 1
    host = known(made.host)
    assert losses(host, made.choices, steps, inputs) == ()
    (loss,) = losses(host, made.choices, others, inputs)
    assert (loss.name, loss.cause) == ("open [::]:3000/tcp", LossCause.OPENED)
    sentence, _udp = notices(host, made.choices, others, inputs)
    assert "3000/tcp (web)" in sentence and "nftables" not in sentence
    assert "will be able to connect" in sentence and "stay closed to the" not in sentence


@pytest.mark.parametrize("rules", [InputRules(UNTOLD), InputRules(None), InputRules("", None)])
def test_what_may_open_is_accepted_by_name_like_every_loss(rules: InputRules) -> None:
    made = deployment(publishing(made_up_hosts.debian14(), EVERYWHERE[1]))
    inputs = replace(made.inputs, input=rules)
    plan = planning.plan(made.host, made.choices, inputs)
    (loss,) = plan.unaccepted
    assert (loss.name, loss.cause) == ("open [::]:3000/tcp", LossCause.OPENED)
    assert not any(isinstance(each, ClosedPorts) for each in plan.steps)
    (notice,) = [each for each in plan.notices if "could not be told" in each]
    assert "3000/tcp (web)" in notice and '"0.0.0.0:3000:3000"' in notice
    assert '"open [::]:3000/tcp"' in acceptance.refusal(plan)
    assert "open [::]:3000/tcp (web)." in acceptance.in_short(plan)
    assert "stops answering" not in acceptance.in_short(plan)
    accepted = replace(made.choices, accepted=acceptance.accept_all(plan))
    again = planning.plan(made.host, accepted, inputs)
    assert again.unaccepted == ()
    assert again.digest == plan.digest
    # That it may open is not that it may stop answering.
    stops = replace(made.choices, accepted=("[::]:3000/tcp",))
    assert planning.plan(made.host, stops, inputs).unaccepted == (loss,)


def test_what_docker_opens_by_nftables_is_accepted_by_name_where_this_host_closes_it() -> None:
    host = publishing(made_up_hosts.debian14(), *EVERYWHERE)
    assert not isinstance(host.engine, Unknown)
    host = replace(host, engine=replace(host.engine, firewall_backend="nftables"))
    made = deployment(host)
    rules = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp -m udp --dport 5353 -j ACCEPT\nCOMMIT\n"
    plan = planning.plan(made.host, made.choices, replace(made.inputs, input=InputRules(rules)))
    (loss,) = plan.unaccepted
    assert (loss.name, loss.cause) == ("open [::]:3000/tcp", LossCause.OPENED)
    assert not any(isinstance(each, ClosedPorts) for each in plan.steps)
    (closed_today,) = [each for each in plan.notices if "close today" in each]
    assert "3000/tcp (web)" in closed_today and '"0.0.0.0:3000:3000"' in closed_today
    assert "5353" not in closed_today
    (open_today,) = [each for each in plan.notices if "can connect to these" in each]
    assert "5353/udp (web)" in open_today and "3000" not in open_today


def test_rules_of_a_program_that_fails_are_not_known_and_one_that_is_not_there_has_none() -> None:
    made = deployment(made_up_hosts.debian14())
    answers = {
        "ip6tables-save": Result(0, ""),
        "nft": Result(NOT_THERE, "nft: No such file"),
        "iptables-save": Result(0, "*filter"),
    }

    def run(argv: Sequence[str], stdin: str = "") -> Result:
        return answers[argv[0]]

    made.system.run = run  # type: ignore[method-assign]
    assert closed.read(made.system) == InputRules("", "", "*filter")
    for status in (1, 124, 126):
        answers["ip6tables-save"] = answers["nft"] = Result(status, "*filter\n")
        assert closed.read(made.system) == InputRules(None, None, "*filter")
    (port,) = parse("[::]:3000->3000/tcp")
    assert InputRules(None, "").closes("eth0", port) is None
    drop = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"
    assert InputRules(drop, None).closes("eth0", port) is True


def test_what_is_kept_closed_is_tried_at_an_address_where_it_is_published() -> None:
    ports = ("[::]:3000->80/tcp", "[2001:db8:1:2::11]:3001->80/tcp", "[::]:5353->53/udp")
    made = deployment(publishing(made_up_hosts.debian14(), *ports))
    rules = InputRules("*filter\n:INPUT DROP [0:0]\nCOMMIT\n")
    plan = planning.plan(made.host, made.choices, replace(made.inputs, input=rules))
    found = [
        (each.address, each.port, each.protocol, each.inside)
        for each in kept_closed(made.host, plan)
    ]
    assert found == [
        ("2001:db8:1:2::10", 3000, "tcp", 80),
        ("2001:db8:1:2::11", 3001, "tcp", 80),
        ("2001:db8:1:2::10", 5353, "udp", 53),
    ]
    assert kept_closed(made.host, made.plan()) == ()
    tried = [
        {"address": "2001:db8:1:2::10", "port": 3000, "protocol": "tcp", "came": False},
        {"address": "2001:db8:1:2::11", "port": 3001, "protocol": "tcp", "came": True},
        {"address": "2001:db8:1:2::10", "port": 5353, "protocol": "udp", "came": True},
    ]
    (sentence,) = faults_in(tried)
    assert "close: [2001:db8:1:2::11]:3001/tcp, [2001:db8:1:2::10]:5353/udp. " in sentence
    assert "3000" not in sentence
