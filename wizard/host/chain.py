"""A chain of nftables of this host, as a value, and where it is declared."""

from dataclasses import dataclass, field

from wizard.ruleset import nftables
from wizard.ruleset.chains import Packet


@dataclass(frozen=True)
class Declared:
    """Where a file of nftables declares a chain of a hook."""

    path: str
    line: int
    """The line with the hook, from 1; rules may follow it."""
    text: str
    """That line, cleaned."""


@dataclass(frozen=True)
class ForwardChain:
    """A chain of nftables that forwarded packets pass, and that may drop or translate them."""

    family: str
    table: str
    chain: str
    rules: str = field(default="", repr=False)
    """Its table as ``nft -j list ruleset`` prints it, without what changes by itself."""
    declared: Declared | None = None
    """Where it comes from; None where no file that nftables.service loads names it."""
    hook: str = "forward"
    """One of ``wizard.ruleset.hooks.WAY``."""

    @property
    def of_ip6tables(self) -> bool:
        """Whether ip6tables works with it."""
        return nftables.is_of_ip6tables(self.family, self.table, self.chain)

    def stops(self, packet: Packet) -> bool:
        """Return whether it drops a packet for certain."""
        return any(each.stops(packet) for each in self._parsed())

    def translates(self, packet: Packet) -> bool:
        """Return whether it gives a packet another source for certain."""
        return any(each.translates(packet) for each in self._parsed())

    def _parsed(self) -> tuple[nftables.Chain, ...]:
        try:
            return nftables.chains(self.rules, self.hook)
        except ValueError:
            return ()
