"""What a check says while somebody has flushed what Docker made for a set-up."""

from dataclasses import replace

import pytest

from tests.unit import recorded
from tests.unit.test_filtering import recorded as host_with
from tests.unit.test_stand_in import without
from wizard.answers.choices import Choices, Mode
from wizard.filter.docker_rules import CHAIN
from wizard.host.host import Firewall
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
