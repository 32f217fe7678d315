"""How a file or an object stands at a later time, and what is asked of Docker for that."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.platform.errors import StepFailed
from wizard.platform.system import FileState, Result
from wizard.steps import networks
from wizard.steps.actions import WriteFile
from wizard.steps.base import StepOf
from wizard.steps.networks import LABEL, made_by_wizard
from wizard.steps.objects import Object
from wizard.steps.parts import Condition, Part, of_file, of_object, worst

PATH = "/etc/ours.conf"
OLD, OURS = FileState("old\n"), FileState("ours\n", 0o640, 1, 2)
KEY = "net.ipv6.conf.eth0.accept_ra"


def test_what_somebody_changed_weighs_more_than_what_is_missing() -> None:
    changed, missing = (Part("a", each) for each in (Condition.CHANGED, Condition.MISSING))
    assert worst([missing, changed]) is worst([changed, missing]) is Condition.CHANGED
    assert worst([missing, Part("b")]) is Condition.MISSING
    assert worst([Part("b")]) is Condition.IN_EFFECT


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("ours\n", Condition.IN_EFFECT),
        # Nobody wanted anything of their own by that.
        ("old\n", Condition.MISSING),
        ("ours of then\n", Condition.MISSING),
        ("mine\n", Condition.CHANGED),
    ],
)
def test_a_file_is_put_back_with_the_rights_that_it_has_by_now(
    text: str, condition: Condition
) -> None:
    system, now = MadeUpSystem(), FileState(text, 0o600, 7, 8)
    system.files[PATH] = now
    part = of_file(system, WriteFile(PATH, None, OURS), OLD, ["ours of then\n"])
    assert part.condition is condition
    if condition is not Condition.IN_EFFECT:
        assert part.file == WriteFile(PATH, now, replace(now, text="ours\n"))
    del system.files[PATH]
    gone = of_file(system, WriteFile(PATH, None, OURS), OLD)
    assert gone.condition is Condition.MISSING
    assert gone.file == WriteFile(PATH, None, OURS)


@pytest.mark.parametrize(
    ("now", "original", "condition"),
    [
        ("2", {}, Condition.IN_EFFECT),
        # As it was before the wizard, and of one that came since there was nothing of ours.
        ("0", {KEY: "0"}, Condition.MISSING),
        ("0", {}, Condition.MISSING),
        ("0", {KEY: "1"}, Condition.CHANGED),
    ],
)
def test_a_value_is_somebody_s_where_it_is_neither_ours_nor_that_of_before(
    now: str, original: dict[str, str], condition: Condition
) -> None:
    system = MadeUpSystem()
    system.sysctls[KEY] = now
    part = of_object(system, Object("parameter", KEY, "2"), original)
    assert part.condition is condition
    assert part.mendable is (condition is not Condition.IN_EFFECT)


def test_a_parameter_of_an_interface_that_is_gone_cannot_be_put_back() -> None:
    part = of_object(MadeUpSystem(), Object("parameter", KEY, "2"), {KEY: "0"})
    assert part.condition is not Condition.IN_EFFECT
    assert not part.mendable


def test_the_label_alone_makes_no_network_ours() -> None:
    config = {"Config": [{"Subnet": "172.31.0.0/16"}, {"Subnet": "fd00:1::/64"}]}
    assert made_by_wizard({"Labels": {LABEL: "fd00:1::/64"}, "IPAM": config})
    assert not made_by_wizard({"Labels": {LABEL: "fd00:2::/64"}, "IPAM": config})
    assert not made_by_wizard({"Labels": {LABEL: "fd00:1::/64"}, "IPAM": None})
    assert not made_by_wizard({"Labels": None, "IPAM": config})


def test_a_docker_that_does_not_answer_says_neither_that_nobody_is_there_nor_that_nothing_is() -> (
    None
):
    class Silent(MadeUpSystem):
        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            return Result(1, "Cannot connect to the Docker daemon")

    for asks in (networks.members, networks.inspect):
        with pytest.raises(StepFailed, match="Docker did not say"):
            asks(Silent(), "mastodon_ipv6")
    with pytest.raises(StepFailed, match="Docker did not say"):
        networks.ipv6_networks(Silent())


def test_a_file_that_is_as_it_is_to_be_is_not_written() -> None:
    system = MadeUpSystem()
    system.files[PATH] = OURS
    StepOf.apply_actions(None, system, [WriteFile(PATH, OURS, OURS)], print)  # type: ignore[arg-type]
    assert system.changes == 0
    StepOf.apply_actions(None, system, [WriteFile(PATH, OURS, OLD)], print)  # type: ignore[arg-type]
    assert system.files[PATH] == OLD
    with pytest.raises(StepFailed, match="has changed since"):
        StepOf.apply_actions(None, system, [WriteFile(PATH, OURS, OLD)], print)  # type: ignore[arg-type]
