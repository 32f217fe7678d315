"""Whether routers and targets answer an echo request, over both families."""

import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from wizard.probes.echo import Echoes

_ECHO = 1.0
"""Seconds to wait for an echo."""


def answers_ipv4(address: IPv4Address) -> bool:
    """Return whether an IPv4 address answers an echo request (RFC 792) within a second."""
    identifier = os.urandom(2)
    request = struct.pack("!BBH2sH", 8, 0, 0, identifier, 1)
    request = request[:2] + struct.pack("!H", _checksum(request)) + request[4:]
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            raw.connect((str(address), 0))
            raw.send(request)
            deadline = time.monotonic() + _ECHO
            while (left := deadline - time.monotonic()) > 0:
                raw.settimeout(left)
                message = raw.recv(2048)
                reply = message[(message[0] & 0xF) * 4 :]
                if reply[:1] == b"\0" and reply[4:6] == identifier:
                    return True
    except OSError:
        return False
    return False


def answers_ipv6(routers: list[tuple[str, IPv6Address | None]], target: IPv6Address) -> set[str]:
    """Return which of ``router`` and ``target`` answer an echo request within a second."""
    wanted: dict[str, tuple[str, int]] = {"target": (str(target), 0)}
    for interface, router in routers:
        if router is not None:
            try:
                wanted["router"] = (str(router), socket.if_nametoindex(interface))
            except OSError:
                continue
    try:
        echoes = Echoes(_ECHO)
    except OSError:
        return set()
    with echoes.socket:
        for name, (address, index) in wanted.items():
            echoes.want(name, address, index if address.startswith("fe80:") else 0)
        for left in _seconds(_ECHO):
            if echoes.next_time is not None and echoes.next_time <= time.monotonic():
                echoes.on_time()
            if echoes.done:
                break
            until = 0.05 if echoes.next_time is None else echoes.next_time - time.monotonic()
            if select.select([echoes.socket], [], [], max(0.0, min(left, until, 0.05)))[0]:
                echoes.on_ready()
        found = {name: echoes.echo(name) for name in wanted}
    return {name for name, echo in found.items() if echo and echo["outcome"] == "reply"}


def _seconds(seconds: float) -> Iterator[float]:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        yield left


def _checksum(octets: bytes) -> int:
    """Return the checksum of octets of an even number (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
