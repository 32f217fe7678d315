"""What answers for neighbours holds though who configures the uplink resets its own parameter."""

from tests.made_up_system import MadeUpSystem
from wizard.steps.kernel_parameters import name
from wizard.steps.sysctl import Sysctl

OF_ALL, OF_UPLINK = name("all", "proxy_ndp"), name("eth0", "proxy_ndp")


def applied(step: Sysctl) -> MadeUpSystem:
    made = MadeUpSystem()
    made.sysctls = {key: "0" for key, _value in step.values}
    step.apply(made, print)
    assert step.check(made) is None
    return made


def test_the_parameter_of_the_uplink_is_not_missed_where_that_of_all_stands_in() -> None:
    step = Sysctl(((OF_UPLINK, "1"), (OF_ALL, "1")))
    made = applied(step)
    made.sysctls[OF_UPLINK] = "0"
    assert step.check(made) is None
    assert [each.name for each in step.objects()] == [OF_ALL]
    made.sysctls[OF_ALL] = "0"
    assert step.check(made) == f"{OF_ALL} is 0 and should be 1."


def test_without_that_of_all_it_is_missed() -> None:
    step = Sysctl(((OF_UPLINK, "1"),))
    made = applied(step)
    made.sysctls[OF_UPLINK] = "0"
    assert step.check(made) == f"{OF_UPLINK} is 0 and should be 1."
    assert [each.name for each in step.objects()] == [OF_UPLINK]
