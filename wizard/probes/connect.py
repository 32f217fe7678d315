"""Opens TCP connections without blocking, and reads the line or two that a service says."""

from __future__ import annotations

import errno
import os
import select
import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.probes.answer import Connection, Source

_MOST_TEXT = 4096


class Connect:
    """One attempt to connect to an address and port.

    With ``ask`` it then requests ``/`` over HTTP/1.0 and keeps up to 4 KiB of whatever comes
    back; a service that just writes a line and closes is understood as well.
    """

    next_time: float | None = None

    def __init__(self, address: str, port: int, *, ask: bool = False) -> None:
        self.done = False
        self.events = select.POLLOUT
        self._ask = ask
        self._address = address
        self._result: Connection = {
            "outcome": "silence",
            "milliseconds": None,
            "errno": 0,
            "text": "",
        }
        self._text = b""
        self.local_port = 0
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._started = time.monotonic()
        self.socket: socket.socket | None = None
        try:
            self.socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            number = self.socket.connect_ex((address, port))
            self.local_port = self.socket.getsockname()[1]
        except OSError as error:
            number = error.errno or errno.EIO
        if number not in (0, errno.EINPROGRESS):
            self._end(number)

    def on_time(self) -> None:
        """Do nothing: TCP sends again by itself."""

    def on_ready(self) -> None:
        """Go on with what the socket is ready for."""
        if self.socket is None:
            return
        if self._result["outcome"] == "connected":
            self._read(self.socket)
            return
        number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._end(number)
            return
        self._result["outcome"] = "connected"
        self._result["milliseconds"] = (time.monotonic() - self._started) * 1000
        if not self._ask:
            self._close()
            return
        self.events = select.POLLIN
        host = f"[{self._address}]" if ":" in self._address else self._address
        try:
            self.socket.send(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode("ascii"))
        except OSError:
            # The service may have written its line and closed already; the line is still there.
            return

    def result(self) -> Connection:
        """Return how it ended, or how far it has come."""
        self._result["text"] = self._text.decode("utf-8", "replace")
        return self._result

    def _read(self, connected: socket.socket) -> None:
        try:
            more = connected.recv(_MOST_TEXT - len(self._text))
        except BlockingIOError:
            return
        except OSError:
            more = b""
        self._text += more
        if not more or len(self._text) >= _MOST_TEXT:
            self._close()

    def _end(self, number: int) -> None:
        self._result["outcome"] = "refused" if number == errno.ECONNREFUSED else "failed"
        self._result["errno"] = number
        self._close()

    def _close(self) -> None:
        self.done = True
        if self.socket is not None:
            self.socket.close()


def chosen_source(destination: str) -> Source:
    """Return the source address the kernel chooses for destination; no packet is sent.

    Connecting a UDP socket does the route and source look-up and nothing else (RFC 6724 §5 is
    what the kernel follows there).
    """
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as looker:
            looker.connect((destination, 9))
            return {"address": looker.getsockname()[0], "errno": 0}
    except OSError as error:
        return {"address": None, "errno": error.errno or errno.EIO}


def errno_words(number: int) -> str:
    """Return what an error number of a send or a connect means for the way, in a few words."""
    words = {
        errno.ENETUNREACH: "no route from here",
        errno.EHOSTUNREACH: "host unreachable",
        errno.EACCES: "administratively prohibited",
        errno.EPERM: "a firewall rule here forbids it",
        errno.ETIMEDOUT: "timed out",
        errno.EADDRNOTAVAIL: "no usable source address",
        errno.ENETDOWN: "the interface is down",
        errno.EAFNOSUPPORT: "the kernel has no IPv6",
        errno.ECONNRESET: "connection reset",
        errno.EINVAL: "the route rejects it",
    }
    return words.get(number, os.strerror(number))
