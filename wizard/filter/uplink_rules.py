"""Rules of ip6tables that let in on the uplink what a stranger elsewhere would not get."""

import shlex
from collections.abc import Mapping, Sequence

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
    found: list[str] = []
    _walk("FORWARD", _chains(saved), uplink, bridge, opened, False, found, {})
    return tuple(found)


def accepts(saved: str, uplink: str, bridge: str, closing: str, opened: Sequence[str] = ()) -> bool:
    """Return whether a rule accepts new packets from the uplink before a chain that closes."""
    chains = _chains(saved)
    # What comes after the jump to it is not looked at.
    chains[closing] = [("-j", "DROP")]
    found: list[str] = []
    _walk("FORWARD", chains, uplink, bridge, opened, True, found, {})
    return bool(found)


def _walk(
    chain: str,
    chains: Mapping[str, Sequence[Rule]],
    uplink: str,
    bridge: str,
    opened: Sequence[str],
    named: bool,
    found: list[str],
    walked: dict[tuple[str, bool], bool],
    depth: int = 0,
) -> bool:
    """Go through a chain, and return whether nothing new gets past it to the bridge.

    Each only once, whatever leads to it: the ways through chains that lead to each other double
    with every two jumps. ``walked`` holds what came of it, while that is not known that it is open.
    """
    if depth >= _DEPTH:
        return False
    if (chain, named) not in walked:
        walked[chain, named] = False
        walked[chain, named] = _closes(
            chain, chains, uplink, bridge, opened, named, found, walked, depth
        )
    return walked[chain, named]


def _closes(
    chain: str,
    chains: Mapping[str, Sequence[Rule]],
    uplink: str,
    bridge: str,
    opened: Sequence[str],
    named: bool,
    found: list[str],
    walked: dict[tuple[str, bool], bool],
    depth: int,
) -> bool:
    for rule in chains.get(chain, ()):
        inward, outward = _value(rule, "-i"), _value(rule, "-o")
        if not _may_match(outward, bridge) or not _may_match(inward, uplink) or _is_old(rule):
            continue
        target = (_value(rule, "-j") or _value(rule, "-g") or ("", False))[0]
        here = named or (inward is not None and not inward[1])
        if target == "ACCEPT" and here and not _is_harmless(rule, opened):
            found.append(f"-A {chain} {shlex.join(rule)}")
        elif target in ("DROP", "REJECT") and _holds_for_all(rule):
            return True
        elif target == "RETURN" and _holds_for_all(rule):
            return False
        elif target in chains:
            closed = _walk(target, chains, uplink, bridge, opened, here, found, walked, depth + 1)
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
    if source is not None and source[0] != "::/0":
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
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif table == "filter" and line.startswith(":"):
            chains.setdefault(line[1:].partition(" ")[0], [])
        elif table == "filter" and line.startswith("-A "):
            try:
                words = shlex.split(line)
            except ValueError:
                continue
            if len(words) > 1:
                chains.setdefault(words[1], []).append(words[2:])
    return chains
