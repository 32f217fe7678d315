"""Whose a rule of our chain is, and whether those of several set-ups are in order.

Only light parts of the standard library are imported: this runs for good on small hosts.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Rule = Sequence[str]


def is_inward(rule: Rule) -> bool:
    """Return whether a rule, as words, is for what goes to the bridge of its set-up."""
    place = rule.index("-o") if "-o" in rule else -1
    return place >= 0 and (place == 0 or rule[place - 1] != "!")


def bridge(rule: Rule) -> str:
    """Return the bridge of the set-up whose rule it is; empty where it names none."""
    option = "-o" if "-o" in rule else "-i"
    return rule[rule.index(option) + 1] if option in rule else ""


def by_bridge(rules: Sequence[Rule]) -> dict[tuple[str, bool], list[tuple[str, ...]]]:
    """Return the rules by their bridge and whether they are inward, each group in its order.

    Between the groups of one bridge the order means nothing: no packet both comes from a bridge
    and goes to it from elsewhere.
    """
    found: dict[tuple[str, bool], list[tuple[str, ...]]] = {}
    for rule in rules:
        found.setdefault((bridge(rule), is_inward(rule)), []).append(tuple(rule))
    return found


def closes_before_it_opens(rules: Sequence[Rule]) -> bool:
    """Return whether what goes to each bridge is decided before another's may send anything.

    Else the containers of one set-up would reach every port behind the bridge of another.
    """
    sending: set[str] = set()
    for rule in rules:
        if not is_inward(rule):
            sending.add(bridge(rule))
        elif sending - {bridge(rule)}:
            return False
    return True


def is_alike(there: Sequence[Rule], wanted: Sequence[Rule]) -> bool:
    """Return whether rules are these and no other, in an order that is right."""
    return by_bridge(there) == by_bridge(wanted) and closes_before_it_opens(there)
