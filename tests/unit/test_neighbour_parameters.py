"""What answers for neighbours holds though who configures the uplink resets its own parameter."""

from dataclasses import replace

from tests.made_up_system import MadeUpSystem
from tests.unit.test_earlier_releases import RECORDS
from wizard.platform.parameter_names import name
from wizard.record.earlier_releases import faults
from wizard.record.toml_text import loads
from wizard.steps.parts import Condition
from wizard.steps.sysctl import Sysctl, SysctlBefore

OF_ALL, OF_UPLINK = name("all", "proxy_ndp"), name("eth0", "proxy_ndp")


def applied(step: Sysctl) -> tuple[MadeUpSystem, SysctlBefore]:
    made = MadeUpSystem()
    made.sysctls = {key: "0" for key, _value in step.values}
    before = step.capture(made)
    step.apply(made, print)
    assert step.check(made) is None
    return made, before


def missing(step: Sysctl, made: MadeUpSystem, before: SysctlBefore) -> list[str]:
    found = step.parts(made, before)
    return [part.name for part in found if part.condition is not Condition.IN_EFFECT]


def test_the_parameter_of_the_uplink_is_not_missed_where_that_of_all_stands_in() -> None:
    step = Sysctl(((OF_UPLINK, "1"), (OF_ALL, "1")))
    made, before = applied(step)
    made.sysctls[OF_UPLINK] = "0"
    assert step.check(made) is None
    assert missing(step, made, before) == []
    # What takes the step away for a time puts all of it back.
    assert [each.name for each in step.objects()] == [OF_UPLINK, OF_ALL]
    made.sysctls[OF_ALL] = "0"
    assert step.check(made) == f"{OF_ALL} is 0 and should be 1."


def test_without_that_of_all_it_is_missed() -> None:
    step = Sysctl(((OF_UPLINK, "1"),))
    made, before = applied(step)
    made.sysctls[OF_UPLINK] = "0"
    assert step.check(made) == f"{OF_UPLINK} is 0 and should be 1."
    assert missing(step, made, before) == [f"parameter {OF_UPLINK}"]


def test_a_dot_in_the_name_of_an_interface_is_a_slash_in_what_is_said_and_typed() -> None:
    record = loads((RECORDS / "debian12-ula.toml").read_text())
    uplink = record.host["IPv6 uplink"].replace("eth0", "eth0.100")
    said = " ".join(faults(replace(record, host={**record.host, "IPv6 uplink": uplink})))
    assert "sysctl -w net.ipv6.conf.eth0/100.accept_ra=2" in said
