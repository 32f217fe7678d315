"""What Docker keeps of its own after an undo is named, by the rules that were recorded of it."""

from pathlib import Path

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.record.kept_by_docker import kept_by_docker
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run import journal

RECORDED = Path(__file__).parent / "recorded" / "docker-27.5.1-iptables" / "ip6tables-save"


def record_of(store: Store, docker: str, state: State) -> Record:
    made = deployment(made_up_hosts.debian14())
    record = journal.begin(made.plan(), {"Docker": docker}, store)
    record.state = state
    return record


@pytest.mark.parametrize(
    ("docker", "state", "told"),
    [
        ("27.5.1, API 1.47; keeps the rules", State.UNDONE, True),
        ("27.5.1, API 1.47; keeps the rules", State.ROLLED_BACK, True),
        ("27.5.1, API 1.47; keeps the rules", State.APPLIED, False),
        ("26.1.5, API 1.45; keeps the rules", State.UNDONE, True),
        ("26.1.5, API 1.45; leaves ip6tables alone", State.UNDONE, False),
        ("28.5.2, API 1.51; keeps the rules", State.UNDONE, False),
        ("", State.UNDONE, False),
    ],
)
def test_only_docker_before_28_is_said_to_keep_rules_where_it_makes_them(
    store: Store, docker: str, state: State, told: bool
) -> None:
    assert bool(kept_by_docker(record_of(store, docker, state))) is told


def test_docker_keeps_no_rules_of_a_run_that_made_no_network(store: Store) -> None:
    record = record_of(store, "27.5.1; keeps the rules", State.UNDONE)
    record.steps = [step for step in record.steps if step.kind != "docker-network"]
    assert kept_by_docker(record) == ""


def test_the_rules_that_are_named_are_those_that_name_no_bridge(store: Store) -> None:
    said = kept_by_docker(record_of(store, "27.5.1; keeps the rules", State.UNDONE))
    jumps = [
        line.split()
        for line in RECORDED.read_text(encoding="utf-8").splitlines()
        if line.startswith(("-A FORWARD", "-A PREROUTING", "-A OUTPUT"))
        and " br-" not in line
        and "DOCKER-USER" not in line
    ]
    assert {(words[1], words[-1]) for words in jumps} == {
        ("FORWARD", "DOCKER-ISOLATION-STAGE-1"),
        ("PREROUTING", "DOCKER"),
        ("OUTPUT", "DOCKER"),
    }
    assert all(word in said for words in jumps for word in (words[1], words[-1]))
