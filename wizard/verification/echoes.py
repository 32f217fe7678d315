"""Whether routers and targets answer an echo request over IPv6."""

import select
import socket
import time
from collections.abc import Iterator
from ipaddress import IPv6Address

from wizard.probes.echo import Echoes

_ECHO = 1.0
"""Seconds to wait for an echo."""


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
