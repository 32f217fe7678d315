"""What Docker's socket says, neither endless, nor for ever, nor deep without end.

Whoever can put a socket in the place of Docker's must not be able to make the service grow,
hang or die.
"""

import contextlib
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

LARGEST = 1 << 20
"""Octets of an answer or of an event. A bridge has 1024 ports (BR_PORT_BITS, net/bridge), so no
description of a network comes near it."""

DEEPEST = 16
"""Levels of an answer's objects and lists; a network has five (Docker Engine API, /networks)."""

# A whole string, in which brackets mean nothing, or a bracket.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[][{}]', re.DOTALL)


def body(response: http.client.HTTPResponse) -> bytes:
    """Return the body of an answer.

    Raises:
        ValueError: It is larger than ``LARGEST``.
    """
    return _small(response.read(LARGEST + 1))


def lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield each line of an answer that goes on, as it comes.

    Raises:
        ValueError: A line is larger than ``LARGEST``.
    """
    while line := response.readline(LARGEST + 1):
        yield _small(line)


def loads(text: bytes) -> Any:  # noqa: ANN401 - as various as JSON
    """Return what JSON says.

    Raises:
        ValueError: It is none, or is deeper than ``DEEPEST``.
    """
    depth = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in (b"[", b"{"):
            depth += 1
        elif found[0] in (b"]", b"}"):
            depth -= 1
        if depth > DEEPEST:
            raise ValueError("deeper than any answer of Docker's")
    return json.loads(text)


@contextlib.contextmanager
def within(stream: socket.socket, seconds: float) -> Iterator[None]:
    """Break a connection off that is not done in time, whatever has trickled in meanwhile.

    Raises:
        TimeoutError: It was not done.
    """
    late = threading.Event()

    def break_off() -> None:
        late.set()
        with contextlib.suppress(OSError):
            stream.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, break_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise TimeoutError("timed out")


def _small(text: bytes) -> bytes:
    if len(text) > LARGEST:
        raise ValueError("larger than any answer of Docker's")
    return text
