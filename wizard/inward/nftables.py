"""Chains of the input hook in tables of nftables, from what ``nft -j list ruleset`` prints.

The form is that of libnftables-json(5). What ip6tables works with is looked at by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from wizard.inward.chains import Chains, Outcome, Packet, Rule, verdict
from wizard.platform import foreign_json

_FAMILIES = ("inet", "ip6")
_OF_IP6TABLES = ("ip6", "filter", "INPUT")
_ENDS = {"accept": Outcome.ACCEPT, "drop": Outcome.DROP, "reject": Outcome.DROP}
_SAY_NOTHING = {"counter", "log", "comment", "mangle", "notrack"}
_STATES = {"established", "related", "invalid", "untracked", "new"}


def closes(listed: str, packet: Packet) -> bool | None:
    """Return whether some chain drops a packet for certain; None if nobody can tell."""
    try:
        found = [verdict(packet, *each) for each in _parsed(listed)]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    if True in found:
        return True
    return None if None in found else False


@lru_cache(maxsize=1)
def _parsed(listed: str) -> tuple[tuple[str, Chains, Outcome], ...]:
    """Return the name, the chains around it, and the policy of each chain of the hook."""
    entries = [each for each in foreign_json.table(listed or "{}").get("nftables", []) if each]
    chains: dict[tuple[str, str], dict[str, list[Rule]]] = {}
    for rule in (entry["rule"] for entry in entries if "rule" in entry):
        table = chains.setdefault((rule["family"], rule["table"]), {})
        table.setdefault(rule["chain"], []).extend(_rules(rule.get("expr", [])))
    return tuple(
        (
            chain["name"],
            chains.get((chain["family"], chain["table"]), {}),
            Outcome.DROP if chain.get("policy") == "drop" else Outcome.ACCEPT,
        )
        for chain in (entry["chain"] for entry in entries if "chain" in entry)
        if chain.get("hook") == "input" and chain["family"] in _FAMILIES
        if (chain["family"], chain["table"], chain["name"]) != _OF_IP6TABLES
    )


def _rules(expressions: Sequence[Mapping[str, Any]]) -> Iterator[Rule]:
    """Yield a rule for each verdict of one; a map of verdicts has several."""
    asked: list[Mapping[str, Any]] = []
    for each in expressions:
        (name,) = each
        matches = partial(_matches, tuple(asked))
        if name in _ENDS:
            yield Rule(matches, _ENDS[name])
        elif name in ("jump", "goto"):
            yield Rule(matches, jump=each[name]["target"], final=name == "goto")
        elif name == "return":
            yield Rule(matches, final=True)
        elif name == "vmap":
            yield from _of_map(each["vmap"], tuple(asked))
        elif name not in _SAY_NOTHING:
            asked.append(each)


def _of_map(mapped: Mapping[str, Any], asked: Sequence[Mapping[str, Any]]) -> Iterator[Rule]:
    pairs = mapped["data"].get("set") if isinstance(mapped["data"], dict) else None
    if pairs is None:
        yield Rule(partial(_matches, asked), Outcome.UNKNOWN)
        return
    for value, action in pairs:
        match = {"match": {"op": "==", "left": mapped["key"], "right": value}}
        yield from _rules([*asked, match, action])


def _matches(asked: Sequence[Mapping[str, Any]], packet: Packet) -> bool | None:
    found = [_one(each["match"], packet) if "match" in each else None for each in asked]
    if False in found:
        return False
    return None if None in found else True


def _one(match: Mapping[str, Any], packet: Packet) -> bool | None:
    left, holds = match["left"], None
    values = _values(match["right"])
    if not isinstance(left, dict) or values is None:
        return None
    (kind,) = left
    of = left[kind]
    if kind == "meta":
        holds = _meta(of["key"], values, packet)
    elif kind == "ct" and of.get("key") == "state" and set(values) <= _STATES:
        holds = "new" in values
    elif kind == "payload":
        holds = _payload(of, values, packet)
    if holds is None or match["op"] not in ("==", "in", "!="):
        return None
    return not holds if match["op"] == "!=" else holds


def _meta(key: str, values: Sequence[Any], packet: Packet) -> bool | None:
    match key:
        case "iif" | "iifname":
            return any(
                packet.interface.startswith(each[:-1])
                if each.endswith("*")
                else packet.interface == each
                for each in map(str, values)
            )
        case "l4proto":
            return packet.protocol in values or {"tcp": 6, "udp": 17}[packet.protocol] in values
        case "nfproto" | "protocol":
            return bool({"ipv6", "ip6"} & set(values))
    return None


def _payload(of: Mapping[str, Any], values: Sequence[Any], packet: Packet) -> bool | None:
    protocol, field = of.get("protocol"), of.get("field")
    if protocol in ("tcp", "udp", "th"):
        if protocol not in (packet.protocol, "th"):
            return False
        return _in(values, packet.port) if field == "dport" else None
    if protocol == "ip6":
        if field == "nexthdr":
            return packet.protocol in values
        # A stranger is none of those whom somebody names.
        return False if field == "saddr" else None
    # Another protocol's header is not there.
    return False if protocol in ("ip", "icmp", "icmpv6", "arp", "sctp", "dccp", "ether") else None


def _values(right: object) -> list[Any] | None:
    """Return what a value, or one of a set, may be; None for a set with a name and the like."""
    if isinstance(right, dict) and set(right) == {"set"}:
        right = right["set"]
    values = right if isinstance(right, list) else [right]
    if any(isinstance(each, dict) and set(each) - {"range", "prefix"} for each in values):
        return None
    if any(isinstance(each, str) and each.startswith("@") for each in values):
        return None
    return values


def _in(values: Sequence[Any], port: int) -> bool:
    for each in values:
        if isinstance(each, dict):
            first, last = each["range"]
            if int(first) <= port <= int(last):
                return True
        elif str(each) == str(port):
            return True
    return False
