"""What containers have at hand over IPv4, such as a database on this host, they go on reaching."""

import socket
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address

from wizard.answers.choices import Choices
from wizard.host.connections import nearby
from wizard.host.host import Host
from wizard.host.listeners import read_tables
from wizard.modes.shared import chosen_containers
from wizard.platform.text import clean_line
from wizard.probes import namespace
from wizard.probes.trial import ACCEPT, CLOSED, OPEN
from wizard.verification.aspect import Aspect, Facts

_DEADLINE = 15.0
"""Seconds that the trials from all containers may take together."""

_MOST = 16
"""Places that are tried from each container."""

_Way = tuple[str, int, str, int]
"""The name of a container and its process, and the address and the port that it reaches."""


class Nearby(Aspect):
    """Tries, inside each container that is joined, what it has connections to near by.

    That is at private addresses, and at this host's own.

    Rules for what comes to this host, or is forwarded to another of the same people, may let in
    the subnet that the containers have, and know nothing of the next one. Only what a container
    is connected to is tried, by a connection more.
    """

    def __init__(self, host: Host, choices: Choices) -> None:
        self._containers = tuple(each for each in chosen_containers(host, choices) if each.pid)
        self._reached: list[_Way] | None = None

    def look(self) -> Facts:
        """Return who reaches what; later, those of the first look who do."""
        if self._reached is None:
            found = self._reached = _reaching(
                [
                    (each.name, each.pid, str(place.address), place.port)
                    for each in self._containers
                    for place in nearby(read_tables(each.pid) or {}, _is_own)[:_MOST]
                ]
            )
        else:
            found = _reaching(self._reached)
        return {
            f"nearby {name} {address} {port}": (
                f"the way from the container {clean_line(name)} to {address}:{port}, to which it "
                "has a connection"
            )
            for name, _pid, address, port in found
        }


def _is_own(address: IPv4Address) -> bool:
    """Whether an address is this host's: no program may bind another (ip(7), IP_FREEBIND)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        try:
            own.bind((str(address), 0))
        except OSError:
            return False
    return True


def _reaching(ways: Sequence[_Way]) -> list[_Way]:
    """Return the ways on which the other side accepts."""
    pids = list(dict.fromkeys(way[1] for way in ways))
    asked = [[way for way in ways if way[1] == pid] for pid in pids]
    requests: list[Mapping[str, object]] = [
        {
            "namespace": namespace.namespace_of(pid),
            "places": [way[2:4] for way in of_one],
            "accept": ACCEPT,
            "stay": 0.0,
        }
        for pid, of_one in zip(pids, asked, strict=True)
    ]
    found: list[_Way] = []
    answers = namespace.ask(requests, _DEADLINE, "trial")
    for of_one, answer in zip(asked, answers, strict=True):
        outcomes = answer.get("outcomes")
        if isinstance(outcomes, list):
            pairs = zip(of_one, outcomes, strict=True)
            found += [way for way, outcome in pairs if outcome in (OPEN, CLOSED)]
    return found
