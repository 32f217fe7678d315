"""Each mode is one object, and nobody asks for one by its name."""

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import PREFIX, deployment
from wizard.answers.answers_file import dumps, loads
from wizard.answers.checks import check_mode, usable_prefix
from wizard.answers.choices import Choices, Mode
from wizard.answers.proposals import choose_mode
from wizard.host.host import Host, Unknown
from wizard.modes.registry import behaviour_of, behaviours, collect
from wizard.platform.errors import Refused

ROOT = Path(__file__).parents[2]

ENGINES = {"12": made_up_hosts.debian12, "13": made_up_hosts.debian13, "14": made_up_hosts.debian14}


def of_engine(release: str) -> Host:
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
    host = of_engine(release)
    chosen = choose_mode(Choices(), mode, host)
    assert chosen.prefix is not None
    assert usable_prefix(str(chosen.prefix), host, mode) == chosen.prefix
    assert loads(dumps(chosen)) == chosen


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("release", ENGINES)
def test_a_plan_gives_containers_the_chosen_prefix_or_says_why_not(
    release: str, mode: Mode
) -> None:
    host = of_engine(release)
    prefix = choose_mode(Choices(prefix=PREFIX), mode, host).prefix
    here, obstacle = deployment(host, mode=mode, prefix=prefix), check_mode(mode, host)
    if obstacle is not None:
        with pytest.raises(Refused, match=re.escape(obstacle)):
            here.plan()
        return
    typed = [word for step in here.plan().steps for line in step.commands for word in line.split()]
    assert str(prefix) in typed


@pytest.mark.parametrize("release", ENGINES)
def test_private_addresses_say_whose_rules_let_them_out(release: str) -> None:
    host = of_engine(release)
    assert not isinstance(host.engine, Unknown)
    consequences = behaviour_of(Mode.ULA).consequences(host)
    assert f"Docker {host.engine.version}" in consequences[-1]
    assert ("the wizard adds them" in consequences[-1]) is not host.engine.manages_ip6tables
    # Docker's own rules let strangers in to what is published.
    opens = "to the ports that they publish" in " ".join(consequences)
    assert opens is host.engine.manages_ip6tables
    unknown = behaviour_of(Mode.ULA).consequences(replace(host, engine=Unknown("Nobody knows.")))
    assert "Docker" not in " ".join(unknown)
