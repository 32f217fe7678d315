"""Objects of a host: what is read is what was set, and going back leaves nothing."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.made_up_system import MadeUpContainer, MadeUpSystem
from wizard.platform.system import FileState, Result
from wizard.steps import objects
from wizard.steps.actions import Run
from wizard.steps.networks import LABEL
from wizard.steps.objects import Object

UNIT = "ours.service"
UNIT_PATH = f"/etc/systemd/system/{UNIT}"
KEY = "net.ipv6.conf.eth0.accept_ra"

CREATION = (
    "docker network create --driver bridge --attachable --ipv6 --subnet 172.31.0.0/16 "
    "--subnet fd00:1::/64 --opt com.docker.network.bridge.name=br-x "
    f"--label com.docker.compose.project=mastodon --label {LABEL}=fd00:1::/64 ours"
)
NETWORK = Object("network", "ours", CREATION)
JOIN = Run(tuple(shlex.split("docker network connect --alias web ours web_1")))


def a_host(creation: str = CREATION) -> MadeUpSystem:
    """Return a host with a unit that does not run, and a container beside a network of ours."""
    system = MadeUpSystem()
    system.sysctls = {KEY: "0", "net.ipv6.conf.all.forwarding": "0"}
    system.files[UNIT_PATH] = FileState("[Service]\n")
    system.known_units.add(UNIT)
    system.containers["web_1"] = MadeUpContainer("c1", "web_1", "mastodon", "web")
    system.run(shlex.split(creation))
    return system


class Saying(MadeUpSystem):
    """A host on which commands that begin so say the given."""

    def __init__(self, said: dict[tuple[str, ...], str]) -> None:
        super().__init__()
        self.said = said

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        known = [said for begin, said in self.said.items() if tuple(argv[: len(begin)]) == begin]
        return Result(0, known[0]) if known else super().run(argv, stdin)


def set_to(system: MadeUpSystem, found: Object, wanted: Object) -> tuple[Run, ...]:
    """Run what leads from one value to another, and return it."""
    commands = objects.setting(found, wanted)
    for command in commands:
        assert system.run(command.argv, command.stdin).status == 0, command
    return commands


@pytest.mark.parametrize(
    "wanted",
    [
        objects.parameter(KEY, "2"),
        objects.running_unit(UNIT),
        objects.neighbour("eth0", "2001:db8::5"),
        objects.connection("ours", "web_1", JOIN),
        objects.package("ndppd"),
        Object("mask", "/etc/sysctl.d/99.conf", "masked"),
        Object("network", "theirs", "docker network create --driver bridge theirs"),
    ],
    ids=lambda each: each.kind,
)
def test_an_object_is_as_it_was_set_and_goes_back_without_a_trace(wanted: Object) -> None:
    system = a_host()
    before = system.snapshot()
    found = objects.now(system, wanted)
    assert found != wanted
    set_to(system, found, wanted)
    assert system.snapshot() != before
    assert objects.now(system, wanted) == wanted
    assert objects.setting(wanted, wanted) == ()
    set_to(system, wanted, found)
    assert system.snapshot() == before


STATES = [f"{on} {runs}" for on in ("enabled", "disabled") for runs in ("active", "inactive")]


@pytest.mark.parametrize("new", [*STATES, None])
@pytest.mark.parametrize("old", STATES)
def test_a_unit_gets_from_each_state_to_each_and_what_is_right_is_left_alone(
    old: str, new: str | None
) -> None:
    system = a_host()
    for state, names in (("enabled", system.enabled), ("active", system.active)):
        if state in old.split():
            names.add(UNIT)
    wanted = Object("unit", UNIT, new)
    found = objects.now(system, wanted)
    assert found.value == old
    commands = set_to(system, found, wanted)
    reached = objects.now(system, wanted).value
    assert reached == (new or "disabled inactive")
    begins, ends = ("inactive" in each.split() for each in (old, reached))
    verbs = {word for command in commands for word in command.argv}
    assert ("stop" in verbs) is (ends and not begins)
    assert ("start" in verbs) <= begins
    # Nobody has to read a command that changes nothing; to enable and start it is one.
    differing = sum(one != other for one, other in zip(old.split(), reached.split(), strict=True))
    assert len(commands) == (1 if differing and reached == "enabled active" else differing)


def test_a_unit_that_was_masked_is_stopped_and_not_enabled() -> None:
    system = a_host()
    system.enabled.add(UNIT)
    system.active.add(UNIT)
    system.masked.add(UNIT_PATH)
    assert objects.now(system, Object("unit", UNIT)).value == "masked active"
    commands = set_to(system, objects.running_unit(UNIT), Object("unit", UNIT, "masked inactive"))
    assert [command.argv[1] for command in commands] == ["stop"]
    assert UNIT not in system.active
    assert UNIT in system.enabled


@pytest.mark.parametrize(
    ("enabled", "active", "value"),
    [
        ("static\n", "active\n", "static active"),
        ("Warning: something.\nenabled\n", "failed\n", "enabled failed"),
        ("disabled\n", "", "disabled unknown"),
        ("Failed to get unit file state for ours.service: No such file\n", "inactive\n", None),
        ("", "", None),
    ],
)
def test_a_unit_is_what_systemd_calls_it_and_not_there_where_it_knows_none(
    enabled: str, active: str, value: str | None
) -> None:
    system = Saying({("systemctl", "is-enabled"): enabled, ("systemctl", "is-active"): active})
    assert objects.now(system, Object("unit", UNIT)).value == value


def test_objects_of_two_kinds_are_told_apart_by_what_is_shown_of_them() -> None:
    assert Object("unit", "a").shown != Object("package", "a").shown != Object("unit", "b").shown


@pytest.mark.parametrize("listed", ["", "\n", "2001:db8::5 dev eth0 proxy \n\n"])
def test_an_address_is_answered_for_where_the_kernel_lists_it(listed: str) -> None:
    system = Saying({("ip", "-6", "neighbour"): listed})
    assert objects.answered_for(system, "eth0") == ({"2001:db8::5"} if "db8" in listed else set())


@pytest.mark.parametrize("network", ["none", "somebody's", "ours"])
def test_a_container_has_its_place_on_a_network_that_the_wizard_made_alone(network: str) -> None:
    label = f"--label {LABEL}=fd00:1::/64 "
    system = a_host(CREATION.replace(label, "") if network == "somebody's" else CREATION)
    place = objects.connection("ours", "web_1", JOIN)
    assert objects.now(system, place).value is None
    system.run(JOIN.argv)
    if network == "none":
        del system.networks["ours"]
    assert objects.now(system, place).value == (place.value if network == "ours" else None)


# Chains.

CHAIN = ("filter", "FORWARD", "OURS")
IN_A, OUT_A = "! -i br-a -o br-a -j DROP", "-i br-a -j ACCEPT"
IN_B, OUT_B = "! -i br-b -o br-b -j DROP", "-i br-b -j ACCEPT"


def with_chain(*rules: str, led: bool = True) -> MadeUpSystem:
    """Return a host with a chain of these rules."""
    system = MadeUpSystem()
    assert system.run(objects.ip6tables("filter", "-N", "OURS")).status == 0
    for rule in rules:
        assert system.run(objects.ip6tables("filter", "-A", "OURS", *rule.split())).status == 0
    if led:
        assert system.run(objects.ip6tables("filter", "-I", "FORWARD", "-j", "OURS")).status == 0
    return system


@pytest.mark.parametrize(
    ("rules", "led", "alike"),
    [
        ((IN_A, IN_B, OUT_A, OUT_B), True, True),
        # Of several set-ups any order will do that closes before it opens.
        ((IN_B, IN_A, OUT_B, OUT_A), True, True),
        ((IN_A, OUT_A, IN_B, OUT_B), True, False),
        ((IN_A, IN_B, OUT_A, OUT_B), False, False),
        ((IN_B, IN_A, OUT_B, OUT_A), False, False),
        ((IN_A, IN_B, OUT_A), True, False),
        ((IN_A, IN_B, OUT_A, OUT_B, OUT_B), True, False),
        ((), True, False),
    ],
)
def test_a_chain_is_as_it_was_left_where_its_rules_do_the_same_and_it_is_led_to(
    rules: tuple[str, ...], led: bool, alike: bool
) -> None:
    wanted = objects.chain(*CHAIN, (IN_A, IN_B, OUT_A, OUT_B))
    system = with_chain(*rules, led=led)
    found = objects.now(system, wanted)
    assert (found == wanted) is alike
    as_found = objects.now(system, replace(wanted, value=None))
    assert as_found == objects.chain(*CHAIN, rules) or not led
    set_to(system, found, wanted)
    assert objects.now(system, wanted) == wanted
    assert system.tables["filter"]["FORWARD"] == [("-j", "OURS")]
    set_to(system, wanted, as_found)
    assert objects.now(system, replace(wanted, value=None)) == as_found
    assert objects.rules_in(system, "filter", "FORWARD") == (["-j OURS"] if led else [])


@pytest.mark.parametrize(
    ("kind", "now", "wanted", "changed"),
    [
        # Whoever switches a unit off means it; one that stopped may have failed.
        ("unit", "disabled active", "enabled active", True),
        ("unit", "enabled inactive", "enabled active", False),
        ("chain", "-I A -j B\n-A B -j DROP", "-I A -j B\n-A B -j ACCEPT", True),
        ("chain", "-I A -j B", "-I A -j B\n-A B -j ACCEPT", False),
        ("package", "installed", None, True),
        ("package", None, "installed", False),
    ],
)
def test_what_is_another_thing_now_was_changed_and_what_lacks_something_was_not(
    kind: str, now: str | None, wanted: str | None, changed: bool
) -> None:
    assert objects.is_changed(Object(kind, "a", now), Object(kind, "a", wanted)) is changed


# Networks.


def test_a_network_with_containers_is_as_it_was_only_with_them_on_it() -> None:
    system = a_host()
    system.run(JOIN.argv)
    both = objects.now(system, replace(NETWORK, value=None))
    assert both.value is not None and both.value.splitlines()[1:] == [JOIN.line]
    assert objects.now(system, both) == both
    system.run(("docker", "network", "disconnect", "ours", "web_1"))
    assert objects.now(system, both).value == CREATION


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("--opt com.docker.network.bridge.name=br-x ", ""),
        ("name=br-x", "name=br-y"),
        (f"--label {LABEL}=fd00:1::/64 ", ""),
        (f"{LABEL}=fd00:1::/64", f"{LABEL}=fd00:2::/64"),
        ("--subnet fd00:1::/64", "--subnet fd00:2::/64"),
        ("--subnet fd00:1::/64 ", ""),
        ("--ipv6 ", ""),
    ],
)
def test_a_network_is_made_anew_where_it_is_another_than_was_created(
    words: str, others: str
) -> None:
    system = a_host(CREATION.replace(words, others))
    system.run(JOIN.argv)
    before, found = system.snapshot(), objects.now(system, NETWORK)
    assert found != NETWORK
    set_to(system, found, NETWORK)
    assert system.networks["ours"] == a_host().networks["ours"]
    assert objects.now(system, NETWORK) == NETWORK
    set_to(system, NETWORK, found)
    after = system.snapshot()
    for each in ("network ours", "container web_1"):
        assert after[each] == before[each]


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("--opt com", "--opt com.docker.network.driver.mtu=1400 --opt com"),
        ("project=mastodon", "project=other"),
        ("--label com", "--label mine=1 --label com"),
        ("172.31.0.0/16", "172.30.0.0/16"),
    ],
)
def test_a_network_with_more_than_was_asked_for_is_the_one_that_was_created(
    words: str, others: str
) -> None:
    assert objects.now(a_host(CREATION.replace(words, others)), NETWORK) == NETWORK


def test_in_which_order_a_network_was_asked_for_means_nothing() -> None:
    line = (
        f"docker network create --label {LABEL}=fd00:1::/64 "
        "--opt com.docker.network.bridge.name=br-x --subnet fd00:1::/64 --ipv6 ours"
    )
    wanted = replace(NETWORK, value=line)
    assert objects.now(a_host(line), wanted) == wanted


class Telling(MadeUpSystem):
    """A host whose Docker says the given of its only network."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__()
        self.told = told

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        asked = list(argv[:3]) == ["docker", "network", "inspect"]
        return Result(0, json.dumps(self.told)) if asked else super().run(argv, stdin)


def test_a_network_of_others_is_put_back_with_all_that_docker_says_of_it() -> None:
    told: dict[str, Any] = {
        "Name": "ours",
        "Driver": "macvlan",
        "Internal": True,
        "IPAM": {
            "Config": [{"Subnet": "10.1.0.0/16", "Gateway": "10.1.0.1", "IPRange": "10.1.2.0/24"}]
        },
        "Options": {"b": "2", "a": "1 x"},
        "Labels": None,
    }
    asked = replace(NETWORK, value=None)
    assert objects.now(Telling(told), asked).value == (
        "docker network create --driver macvlan --internal --subnet 10.1.0.0/16 "
        "--gateway 10.1.0.1 --ip-range 10.1.2.0/24 --opt 'a=1 x' --opt b=2 ours"
    )
    bare = {"Name": "ours", "IPAM": None, "Attachable": True}
    assert objects.now(Telling(bare), asked).value == (
        "docker network create --driver bridge --attachable ours"
    )
    assert objects.now(Telling({"Name": "no such"}), asked).value is None
