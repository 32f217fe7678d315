"""Our chains: the order of the rules of several set-ups, and what is found and left of them."""

import itertools

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.platform.own_names import CHAIN
from wizard.steps.comparing import Comparison
from wizard.steps.own_chains import (
    Rule,
    Table,
    command,
    compare,
    file_text,
    is_empty,
    merged,
    remove_chain,
    table_names,
    take_ours_out,
)

IN_A: Rule = ("!", "-i", "br-a", "-o", "br-a", "-j", "DROP")
OUT_A: Rule = ("-i", "br-a", "-j", "ACCEPT")
IN_B: Rule = ("!", "-i", "br-b", "-o", "br-b", "-j", "DROP")
OUT_B: Rule = ("-i", "br-b", "-j", "ACCEPT")
NAT_A: Rule = ("-s", "fd00:a::/64", "!", "-o", "br-a", "-j", "MASQUERADE")
NAT_B: Rule = ("-s", "fd00:b::/64", "!", "-o", "br-b", "-j", "MASQUERADE")
THEIRS: Rule = ("-s", "2001:db8::/32", "-j", "DROP")

FILTER = Table("filter", "FORWARD", (IN_A, OUT_A))
NAT = Table("nat", "POSTROUTING", (NAT_A,))
USER = Table("filter", "DOCKER-USER", (IN_A, OUT_A))


def quiet(line: str) -> None:
    pass


def holding(table: Table, *rules: Rule, led: bool = True) -> MadeUpSystem:
    """Return a host on which our chain in a table holds these rules."""
    system = MadeUpSystem()
    if table.parent == "DOCKER-USER":
        assert system.run(command(table, "-N", table.parent)).status == 0
    assert system.run(command(table, "-N", CHAIN)).status == 0
    for rule in rules:
        assert system.run(command(table, "-A", CHAIN, *rule)).status == 0
    if led:
        assert system.run(command(table, "-I", table.parent, "-j", CHAIN)).status == 0
    return system


def test_what_goes_to_a_bridge_is_decided_before_anything_comes_from_another() -> None:
    second = (Table("filter", "FORWARD", (OUT_B, IN_B)), Table("nat", "POSTROUTING", (NAT_B,)))
    for several in itertools.permutations([(NAT, FILTER), second]):
        assert merged(several) == (
            Table("filter", "FORWARD", (IN_A, IN_B, OUT_A, OUT_B)),
            Table("nat", "POSTROUTING", (NAT_A, NAT_B)),
        )
    # One alone keeps the order in which it says them.
    assert merged([second]) == second
    # The tables come by their names, whatever the rules in them begin with.
    third = (Table("filter", "FORWARD", (("-s", "fd00:c::/64", "-j", "ACCEPT"),)),)
    assert [each.name for each in merged([(NAT,), third])] == ["filter", "nat"]


def test_a_table_that_one_of_several_has_leads_to_it_from_where_that_one_says() -> None:
    tables = merged([(FILTER,), (Table("filter", "FORWARD", (OUT_B,)), NAT)])
    assert [(each.name, each.parent) for each in tables] == [
        ("filter", "FORWARD"),
        ("nat", "POSTROUTING"),
    ]


def test_the_file_takes_each_table_over_in_one_commit_with_what_leads_to_it() -> None:
    system = MadeUpSystem()
    text = file_text([FILTER, NAT])
    assert text.startswith("# IPv6 for containers.") and text.count("COMMIT\n") == 2
    assert system.run(("ip6tables-restore", "--noflush", "--wait", "10"), text).status == 0
    assert system.tables["filter"][CHAIN] == [IN_A, OUT_A]
    assert system.tables["filter"]["FORWARD"] == [("-j", CHAIN)]
    assert system.tables["nat"][CHAIN] == [NAT_A]
    assert system.tables["nat"]["POSTROUTING"] == [("-j", CHAIN)]
    assert table_names(system) == {"filter", "nat"}


def test_a_chain_that_is_not_there_has_gone() -> None:
    for shared in (True, False):
        found = compare(MadeUpSystem(), FILTER, shared=shared)
        assert found.comparison is Comparison.GONE
        assert found.name == f"The chain {CHAIN} in the filter table" == FILTER.title
        assert found.words == f"The chain {CHAIN} in the filter table is not there any more."


def lines(*rules: Rule, sign: str = " ") -> list[str]:
    return [f"{sign}-A {CHAIN} {' '.join(rule)}" for rule in rules]


PATH = f"{CHAIN} (filter)"
OURS_TO_NOW, NOW_TO_REST, NOW_TO_NOTHING = (
    [f"--- a/{PATH}", f"+++ b/{PATH}"],
    [f"--- a/{PATH}", f"+++ b/{PATH}"],
    [f"--- a/{PATH}", "+++ /dev/null"],
)


def test_a_rule_of_somebody_s_in_our_chain_is_told_from_ours_and_stays_where_theirs_is_kept() -> (
    None
):
    found = compare(holding(FILTER, IN_A, THEIRS, OUT_A), FILTER, shared=False)
    assert found.comparison is Comparison.CHANGED
    assert found.words == f"{FILTER.title} holds a rule that the wizard did not write."
    assert found.changed and found.ours_out and found.back
    since, out, back = (
        [line for line in each.lines if not line.startswith("@@")]
        for each in (found.changed, found.ours_out, found.back)
    )
    assert since == [*OURS_TO_NOW, *lines(IN_A), *lines(THEIRS, sign="+"), *lines(OUT_A)]
    assert out == [
        *NOW_TO_REST, *lines(IN_A, sign="-"), *lines(THEIRS), *lines(OUT_A, sign="-")
    ]  # fmt: skip
    assert back == [*NOW_TO_NOTHING, *lines(IN_A, THEIRS, OUT_A, sign="-")]
    assert {each.path for each in (found.changed, found.ours_out, found.back)} == {PATH}


@pytest.mark.parametrize("now", [(OUT_A,), (OUT_A, IN_A), (IN_A, OUT_A, OUT_A)])
def test_where_rules_of_ours_alone_are_left_in_another_way_nothing_of_theirs_stays(
    now: tuple[Rule, ...],
) -> None:
    table = Table("filter", "FORWARD", (IN_A, OUT_A, OUT_B))
    found = compare(holding(table, *now), table, shared=False)
    assert found.comparison is Comparison.CHANGED
    assert found.words == f"{table.title} has been changed since."
    assert found.ours_out and found.back
    assert found.ours_out.lines == found.back.lines
    assert found.back.lines[1] == "+++ /dev/null"


def test_rules_that_let_out_before_another_s_are_closed_are_not_as_they_were_left() -> None:
    table = Table("filter", "FORWARD", (IN_A, IN_B, OUT_A, OUT_B))
    for rules, alike in (((IN_B, IN_A, OUT_B, OUT_A), True), ((IN_A, OUT_A, IN_B, OUT_B), False)):
        found = compare(holding(table, *rules), table, shared=False)
        assert (found.comparison is Comparison.UNCHANGED) is alike


def test_our_rules_go_wherever_they_are_and_those_of_others_keep_their_order() -> None:
    also: Rule = ("-s", "2001:db8:1::/48", "-j", "DROP")
    system = holding(FILTER, THEIRS, IN_A, OUT_A, also, IN_A)
    assert take_ours_out(system, FILTER, quiet) is True
    assert system.tables["filter"][CHAIN] == [THEIRS, also]
    alone = holding(FILTER, OUT_A, IN_A)
    assert take_ours_out(alone, FILTER, quiet) is False
    assert alone.tables["filter"][CHAIN] == []
    assert take_ours_out(MadeUpSystem(), FILTER, quiet) is False


@pytest.mark.parametrize("table", [FILTER, NAT, USER], ids=lambda each: each.parent)
def test_a_chain_goes_with_all_that_leads_to_it(table: Table) -> None:
    system = holding(table)
    system.run(command(table, "-A", table.parent, "-j", CHAIN))
    if table.name == "filter":
        # From where the service lets it be led to while Docker's own chain is not there.
        system.run(command(table, "-A", "FORWARD", "-j", CHAIN))
    system.run(command(table, "-A", table.parent, *THEIRS))
    asked = len(system.ran)
    remove_chain(system, table, quiet)
    assert CHAIN not in system.tables[table.name]
    assert system.tables[table.name][table.parent] == [THEIRS]
    assert system.tables[table.name].get("FORWARD", []) in ([], [THEIRS])
    # There is no such chain in the other tables.
    asked_of = {argv[6] for argv in system.ran[asked:]}
    assert asked_of == {table.parent, CHAIN} | ({"FORWARD"} if table.name == "filter" else set())


@pytest.mark.parametrize(
    ("commands", "empty"),
    [
        ([], True),
        ([("-N", "THEIRS")], False),
        ([("-P", "FORWARD", "DROP")], False),
        ([("-A", "INPUT", "-j", "DROP")], False),
    ],
)
def test_a_table_is_empty_without_a_rule_a_policy_or_a_chain_of_somebody_s(
    commands: list[Rule], empty: bool
) -> None:
    system = MadeUpSystem()
    for words in commands:
        assert system.run(command(FILTER, *words)).status == 0
    assert is_empty(system, "filter") is empty
