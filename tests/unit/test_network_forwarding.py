"""What Docker switches on when it makes the first IPv6 network, and when that goes again."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpSystem, difference
from wizard.platform.errors import StepFailed
from wizard.platform.system import Result
from wizard.steps.docker_network import DockerNetwork, DockerNetworkBefore
from wizard.steps.others import Other
from wizard.steps.sysctl import Sysctl, SysctlBefore

STEP = DockerNetwork("ours", "br-ours", "172.31.0.0/16", "fd00:1::/64", "p", ("web", "jobs"))
FORWARDING, ETH0, ETH1 = (f"net.ipv6.conf.{each}.forwarding" for each in ("all", "eth0", "eth1"))


def quiet(line: str) -> None:
    pass


def forwarding_host(policy: str = "ACCEPT", **forwards: str) -> MadeUpSystem:
    system = MadeUpSystem()
    system.tables["filter"] = {"INPUT": [], "FORWARD": [], "OUTPUT": []}
    system.sysctls = dict.fromkeys((ETH0, FORWARDING, ETH1), "0")
    system.policies["FORWARD"] = policy
    system.sysctls |= {f"net.ipv6.conf.{key}.forwarding": each for key, each in forwards.items()}
    return system


class WithoutFilter(MadeUpSystem):
    """A host on which there is no such chain as FORWARD."""

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        return Result(1, "") if argv[0] == "ip6tables" else super().run(argv, stdin)


DOCKERS = replace(STEP, engine_forwards=True)


def applied(system: MadeUpSystem) -> DockerNetworkBefore:
    """Make the network as a Docker does that forwards by itself, and closes what is forwarded."""
    before = DOCKERS.capture(system)
    DOCKERS.apply(system, quiet)
    system.policies["FORWARD"] = "DROP"
    return before


@pytest.mark.parametrize("policy", ["ACCEPT", "DROP"])
def test_with_the_last_network_goes_what_docker_switched_on_for_the_first(policy: str) -> None:
    system = forwarding_host(policy, eth1="1")
    at_first = system.snapshot()
    before = applied(system)
    assert DOCKERS.undo(system, before, quiet) == ()
    assert difference(at_first, system.snapshot()) == set()
    written = [argv for argv in system.ran if argv[:2] == ("sysctl", "--write")]
    # For all first, and nothing that is right already.
    assert [argv[2] for argv in written] == [f"{FORWARDING}=0", f"{ETH1}=1"]
    assert bool([argv for argv in system.ran if "-P" in argv]) is (policy == "ACCEPT")


def test_it_stays_where_others_use_ipv6_and_where_the_wizard_itself_switched_it_on() -> None:
    for step in (STEP, DOCKERS):
        system = forwarding_host()
        before = step.capture(system)
        assert (before.forwarding is None) is (step is STEP)
        step.apply(system, quiet)
        if step is DOCKERS:
            words = ("--ipv6", "--subnet", "fd00:2::/64", "theirs")
            system.run(("docker", "network", "create", *words))
        assert step.undo(system, before, quiet) == ()
        assert system.sysctls[FORWARDING] == "1"


def test_a_chain_that_was_not_there_gets_no_policy_and_an_interface_that_is_gone_no_value() -> None:
    system = forwarding_host()
    system.__class__ = WithoutFilter
    before = applied(system)
    assert before.policy == ""
    assert dict(before.forwarding or ()) == {FORWARDING: "0", ETH0: "0", ETH1: "0"}
    del system.sysctls[ETH1]
    assert DOCKERS.undo(system, before, quiet) == ()
    assert system.policies["FORWARD"] == "DROP"
    assert system.sysctls[FORWARDING] == "0"
    # And where there is none any more there is none to set.
    with_policy = replace(before, policy="ACCEPT")
    DOCKERS.apply(system, quiet)
    assert DOCKERS.undo(system, with_policy, quiet) == ()
    assert system.policies["FORWARD"] == "DROP"


def test_of_a_kernel_without_ipv6_there_is_nothing_to_remember() -> None:
    assert DOCKERS.capture(MadeUpSystem()).forwarding == ()


def test_a_record_that_does_not_say_what_forwarded_is_not_guessed_at() -> None:
    system = forwarding_host()
    applied(system)
    with pytest.raises(StepFailed, match="does not say which interfaces forwarded"):
        DOCKERS.undo(system, DockerNetworkBefore(files=()), quiet)


# Beside other set-ups.

FORWARD, PROXY = Sysctl(((FORWARDING, "1"),)), Sysctl((("net.ipv6.conf.eth0.proxy_ndp", "1"),))
MINE = DockerNetworkBefore(files=(), forwarding=((FORWARDING, "1"),), policy="DROP")
NOTHING = DockerNetworkBefore(files=())
FIRST = DockerNetworkBefore(files=(), forwarding=((FORWARDING, "0"),), policy="ACCEPT")


def of_network(before: DockerNetworkBefore) -> Other:
    return Other("other", STEP.kind, STEP, before)


def of_values(step: Sysctl, *live: tuple[str, str]) -> Other:
    return Other("other", step.kind, step, SysctlBefore(files=(), live=live))


@pytest.mark.parametrize(
    ("mine", "others", "first"),
    [
        (MINE, (), MINE),
        (MINE, (of_network(FIRST),), FIRST),
        # What is known of a network goes before what is known of parameters.
        (MINE, (of_values(FORWARD, (FORWARDING, "2")), of_network(FIRST)), FIRST),
        (MINE, (of_network(NOTHING), of_network(FIRST)), FIRST),
        (
            MINE,
            (of_network(NOTHING), of_values(FORWARD, (ETH0, "1"), (FORWARDING, "0"), ("a.b", "1"))),
            replace(MINE, forwarding=((FORWARDING, "0"), (ETH0, "1"))),
        ),
        (MINE, (of_values(PROXY, (ETH0, "0")),), MINE),
        # Where Docker does not forward for it there is nothing to know.
        (NOTHING, (of_network(FIRST), of_values(FORWARD, (FORWARDING, "0"))), NOTHING),
    ],
)
def test_of_several_it_knows_what_was_there_before_the_first(
    mine: DockerNetworkBefore, others: tuple[Other, ...], first: DockerNetworkBefore
) -> None:
    assert STEP.found_first(mine, others) == first


@pytest.mark.parametrize(
    ("mine", "others", "left"),
    [
        (FIRST, (of_values(FORWARD),), ()),
        (FIRST, (of_values(PROXY), of_network(FIRST)), FIRST.forwarding),
        (FIRST, (), FIRST.forwarding),
        (NOTHING, (of_values(FORWARD),), None),
    ],
)
def test_forwarding_stays_on_where_the_parameters_of_others_have_it_so(
    mine: DockerNetworkBefore,
    others: tuple[Other, ...],
    left: tuple[tuple[str, str], ...] | None,
) -> None:
    assert STEP.goes_back_to(mine, others) == replace(mine, forwarding=left)
