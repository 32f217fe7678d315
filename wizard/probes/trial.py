"""Tries TCP ports all at once: who accepts, and who stays.

Also a program of its own: started by :mod:`wizard.probes.namespace` it reads one request as
JSON on standard input, enters the namespace, and writes the outcomes as JSON. Only light parts of
the standard library are imported.
"""

from __future__ import annotations

import errno
import json
import select
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OPEN, CLOSED, REFUSED, SILENT = "open", "closed", "refused", "silent"
"""Accepted and said something, or stayed; accepted and ended at once without a word; refused;
not answered."""

ACCEPT = 2.0
"""Seconds that a port has to accept: the kernel asks again after one (RFC 6298 §2)."""

STAY = 0.7
"""Seconds that a connection has to live to count as answered.

docker-proxy accepts first and only then connects to the container. Where nobody listens there it
ends the connection at once, with nothing said, as soon as the container has refused. Less than the
second after which the kernel asks again: what was dropped is then still seen to be waited for.
"""

_MOST = 200
"""Connections that are open at the same time."""


def try_ports(
    places: Sequence[tuple[str, int]],
    accept: float = ACCEPT,
    stay: float = STAY,
    stayed: Callable[[], None] = lambda: None,
) -> list[str]:
    """Return for each address and port what became of a connection on which nothing is said.

    Args:
        places: The addresses and ports.
        accept: Seconds that each has to accept.
        stay: Seconds that each has to live afterwards.
        stayed: Called while connections that have lived so long are still open.
    """
    found: list[str] = []
    for start in range(0, len(places), _MOST):
        at_once = _AtOnce(accept, stay, stayed)
        try:
            found += at_once.outcomes(places[start : start + _MOST])
        finally:
            at_once.close()
    return found


class _AtOnce:
    """Connections that are open at the same time, by their descriptors."""

    def __init__(self, accept: float, stay: float, stayed: Callable[[], None]) -> None:
        self._stay, self._stayed = stay, stayed
        self._poll = select.poll()
        self._sockets: dict[int, tuple[int, socket.socket]] = {}
        self._connected: dict[int, float] = {}
        # As if each had connected when its time to accept is over, but for its time to stay.
        self._unless_connected = time.monotonic() + accept - stay
        self._outcomes: list[str] = []

    def outcomes(self, places: Sequence[tuple[str, int]]) -> list[str]:
        """Return what became of a connection to each place."""
        self._outcomes = [SILENT] * len(places)
        for number, place in enumerate(places):
            self._begin(number, *place)
        while self._sockets:
            self._end_what_is_over()
            for descriptor, _events in self._poll.poll(20):
                if descriptor in self._sockets:
                    self._heard_of(descriptor)
        return self._outcomes

    def close(self) -> None:
        """Close what is left, where something went wrong."""
        for _number, tried in self._sockets.values():
            tried.close()

    def _begin(self, number: int, address: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            tried = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError:
            self._outcomes[number] = REFUSED
            return
        try:
            status = tried.connect_ex((address, port))
        except OSError as error:
            status = error.errno or errno.EIO
        if status not in (0, errno.EINPROGRESS):
            self._outcomes[number] = REFUSED
            tried.close()
            return
        self._sockets[tried.fileno()] = number, tried
        self._poll.register(tried, select.POLLOUT)

    def _end_what_is_over(self) -> None:
        now = time.monotonic()
        over = [
            descriptor
            for descriptor in self._sockets
            if now >= self._connected.get(descriptor, self._unless_connected) + self._stay
        ]
        if any(descriptor in self._connected for descriptor in over):
            self._stayed()
        for descriptor in over:
            self._end(descriptor, OPEN if descriptor in self._connected else SILENT)

    def _heard_of(self, descriptor: int) -> None:
        _number, tried = self._sockets[descriptor]
        if descriptor in self._connected:
            self._end(descriptor, OPEN if _said_something(tried) else CLOSED)
        elif tried.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._end(descriptor, REFUSED)
        else:
            self._connected[descriptor] = time.monotonic()
            self._poll.modify(descriptor, select.POLLIN)

    def _end(self, descriptor: int, outcome: str) -> None:
        number, tried = self._sockets.pop(descriptor)
        self._outcomes[number] = outcome
        self._poll.unregister(descriptor)
        tried.close()


def _said_something(tried: socket.socket) -> bool:
    try:
        return bool(tried.recv(1))
    except OSError:
        return False


def main() -> None:
    """Read a request, enter its namespace, try its ports, and write the outcomes."""
    from wizard.probes.probe import enter

    request = json.load(sys.stdin)
    answer: dict[str, object]
    try:
        enter(request["namespace"])
        places = [(str(address), int(port)) for address, port in request["places"]]
        answer = {"outcomes": try_ports(places, request["accept"], request["stay"])}
    except OSError as error:
        answer = {"failed": error.strerror or str(error), "errno": error.errno or 0}
    json.dump(answer, sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
