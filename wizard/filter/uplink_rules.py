"""Rules of ip6tables that let in on the uplink what a stranger elsewhere would not get."""

import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress

from wizard.platform import saved_rules

Rule = Sequence[str]

_DEPTH = 20
"""Chains that lead to each other; the kernel takes no loops, and this does not trust that."""


def let_in(saved: str, uplink: str, bridge: str, opened: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the rules that accept new packets from the uplink before anything closes the bridge.

    A trial from another interface does not meet them. Rules that hold for some source addresses
    alone are somebody's own list of friends and are left out.

    Args:
        saved: What ``ip6tables-save`` prints.
        uplink: The interface towards the internet.
        bridge: The bridge of the containers.
        opened: What is open anyway, each as ``3000/tcp``.
    """
    walk = _Walk(_chains(saved), uplink, bridge, opened)
    walk.closes("FORWARD", named=False)
    return tuple(walk.found)


def accepts(saved: str, uplink: str, bridge: str, closing: str, opened: Sequence[str] = ()) -> bool:
    """Return whether a rule accepts new packets from the uplink before a chain that closes."""
    chains = _chains(saved)
    # What comes after the jump to it is not looked at.
    chains[closing] = [("-j", "DROP")]
    walk = _Walk(chains, uplink, bridge, opened)
    walk.closes("FORWARD", named=True)
    return bool(walk.found)


def is_closed(saved: str, uplink: str, bridge: str) -> bool:
    """Return whether nothing new gets in from the uplink that no rule accepts by name."""
    if saved_rules.parse(saved, "filter")[1].get("FORWARD") == "DROP":
        return True
    return _Walk(_chains(saved), uplink, bridge, ()).closes("FORWARD", named=False)


class _Walk:
    """Goes through chains as a new packet from the uplink to the bridge may.

    Through each only once, whatever leads to it: the ways through chains that lead to each other
    double with every two jumps.
    """

    def __init__(
        self, chains: Mapping[str, Sequence[Rule]], uplink: str, bridge: str, opened: Sequence[str]
    ) -> None:
        self._chains = chains
        self._uplink = uplink
        self._bridge = bridge
        self._opened = opened
        self._walked: dict[tuple[str, bool], bool] = {}
        self.found: list[str] = []
        """The rules that accept what they should not."""

    def closes(self, chain: str, *, named: bool, depth: int = 0) -> bool:
        """Go through a chain, and return whether nothing new gets past it to the bridge.

        ``named`` is whether a rule on the way there has named the uplink, or need not.
        """
        if depth >= _DEPTH:
            return False
        if (chain, named) not in self._walked:
            # While it is not known, it is open.
            self._walked[chain, named] = False
            self._walked[chain, named] = self._look(chain, named, depth)
        return self._walked[chain, named]

    def _look(self, chain: str, named: bool, depth: int) -> bool:
        for rule in self._chains.get(chain, ()):
            inward, outward = _value(rule, "-i"), _value(rule, "-o")
            passes = _may_match(outward, self._bridge) and _may_match(inward, self._uplink)
            if not passes or _is_old(rule):
                continue
            target = (_value(rule, "-j") or _value(rule, "-g") or ("", False))[0]
            here = named or (inward is not None and not inward[1])
            if target == "ACCEPT" and here and not _is_harmless(rule, self._opened):
                self.found.append(f"-A {chain} {shlex.join(rule)}")
            elif target in ("DROP", "REJECT") and _holds_for_all(rule):
                return True
            elif target == "RETURN" and _holds_for_all(rule):
                return False
            elif target in self._chains:
                closed = self.closes(target, named=here, depth=depth + 1)
                if closed and _holds_for_all(rule):
                    return True
        return False


def _holds_for_all(rule: Rule) -> bool:
    """Return whether a rule asks for nothing but interfaces."""
    words = [word for word in rule if word != "!"]
    return {words[place] for place in range(0, len(words), 2)} <= {"-i", "-o", "-j", "-g"}


def _is_old(rule: Rule) -> bool:
    states = _value(rule, "--ctstate") or _value(rule, "--state")
    return states is not None and ("NEW" in states[0].split(",")) is states[1]


def _is_harmless(rule: Rule, opened: Sequence[str]) -> bool:
    protocol, source = _value(rule, "-p"), _value(rule, "-s")
    # One that holds for all sources but some is no list of friends.
    if source is not None and not source[1] and source[0] != "::/0":
        return True
    if protocol is None or protocol[1]:
        return False
    if protocol[0] in ("ipv6-icmp", "icmpv6"):
        return True
    port = _value(rule, "--dport") or _value(rule, "--dports")
    if port is None or port[1]:
        return False
    return all(f"{each}/{protocol[0]}" in opened for each in port[0].split(","))


def _may_match(value: tuple[str, bool] | None, interface: str) -> bool:
    if value is None:
        return True
    name, inverted = value
    same = interface.startswith(name[:-1]) if name.endswith("+") else interface == name
    return same is not inverted


def _value(rule: Rule, option: str) -> tuple[str, bool] | None:
    """Return what follows an option, and whether it is inverted; None where it is not there."""
    for place, word in enumerate(rule[:-1]):
        if word == option:
            return rule[place + 1], place > 0 and rule[place - 1] == "!"
    return None


def _chains(saved: str) -> dict[str, list[Rule]]:
    chains: dict[str, list[Rule]] = {}
    for chain, rules in saved_rules.parse(saved, "filter")[0].items():
        chains[chain] = []
        for rule in rules:
            with suppress(ValueError):
                chains[chain].append(shlex.split(rule))
    return chains
