"""Whose the addresses of a routed prefix are: the bridge's, fixed ones, and what Docker hands out.

A fixed address from where Docker hands out addresses is taken by whichever container starts first,
and the one that it is meant for then does not start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

# Docker 20.10 keeps count of addresses in 32 bits, so the range lies near the beginning of the
# subnet ("invalid bit range" otherwise); no host has as many containers as it holds.
_RANGE_BITS = 16


@dataclass(frozen=True)
class AddressPlan:
    """The parts of one prefix."""

    prefix: IPv6Network

    @property
    def bridge(self) -> IPv6Address:
        """The bridge's own address, the gateway of the containers."""
        return self.prefix.network_address + 1

    @property
    def dynamic(self) -> IPv6Network:
        """From which Docker hands out addresses to those that have no fixed one."""
        bits = min(self.prefix.max_prefixlen - self.prefix.prefixlen - 1, _RANGE_BITS)
        begin = self.prefix.network_address + (1 << bits)
        return IPv6Network((begin, self.prefix.max_prefixlen - bits))

    @property
    def most_fixed(self) -> int:
        """How many fixed addresses there can be."""
        return int(self.dynamic.network_address) - int(self.prefix.network_address) - 2

    def fixed(self, services: Sequence[str]) -> dict[str, IPv6Address]:
        """Return a fixed address for each of the services, in their order."""
        return {
            service: self.prefix.network_address + number
            for number, service in enumerate(services, 2)
        }
