"""Which network of Docker is served, and which addresses on it are a container's to have.

Anybody who may use Docker can remove a network and make another of the same name, and give a
container there any address, the provider's router's too. A name is no evidence: what only our plan
writes is, the label with the prefix, and the prefix itself. Compose writes the same whenever it
makes the network anew, with another identifier.
"""

from collections.abc import Iterable, Mapping
from ipaddress import IPv6Address, IPv6Network
from typing import Any, NamedTuple

from wizard.ndp.addresses import address
from wizard.platform.errors import WizardError
from wizard.platform.own_names import NETWORK_LABEL


class NotOurs(WizardError):
    """The network of that name is another one than the service was set up for."""


class Addresses(NamedTuple):
    """The addresses to answer for, and those that a container has and must not have."""

    wanted: frozenset[IPv6Address]
    refused: frozenset[IPv6Address] = frozenset()

    def without(self, others: Iterable[IPv6Address]) -> "Addresses":
        """Return the same with the addresses of others refused."""
        theirs = self.wanted.intersection(others)
        return Addresses(self.wanted - theirs, self.refused | theirs)


def together(several: Iterable[Addresses]) -> Addresses:
    """Return the addresses of several networks; what one refuses another may have."""
    wanted: set[IPv6Address] = set()
    refused: set[IPv6Address] = set()
    for each in several:
        wanted |= each.wanted
        refused |= each.refused
    return Addresses(frozenset(wanted), frozenset(refused - wanted))


class ServedNetwork(NamedTuple):
    """The network that the service was set up for; without a prefix, the label says which."""

    name: str
    prefix: IPv6Network | None = None

    def addresses(self, described: Mapping[str, Any]) -> Addresses:
        """Tell the containers' addresses from Docker's description of a network.

        An endpoint without a container is listed under the name ``ep-`` and its own identifier: one
        that is being made, or was left over when Docker crashed. Nobody uses its address.

        Raises:
            NotOurs: It is another network.
            ValueError: An address is none.
        """
        prefix = self._evident_prefix(described)
        # The first address is every router's of the link (RFC 4291 §2.6.1).
        never = {prefix.network_address, *_gateways(described)}
        found = frozenset(
            address(endpoint["IPv6Address"])
            for container, endpoint in (described.get("Containers") or {}).items()
            if endpoint.get("IPv6Address") and not container.startswith("ep-")
        )
        wanted = frozenset(each for each in found - never if each in prefix and _is_unicast(each))
        return Addresses(wanted, found - wanted)

    def _evident_prefix(self, described: Mapping[str, Any]) -> IPv6Network:
        labelled = str((described.get("Labels") or {}).get(NETWORK_LABEL, ""))
        subnets = [
            str(pool.get("Subnet", ""))
            for pool in (described.get("IPAM") or {}).get("Config") or ()
            if ":" in str(pool.get("Subnet", ""))
        ]
        try:
            prefix = self.prefix or IPv6Network(labelled)
            if IPv6Network(labelled) == prefix and [*map(IPv6Network, subnets)] == [prefix]:
                return prefix
        except ValueError:
            pass
        raise NotOurs(
            f"The network {self.name} is not the one that was set up: it has another prefix, or "
            "does not bear the wizard's label. Nobody is answered for."
        )


def _is_unicast(each: IPv6Address) -> bool:
    """Return whether an address is one of a single host beyond its link (RFC 4291 §2.4)."""
    special = each.is_unspecified or each.is_loopback or each.is_multicast or each.is_link_local
    return not special


def _gateways(described: Mapping[str, Any]) -> set[IPv6Address]:
    pools = (described.get("IPAM") or {}).get("Config") or ()
    gateways = (str(pool.get("Gateway") or "") for pool in pools)
    return {address(each) for each in gateways if ":" in each}
