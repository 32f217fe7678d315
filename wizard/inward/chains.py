"""What may become of a packet in chains of rules, where some rules cannot be told to match."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

_DEEPEST = 32
"""How deep chains lead to each other; the kernel follows no more than 16."""


class Outcome(Enum):
    """How a packet leaves a rule or a chain."""

    ACCEPT = "accept"
    DROP = "drop"
    THROUGH = "through"
    """The next rule is looked at; of a chain, its end was reached."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection that a stranger opens to this host over IPv6."""

    interface: str
    protocol: str
    """``tcp`` or ``udp``."""
    port: int


@dataclass(frozen=True)
class Rule:
    """A rule of either filter: whether it matches, and what it does then."""

    matches: Callable[[Packet], bool | None]
    """None where that cannot be told."""
    outcome: Outcome = Outcome.THROUGH
    jump: str = ""
    """The chain that is gone through first; its end leads on to the next rule."""
    final: bool = False
    """Whether the chain ends here after the jump (goto), or at once (return)."""


Chains = Mapping[str, Sequence[Rule]]


def outcomes(packet: Packet, chain: str, chains: Chains, depth: int = 0) -> set[Outcome]:
    """Return every way in which a packet may leave a chain."""
    if depth > _DEEPEST:
        return {Outcome.UNKNOWN}
    found: set[Outcome] = set()
    for rule in chains.get(chain, ()):
        matches = rule.matches(packet)
        if matches is False:
            continue
        here = {rule.outcome}
        if rule.jump:
            here = outcomes(packet, rule.jump, chains, depth + 1)
        if rule.final:
            found |= here
            if matches:
                return found
            continue
        found |= here - {Outcome.THROUGH}
        if matches and Outcome.THROUGH not in here:
            return found
    return found | {Outcome.THROUGH}


def verdict(packet: Packet, chain: str, chains: Chains, policy: Outcome) -> bool | None:
    """Return whether a chain drops a packet for certain; None if nobody can tell."""
    found = {
        policy if each is Outcome.THROUGH else each for each in outcomes(packet, chain, chains)
    }
    if found == {Outcome.DROP}:
        return True
    return False if found == {Outcome.ACCEPT} else None
