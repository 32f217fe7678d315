"""A host of which everything is known that a plan cannot do without."""

from dataclasses import dataclass, fields
from ipaddress import IPv4Network, IPv6Network

from wizard.host.host import Engine, ExistingNetwork, Host, Manager, Unknown, Uplink
from wizard.platform.errors import Refused


@dataclass(frozen=True)
class KnownHost(Host):
    """A host whose parts that decide how it keeps its own way out are no :class:`Unknown`."""

    engine: Engine
    networks: tuple[ExistingNetwork, ...]
    uplink: Uplink
    manager: Manager
    prefixes_in_use: tuple[IPv4Network | IPv6Network, ...]


def known(host: Host) -> KnownHost:
    """Return the host as one whose parts are known.

    Raises:
        Refused: One of them is not; the message says why.
    """
    for name in KnownHost.__annotations__:
        part = getattr(host, name)
        if isinstance(part, Unknown):
            raise Refused(part.reason)
    return KnownHost(**{field.name: getattr(host, field.name) for field in fields(host)})
