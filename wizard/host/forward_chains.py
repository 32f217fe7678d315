"""Chains of nftables that drop what they do not name of the packets that a host forwards."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wizard.host.host import Accepting, ForwardChain
from wizard.platform import foreign_json
from wizard.platform.text import clean_line

_FAMILIES = ("inet", "ip6")
_DEEPEST = 16
"""How many jumps the kernel follows (linux/netfilter/nf_tables.h, NFT_JUMP_STACK_SIZE)."""

_MOST = 256
"""Ways through a chain that are told apart: they double with every two jumps to the same chain."""

_ENDS = ("drop", "reject")
_NO_CONDITION = {"counter", "log", "comment"}

Names = tuple[str, ...]
Table = Mapping[tuple[str, str, str], Sequence[Sequence[Mapping[str, Any]]]]


def parse(listed: str) -> tuple[ForwardChain, ...]:
    """Return the chains of the forward hook that end in a drop, from ``nft -j list ruleset``.

    A packet that one table accepts still passes the others (nft(8), verdict statements), so no
    rule of ip6tables or Docker lets through what such a chain drops.
    """
    try:
        entries = foreign_json.table(listed)["nftables"]
        chains = [entry["chain"] for entry in entries if "chain" in entry]
        rules: dict[tuple[str, str, str], list[Any]] = {}
        for rule in (entry["rule"] for entry in entries if "rule" in entry):
            place = rule["family"], rule["table"], rule["chain"]
            rules.setdefault(place, []).append(rule.get("expr", []))
        return tuple(
            ForwardChain(
                clean_line(place[0]),
                clean_line(place[1]),
                clean_line(place[2]),
                _accepting(place, rules, {}),
            )
            for chain in chains
            if chain.get("hook") == "forward"
            for place in [(chain["family"], chain["table"], chain["name"])]
            if place[0] in _FAMILIES
            if chain.get("policy") == "drop" or _ends_in_drop(rules.get(place, []))
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def _ends_in_drop(rules: Sequence[Sequence[Mapping[str, Any]]]) -> bool:
    last = [name for each in (rules[-1] if rules else []) for name in each]
    return bool(last) and last[-1] in _ENDS and set(last[:-1]) <= _NO_CONDITION


def _accepting(
    place: tuple[str, str, str],
    rules: Table,
    known: dict[tuple[str, str, str], tuple[Accepting, ...]],
    depth: int = 0,
) -> tuple[Accepting, ...]:
    """Return what may be accepted of new IPv6 packets; what is not understood may be.

    Where that are too many ways, anything may be. ``known`` holds what came of other chains.
    """
    if depth >= _DEEPEST:
        return ()
    if place not in known:
        known[place] = ()
        ways: dict[Accepting, None] = {}
        for way in _ways(place, rules, known, depth):
            ways[way] = None
            if len(ways) > _MOST:
                ways = {Accepting((), ()): None}
                break
        known[place] = tuple(ways)
    return known[place]


def _ways(
    place: tuple[str, str, str],
    rules: Table,
    known: dict[tuple[str, str, str], tuple[Accepting, ...]],
    depth: int,
) -> Iterator[Accepting]:
    for rule in rules.get(place, ()):
        incoming: tuple[Names, ...] = ()
        outgoing: tuple[Names, ...] = ()
        verdicts: list[Mapping[str, Any]] = []
        for each in rule:
            if "match" in each:
                key, names = _interfaces(each["match"])
                if key == "i":
                    incoming = (*incoming, names)
                elif key == "o":
                    outgoing = (*outgoing, names)
                elif _never_new_ipv6(each["match"]):
                    break
            elif "vmap" in each:
                verdicts += _of_map(each["vmap"])
            else:
                verdicts.append(each)
        else:
            for verdict in verdicts:
                target = (verdict.get("jump") or verdict.get("goto") or {}).get("target")
                if target is not None:
                    for further in _accepting((*place[:2], target), rules, known, depth + 1):
                        yield Accepting(
                            (*incoming, *further.incoming), (*outgoing, *further.outgoing)
                        )
                elif "accept" in verdict or "queue" in verdict:
                    yield Accepting(incoming, outgoing)


def _interfaces(match: Mapping[str, Any]) -> tuple[str, Names]:
    """Return ``i`` or ``o`` with the names that an interface must have; else empty."""
    left = match.get("left")
    key = (left.get("meta") or {}).get("key") if isinstance(left, Mapping) else None
    names = _plain(match.get("right"))
    if key in ("iif", "iifname", "oif", "oifname") and match.get("op") in ("==", "in") and names:
        return str(key)[0], names
    return "", ()


def _plain(right: object) -> Names:
    """Return a value, or the values of a set, as text; nothing where it is anything else."""
    if isinstance(right, Mapping) and set(right) == {"set"}:
        right = right["set"]
    values = right if isinstance(right, list) else [right]
    names = tuple(each for each in values if isinstance(each, str))
    return names if len(names) == len(values) else ()


def _never_new_ipv6(match: Mapping[str, Any]) -> bool:
    left, names = match.get("left"), _plain(match.get("right"))
    if not isinstance(left, Mapping) or match.get("op") not in ("==", "in") or not names:
        return False
    if (left.get("ct") or {}).get("key") == "state":
        return "new" not in names
    if (left.get("meta") or {}).get("key") in ("nfproto", "protocol"):
        return not {"ipv6", "ip6"} & set(names)
    return (left.get("payload") or {}).get("protocol") == "ip"


def _of_map(mapped: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    key, data = mapped.get("key"), mapped.get("data")
    pairs = data.get("set") if isinstance(data, Mapping) else None
    if not isinstance(pairs, list):
        # A map with a name of its own: what it says is listed elsewhere.
        return [{"accept": None}]
    by_state = isinstance(key, Mapping) and (key.get("ct") or {}).get("key") == "state"
    return [verdict for value, verdict in pairs if not by_state or value == "new"]
