"""Keeps the proxy entries of the uplink equal to the addresses of the containers on networks.

Level-triggered: whatever happens, it compares what should be with what is, and mends the
difference. What happened in detail does not matter, so nothing missed is missed for long.
"""

import contextlib
import enum
import queue
import threading
import time
from collections.abc import Sequence
from ipaddress import IPv6Address

from wizard.ndp import uplink as uplinks
from wizard.ndp.difference import difference
from wizard.ndp.docker_engine import DockerEngine
from wizard.ndp.notify import notify
from wizard.ndp.proxy_table import ProxyTable
from wizard.ndp.served_network import Addresses, NotOurs, ServedNetwork, together
from wizard.platform.errors import WizardError
from wizard.platform.service_log import say

_PERIOD = 30.0
"""Seconds after which it looks again although nothing happened."""

_RETRY = 2.0
"""Seconds after which it looks again when something failed, or has only just begun."""

_PAUSE = 0.02
"""Seconds between two comparisons in a burst of events; the first event of a burst never waits."""

_ABSENCE = 0.5
"""Seconds between two attempts to reach a Docker that is gone."""


class _Wake(enum.Enum):
    """Why the service wakes up."""

    LISTENING = enum.auto()  # Docker has begun to tell what happens
    LOST = enum.auto()  # it tells no more
    CHANGED = enum.auto()  # something happened to the network or to the uplink
    STOP = enum.auto()


class Service:
    """The service for one uplink and every network whose containers are answered for there."""

    def __init__(
        self,
        engine: DockerEngine,
        table: ProxyTable,
        uplink: str,
        networks: Sequence[ServedNetwork],
    ) -> None:
        self._engine = engine
        self._table = table
        self._uplink = uplink
        self._networks = networks
        self._wakes: queue.SimpleQueue[_Wake] = queue.SimpleQueue()
        self._listening = False
        # As Docker last told, by network; each is missing until it has told of it.
        self._said: dict[str, Addresses] = {}
        self._answered = 0
        self._problems: list[str] = []

    @property
    def status(self) -> str:
        """How it stands, in a line for ``systemctl status``."""
        addresses = "1 address" if self._answered == 1 else f"{self._answered} addresses"
        return "; ".join([f"answering for {addresses} on {self._uplink}", *self._problems])

    def stop(self) -> None:
        """Make :meth:`run` take the service's entries away and return; for a signal handler too."""
        self._wakes.put(_Wake.STOP)

    def run(self) -> None:
        """Serve until :meth:`stop` is called."""
        for follow in (self._follow_engine, self._follow_uplink):
            threading.Thread(target=follow, name=follow.__name__, daemon=True).start()
        reasons = self._wait(_RETRY)
        while _Wake.STOP not in reasons:
            for reason in reasons:
                if reason in (_Wake.LISTENING, _Wake.LOST):
                    self._listening = reason is _Wake.LISTENING
            settled = self._mend()
            notify("READY=1", "WATCHDOG=1", f"STATUS={self.status}")
            # Docker says that it has begun to tell an instant before it does.
            again_soon = not settled or _Wake.LISTENING in reasons
            time.sleep(_PAUSE)
            reasons = self._wait(_RETRY if again_soon else _PERIOD)
        self._withdraw()

    def _wait(self, seconds: float) -> list[_Wake]:
        """Return all that happened, in order, as soon as anything did; nothing when time is up."""
        reasons = []
        try:
            reasons.append(self._wakes.get(timeout=seconds))
            while True:
                reasons.append(self._wakes.get_nowait())
        except queue.Empty:
            return reasons

    def _mend(self) -> bool:
        """Compare what should be with what is, mend the difference, and return whether all is well.

        While Docker is away, its last word counts: whoever is gone with it stays answered for.
        """
        problems = []
        if self._listening:
            for network in self._networks:
                try:
                    self._said[network.name] = self._engine.addresses(network)
                except NotOurs as error:
                    self._said[network.name] = Addresses(frozenset())
                    problems.append(str(error).rstrip("."))
                except WizardError as error:
                    problems.append(str(error).rstrip("."))
        else:
            problems.append("Docker is away, so what it last said counts")
        if self._said:
            addresses = together(self._said.values()).without(self._table.never())
            if addresses.refused:
                problems.append(_words(addresses.refused))
            try:
                self._answered = self._compare(addresses.wanted)
            except WizardError as error:
                problems.append(str(error).rstrip("."))
        try:
            self._table.answer_at_once()
        except WizardError as error:
            problems.append(str(error).rstrip("."))
        obstacle = self._table.obstacle()
        if obstacle:
            problems.append(obstacle)
        for problem in problems:
            if problem not in self._problems:
                say(problem)
        self._problems = problems
        return not problems

    def _compare(self, wanted: frozenset[IPv6Address]) -> int:
        """Make the entries right, and return how many of the wanted addresses have one."""
        entries = self._table.entries()
        unknown = [each for each in self._networks if each.name not in self._said]
        # What was answered for before stays so until something is known of its network.
        kept = {each for each, ours in entries.items() if ours and _may_be_of(each, unknown)}
        change = difference(wanted | kept, entries)
        if change:
            self._table.apply(change)
            for address in sorted(change.add):
                say(f"answering for {address} on {self._uplink}")
            for address in sorted(change.remove):
                say(f"no longer answering for {address} on {self._uplink}")
        return len(wanted)

    def _withdraw(self) -> None:
        """Take all of the service's own entries away: whoever stops it wants nothing left."""
        notify("STOPPING=1", "STATUS=taking its entries away")
        self._networks = ()
        try:
            self._compare(frozenset())
        except WizardError as error:
            say(str(error))

    def _follow_engine(self) -> None:
        while True:
            # That Docker is away is said where the addresses are compared.
            with contextlib.suppress(WizardError):
                for happened in self._engine.happenings([each.name for each in self._networks]):
                    self._wakes.put(_Wake.CHANGED if happened else _Wake.LISTENING)
            self._wakes.put(_Wake.LOST)
            time.sleep(_ABSENCE)

    def _follow_uplink(self) -> None:
        try:
            for _ in uplinks.changes(self._uplink):
                self._wakes.put(_Wake.CHANGED)
        except OSError as error:
            say(f"Changes of {self._uplink} are noticed late: {error.strerror}")


def _may_be_of(address: IPv6Address, networks: Sequence[ServedNetwork]) -> bool:
    return any(each.prefix is None or address in each.prefix for each in networks)


def _words(refused: frozenset[IPv6Address]) -> str:
    return (
        f"{min(refused)} is an address that no container of the network can have, and is not "
        f"answered for ({len(refused)} in all)"
    )
