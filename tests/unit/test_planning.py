"""What a plan is put together from: what stands in its way, its steps, and what is told first."""

from dataclasses import replace
from ipaddress import IPv6Network
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.made_up_deployments import Deployment, deployment
from tests.unit.test_acceptance import loss
from tests.unit.test_steps import behind_firewalld
from wizard.answers import checks, obstacles
from wizard.noticed import (
    flushed,
    moved_ports,
    outside,
    owners,
    past_input,
    peers,
    source_addresses,
    visitors,
)
from wizard.noticed.losses import Loss
from wizard.plan import planning
from wizard.platform.errors import Refused
from wizard.steps.firewalld import Firewalld
from wizard.steps.others import Other
from wizard.steps.sysctl import Sysctl

IN_ORDER = (
    past_input,
    visitors,
    moved_ports,
    peers,
    source_addresses,
    outside,
    owners,
    flushed,
)
RELOADED = "firewalld is reloaded, which it needs to hear of the new policy."
UNPROVEN = "You chose to continue although"


@pytest.fixture
def made() -> Deployment:
    return deployment()


@pytest.mark.parametrize("firewalld", [False, True])
@pytest.mark.parametrize("unproven", [False, True])
def test_what_people_notice_is_told_the_weightiest_first(
    monkeypatch: pytest.MonkeyPatch, firewalld: bool, unproven: bool
) -> None:
    made = behind_firewalld() if firewalld else deployment()

    def says(module: ModuleType) -> None:
        name = module.__name__.rpartition(".")[2]
        monkeypatch.setattr(module, "notices", lambda *_: (f"{name} 1", f"{name} 2"))

    of_mode = made.plan().notices
    for module in IN_ORDER:
        says(module)
    notices = planning.plan(
        made.host, replace(made.choices, unproven=unproven), made.inputs
    ).notices
    names = [each.__name__.rpartition(".")[2] for each in IN_ORDER]
    told = [each for each in notices if each[:-2] in names]
    assert told == [f"{name} {number}" for name in names for number in (1, 2)]
    # What the way itself brings stands behind what ends at once, and before the rest.
    between = notices[notices.index("moved_ports 2") + 1 : notices.index("peers 1")]
    assert set(between) <= set(of_mode)
    last = notices[notices.index("flushed 2") + 1 :]
    expected = [RELOADED] * firewalld + [UNPROVEN] * unproven
    assert len(last) == len(expected)
    assert all(each.startswith(words) for each, words in zip(last, expected, strict=True))


def test_all_that_stands_in_the_way_is_said_at_once(
    made: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [SimpleNamespace(sentence="One."), SimpleNamespace(sentence="Two.")]
    monkeypatch.setattr(obstacles, "obstacles", lambda *_: found)
    monkeypatch.setattr(checks, "check", lambda *_: ("Three.", "Four."))
    with pytest.raises(Refused) as refused:
        planning.plan(made.host, made.choices, made.inputs)
    assert str(refused.value) == "One. Two. Three. Four."
    monkeypatch.setattr(obstacles, "obstacles", lambda *_: [])
    with pytest.raises(Refused) as refused:
        planning.plan(made.host, made.choices, made.inputs)
    assert str(refused.value) == "Three. Four."
    monkeypatch.setattr(checks, "check", lambda *_: ())
    assert planning.plan(made.host, made.choices, made.inputs).steps


def test_beside_a_set_up_whose_record_is_damaged_nothing_is_planned(made: Deployment) -> None:
    step = next(each for each in made.plan().steps if isinstance(each, Sysctl))
    known = Other("first", step.kind, replace(step, values=(("net.ipv6.x", "1"),)), None)
    inputs = replace(made.inputs, beside=(known,))
    planned = planning.plan(made.host, made.choices, inputs)
    assert next(each for each in planned.steps if isinstance(each, Sysctl)) == step.among([known])
    damaged = Other("second", step.kind, None, None)
    with pytest.raises(Refused) as refused:
        planning.plan(made.host, made.choices, replace(inputs, beside=(known, damaged)))
    assert str(refused.value) == (
        "The record of second, which is set up on this host, is damaged, so it is not known what "
        "it stands on. Nothing was changed. Take that back first, with wizard --undo second."
    )


def test_firewalld_is_told_first_and_only_where_somebody_chose_that() -> None:
    made = behind_firewalld()
    first, *rest = made.plan().steps
    assert isinstance(first, Firewalld)
    assert first == Firewalld("2001:db8:1:2:3::/80", inwards=True)
    assert not any(isinstance(each, Firewalld) for each in rest)
    # On a host without it there is nothing to tell.
    assert not any(isinstance(each, Firewalld) for each in deployment().plan().steps)


def test_equal_plans_are_those_that_do_and_cost_the_same(made: Deployment) -> None:
    plan = made.plan()
    found: list[Any] = [
        plan,
        replace(plan, steps=plan.steps[1:]),
        replace(plan, steps=tuple(reversed(plan.steps))),
        replace(plan, losses=(loss(80),)),
        replace(plan, losses=(loss(80), loss(81))),
        replace(plan, losses=(loss(81), loss(80))),
        replace(plan, losses=(loss(80, opens=True),)),
    ]
    digests = [each.digest for each in found]
    assert len(set(digests)) == len(digests)
    assert {len(each) for each in digests} == {64}
    same = replace(plan, remarks=("It is said.",), notices=("It is noticed.",))
    assert same.digest == plan.digest
    other = replace(plan, choices=replace(plan.choices, prefix=IPv6Network("fd00::/64")))
    assert other.digest == plan.digest


@pytest.mark.parametrize(
    ("accepted", "left"),
    [((), (80, 81)), (("[::]:80/tcp",), (81,)), (("[::]:80/tcp", "[::]:81/tcp", "x"), ())],
)
def test_what_is_lost_and_not_accepted_by_its_name(
    made: Deployment, accepted: tuple[str, ...], left: tuple[int, ...]
) -> None:
    losses: tuple[Loss, ...] = (loss(80), loss(81))
    plan = made.plan()
    plan = replace(plan, losses=losses, choices=replace(plan.choices, accepted=accepted))
    assert tuple(each.port.host_port for each in plan.unaccepted) == left
