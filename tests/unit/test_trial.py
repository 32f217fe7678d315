"""Who accepts, who stays, and who only seemed to be there."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wizard.probes import namespace
from wizard.probes.trial import CLOSED, OPEN, REFUSED, SILENT, try_ports

Speak = Callable[[socket.socket], None]


@contextmanager
def server(speak: Speak, host: str = "127.0.0.1") -> Iterator[tuple[str, int]]:
    """Accept connections and have each spoken to, until the end."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kept = []
    with socket.create_server((host, 0), family=family) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _peer = listening.accept()
                except OSError:
                    return
                speak(connection)
                kept.append(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield host, listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in kept:
                connection.close()


def test_each_kind_of_server_is_told_apart() -> None:
    with (
        server(lambda connection: None) as silent,
        server(lambda connection: connection.sendall(b"220 here\r\n")) as first,
        server(lambda connection: connection.shutdown(socket.SHUT_RDWR)) as gone,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        nobody = closed.getsockname()
        closed.close()
        found = try_ports([silent, first, gone, nobody, ("2001:db8::99", 1)], 2, 1)
    assert found[:4] == [OPEN, OPEN, CLOSED, REFUSED]
    assert found[4] in (REFUSED, SILENT)


def test_it_is_looked_once_more_while_connections_are_open() -> None:
    seen = []
    with server(lambda connection: None) as silent:
        assert try_ports([silent], 2, 0.1, lambda: seen.append(True)) == [OPEN]
    assert seen


def test_hundreds_of_places_are_tried_in_turn() -> None:
    with server(lambda connection: connection.sendall(b"x")) as first:
        assert try_ports([first] * 450, 2.0, 0.5) == [OPEN] * 450


def test_a_program_of_its_own_tries_where_it_is_sent() -> None:
    with server(lambda connection: connection.sendall(b"x")) as first:
        request = {
            "namespace": "/proc/self/ns/net",
            "places": [first],
            "accept": 1.0,
            "stay": 0.1,
        }
        (answer,) = namespace.ask([request], 10.0, "trial")
        (failed,) = namespace.ask([request | {"namespace": "/proc/0/ns/net"}], 10.0, "trial")
    # Only root may enter a namespace, even its own.
    assert answer.get("outcomes") == [OPEN] or answer.get("errno") == 1
    assert failed.get("failed")
