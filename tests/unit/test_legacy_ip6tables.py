"""Rules through python-iptables: what it is told, in one commit, and what a refusal leaves."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from wizard.platform.errors import StepFailed
from wizard.platform.own_names import CHAIN
from wizard.steps import legacy_ip6tables
from wizard.steps.ip6tables import Ip6tables

ROUTED = Ip6tables("br-ipv6", "2001:db8:1::/80", masquerade=False, ports=("3000/tcp",))


class Refusing(Exception):
    """What the library raises."""


class Library:
    """The library, with what it was told; a table changes only when it is committed."""

    IPTCError = Refusing

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.tables: list[Any] = []
        self.easy = SimpleNamespace(encode_iptc_rule=self._encoded)

    def _encoded(self, rule: dict[str, Any], *, ipv6: bool) -> dict[str, Any]:
        assert ipv6
        return rule

    def Table6(self, name: str) -> Any:
        assert not self.tables or self.tables[-1].done
        made = SimpleNamespace(name=name, autocommit=True, kept=None, begun={}, done=False)

        def create_chain(chain: str) -> Any:
            # By itself the library commits each call alone.
            assert not made.autocommit
            if self.refuses == "chain":
                raise Refusing("Chain already exists")
            made.begun[chain] = []
            return SimpleNamespace(append_rule=made.begun[chain].append)

        def commit() -> None:
            if self.refuses == "commit":
                raise Refusing("No chain/target/match by that name")
            made.kept = dict(made.begun)

        def refresh() -> None:
            made.begun, made.done = {}, True

        made.create_chain, made.commit, made.refresh = create_chain, commit, refresh
        self.tables.append(made)
        return made

    def Chain(self, table: Any, name: str) -> Any:
        rules = table.begun.setdefault(name, [{"target": "theirs"}])
        return SimpleNamespace(insert_rule=lambda rule: rules.insert(0, rule))


def load(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "iptc", library)
    loader = legacy_ip6tables.loader()
    assert loader is not None
    for table in ROUTED.tables:
        loader(table.name, table.parent, CHAIN, table.rules)


def test_a_table_has_all_rules_and_the_jump_before_those_of_others_in_one_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library, path = Library(), list(sys.path)
    load(library, monkeypatch)
    assert sys.path == path
    assert [each.name for each in library.tables] == [table.name for table in ROUTED.tables]
    for made, table in zip(library.tables, ROUTED.tables, strict=True):
        assert made.autocommit
        assert made.kept[table.parent] == [{"target": CHAIN}, {"target": "theirs"}]
        assert len(made.kept[CHAIN]) == len(table.rules)
    (made,) = (each for each in library.tables if each.name == "filter")
    assert {
        "out-interface": "br-ipv6",
        "protocol": "tcp",
        "tcp": {"dport": "3000"},
        "target": "ACCEPT",
    } in made.kept[CHAIN]
    last = made.kept[CHAIN][-1]
    assert last == {"in-interface": "!br-ipv6", "out-interface": "br-ipv6", "target": "DROP"}


@pytest.mark.parametrize("refuses", ["chain", "commit"])
def test_what_the_library_refuses_is_a_step_that_failed_and_nothing_half_is_left(
    refuses: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(refuses)
    with pytest.raises(StepFailed, match="could not be loaded"):
        load(library, monkeypatch)
    (made,) = library.tables
    assert made.kept is None
    assert made.begun == {}
    assert made.autocommit


def test_without_the_library_there_is_no_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    path = list(sys.path)
    monkeypatch.setitem(sys.modules, "iptc", None)
    assert legacy_ip6tables.loader() is None
    assert sys.path == path


def test_an_option_that_no_rule_of_ours_has_is_not_guessed() -> None:
    with pytest.raises(KeyError):
        legacy_ip6tables.described(("--jump", "ACCEPT"))
