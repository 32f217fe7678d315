"""What a host and its deployment must still have after a change: looked at before and after."""

import json
import os
import select
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from wizard.errors import StepFailed
from wizard.reachability.echo import Echoes
from wizard.system import System
from wizard.text import clean_line

Facts = Mapping[str, str]
"""What a host has; each by a key that stays the same, with its name in a sentence."""

PATIENCE = 10.0
"""Seconds that a thing has to come back after the last step."""

_ECHO = 1.0
"""Seconds to wait for an echo."""

_UP, _GATEWAY, _REJECT = 0x1, 0x2, 0x200
"""Flags of a route (linux/route.h)."""

_USABLE = {"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP"}
"""States of a neighbour whose link-layer address is known (ip-neighbour(8))."""


class Verification:
    """Looks at the host, at the way to a target, and at a Compose project."""

    def __init__(self, system: System, target: IPv6Address, project: str) -> None:
        self._system = system
        self._target = target
        self._project = project

    def look(self) -> Facts:
        """Return everything that there is now. What cannot be looked at counts as not there."""
        found: dict[str, str] = {}
        self._routes(found)
        self._containers(found)
        return found

    def check(self, before: Facts) -> None:
        """Wait until everything that there was is there.

        Raises:
            StepFailed: something is still missing after :data:`PATIENCE`.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            gone = lost(before, self.look())
            if not gone:
                return
            if time.monotonic() > deadline:
                raise StepFailed(
                    f"Every step was done, but then something was missing that was there before: "
                    f"{'; '.join(gone)}."
                )
            time.sleep(0.2)

    def _routes(self, found: dict[str, str]) -> None:
        routers4 = default_routes_ipv4(_read("/proc/net/route"))
        routers6 = default_routes_ipv6(_read("/proc/net/ipv6_route"))
        if routers4:
            found["route 4"] = "the IPv4 default route of this host"
        if routers6:
            found["route 6"] = "the IPv6 default route of this host"
        answers = _answers(routers6, self._target)
        if "router" in answers:
            found["router 6"] = "the way to the IPv6 router, which answered"
        if "target" in answers:
            found["target"] = f"the way to {self._target}, which answered"
        if any(answers_ipv4(router) for _interface, router in routers4 if router):
            found["router 4"] = "the way to the IPv4 router, which answered"
        for family, routers in (("4", routers4), ("6", routers6)):
            if any(router and self._is_known(interface, router) for interface, router in routers):
                found[f"neighbour {family}"] = f"the IPv{family} router as a neighbour on the link"

    def _is_known(self, interface: str, router: IPv4Address | IPv6Address) -> bool:
        asked = ("ip", "-json", "neighbour", "show", "to", str(router), "dev", interface)
        try:
            listed = json.loads(self._system.run(asked).output or "[]")
        except ValueError:
            return False
        return any(_USABLE & set(each.get("state", [])) for each in listed)

    def _containers(self, found: dict[str, str]) -> None:
        label = f"label=com.docker.compose.project={self._project}"
        listed = self._system.run(("docker", "ps", "--quiet", "--no-trunc", "--filter", label))
        names = listed.output.split() if listed.status == 0 else []
        if not names:
            return
        form = "{{.Name}} {{.State.Pid}} {{.State.StartedAt}}"
        shown = self._system.run(("docker", "inspect", "--format", form, *names))
        for line in shown.output.splitlines():
            name, pid, *_started = line.lstrip("/").split()
            found[f"container {line}"] = f"the container {clean_line(name)}, running without a stop"
            if default_routes_ipv4(_read(f"/proc/{pid}/net/route")):
                found[f"container route {name}"] = (
                    f"the IPv4 default route of the container {clean_line(name)}"
                )


def lost(before: Facts, after: Facts) -> list[str]:
    """Return what was there before and is not there after."""
    return [name for key, name in before.items() if key not in after]


def default_routes_ipv4(table: str) -> list[tuple[str, IPv4Address | None]]:
    """Return interface and router of each default route in the text of /proc/net/route."""
    found: list[tuple[str, IPv4Address | None]] = []
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) < 8 or words[1] != "00000000" or words[7] != "00000000":
            continue
        flags = int(words[3], 16)
        if flags & _UP and not flags & _REJECT:
            # In the byte order of the machine (net/ipv4/fib_trie.c).
            router = IPv4Address(struct.pack("=I", int(words[2], 16)))
            found.append((words[0], router if flags & _GATEWAY else None))
    return found


def default_routes_ipv6(table: str) -> list[tuple[str, IPv6Address | None]]:
    """Return interface and router of each default route in the text of /proc/net/ipv6_route."""
    found: list[tuple[str, IPv6Address | None]] = []
    for line in table.splitlines():
        words = line.split()
        if len(words) < 10 or int(words[0], 16) or words[1] != "00" or words[9] == "lo":
            continue
        flags = int(words[8], 16)
        if flags & _UP and not flags & _REJECT:
            router = IPv6Address(int(words[4], 16))
            found.append((words[9], router if flags & _GATEWAY else None))
    return found


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


def _answers(routers: list[tuple[str, IPv6Address | None]], target: IPv6Address) -> set[str]:
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


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
