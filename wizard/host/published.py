"""Published ports: what stands in Docker's words for them, and who hears there."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from wizard.host.contacts import Listener
from wizard.host.host import Container

_PUBLISHED = re.compile(
    r"(?:(?P<address>\[[0-9a-fA-F:.]*\]|::|[0-9.]+):)?(?P<host>\d+)->(?P<port>\d+)/(?P<protocol>\w+)"
)

_BOTH = (IPv4Address("0.0.0.0"), IPv6Address("::"))  # noqa: S104 - what Docker binds, not we


@dataclass(frozen=True)
class Published:
    """A port of a container at an address and a port of the host."""

    address: IPv4Address | IPv6Address
    host_port: int
    port: int
    protocol: str

    @property
    def name(self) -> str:
        """The host's side of it, such as ``[::]:3000/tcp``; no two of a host have the same."""
        shown = f"[{self.address}]" if self.address.version == 6 else f"{self.address}"
        return f"{shown}:{self.of_host}"

    @property
    def of_host(self) -> str:
        """The port of the host at whatever address, such as ``3000/tcp``."""
        return f"{self.host_port}/{self.protocol}"


def parse(port: str) -> tuple[Published, ...]:
    """Return what one of :attr:`wizard.host.host.Container.ports` publishes, if anything.

    A port that is published without an address is published on every one, of both families.
    """
    found = _PUBLISHED.fullmatch(port)
    if found is None:
        return ()
    address = (found["address"] or "").strip("[]")
    try:
        addresses = (ip_address(address),) if address else _BOTH
        return tuple(
            Published(each, int(found["host"]), int(found["port"]), found["protocol"])
            for each in addresses
        )
    except ValueError:
        return ()


def published(container: Container) -> Iterator[Published]:
    """Yield every published port of a container."""
    for port in container.ports:
        yield from parse(port)


def hears(listeners: Iterable[Listener], protocol: str, port: int, version: int) -> bool:
    """Return whether somebody hears what comes to a port over a version of IP.

    A socket on ``::`` hears both (ipv6(7), IPV6_V6ONLY).
    """
    return any(
        each.protocol == protocol
        and each.port == port
        and (each.address.version == version or each.address == IPv6Address("::"))
        for each in listeners
    )
