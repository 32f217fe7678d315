"""Sends ICMPv6 echo requests to the router, the target and every hop on the way, all at once."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import time

from wizard.probes import icmpv6

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.probes.answer import Echo, Hop

# What the kernel says when it may pass: the same request is sent again later.
_PASSING = {errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM, errno.EINTR}

# Replies wait while the rest of a burst is still being sent, so the kernel notes when each one
# arrived. Python does not name the option; its value is a struct timespec (socket(7)).
_SO_TIMESTAMPNS = 35
_ROOM_FOR_TIME = socket.CMSG_SPACE(struct.calcsize("@ll"))


class _Wanted:
    """One answer that is waited for: from a destination, with a hop limit or the kernel's own."""

    def __init__(self, destination: tuple[str, int, int, int], hop_limit: int | None) -> None:
        self.destination = destination
        self.packed = socket.inet_pton(socket.AF_INET6, destination[0])
        self.hop_limit = hop_limit
        self.echo: Echo | None = None


class Echoes:
    """A raw ICMPv6 socket and the requests in flight on it.

    Requests without an answer are sent twice more, after a third and two thirds of the time:
    one lost packet, or a router that sends few errors a second (RFC 4443 §2.4 f), is not silence.

    Raises:
        PermissionError: the process may not open a raw socket.
    """

    events = select.POLLIN

    def __init__(self, timeout: float) -> None:
        self.socket = socket.socket(
            socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMPV6
        )
        self.socket.setsockopt(
            socket.IPPROTO_ICMPV6,
            icmpv6.ICMP6_FILTER,
            icmpv6.filter_of(
                icmpv6.ECHO_REPLY,
                icmpv6.DESTINATION_UNREACHABLE,
                icmpv6.PACKET_TOO_BIG,
                icmpv6.TIME_EXCEEDED,
                icmpv6.PARAMETER_PROBLEM,
            ),
        )
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.identifier = int.from_bytes(os.urandom(2), "big")
        self._payload = os.urandom(8)
        self._single: dict[str, _Wanted] = {}
        self._hops: list[_Wanted] = []
        self._sent: list[tuple[_Wanted, int]] = []
        started = time.monotonic()
        self._times = [started, started + timeout / 3, started + timeout * 2 / 3]

    def want(self, name: str, address: str, interface_index: int = 0) -> None:
        """Ask for an echo from address; the interface's index is for link-local addresses."""
        self._single[name] = _Wanted((address, 0, 0, interface_index), None)

    def want_hops(self, address: str, count: int) -> None:
        """Ask who answers on the way to address, for hop limits from 1 to count."""
        self._hops = [_Wanted((address, 0, 0, 0), limit) for limit in range(1, count + 1)]

    @property
    def next_time(self) -> float | None:
        """When :meth:`on_time` has something to send, on the monotonic clock."""
        return self._times[0] if self._times else None

    @property
    def done(self) -> bool:
        """Whether every answer that can be expected is here."""
        return not self._missing()

    def on_time(self) -> None:
        """Send what has no answer yet."""
        self._times.pop(0)
        for wanted in self._missing():
            self._send(wanted)

    def on_ready(self) -> None:
        """Take every message the socket holds."""
        while True:
            try:
                message, ancillary, _flags, sender = self.socket.recvmsg(2048, _ROOM_FOR_TIME)
            except OSError:
                # Empty, or the error of an earlier send, which does not say which one.
                return
            self._take(message, sender[0], _arrival(ancillary))

    def echo(self, name: str) -> Echo | None:
        """Return what came back for a wanted echo; None if it was never asked for."""
        wanted = self._single.get(name)
        if wanted is None:
            return None
        return wanted.echo or _echo("silence")

    def hops(self) -> list[Hop]:
        """Return the hops up to the one that ended the way, or up to the last that answered."""
        hops: list[Hop] = []
        for wanted in self._hops[: self._last_useful_hop()]:
            hops.append(
                {"hop_limit": wanted.hop_limit or 0, "echo": wanted.echo or _echo("silence")}
            )
        return hops

    def _last_useful_hop(self) -> int:
        last = 0
        for number, wanted in enumerate(self._hops, 1):
            if wanted.echo is not None:
                last = number
                if _ends(wanted.echo):
                    break
        return last

    def _missing(self) -> list[_Wanted]:
        missing = [wanted for wanted in self._single.values() if wanted.echo is None]
        for wanted in self._hops:
            if wanted.echo is None:
                missing.append(wanted)
            elif _ends(wanted.echo):
                break
        return missing

    def _send(self, wanted: _Wanted) -> None:
        ancillary = []
        if wanted.hop_limit is not None:
            limit = struct.pack("=i", wanted.hop_limit)
            ancillary = [(socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT, limit)]
        request = icmpv6.echo_request(self.identifier, len(self._sent), self._payload)
        self._sent.append((wanted, time.time_ns()))
        try:
            self.socket.sendmsg([request], ancillary, 0, wanted.destination)
        except OSError as error:
            if error.errno not in _PASSING:
                wanted.echo = _echo("unsent", number=error.errno or 0)

    def _take(self, message: bytes, sender: str, arrived_at: int) -> None:
        sequence = icmpv6.parse_reply(message, self.identifier, self._payload)
        error = None
        if sequence is None:
            error = icmpv6.parse_error(message, self.identifier)
            if error is None:
                return
            sequence = error[3]
        if sequence >= len(self._sent):
            return
        wanted, sent_at = self._sent[sequence]
        about = error[2] if error else socket.inet_pton(socket.AF_INET6, sender)
        if wanted.echo is not None or about != wanted.packed:
            return
        milliseconds = max(0, arrived_at - sent_at) / 1e6
        if error is None:
            wanted.echo = _echo("reply", sender, milliseconds)
        else:
            wanted.echo = _echo("error", sender, milliseconds, error[0], error[1])


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Return when the kernel got a message, in nanoseconds of the real-time clock."""
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack_from("@ll", value)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return time.time_ns()


def _ends(echo: Echo) -> bool:
    return echo["outcome"] != "error" or echo["type"] != icmpv6.TIME_EXCEEDED


def _echo(
    outcome: str,
    sender: str | None = None,
    milliseconds: float | None = None,
    message_type: int = 0,
    code: int = 0,
    number: int = 0,
) -> Echo:
    return {
        "outcome": outcome,
        "sender": sender,
        "milliseconds": milliseconds,
        "type": message_type,
        "code": code,
        "errno": number,
    }
