"""Opens TCP connections without blocking, and reads the line or two that a service says."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.probes.answer import Connection, Source

_MOST_TEXT = 4096

# Python does not name them (linux/in6.h, linux/errqueue.h, net/tcp_states.h).
_IPV6_RECVERR = 25
_ORIGIN_ICMPV6 = 3
_SYN_SENT, _CLOSED = 2, 7
_EXTENDED_ERROR = struct.Struct("=IBBBBII")


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
            "sender": None,
        }
        self._text = b""
        self._heard = 0
        self.local_port = 0
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._started = time.monotonic()
        self.socket: socket.socket | None = None
        try:
            self.socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            if family == socket.AF_INET6:
                # Linux tells then who sent an ICMPv6 error about the first packet (from 5.12 on).
                self.socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
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
        # To read the message takes the error away, which may have come since.
        number = self._hear(self.socket) or number
        state = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        if state == _SYN_SENT:
            # An error that the kernel takes for passing: it sends again.
            return
        if number and state == _CLOSED:
            self._end(number)
            return
        if self.socket.family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 0)
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

    def _hear(self, asked: socket.socket) -> int:
        """Keep who sent an ICMPv6 error; return the error number of the last one, or 0."""
        try:
            _data, ancillary, _flags, _address = asked.recvmsg(1, 256, socket.MSG_ERRQUEUE)
        except OSError:
            return self._heard
        for level, kind, value in ancillary:
            if (level, kind) == (socket.IPPROTO_IPV6, _IPV6_RECVERR):
                self._result["sender"] = _sender(value)
                self._heard = int(_EXTENDED_ERROR.unpack_from(value)[0])
        return self._heard

    def _end(self, number: int) -> None:
        by_target = self._result["sender"] in (None, self._address)
        refused = number == errno.ECONNREFUSED and by_target
        self._result["outcome"] = "refused" if refused else "failed"
        self._result["errno"] = number
        self._close()

    def _close(self) -> None:
        self.done = True
        if self.socket is not None:
            self.socket.close()


def _sender(error: bytes) -> str | None:
    """Return who sent an ICMPv6 error, from a struct sock_extended_err and what follows it."""
    place = _EXTENDED_ERROR.size + 8
    if len(error) < place + 16 or error[4] != _ORIGIN_ICMPV6:
        return None
    return socket.inet_ntop(socket.AF_INET6, error[place : place + 16])


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
        errno.ECONNREFUSED: "port unreachable",
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
