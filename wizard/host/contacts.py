"""With whom a container deals: who listens in it, whom it names, and whom it is connected to."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address


@dataclass(frozen=True)
class Listener:
    """A socket that waits for others, as the kernel lists it: ``tcp`` or ``udp``."""

    protocol: str
    address: IPv4Address | IPv6Address
    port: int


@dataclass(frozen=True)
class Connection:
    """A connection, by ``tcp`` or ``udp``, to a port of an IPv4 address outside."""

    protocol: str
    address: IPv4Address
    port: int


@dataclass(frozen=True)
class Mention:
    """A place that names a part of an IPv4 subnet; never the text that stands there."""

    where: str
    """A variable of a container, or a rule of the packet filter."""
    network: IPv4Network


@dataclass(frozen=True)
class OutsideHost:
    """A host outside that a variable of a container names."""

    variable: str
    name: str
    ipv6: bool | None = None
    """Whether the host's own resolver knows an IPv6 address for it; None where it did not say."""
