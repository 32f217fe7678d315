"""Whether the containers that are to be connected are those that ran when the plan was made."""

from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpContainer, MadeUpSystem
from wizard.steps.attach import Attach

WEB = MadeUpContainer("a" * 64, "p-web-1", "p", "web")
STREAMING = MadeUpContainer("b" * 64, "p-streaming-1", "p", "streaming")
STEP = Attach("p_ipv6", tuple((one.id, one.name, one.service) for one in (WEB, STREAMING)))


def host(*containers: MadeUpContainer) -> MadeUpSystem:
    system = MadeUpSystem()
    system.containers = {each.name: each for each in containers}
    return system


def test_the_same_containers_are_no_obstacle() -> None:
    assert STEP.obstacle(host(STREAMING, WEB)) is None


@pytest.mark.parametrize(
    "others",
    [
        (WEB,),
        (WEB, replace(STREAMING, id="c" * 64)),
        (WEB, replace(STREAMING, running=False)),
        (replace(WEB, name=STREAMING.name), replace(STREAMING, name="p-other-1")),
    ],
    ids=["gone", "made anew", "stopped", "another by its name"],
)
def test_a_container_that_is_another_by_now_is_named(others: tuple[MadeUpContainer, ...]) -> None:
    sentence = STEP.obstacle(host(*others))
    assert sentence is not None
    assert "is not the one that ran a moment ago" in sentence


def test_containers_that_exchanged_their_names_are_others() -> None:
    exchanged = (replace(WEB, name=STREAMING.name), replace(STREAMING, name=WEB.name))
    assert STEP.obstacle(host(*exchanged)) is not None
