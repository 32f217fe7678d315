"""Every published port that answered goes on answering, but for what a person has accepted."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address

from wizard.published import Published
from wizard.reachability.connect import chosen_source
from wizard.reachability.trial import OPEN, try_ports
from wizard.system import System
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.running import running

_ANYWHERE = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Stand for "somewhere on the internet"; nothing is sent to them (RFC 5737, RFC 3849)."""

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}


class PublishedPorts(Aspect):
    """Tries the published TCP ports of all containers, from the host itself."""

    def __init__(self, system: System, accepted: Iterable[str]) -> None:
        """``accepted`` are names of published ports that may stop answering."""
        self._system = system
        self._accepted = frozenset(accepted)
        self._answered: dict[tuple[str, int], tuple[str, str]] | None = None

    def look(self) -> Facts:
        """Return every address and port that answers; later, those of the first look that do.

        A container that has ended by itself is none of this aspect's: its ports count as before.
        """
        containers = running(self._system)
        if self._answered is None:
            places = {
                (address, port.host_port): (container.name, f"port {port.port} of the container")
                for container in containers
                for port in container.published
                if port.protocol == "tcp" and port.name not in self._accepted
                for address in _addresses(port)
            }
            answer = _answering(places)
            self._answered = {place: places[place] for place in places if place in answer}
        else:
            names = {container.name for container in containers}
            asked = [place for place, words in self._answered.items() if words[0] in names]
            answer = {*_answering(asked), *(self._answered.keys() - {*asked})}
        return {
            f"port {address} {port}": f"{_shown(address, port)} ({words} {name}), which answered"
            for (address, port), (name, words) in self._answered.items()
            if (address, port) in answer
        }


def _answering(places: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    tried = list(places)
    outcomes = try_ports(tried)
    return {place for place, outcome in zip(tried, outcomes, strict=True) if outcome == OPEN}


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
