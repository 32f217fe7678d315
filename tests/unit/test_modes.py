"""Each mode is one object, and nobody asks for one by its name."""

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
from ruamel.yaml import YAML

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers.answers_file import dumps, loads
from wizard.answers.checks import check_mode, usable_prefix
from wizard.answers.choices import Choices, Mode
from wizard.answers.proposals import choose_mode
from wizard.host.filtering import engine_forwards, of_routed
from wizard.host.host import Advertised, Host, Manager, Unknown
from wizard.modes.registry import behaviour_of, behaviours, collect
from wizard.plan import planning
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused
from wizard.steps.attach import Attach
from wizard.steps.compose_file import ComposeFile
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import SystemdUnit
from wizard.uplink import unit as uplink_unit

ROOT = Path(__file__).parents[2]

ENGINES = {"12": made_up_hosts.debian12, "13": made_up_hosts.debian13, "14": made_up_hosts.debian14}


def of_docker(release: str) -> Host:
    return ENGINES[release]()


def module(**attributes: object) -> ModuleType:
    made = ModuleType("made_up")
    vars(made).update(attributes)
    return made


def test_a_mode_without_an_object_is_found_at_once() -> None:
    of_every_mode = [module(BEHAVIOUR=each) for each in behaviours()]
    assert tuple(collect(of_every_mode, Mode).values()) == behaviours()
    with pytest.raises(TypeError, match="ula has 0 objects"):
        collect([each for each in of_every_mode if each.BEHAVIOUR.mode is not Mode.ULA], Mode)
    with pytest.raises(TypeError, match="third has 0 objects"):
        collect(of_every_mode, [*Mode, cast("Mode", "third")])


def test_two_objects_for_a_mode_are_found_at_once() -> None:
    twice = [*behaviours(), behaviours()[0]]
    with pytest.raises(TypeError, match="2 objects"):
        collect([module(BEHAVIOUR=each) for each in twice], Mode)


def test_nobody_asks_for_a_mode_by_its_name_but_its_own_module() -> None:
    # A mode that is asked for by name leaves every other one with the words meant for the rest.
    own = {Path("wizard/answers/choices.py")}
    asking = {
        path.relative_to(ROOT): re.findall(r"\bMode\.[A-Z]+", path.read_text("utf-8"))
        for folder in ("wizard", "screens")
        for path in (ROOT / folder).rglob("*.py")
    }
    named = {path: names for path, names in asking.items() if names and path not in own}
    assert {path: len(names) for path, names in named.items()} == {
        Path(f"wizard/modes/{each.mode.value}.py"): 1 for each in behaviours()
    }


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_says_something_of_its_own(mode: Mode) -> None:
    host = made_up_hosts.debian13()
    own, others = behaviour_of(mode), [each for each in behaviours() if each.mode is not mode]
    assert own.mode is mode
    for other in others:
        assert own.label != other.label
        assert own.summary != other.summary
        assert own.explanation != other.explanation
        assert own.catch(host) != other.catch(host)
        assert own.consequences(host) != other.consequences(host)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("release", ENGINES)
def test_what_is_proposed_for_a_mode_passes_its_own_checks(release: str, mode: Mode) -> None:
    host = of_docker(release)
    chosen = choose_mode(Choices(), mode, host)
    assert chosen.prefix is not None
    assert usable_prefix(str(chosen.prefix), host, mode) == chosen.prefix
    assert loads(dumps(chosen)) == chosen


every_mode = pytest.mark.parametrize("mode", Mode)
every_engine = pytest.mark.parametrize("release", ENGINES)


def planned(host: Host, mode: Mode) -> Plan | None:
    """The plan of a mode, or None on a host on which there is none."""
    prefix, obstacle = choose_mode(Choices(), mode, host).prefix, check_mode(mode, host)
    here = deployment(host, mode=mode, prefix=prefix)
    if obstacle is None:
        return here.plan()
    with pytest.raises(Refused, match=re.escape(obstacle)):
        here.plan()
    return None


@every_mode
def test_every_mode_can_be_had_on_some_host(mode: Mode) -> None:
    assert any(planned(made(), mode) for made in ENGINES.values())


@every_mode
@every_engine
def test_a_plan_gives_containers_the_chosen_prefix_or_says_why_not(
    release: str, mode: Mode
) -> None:
    host = of_docker(release)
    if (plan := planned(host, mode)) is not None:
        typed = [word for step in plan.steps for line in step.commands for word in line.split()]
        assert str(plan.choices.prefix) in typed


@every_mode
@every_engine
def test_no_plan_costs_a_host_the_routes_that_are_advertised_to_it(
    release: str, mode: Mode
) -> None:
    host = of_docker(release)
    assert not isinstance(host.uplink, Unknown)
    advertised = (Advertised("eth1", Manager.KERNEL),)
    host = replace(host, uplink=replace(host.uplink, advertised=advertised))
    if (plan := planned(host, mode)) is None:
        return
    kinds = [step.kind for step in plan.steps]
    # Before anything lets the host forward, Docker's first IPv6 network too.
    assert kinds.index("sysctl") < kinds.index("docker-network")
    (parameters,) = (step for step in plan.steps if isinstance(step, Sysctl))
    assert ("net.ipv6.conf.eth1.accept_ra", "2") in parameters.values
    units = [step.path for step in plan.steps if isinstance(step, SystemdUnit)]
    assert uplink_unit.PATH in units


@every_mode
@every_engine
def test_no_plan_leaves_a_host_that_does_not_forward(release: str, mode: Mode) -> None:
    host = of_docker(release)
    assert not isinstance(host.engine, Unknown)
    if (plan := planned(host, mode)) is not None:
        forwards = [step.forwards for step in plan.steps if isinstance(step, Sysctl)]
        assert any(forwards) or engine_forwards(host.engine)


@every_mode
@every_engine
def test_private_addresses_are_hidden_and_public_ones_filtered_by_docker_or_by_a_step(
    release: str, mode: Mode
) -> None:
    host = of_docker(release)
    assert not isinstance(host.engine, Unknown)
    if (plan := planned(host, mode)) is None:
        return
    public = mode.addresses.public
    rules = [step for step in plan.steps if isinstance(step, Ip6tables)]
    by_docker = of_routed(host).by_engine if public else host.engine.manages_ip6tables
    assert by_docker or [step.masquerade for step in rules] == [not public]


@every_mode
@every_engine
def test_the_chosen_containers_join_at_once_and_whenever_compose_makes_them_anew(
    release: str, mode: Mode
) -> None:
    host = of_docker(release)
    if (plan := planned(host, mode)) is None:
        return
    (attach,) = (step for step in plan.steps if isinstance(step, Attach))
    assert {service for _id, _name, service in attach.containers} == set(plan.choices.services)
    (file,) = (step for step in plan.steps if isinstance(step, ComposeFile))
    read = YAML(typ="safe").load(file.after.text)
    (key,) = (key for key, each in read["networks"].items() if plan.choices.network in str(each))
    joining = {name for name, each in read["services"].items() if key in each["networks"]}
    assert joining == set(plan.choices.services)


@every_mode
@every_engine
def test_what_was_not_read_or_is_not_done_is_said(release: str, mode: Mode) -> None:
    host = of_docker(release)
    assert not isinstance(host.uplink, Unknown)
    advertised = (Advertised("eth1", Manager.NETWORKD),)
    host = replace(host, uplink=replace(host.uplink, advertised=advertised))
    here = deployment(host, mode=mode, prefix=choose_mode(Choices(), mode, host).prefix)
    assert here.inputs.project is not None
    unread = "other.yml was not read."
    project = replace(here.inputs.project, unread=(unread,))
    if check_mode(mode, host) is None:
        plan = planning.plan(host, here.choices, replace(here.inputs, project=project))
        assert unread in plan.remarks
        assert any("accept_ra is left alone on eth1" in each for each in plan.remarks)


@pytest.mark.parametrize("release", ENGINES)
def test_private_addresses_say_whose_rules_let_them_out(release: str) -> None:
    host = of_docker(release)
    assert not isinstance(host.engine, Unknown)
    consequences = behaviour_of(Mode.ULA).consequences(host)
    assert f"Docker {host.engine.version}" in consequences[-1]
    assert ("the wizard adds them" in consequences[-1]) is not host.engine.manages_ip6tables
    # Docker's own rules let strangers in to what is published.
    opens = "to the ports that they publish" in " ".join(consequences)
    assert opens is host.engine.manages_ip6tables
    unknown = behaviour_of(Mode.ULA).consequences(replace(host, engine=Unknown("Nobody knows.")))
    assert "Docker" not in " ".join(unknown)
