"""Chains of nftables that may stop packets which a host forwards, wherever they pass them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wizard.host import nftables_files
from wizard.host.chain import Declared, ForwardChain
from wizard.platform import foreign_json
from wizard.platform.text import clean_line
from wizard.ruleset import hooks, nftables
from wizard.ruleset.chains import Outcome

_ENDS = {"drop", "reject", "masquerade", "snat"}
_CHANGING = ("counter", "quota", "handle")
"""What differs from one listing to the next while the rules are the same."""


def parse(
    listed: str, declared: Mapping[nftables_files.Place, Declared] | None = None
) -> tuple[ForwardChain, ...]:
    """Return the chains on their way that can drop or translate them, from ``nft -j list ruleset``.

    Those of the families that IPv6 packets pass when they are routed: inet and ip6, and netdev. A
    packet that one chain accepts still passes the others (nft(8), verdict statements), so no rule
    of ip6tables or Docker lets through what such a chain drops.
    """
    try:
        entries = foreign_json.table(listed)["nftables"]
        return tuple(
            ForwardChain(
                clean_line(chain.family),
                clean_line(chain.table),
                clean_line(chain.name),
                _of_table(entries, chain),
                (declared or {}).get((chain.family, chain.table, chain.name)),
                hook,
            )
            for hook in hooks.WAY
            for chain in nftables.chains(listed, hook)
            if _matters(chain, entries)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def _of_table(entries: Sequence[Mapping[str, Any]], chain: nftables.Chain) -> str:
    """Return the listing of the table that a chain is in, with no other chain of a hook."""
    kept = []
    for kind, one in _in_table(entries, chain):
        if kind == "chain" and one.get("hook") and one["name"] != chain.name:
            continue
        lasting = {key: value for key, value in one.items() if key != "handle"}
        if "expr" in lasting:
            lasting["expr"] = [each for each in lasting["expr"] if not set(each) & set(_CHANGING)]
        kept.append({kind: lasting})
    return json.dumps({"nftables": kept}, separators=(",", ":"))


def _in_table(
    entries: Sequence[Mapping[str, Any]], chain: nftables.Chain
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in entries:
        for kind, one in entry.items():
            if kind in ("chain", "rule", "set", "map") and (one["family"], one["table"]) == (
                chain.family,
                chain.table,
            ):
                yield kind, one


def _matters(chain: nftables.Chain, entries: Sequence[Mapping[str, Any]]) -> bool:
    return chain.policy is not Outcome.ACCEPT or any(
        _ends(one) for kind, one in _in_table(entries, chain) if kind in ("rule", "map")
    )


def _ends(one: object) -> bool:
    """Return whether a verdict that drops or translates stands anywhere in a rule or a map."""
    waiting = [one]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            if _ENDS & set(each):
                return True
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return False
