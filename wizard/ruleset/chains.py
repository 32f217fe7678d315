"""What may become of a packet in chains of rules, where some rules cannot be told to match."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network


class Outcome(Enum):
    """How a packet leaves a rule or a chain."""

    ACCEPT = "accept"
    DROP = "drop"
    THROUGH = "through"
    """The next rule is looked at; of a chain, its end was reached."""
    UNKNOWN = "unknown"
    TRANSLATE = "translate"
    """It is accepted, with another source."""


@dataclass(frozen=True)
class Packet:
    """A packet: by default the first of a connection that a stranger opens here over IPv6."""

    interface: str
    """Where it comes in."""
    protocol: str
    """``tcp`` or ``udp``."""
    port: int | None
    """Where it goes to; None where it may be any."""
    outgoing: str = ""
    """Where it goes out, if it is forwarded; then its addresses may be any, but for those below."""
    state: str | None = "new"
    """What connection tracking says of it: ``new`` or ``established``; None where that is not
    known."""
    source: Network | None = None
    """Where what is forwarded comes from, where that is known."""
    target: Network | None = None
    """Where it goes to, where that is known."""
    translated: bool = False
    """Whether this host puts its own address in place of the source of what is forwarded, and
    takes that back for the answers."""
    redirected: bool = False
    """Whether it was sent to another address, in place of which this host has put the target."""
    routed: bool = True
    """Whether it is known yet where it goes out."""
    version: int = 6
    """Of IP."""

    @property
    def may_be_of_translated(self) -> bool:
        """Whether connection tracking may say by now that the source was translated.

        It is said of a connection, so that the answers have it too, and the first packet once its
        source is another (linux/netfilter/nf_conntrack_common.h, IPS_SRC_NAT).
        """
        return self.translated and (self.state != "new" or self.source is None)


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


def outcomes(
    packet: Packet, chain: str, chains: Chains, known: dict[str, set[Outcome]] | None = None
) -> set[Outcome]:
    """Return every way in which a packet may leave a chain.

    ``known`` holds what came of other chains: each is gone through once, however many rules lead
    to it. A chain that leads back to itself, which the kernel refuses, tells nothing.
    """
    known = {} if known is None else known
    if chain not in known:
        known[chain] = {Outcome.UNKNOWN}
        known[chain] = _walked(packet, chain, chains, known)
    return known[chain]


def _walked(
    packet: Packet, chain: str, chains: Chains, known: dict[str, set[Outcome]]
) -> set[Outcome]:
    found: set[Outcome] = set()
    for rule in chains.get(chain, ()):
        matches = rule.matches(packet)
        if matches is False:
            continue
        here = {rule.outcome}
        if rule.jump:
            here = outcomes(packet, rule.jump, chains, known)
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
    return False if found <= {Outcome.ACCEPT, Outcome.TRANSLATE} else None
