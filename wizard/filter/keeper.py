"""Looks whether our rules are in force, puts them back, and closes the way where it cannot."""

from __future__ import annotations

import select
import socket
import time

from wizard.filter import news as nftables
from wizard.filter import rules
from wizard.filter.host_commands import run
from wizard.filter.loaded import Loaded
from wizard.filter.stand_in import StandIn
from wizard.ndp.notify import notify
from wizard.platform.service_log import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PERIOD = 10.0
"""Seconds after which it looks again although the kernel told of no change."""

_OFTEN = 1.0
"""The same for the legacy ip6tables, of which the kernel tells nothing, and after a failure."""

_PAUSE = 0.02
"""Seconds between two looks in a burst of changes; the first of a burst never waits."""

_CONTESTED = 5.0
"""Seconds between two moves to the first place, which somebody else may want too."""

_QUIET = 0.2
"""Seconds without a change after which who flushed the rules counts as done with its own."""

_LONGEST_QUIET = 0.6
"""Seconds after which that is not waited for any longer."""

_METRIC = "1"
"""Before the route of the bridge itself, which has 256 (IP6_RT_PRIO_ADDRCONF)."""


class Keeper:
    """Keeps the rules of one file in force."""

    def __init__(
        self,
        path: str,
        uplink: str,
        bridges: Sequence[str],
        prefixes: Sequence[str] = (),
        engine_bridges: Sequence[str] = (),
    ) -> None:
        """Describe it.

        Args:
            path: The file that ip6tables-restore loads.
            uplink: The interface towards the internet.
            bridges: The bridges that the rules are for.
            prefixes: What to close by routes while the rules cannot be put back; none where the
                containers' addresses mean nothing outside.
            engine_bridges: The bridges that rules of Docker's own close.
        """
        self._path = path
        self._uplink = uplink
        self._bridges = bridges
        self._prefixes = prefixes
        self._loaded = Loaded()
        self._stand_in = StandIn(uplink, engine_bridges, self._loaded)
        self._tables: list[rules.Table] = []
        self._closed: list[str] = []
        self._said = ""
        self._moved = 0.0
        self._news: socket.socket | None = None
        self._stop, self._stopping = socket.socketpair()

    def stop(self) -> None:
        """Make :meth:`run` return; for a signal handler too."""
        self._stopping.send(b"x")

    def run(self) -> None:
        """Keep the rules until :meth:`stop` is called; a route that closes the way goes then."""
        news = self._news = nftables.listen()
        legacy = news is None or "legacy" in run(["ip6tables", "--version"])[1]
        # What a process before this one left.
        self._closed = [each for each in self._prefixes if _has_route(each)]
        poll = select.poll()
        for each in (self._stop, news):
            if each is not None:
                poll.register(each, select.POLLIN)
        while True:
            looked, well = time.monotonic(), self.look()
            notify("READY=1", "WATCHDOG=1", f"STATUS={self._said or 'the rules are in force'}")
            seconds = _PERIOD if well and not legacy else _OFTEN
            ready = [descriptor for descriptor, _event in poll.poll(seconds * 1000)]
            if self._stop.fileno() in ready:
                break
            if news is not None and news.fileno() in ready:
                nftables.drain(news)
            time.sleep(_PAUSE - min(_PAUSE, time.monotonic() - looked))
        self._open()
        self._loaded.look_again()
        self._stand_in.end()

    def look(self) -> bool:
        """Look once, mend what is not as it should be, and return whether all is well."""
        self._loaded.look_again()
        complaint = self._read() if self._bridges else ""
        if self._faults() or self._stand_in.is_due():
            if self._prefixes:
                # At once, and before any rule: a script that flushes them may go on to remove
                # chains, which fails where one is back already.
                self._close()
            self._await_quiet()
            self._loaded.look_again()
            complaint = complaint or self._mend()
        meanwhile = self._stand_in.look()
        complaint = complaint or (meanwhile if self._stand_in.failed else "")
        if complaint:
            if self._prefixes:
                complaint += self._close()
            self._say(complaint)
            return False
        self._open()
        if meanwhile:
            self._say(meanwhile)
            return False
        self._said = ""
        return True

    def _faults(self) -> list[str]:
        if not self._bridges:
            return []
        return rules.faults(self._tables, self._loaded.text, self._uplink, self._bridges)

    def _read(self) -> str:
        """Read the file; while it cannot be read, what was read last counts."""
        try:
            with open(self._path, encoding="utf-8") as file:  # noqa: PTH123 - light
                self._tables = rules.parse(file.read())
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            return "" if self._tables else f"{self._path} cannot be used: {why}"
        return ""

    def _mend(self) -> str:
        wrong = self._faults()
        if not wrong:
            return ""
        contested = wrong[0].startswith("another rule") or wrong[0].endswith("too late")
        if contested:
            if time.monotonic() - self._moved < _CONTESTED and self._moved:
                return f"{wrong[0]}, again and again"
            self._moved = time.monotonic()
        why = self._loaded.change(rules.mending(self._tables, self._loaded.text))
        left = self._faults()
        if not left:
            say(f"put back: {'; '.join(wrong)}")
            return ""
        return f"{left[0]}, and {why}" if why else left[0]

    def _await_quiet(self) -> None:
        """Wait until nobody has changed anything for a while, though not for long."""
        deadline = time.monotonic() + _LONGEST_QUIET
        if self._news is None:
            time.sleep(_QUIET)
            return
        while True:
            nftables.drain(self._news)
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._news], [], [], min(_QUIET, left))[0]:
                return

    def _close(self) -> str:
        failed = ""
        for prefix in self._prefixes:
            if prefix in self._closed:
                continue
            code, said = run(["ip", "-6", "route", "replace", *_route(prefix)])
            if code:
                failed += f"; and no route closes the way to {prefix}: {said.strip()}"
            else:
                self._closed.append(prefix)
        shown = " and ".join(self._prefixes)
        return failed or f"; so a blackhole route closes the way to {shown} until that is mended"

    def _open(self) -> None:
        for prefix in self._closed[:]:
            if run(["ip", "-6", "route", "delete", *_route(prefix)])[0] == 0:
                self._closed.remove(prefix)
                if self._said:
                    say(f"the way to {prefix} is open again, as far as the rules let in")

    def _say(self, complaint: str) -> None:
        if complaint != self._said:
            say(complaint)
        self._said = complaint


def _route(prefix: str) -> list[str]:
    return ["blackhole", prefix, "metric", _METRIC]


def _has_route(prefix: str) -> bool:
    shown = run(["ip", "-6", "route", "show", "type", "blackhole", "exact", prefix])
    return bool(shown[1].strip())
