"""Containers of a project go on reaching each other at the IPv4 addresses that they had."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from wizard.host.listeners import listeners, read_tables
from wizard.host.published import hears
from wizard.platform.system import System
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.running import Running, running
from wizard.verification.trials import accepting

_MOST = 64
"""Places that are tried from each container."""


_Way = tuple[str, str, int, str]
"""The container that asks, and the address, the port and the name of the one that is asked."""


class Peers(Aspect):
    """Tries, inside each container of a project, the TCP ports of those on the same networks."""

    def __init__(
        self, system: System, identifiers: Collection[str], changing: Collection[str] = ()
    ) -> None:
        """Take what is looked at.

        Args:
            system: The host.
            identifiers: Those of the project's containers.
            changing: Names of networks of which containers are meant to lose addresses.
        """
        self._system = system
        self._identifiers = identifiers
        self._changing = changing
        self._reached: list[_Way] | None = None

    def look(self) -> Facts:
        """Return who reaches whom; later, those of the first look who do.

        A container that has ended is none of this aspect's: what was reached counts as before.
        """
        containers = {each.name: each for each in running(self._system, self._identifiers)}
        if self._reached is None:
            ways = _ways(containers.values(), self._changing)
            self._reached = _reaching(containers, ways)
            found = self._reached
        else:
            asked = [way for way in self._reached if way[0] in containers and way[3] in containers]
            found = [*_reaching(containers, asked), *(set(self._reached) - {*asked})]
        return {
            f"peer {client} {address} {port}": (
                f"the way from the container {client} to {address}:{port} ({server}), which "
                "answered"
            )
            for client, address, port, server in found
        }


def _ways(containers: Iterable[Running], changing: Collection[str]) -> list[_Way]:
    every = list(containers)
    ports = {each.name: _ports(each) for each in every}
    ways = []
    for client in every:
        networks = {name for name, _address in client.addresses} - {*changing}
        ways += [
            (client.name, str(address), port, server.name)
            for server in every
            if server.name != client.name
            for network, address in server.addresses
            if network in networks
            for port in ports[server.name]
        ][:_MOST]
    return ways


def _reaching(containers: Mapping[str, Running], ways: Sequence[_Way]) -> list[_Way]:
    tried = {way: (containers[way[0]].pid, way[1], way[2]) for way in ways}
    found = accepting(list(tried.values()))
    return [way for way, trial in tried.items() if trial in found]


def _ports(container: Running) -> list[int]:
    heard = listeners(read_tables(container.pid)) or ()
    tcp = sorted({each.port for each in heard if each.protocol == "tcp"})
    return [port for port in tcp if hears(heard, "tcp", port, 4)]
