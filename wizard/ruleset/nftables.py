"""Chains of a hook in tables of nftables, from what ``nft -j list ruleset`` prints.

The form is that of libnftables-json(5).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from wizard.platform import foreign_json
from wizard.ruleset import hooks
from wizard.ruleset.chains import Chains, Outcome, Packet, Rule, outcomes, verdict
from wizard.ruleset.nftables_matches import NAMES, Held, Sets, has, matches

_FAMILIES = {"ingress": ("inet", "netdev"), "egress": ("netdev",)}
"""Those that packets pass at a hook, where it is not inet and that of their version of IP."""
_ENDS = {
    "accept": Outcome.ACCEPT,
    "drop": Outcome.DROP,
    "reject": Outcome.DROP,
    "queue": Outcome.UNKNOWN,
    **dict.fromkeys(("dnat", "redirect"), Outcome.ACCEPT),
    **dict.fromkeys(("masquerade", "snat"), Outcome.TRANSLATE),
    **dict.fromkeys(("fwd", "synproxy", "tproxy"), Outcome.UNKNOWN),
}
_OF_IP6TABLES = {
    "filter": ("INPUT", "FORWARD"),
    "nat": ("POSTROUTING",),
    "mangle": ("PREROUTING", "FORWARD", "POSTROUTING"),
    "raw": ("PREROUTING",),
    "security": ("FORWARD",),
}
"""Its chains of which ip6tables is asked, by table (ip6tables(8), TABLES)."""
_SAY_NOTHING = {"counter", "log", "comment", "mangle", "notrack", "flow"}


@dataclass(frozen=True)
class Chain:
    """A chain of a hook, with all that it leads to."""

    family: str
    table: str
    name: str
    policy: Outcome
    around: Chains
    """The chains of its table."""
    hook: str = "forward"
    priority: int = 0
    devices: tuple[str, ...] = ()
    """The interfaces whose packets alone pass a chain of ingress or egress; nft 1.0.6 tells none
    with ``-j``."""
    first_alone: bool = False
    """Whether it sees the first packet of a connection alone, as one of the type nat does."""

    @property
    def of_ip6tables(self) -> bool:
        """Whether ip6tables works with it."""
        return is_of_ip6tables(self.family, self.table, self.name)

    def stops(self, packet: Packet) -> bool | None:
        """Return whether it drops a packet for certain; None if nobody can tell."""
        if not self._sees(packet):
            return False
        return verdict(self._seen(packet), self.name, self.around, self.policy)

    def translates(self, packet: Packet) -> bool:
        """Return whether it gives a packet another source for certain."""
        return self._sees(packet) and outcomes(self._seen(packet), self.name, self.around) == {
            Outcome.TRANSLATE
        }

    def _sees(self, packet: Packet) -> bool:
        """Whether a packet passes it for certain."""
        if self.hook in ("ingress", "egress"):
            device = packet.interface if self.hook == "ingress" else packet.outgoing
            if device not in self.devices:
                return False
        if self.first_alone and packet.state != "new":
            return False
        return hooks.is_told_apart(packet, self.hook)

    def _seen(self, packet: Packet) -> Packet:
        return hooks.at(packet, self.hook, self.priority) if packet.outgoing else packet


def is_of_ip6tables(family: str, table: str, chain: str) -> bool:
    """Return whether either iptables works with a chain of a hook, and is asked of it.

    nft(8) tells names that differ by case apart.
    """
    return family in ("ip", "ip6") and chain in _OF_IP6TABLES.get(table, ())


def closes(listed: str, packet: Packet) -> bool | None:
    """Return whether some chain of the input hook drops a packet for certain.

    None if nobody can tell. What ip6tables works with is left to ip6tables.
    """
    try:
        found = [each.stops(packet) for each in chains(listed, "input") if not each.of_ip6tables]
    except ValueError:
        return None
    if True in found:
        return True
    return None if None in found else False


@lru_cache(maxsize=32)
def chains(listed: str, hook: str, version: int = 6) -> tuple[Chain, ...]:
    """Return the chains of a hook that packets of a version of IP pass.

    Raises:
        ValueError: The text is no list of rules.
    """
    try:
        return tuple(_of_hook(_parsed(listed), hook, version))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError("it is no list of rules") from error


@dataclass(frozen=True)
class _Listing:
    """A list of rules, of which the chains of every hook are made."""

    chains: Sequence[Mapping[str, Any]]
    rules: Mapping[tuple[str, str], Chains]
    """Those of every chain, by table."""
    asleep: Collection[tuple[str, str]]
    """Tables that are dormant."""


@lru_cache(maxsize=8)
def _parsed(listed: str) -> _Listing:
    entries = foreign_json.table(listed or "{}").get("nftables", [])
    sets: dict[tuple[str, str], dict[str, Held | None]] = {}
    for one in (each[kind] for each in entries for kind in ("set", "map") if kind in each):
        sets.setdefault((one["family"], one["table"]), {})[one["name"]] = _held(one)
    rules: dict[tuple[str, str], dict[str, list[Rule]]] = {}
    for rule in (each["rule"] for each in entries if "rule" in each):
        table = rule["family"], rule["table"]
        made = _rules(rule.get("expr", []), sets.get(table, {}))
        rules.setdefault(table, {}).setdefault(rule["chain"], []).extend(made)
    asleep = {
        (table["family"], table["name"])
        for table in (each["table"] for each in entries if "table" in each)
        if "dormant" in (table.get("flags") or ())
    }
    return _Listing([each["chain"] for each in entries if "chain" in each], rules, asleep)


def _of_hook(listing: _Listing, hook: str, version: int) -> Iterator[Chain]:
    for chain in listing.chains:
        table = chain["family"], chain["table"]
        families = _FAMILIES.get(hook, ("inet", NAMES[version][0]))
        if chain.get("hook") != hook or table[0] not in families or table in listing.asleep:
            continue
        yield Chain(
            *table,
            chain["name"],
            Outcome.DROP if chain.get("policy") == "drop" else Outcome.ACCEPT,
            listing.rules.get(table, {}),
            hook,
            int(chain.get("prio", 0)),
            _devices(chain.get("dev")),
            chain.get("type") == "nat",
        )


def _devices(named: object) -> tuple[str, ...]:
    """Return the interfaces that a chain is bound to, of which one stands alone."""
    return tuple(map(str, named if isinstance(named, list) else [named] if named else ()))


def _held(one: Mapping[str, Any]) -> Held | None:
    """Return the elements of a set or map; None where packets or time change them."""
    flags = one.get("flags") or ()
    if "dynamic" in flags or "timeout" in flags:
        return None
    elements: list[Any] = one.get("elem", [])
    return Held(each["elem"]["val"] if has(each, "elem") else each for each in elements)


def _rules(expressions: Sequence[Mapping[str, Any]], sets: Sets) -> Iterator[Rule]:
    """Yield a rule for each verdict of one; a map of verdicts has several."""
    asked: list[Mapping[str, Any]] = []
    for each in expressions:
        (name,) = each
        asks = partial(matches, tuple(asked), sets)
        if name in _ENDS:
            yield Rule(asks, _ENDS[name])
        elif name in ("jump", "goto"):
            yield Rule(asks, jump=each[name]["target"], final=name == "goto")
        elif name == "return":
            yield Rule(asks, final=True)
        elif name == "vmap":
            yield from _of_map(each["vmap"], tuple(asked), sets)
        elif name not in _SAY_NOTHING:
            asked.append(each)


def _of_map(
    mapped: Mapping[str, Any], asked: Sequence[Mapping[str, Any]], sets: Sets
) -> Iterator[Rule]:
    data = mapped["data"]
    pairs = data.get("set") if isinstance(data, dict) else sets.get(str(data).removeprefix("@"))
    if pairs is None:
        yield Rule(partial(matches, tuple(asked), sets), Outcome.UNKNOWN)
        return
    for value, action in pairs:
        match = {"match": {"op": "==", "left": mapped["key"], "right": value}}
        yield from _rules([*asked, match, action], sets)
