"""Finds out whether the upstream router asks for addresses of a prefix, or routes the prefix here.

An echo request leaves with a source address of the prefix that nobody uses. To deliver the reply,
a router that has the prefix on-link must ask who has that address (RFC 4861 §7.2); one that
routes the prefix to this host just sends it.
"""

import ctypes
import os
import select
import socket
import struct
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, IPv6Network

from wizard.ndp import delivery
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line
from wizard.probes import icmpv6

# Numbers of <linux/in6.h>, <linux/if_ether.h>, <linux/if_packet.h> and <asm/socket.h> that
# Python's socket module does not name.
_IPV6_FREEBIND = 78
_ETH_P_IPV6 = 0x86DD
_SO_ATTACH_FILTER = 26

_SENDINGS = 3


class UpstreamCase(StrEnum):
    """What the upstream does with packets for an address of the prefix."""

    SOLICITED = "solicited"
    """It asks who has the address: somebody must answer, so the proxy is needed."""

    ROUTED = "routed"
    """It sends them here without asking: no proxy is needed."""

    REFUSED = "refused"
    """It sends an error here without asking: it does not let packets from the address through."""

    NOTHING = "nothing"
    """Nothing came: the packets are filtered, or there is no IPv6 upstream."""


@dataclass(frozen=True)
class UpstreamFinding:
    """What the upstream does, and the packets that were seen, a line for each as tcpdump's are."""

    case: UpstreamCase
    evidence: tuple[str, ...]

    @property
    def doubtful(self) -> bool:
        """Whether the upstream does not seem to bring packets for the prefix here."""
        return self.case in (UpstreamCase.REFUSED, UpstreamCase.NOTHING)


def pick_unused(prefix: IPv6Network, in_use: Collection[IPv6Address] = ()) -> IPv6Address:
    """Return an address of the prefix that nobody uses, as far as is known here.

    It is drawn anew each time, for a router may remember one that it has asked for, and from the
    upper half, for Docker hands out addresses from the lower end.

    Raises:
        Refused: The prefix is too small, or every address of it is in use.
    """
    # Here, for it loads much, and every start of the wizard loads this module.
    import secrets

    half = prefix.num_addresses // 2
    for _ in range(1000):
        address = prefix[half + secrets.randbelow(half)] if half else prefix[0]
        if address not in in_use:
            return address
    raise Refused(
        f"No address of {prefix} is free, so whether the upstream asks for such addresses cannot "
        "be found out. Nothing was changed. Choose a larger prefix."
    )


def probe_upstream(
    uplink: str, unused: IPv6Address, targets: Sequence[IPv6Address], timeout: float = 3.0
) -> UpstreamFinding:
    """Send echo requests from an unused address and watch what comes for it.

    It needs root, and leaves nothing behind: no address, no route, no entry.

    Args:
        uplink: The interface towards the router.
        unused: The source address; see :func:`pick_unused`.
        targets: Whoever may answer: best the router and an address beyond it.
        timeout: Seconds after which nothing counts as nothing.

    Raises:
        Refused: This is not root, the interface is missing, or the kernel has no way to any
            target.
    """
    try:
        with ExitStack() as sockets:
            watcher = sockets.enter_context(_watcher(uplink, unused))
            sender = sockets.enter_context(_sender(uplink, unused))
            return _probe(watcher, sender, uplink, unused, targets, timeout)
    except PermissionError as error:
        raise Refused(
            "Whether the upstream asks for addresses can only be found out by root. Nothing was "
            "changed. Start the wizard as root or with sudo."
        ) from error
    except OSError as error:
        raise Refused(
            f"Whether the upstream asks for addresses could not be found out on "
            f"{clean_line(uplink)}: {error.strerror}. Nothing was changed. Choose by hand what "
            "your provider says."
        ) from error


def _probe(
    watcher: socket.socket,
    sender: socket.socket,
    uplink: str,
    unused: IPv6Address,
    targets: Sequence[IPv6Address],
    timeout: float,
) -> UpstreamFinding:
    begun = time.monotonic()
    evidence: list[str] = []
    refused = False
    message = icmpv6.echo_request(int.from_bytes(os.urandom(2), "big"), 0, os.urandom(8))
    for number in range(1, _SENDINGS + 1):
        evidence += _send(sender, message, uplink, unused, targets, begun)
        for seen in _seen(watcher, unused, begun + timeout * number / _SENDINGS):
            evidence.append(_line(begun, seen.words))
            if seen.kind is delivery.Kind.SOLICITATION:
                return UpstreamFinding(UpstreamCase.SOLICITED, tuple(evidence))
            if seen.kind is delivery.Kind.DELIVERY:
                return UpstreamFinding(UpstreamCase.ROUTED, tuple(evidence))
            refused = True
    case = UpstreamCase.REFUSED if refused else UpstreamCase.NOTHING
    if not refused:
        evidence.append(_line(begun, f"nothing came for {unused}"))
    return UpstreamFinding(case, tuple(evidence))


def _send(
    sender: socket.socket,
    message: bytes,
    uplink: str,
    unused: IPv6Address,
    targets: Sequence[IPv6Address],
    begun: float,
) -> list[str]:
    """Send to every target, and return the lines about it.

    Raises:
        OSError: Nothing could be sent to any of them.
    """
    lines = []
    failure: OSError | None = None
    for target in targets:
        scope = socket.if_nametoindex(uplink) if target.is_link_local else 0
        try:
            sender.sendto(message, (str(target), 0, 0, scope))
        except OSError as error:
            failure = error
            continue
        lines.append(_line(begun, f"{unused} > {target}: ICMP6, echo request"))
    if failure is not None and not lines:
        raise failure
    return lines


def _seen(watcher: socket.socket, unused: IPv6Address, until: float) -> Iterator[delivery.Seen]:
    """Yield what comes in for the unused address until a time on the monotonic clock."""
    while (left := until - time.monotonic()) > 0:
        if not select.select([watcher], [], [], left)[0]:
            return
        packet, origin = watcher.recvfrom(2048)
        # What this host itself sends on is seen too, and says nothing of the upstream.
        if origin[2] == socket.PACKET_OUTGOING:
            continue
        seen = delivery.parse(packet, unused)
        if seen is not None:
            yield seen


def _line(begun: float, words: str) -> str:
    return f"{(time.monotonic() - begun) * 1000:7.1f} ms  {words}"


def _watcher(uplink: str, unused: IPv6Address) -> socket.socket:
    """Return a packet socket of the uplink that receives what comes for the unused address."""
    watcher = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    try:
        program = delivery.bpf(unused)
        code = ctypes.create_string_buffer(program, len(program))
        length = len(program) // delivery.BPF_INSTRUCTION.size
        # struct sock_fprog: the number of instructions, and where they are (socket(7)).
        watcher.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", length, ctypes.addressof(code))
        )
        watcher.bind((uplink, _ETH_P_IPV6))
    except BaseException:
        watcher.close()
        raise
    return watcher


def _sender(uplink: str, unused: IPv6Address) -> socket.socket:
    """Return a raw socket that sends from an address which this host does not have."""
    sender = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    try:
        # Its own replies are of no use to it; they are seen on the uplink.
        sender.setsockopt(socket.IPPROTO_ICMPV6, icmpv6.ICMP6_FILTER, icmpv6.filter_of())
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, uplink.encode() + b"\0")
        sender.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
        sender.bind((str(unused), 0))
        # As whoever has the address would: otherwise a network card, or a switch that looks into
        # MLD, may keep the solicitation away (RFC 4861 §7.2.1, RFC 4541 §3).
        group = struct.pack("@I", socket.if_nametoindex(uplink))
        sender.setsockopt(
            socket.IPPROTO_IPV6,
            socket.IPV6_JOIN_GROUP,
            delivery.solicited_node(unused) + group,
        )
    except BaseException:
        sender.close()
        raise
    return sender
