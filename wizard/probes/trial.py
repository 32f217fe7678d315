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
        found += _try_at_once(places[start : start + _MOST], accept, stay, stayed)
    return found


def _try_at_once(
    places: Sequence[tuple[str, int]], accept: float, stay: float, stayed: Callable[[], None]
) -> list[str]:
    outcomes = [SILENT] * len(places)
    poll = select.poll()
    sockets: dict[int, tuple[int, socket.socket]] = {}
    connected: dict[int, float] = {}
    begun = time.monotonic()
    try:
        for number, (address, port) in enumerate(places):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                tried = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            except OSError:
                outcomes[number] = REFUSED
                continue
            sockets[tried.fileno()] = number, tried
            try:
                status = tried.connect_ex((address, port))
            except OSError as error:
                status = error.errno or errno.EIO
            if status not in (0, errno.EINPROGRESS):
                outcomes[number] = REFUSED
                sockets.pop(tried.fileno())
                tried.close()
            else:
                poll.register(tried, select.POLLOUT)
        while sockets:
            now = time.monotonic()
            over = [
                descriptor
                for descriptor in sockets
                if now >= connected.get(descriptor, begun + accept - stay) + stay
            ]
            if any(descriptor in connected for descriptor in over):
                stayed()
            for descriptor in over:
                number, tried = sockets.pop(descriptor)
                outcomes[number] = OPEN if descriptor in connected else SILENT
                poll.unregister(descriptor)
                tried.close()
            for descriptor, _events in poll.poll(20):
                if descriptor not in sockets:
                    continue
                number, tried = sockets[descriptor]
                if descriptor not in connected:
                    if tried.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                        outcomes[number] = REFUSED
                    else:
                        connected[descriptor] = time.monotonic()
                        poll.modify(descriptor, select.POLLIN)
                        continue
                else:
                    outcomes[number] = OPEN if _said_something(tried) else CLOSED
                poll.unregister(descriptor)
                sockets.pop(descriptor)
                tried.close()
    finally:
        for _number, tried in sockets.values():
            tried.close()
    return outcomes


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
