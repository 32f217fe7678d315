"""Tables of ip6tables or iptables, from what either ``-save`` prints (iptables-extensions(8))."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from ipaddress import ip_network

from wizard.platform import saved_rules
from wizard.ruleset.chains import (
    Chains,
    Network,
    Outcome,
    Packet,
    Rule,
    outcomes,
    verdict,
)
from wizard.ruleset.ranges import Ranges

_ENDS = {
    "ACCEPT": Outcome.ACCEPT,
    "DROP": Outcome.DROP,
    "REJECT": Outcome.DROP,
    "MASQUERADE": Outcome.TRANSLATE,
    "SNAT": Outcome.TRANSLATE,
}

_GO_ON = {"LOG", "NFLOG", "MARK", "CONNMARK", "TRACE", "SET", "CLASSIFY", "DSCP", "NOTRACK", "CT"}
"""Targets after which the next rule is looked at."""

_SAY_NOTHING = {"tcp", "udp", "comment", "conntrack", "state", "multiport"}
"""Matches that ask for nothing but what their options say."""

_NEVER = {"rt", "frag", "hbh", "dst", "ah", "esp", "icmp6", "icmpv6"}
"""Matches for headers that the first packet of a connection does not have."""


def closes(saved: str, packet: Packet, table: str = "filter", chain: str = "") -> bool | None:
    """Return whether a chain drops a packet for certain; None if nobody can tell.

    Without a name it is INPUT, or FORWARD for what is forwarded.
    """
    chain = chain or ("FORWARD" if packet.outgoing else "INPUT")
    try:
        chains, policies = _parsed(saved, table)
    except ValueError:
        return None
    return verdict(packet, chain, chains, _ENDS.get(policies.get(chain, ""), Outcome.ACCEPT))


def dropping(saved: str, packet: Packet, table: str = "filter", chain: str = "") -> str:
    """Return why a chain drops a packet, in words: the first rule that does, or the policy."""
    chain = chain or ("FORWARD" if packet.outgoing else "INPUT")
    rule = _deciding(saved, packet, table, chain, Outcome.DROP)
    return f"by its rule “{rule}”" if rule else "by its policy"


def translating(saved: str, packet: Packet) -> str:
    """Return the rule of POSTROUTING that gives a packet another source for certain, or nothing."""
    try:
        chains, _ = _parsed(saved, "nat")
        if outcomes(packet, "POSTROUTING", chains) != {Outcome.TRANSLATE}:
            return ""
    except ValueError:
        return ""
    return _deciding(saved, packet, "nat", "POSTROUTING", Outcome.TRANSLATE)


def _deciding(saved: str, packet: Packet, table: str, chain: str, outcome: Outcome) -> str:
    """Return the first rule of a chain that has an outcome for certain, or an empty text."""
    chains, _ = _parsed(saved, table)
    texts, _ = saved_rules.parse(saved, table)
    for text, rule in zip(texts.get(chain, ()), chains.get(chain, ()), strict=True):
        ends = outcomes(packet, rule.jump, chains) if rule.jump else {rule.outcome}
        if rule.matches(packet) and ends == {outcome}:
            return f"-A {chain} {text}"
    return ""


@lru_cache(maxsize=32)
def _parsed(saved: str, table: str) -> tuple[Chains, Mapping[str, str]]:
    rules, policies = saved_rules.parse(saved, table)
    if "" in rules:
        raise ValueError("a rule is cut off before the name of its chain")
    chains = {chain: [_rule(shlex.split(rule)) for rule in each] for chain, each in rules.items()}
    return chains, policies


def _rule(words: Sequence[str]) -> Rule:
    matches, target, goto = [], "", False
    for inverted, option, values in _options(words):
        if option in ("-j", "-g", "--jump", "--goto"):
            target, goto = values[0] if values else "", option in ("-g", "--goto")
            break
        matches.append((inverted, option, tuple(values)))
    asks = partial(_matches, tuple(matches))
    if not target or target in _GO_ON:
        return Rule(asks)
    if target in _ENDS:
        return Rule(asks, _ENDS[target])
    if target == "RETURN":
        return Rule(asks, final=True)
    if target in ("QUEUE", "NFQUEUE"):
        return Rule(asks, Outcome.UNKNOWN)
    return Rule(asks, jump=target, final=goto)


def _options(words: Sequence[str]) -> Iterator[tuple[bool, str, list[str]]]:
    """Yield each option with whether an exclamation mark inverts it, and its values."""
    inverted, place = False, 0
    while place < len(words):
        word = words[place]
        place += 1
        if word == "!":
            inverted = True
            continue
        values = []
        while place < len(words) and not words[place].startswith("-") and words[place] != "!":
            values.append(words[place])
            place += 1
        yield inverted, word, values
        inverted = False


def _matches(asked: Sequence[tuple[bool, str, tuple[str, ...]]], packet: Packet) -> bool | None:
    found = [_one(option, values, packet, inverted) for inverted, option, values in asked]
    if False in found:
        return False
    return None if None in found else True


def _one(option: str, values: Sequence[str], packet: Packet, inverted: bool) -> bool | None:
    value = values[0] if values else ""
    holds: bool | None = None
    match option:
        case "-i" | "--in-interface" | "-o" | "--out-interface":
            way_out = packet.outgoing if packet.routed else ""
            name = packet.interface if option in ("-i", "--in-interface") else way_out
            holds = name.startswith(value[:-1]) if value.endswith("+") else name == value
        case "-p" | "--protocol":
            holds = value in (packet.protocol, "all", {"tcp": "6", "udp": "17"}[packet.protocol])
        case "--dport" | "--destination-port" | "--dports" | "--destination-ports":
            holds = _in(value, packet.port)
        case "--ctstate" | "--state":
            states = value.split(",")
            if packet.redirected and "DNAT" in states:
                holds = True
            elif packet.state is not None:
                holds = packet.state.upper() in states
                if not holds and "SNAT" in states and packet.may_be_of_translated:
                    holds = None
        case "-s" | "--source":
            # A stranger is none of those whom somebody names.
            any_ = value in ("::/0", "0.0.0.0/0")
            holds = any_ or (_among(packet.source, value) if packet.outgoing else False)
        case "-d" | "--destination":
            holds = _among(packet.target, value) if packet.outgoing else None
        case "--tcp-flags" | "--syn":
            # The first packet has SYN alone.
            first = packet.state == "new"
            holds = (first and (option == "--syn" or values[-1:] == ("SYN",))) or None
        case "-m" | "--match":
            holds = True if value in _SAY_NOTHING else False if value in _NEVER else None
        case "--comment":
            holds = True
    return holds if holds is None or not inverted else not holds


def _among(network: Network | None, value: str) -> bool | None:
    try:
        named = Ranges([ip_network(value, strict=False)])
    except ValueError:
        return None
    return None if network is None else named.hold(network)


def _in(ports: str, port: int | None) -> bool | None:
    if port is None:
        return None
    try:
        for each in ports.split(","):
            first, colon, last = each.partition(":")
            if int(first or 0) <= port <= int((last or 65535) if colon else first):
                return True
    except ValueError:
        return None
    return False
