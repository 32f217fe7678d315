"""Every published port that answered goes on answering, but for what a person has accepted."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from wizard.host.listeners import asked_in_vain
from wizard.host.published import Published
from wizard.platform.system import System
from wizard.probes.connect import chosen_source
from wizard.probes.trial import OPEN, try_ports
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.running import Running, running

_ANYWHERE = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Stand for "somewhere on the internet"; nothing is sent to them (RFC 5737, RFC 3849)."""

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}


_Place = tuple[str, int]
"""An address of the host, and a port there."""


class PublishedPorts(Aspect):
    """Tries the published TCP ports of all containers, from the host itself."""

    def __init__(self, system: System, accepted: Iterable[str]) -> None:
        """``accepted`` are names of published ports that may stop answering."""
        self._system = system
        self._accepted = frozenset(accepted)
        self._answered: dict[_Place, tuple[str, int]] | None = None

    def look(self) -> Facts:
        """Return every address and port that answers; later, those of the first look that do.

        A container that has ended by itself is none of this aspect's: its ports count as before.
        """
        containers = {each.name: each for each in running(self._system)}
        if self._answered is None:
            places = {
                (address, port.host_port): (container.name, port.port)
                for container in containers.values()
                for port in container.published
                if port.protocol == "tcp" and port.name not in self._accepted
                for address in _addresses(port)
            }
            answer = _answering(places, containers)
            self._answered = {place: places[place] for place in places if place in answer}
        else:
            there = {
                place: inside for place, inside in self._answered.items() if inside[0] in containers
            }
            answer = {*_answering(there, containers), *(self._answered.keys() - there.keys())}
        return {
            f"port {address} {port}": (
                f"{_shown(address, port)} (port {inside} of the container {name}), which answered"
            )
            for (address, port), (name, inside) in self._answered.items()
            if (address, port) in answer
        }


def _answering(
    places: Mapping[_Place, tuple[str, int]], containers: Mapping[str, Running]
) -> set[_Place]:
    # Where packets to a container are dropped, docker-proxy accepts and waits for the container.
    waits: set[tuple[IPv4Address | IPv6Address, int]] = set()
    outcomes = try_ports(list(places), stayed=lambda: waits.update(asked_in_vain()))
    return {
        place
        for (place, (name, port)), outcome in zip(places.items(), outcomes, strict=True)
        if outcome == OPEN
        and not any((inside, port) in waits for inside in _behind(place, containers[name]))
    }


def _behind(place: _Place, container: Running) -> list[IPv4Address | IPv6Address]:
    """Return where docker-proxy may pass on what comes to a place: IPv6 to IPv6 if there is any."""
    if ":" in place[0] and container.ipv6:
        return [*container.ipv6]
    return [address for _network, address in container.addresses]


def _addresses(port: Published) -> Iterator[str]:
    """Yield where to try a port: loopback and the way in from outside go different ways."""
    if port.address not in (IPv4Address(0), IPv6Address(0)):
        yield str(port.address)
        return
    version = port.address.version
    yield _LOOPBACK[version]
    own = chosen_source(_ANYWHERE[version])["address"]
    if own is not None:
        yield own


def _shown(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
