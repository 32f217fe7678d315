"""What a check says while somebody has flushed what Docker made for a set-up."""

from dataclasses import replace

import pytest

from tests.unit import recorded
from tests.unit.test_filtering import recorded as host_with
from tests.unit.test_stand_in import without
from wizard.answers.choices import Choices, Mode
from wizard.filter.docker_rules import CHAIN
from wizard.host.host import Engine, Firewall, Unknown
from wizard.record.record import Record, State, StepRecord, StepState
from wizard.run import flushed_rules

ENGINES = ("docker-27.5.1-iptables", "docker-29.7.2-iptables")
PUBLIC = Choices(mode=Mode.ROUTED, bridge="br-routed")
PRIVATE = Choices(mode=Mode.ULA, bridge="br-nat")

every_engine = pytest.mark.parametrize("engine", ENGINES)


def said(engine: str, choices: Choices, saved: str, *kinds: str) -> str:
    """What is said on a host where nothing forwarded is dropped by a policy any more."""
    host = replace(host_with(engine), firewall=Firewall(forward_policy="ACCEPT"))
    steps = [StepRecord(1, kind, "", StepState.DONE, [], {}) for kind in kinds]
    record = Record("a run", State.APPLIED, "", "", {}, {}, steps)
    return " ".join(flushed_rules.told(record, host, choices, saved))


def rules(engine: str, *, policy: str = "ACCEPT") -> str:
    saved = recorded.text(engine, "ip6tables-save")
    return saved.replace(":FORWARD DROP", f":FORWARD {policy}")


def standing_in(saved: str, bridge: str) -> str:
    jump = (
        f":{CHAIN} - [0:0]\n-A FORWARD -j {CHAIN}\n-A {CHAIN} ! -i {bridge} -o {bridge} -j DROP\n"
    )
    return saved.replace("*filter\n", f"*filter\n{jump}") or f"*filter\n{jump}COMMIT\n"


@every_engine
@pytest.mark.parametrize("choices", [PUBLIC, PRIVATE])
def test_of_rules_that_stand_nothing_is_said(engine: str, choices: Choices) -> None:
    assert said(engine, choices, rules(engine, policy="DROP")) == ""


@every_engine
def test_while_something_stands_in_nobody_gets_in_whatever_the_policy_is_now(engine: str) -> None:
    for left in ("", without(rules(engine), "-A")):
        told = said(engine, PUBLIC, standing_in(left, PUBLIC.bridge))
        assert "nobody gets in" in told
        assert "does not pass" not in told
        assert told.endswith("systemctl restart docker")


@every_engine
def test_where_nothing_stands_in_the_policy_tells(engine: str) -> None:
    dropping = without(rules(engine), "-A").replace(":FORWARD ACCEPT", ":FORWARD DROP")
    assert "IPv6 does not pass" in said(engine, PUBLIC, dropping)
    accepting = without(rules(engine), "-A")
    assert "everybody gets in to every port" in said(engine, PUBLIC, accepting)
    # Of the bridge of another set-up.
    other = standing_in(accepting, "br-other")
    assert "everybody gets in to every port" in said(engine, PUBLIC, other)


def test_a_policy_that_somebody_took_away_from_docker_27_is_named_though_its_rules_stand() -> None:
    saved = rules(ENGINES[0])
    told = said(ENGINES[0], PUBLIC, standing_in(saved, PUBLIC.bridge))
    assert "by the policy of ip6tables' FORWARD chain" in told
    assert "nobody gets in" in told
    assert "are gone" not in told


@every_engine
def test_rules_of_the_wizard_s_own_need_none_of_docker_s(engine: str) -> None:
    assert said(engine, PUBLIC, "", "ip6tables") == ""
    # These are for ports alone.
    assert said(engine, PUBLIC, "", "closed-ports")


@every_engine
def test_private_addresses_need_what_hides_them(engine: str) -> None:
    assert "IPv6 does not pass" in said(engine, PRIVATE, "")
    filtered = without(rules(engine), "-A FORWARD", "-A DOCKER-")
    assert "IPv6 passes" in said(engine, PRIVATE, filtered)
    assert "IPv6 does not pass" in said(
        engine, PRIVATE, filtered.replace(":FORWARD ACCEPT", ":FORWARD DROP")
    )


def sentences(bridge: str, version: str) -> tuple[str, str]:
    """How it begins where the rules are gone, and where the policy alone is."""
    return (
        f"Docker's own rules for {bridge} are gone from ip6tables, and likely those for IPv4 as "
        "well: something has flushed them, such as a reload of nftables with “flush ruleset” in "
        "its file.",
        f"Docker {version} closes {bridge} by the policy of ip6tables' FORWARD chain, and somebody "
        "has taken that away.",
    )


NOBODY = "Until then nobody gets in to these containers from outside."
NOTHING = "Until then IPv6 does not pass."
EVERYBODY = "Until then everybody gets in to every port of these containers."
UNFILTERED = "Until then IPv6 passes, and nothing of Docker's filters it."
AGAIN = "Docker makes them again when it starts: systemctl restart docker"


def with_rule(saved: str, rule: str) -> str:
    return saved.replace("*filter\n", f"*filter\n-A FORWARD {rule}\n", 1)


@every_engine
def test_it_is_said_what_is_gone_what_that_means_until_then_and_what_to_type(engine: str) -> None:
    gone, _policy = sentences(PUBLIC.bridge, "")
    bare = without(rules(engine), "-A")
    for saved, meanwhile in (
        (bare, EVERYBODY),
        (bare.replace(":FORWARD ACCEPT", ":FORWARD DROP"), NOTHING),
        (standing_in(bare, PUBLIC.bridge), NOBODY),
        # What comes by another way than the uplink is none of the internet's.
        (with_rule(bare, f"-i eth0 -o {PUBLIC.bridge} -j DROP"), NOTHING),
        (with_rule(bare, f"-i eth9 -o {PUBLIC.bridge} -j DROP"), EVERYBODY),
    ):
        assert said(engine, PUBLIC, saved) == f"{gone} {meanwhile} {AGAIN}"
    gone, _policy = sentences(PRIVATE.bridge, "")
    filtered = without(rules(engine), "-A FORWARD", "-A DOCKER-")
    leaving = f"-i {PRIVATE.bridge} -o eth0 -p tcp -m tcp --dport"
    for saved, meanwhile in (
        (filtered, UNFILTERED),
        (with_rule(filtered, f"{leaving} 443 -j DROP"), NOTHING),
        # Of what leaves, the port that all of the web is at counts.
        (with_rule(filtered, f"{leaving} 444 -j DROP"), UNFILTERED),
        (bare, NOTHING),
    ):
        assert said(engine, PRIVATE, saved) == f"{gone} {meanwhile} {AGAIN}"


def test_whose_policy_it_was_is_said() -> None:
    _gone, policy = sentences(PUBLIC.bridge, "27.5.1")
    saved = standing_in(rules(ENGINES[0]), PUBLIC.bridge)
    assert said(ENGINES[0], PUBLIC, saved) == f"{policy} {NOBODY} {AGAIN}"


@every_engine
def test_nothing_is_said_of_an_engine_that_makes_no_such_rules_or_that_nobody_knows(
    engine: str,
) -> None:
    host = host_with(engine)
    assert isinstance(host.engine, Engine)
    record = Record("a run", State.APPLIED, "", "", {}, {}, [])
    for other in (
        replace(host.engine, manages_ip6tables=False),
        replace(host.engine, firewall_backend="nftables"),
        Unknown("It does not answer."),
    ):
        changed = replace(host, engine=other)
        assert list(flushed_rules.told(record, changed, PRIVATE, "")) == []


@every_engine
def test_of_an_uplink_that_nobody_knows_no_rule_is_known_to_stop_anything(engine: str) -> None:
    host = replace(host_with(engine), uplink=Unknown("Nobody knows."))
    record = Record("a run", State.APPLIED, "", "", {}, {}, [])
    saved = with_rule(without(rules(engine), "-A"), f"-i eth0 -o {PUBLIC.bridge} -j DROP")
    (told,) = flushed_rules.told(record, host, PUBLIC, saved)
    assert EVERYBODY in told
