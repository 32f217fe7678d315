"""What containers have at hand over IPv4, such as a database on this host, they go on reaching."""

import os
import socket
from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from wizard.answers.choices import Choices
from wizard.host.connections import nearby
from wizard.host.host import Host, Unknown
from wizard.host.listeners import read_tables
from wizard.modes.shared import chosen_containers
from wizard.platform.text import clean_line
from wizard.probes import namespace
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.kernel_files import read
from wizard.verification.trials import accepting

_MOST = 16
"""Places that are tried from each container."""

_ANY_ADDRESS = "/proc/sys/net/ipv4/ip_nonlocal_bind"
"""Whether a program may bind an address that is not this host's (ip(7))."""

_Way = tuple[str, int, str, int]
"""The name of a container and its process, and the address and the port that it reaches."""


class Nearby(Aspect):
    """Tries, inside each container that is joined, what it has connections to near by.

    That is at private addresses, and at this host's own; not at other containers, whose addresses
    go with them, and which :class:`wizard.verification.peers.Peers` tries.

    Rules for what comes to this host, or is forwarded to another of the same people, may let in
    the subnet that the containers have, and know nothing of the next one. Only what a container
    is connected to is tried, by a connection more.
    """

    def __init__(self, host: Host, choices: Choices, changing: Collection[str] = ()) -> None:
        """Take what is looked at.

        Args:
            host: The host, with every network that there is today.
            choices: The answers.
            changing: Names of networks of which containers are meant to lose addresses.
        """
        self._containers = tuple(each for each in chosen_containers(host, choices) if each.pid)
        networks = () if isinstance(host.networks, Unknown) else host.networks
        self._subnets = [(each.name, subnet) for each in networks for subnet in each.subnets]
        self._changing = changing
        self._reached: list[_Way] | None = None

    def look(self) -> Facts:
        """Return who reaches what; later, those of the first look who do.

        Of a container that has ended, and of a place that this host does not reach itself any
        more, nothing can be told: what was reached counts as before.
        """
        if self._reached is None:
            self._reached = found = _reaching([*self._ways()])
        else:
            found = _reaching(self._reached)
            gone = [way for way in self._reached if way not in found]
            own = os.getpid()
            of_host = accepting([(own, *way[2:]) for way in gone])
            found += [
                way for way in gone if (own, *way[2:]) not in of_host or not _is_there(way[1])
            ]
        return {
            f"nearby {name} {address} {port}": (
                f"the way from the container {clean_line(name)} to {address}:{port}, to which it "
                "has a connection"
            )
            for name, _pid, address, port in found
        }

    def _ways(self) -> Iterator[_Way]:
        for each in self._containers:
            places = nearby(read_tables(each.pid) or {}, _is_own)
            ours = [place for place in places if not self._is_of_containers(place.address)]
            yield from ((each.name, each.pid, str(at.address), at.port) for at in ours[:_MOST])

    def _is_of_containers(self, address: IPv4Address) -> bool:
        names = {
            name
            for name, subnet in self._subnets
            if isinstance(subnet, IPv4Network) and address in subnet
        }
        return bool(names) and (not names.isdisjoint(self._changing) or not _is_own(address))


def _is_there(pid: int) -> bool:
    return Path(namespace.namespace_of(pid)).exists()


def _reaching(ways: list[_Way]) -> list[_Way]:
    found = accepting([way[1:] for way in ways])
    return [way for way in ways if way[1:] in found]


def _is_own(address: IPv4Address) -> bool:
    """Whether an address is this host's: a program may bind it, and no other (ip(7))."""
    if read(_ANY_ADDRESS).strip() not in ("", "0"):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        try:
            own.bind((str(address), 0))
        except OSError:
            return False
    return True
