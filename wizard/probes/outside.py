"""Tries ports of containers from a place that stands where the internet stands; its own program.

It is started by :mod:`wizard.verification.from_outside` and reads one :class:`Trial` as JSON on
standard input. It opens listeners in the containers' network namespaces, makes a namespace of its
own, which no file and no other process holds, joins that to the host by a pair of interfaces, and
connects from there through the host. All of it lives in this one process: the kernel removes
namespace, interfaces, addresses, routes and listeners when it ends, however it ends.

The host's end has a link-local address alone, which is never a source for packets to elsewhere
(RFC 6724 §5, rule 2), and addresses are not checked for duplicates, so nothing is sent.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

from wizard.probes.arrivals import hear
from wizard.probes.kernel_tables import IFA_F_TENTATIVE, parse_addresses, parse_routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class Place(TypedDict):
        """A container: where it is, and the TCP ports that should be open."""

        pid: int
        address: str
        opened: list[int]
        closed: bool
        """Whether a port that nobody opened should be closed."""

    class HostPlace(TypedDict):
        """A port at an address of the host, which should be closed."""

        address: str
        port: int
        protocol: str
        pid: int
        """A process of the container that it leads to."""
        inside: int
        """The port of the container."""

    class Trial(TypedDict):
        """What to try."""

        places: list[Place]
        avoid: list[int]
        """Ports that are open on some container, which no port of ours must be."""
        host: list[HostPlace]
        uplink: str
        """The interface on which what is for the host comes in; empty for our own."""
        source: str
        seconds: float

    class Finding(TypedDict):
        """How one port was found; ``came`` is whether a packet from outside got in."""

        address: str
        port: int
        protocol: str
        expected: bool
        came: bool


INTERFACE = "veth-ipv6-trial"
"""The host's end of the pair. Programs that leave Docker's interfaces alone leave it alone."""

_HERE, _THERE = "fe80::d0c:1", "fe80::d0c:2"
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_LONGEST = 30
"""Seconds after which the kernel ends the process, whatever it waits for."""

_LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Read a trial, try it, and write the findings, or why that could not be done."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.alarm(_LONGEST)
    trial: Trial = json.load(sys.stdin)
    try:
        answer: object = {"found": _try(trial)}
    except (OSError, subprocess.SubprocessError) as error:
        answer = {"failed": f"{error}"}
    json.dump(answer, sys.stdout)
    sys.stdout.flush()


def _try(trial: Trial) -> list[Finding]:
    host = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    attempts: list[_Attempt] = []
    for place in trial["places"]:
        _enter(os.open(f"/proc/{place['pid']}/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        attempts += _listeners(place, set(trial["avoid"]))
    for each in trial["host"]:
        attempts += _at_host(each, trial["source"])
    _call("unshare", _CLONE_NEWNET)
    outside = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    _join(host, outside, trial["source"])
    if trial["uplink"]:
        _enter(host, close=False)
        _come_in_on(trial["uplink"])
        _enter(outside, close=False)
    for attempt in attempts:
        attempt.start()
    _wait(attempts, time.monotonic() + trial["seconds"])
    _enter(host, close=False)
    _see_that_it_stood(trial["source"])
    return [attempt.finding for attempt in attempts]


class _Attempt:
    """A port of a container that is tried, with a listener of ours if nobody listens there."""

    def __init__(
        self, finding: Finding, listener: socket.socket | None, tries: socket.SocketKind
    ) -> None:
        self.finding = finding
        self.listener = listener
        self.client: socket.socket | None = None
        self._kind = tries

    def start(self) -> None:
        """Send the first packet, from the namespace that this process is in."""
        self.client = socket.socket(socket.AF_INET6, self._kind | socket.SOCK_NONBLOCK)
        self.client.connect_ex((self.finding["address"], self.finding["port"]))
        if self._kind is socket.SOCK_DGRAM:
            self.again()

    def again(self) -> None:
        """Send a datagram, in case that the first was lost while neighbours were looked for."""
        if self._kind is socket.SOCK_DGRAM and self.client is not None:
            try:
                self.client.send(b"?")
            except OSError:
                return

    def look(self) -> None:
        """See whether it came in. A socket of ours hears even what no answer gets back to."""
        if self._kind is socket.SOCK_STREAM and self.client is not None:
            try:
                self.client.getpeername()
                self.finding["came"] = True
            except OSError:
                pass
        if self.listener is not None and _is_readable(self.listener):
            self.finding["came"] = True


def _at_host(place: HostPlace, source: str) -> list[_Attempt]:
    """Return how a port of the host is tried: nobody may answer a datagram, so it is heard."""
    address, port = place["address"], place["port"]
    if place["protocol"] == "tcp":
        return [_attempt(address, port, "tcp", False, None, socket.SOCK_STREAM)]
    try:
        _enter(os.open(f"/proc/{place['pid']}/ns/net", os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError:
        # The container has ended, and nothing leads to it any more.
        return []
    heard = hear(source, place["inside"])
    return [_attempt(address, port, "udp", False, heard, socket.SOCK_DGRAM)]


def _listeners(place: Place, avoid: set[int]) -> list[_Attempt]:
    """Open what is tried in the container's namespace, which this process is in."""
    address = place["address"]
    _settle(address)
    attempts = []
    for port in place["opened"]:
        try:
            listener = _listener(address, port, socket.SOCK_STREAM)
        except OSError:
            # The application itself listens there.
            listener = None
        attempts.append(_attempt(address, port, "tcp", True, listener, socket.SOCK_STREAM))
    if place["closed"]:
        for kind, protocol in ((socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")):
            listener = _listener(address, 0, kind)
            while listener.getsockname()[1] in avoid:
                listener = _listener(address, 0, kind)
            port = listener.getsockname()[1]
            attempts.append(_attempt(address, port, protocol, False, listener, kind))
    return attempts


def _attempt(
    address: str,
    port: int,
    protocol: str,
    expected: bool,
    listener: socket.socket | None,
    kind: socket.SocketKind,
) -> _Attempt:
    finding: Finding = {
        "address": address,
        "port": port,
        "protocol": protocol,
        "expected": expected,
        "came": False,
    }
    return _Attempt(finding, listener, kind)


def _listener(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    opened = socket.socket(socket.AF_INET6, kind | socket.SOCK_NONBLOCK)
    try:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind((address, port))
        if kind is socket.SOCK_STREAM:
            opened.listen(8)
    except OSError:
        opened.close()
        raise
    return opened


def _settle(address: str) -> None:
    """Wait until an address is no longer checked for duplicates (RFC 4862 §5.4), at most 3 s."""
    wanted = socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, address))
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        if any(
            each["address"] == wanted and not each["flags"] & IFA_F_TENTATIVE
            for each in parse_addresses(_table("if_inet6"))
        ):
            return
        time.sleep(0.05)


def _join(host: int, outside: int, source: str) -> None:
    """Join this process's new namespace, which it is in, to the host's, by a pair of interfaces."""
    # What a trial before left, if the kernel has not removed it yet.
    _enter(host, close=False)
    _run(["ip", "link", "delete", INTERFACE], check=False)
    _enter(outside, close=False)
    _batch(
        "link set lo up",
        f"link add outside type veth peer name {INTERFACE} netns {os.getppid()}",
        "link set outside addrgenmode none",
        "link set outside up",
        f"address add {_THERE}/64 dev outside nodad",
        f"address add {source}/128 dev outside nodad",
    )
    _enter(host, close=False)
    try:
        with open(  # noqa: PTH123
            f"/proc/sys/net/ipv6/conf/{INTERFACE}/disable_ipv6", "w", encoding="ascii"
        ) as file:
            file.write("0")
    except OSError:
        # Where it cannot be written it is as the host wants its interfaces.
        pass
    _batch(
        f"link set {INTERFACE} addrgenmode none",
        f"link set {INTERFACE} up",
        f"address add {_HERE}/64 dev {INTERFACE} nodad",
        # In the table that is looked at first, for rules may send what containers answer elsewhere.
        f"route add {source}/128 via {_THERE} dev {INTERFACE} table local",
    )
    _enter(outside, close=False)
    _batch(f"route add default via {_HERE} dev outside src {source}")


def _come_in_on(uplink: str) -> None:
    """Let the host take what comes by TCP and UDP on our pair for what came on another interface.

    Rules of a packet filter name the uplink. Nothing of that interface itself is changed, and what
    neighbours ask each other stays on the pair.
    """
    _run(["tc", "qdisc", "add", "dev", INTERFACE, "clsact"])
    action = ["action", "mirred", "ingress", "redirect", "dev", uplink]
    add = ["tc", "filter", "add", "dev", INTERFACE, "ingress", "protocol", "ipv6"]
    for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
        _run([*add, "u32", "match", "ip6", "protocol", f"{protocol:d}", "0xff", *action])


def _see_that_it_stood(source: str) -> None:
    """Make sure that nobody took the host's end over: without it every port seems closed.

    Raises:
        OSError: its address or its route is gone.
    """
    if not stands(source, _table("if_inet6"), _table("ipv6_route")):
        raise OSError(
            f"something on this host took over {INTERFACE}, by which that is tried. If it is "
            "NetworkManager, as where no udev runs, write a file in /etc/NetworkManager/conf.d "
            f"with the lines [keyfile] and unmanaged-devices=interface-name:{INTERFACE}, and type: "
            "nmcli general reload"
        )


def _table(name: str) -> str:
    """Return a table of the namespace that this process is in."""
    with open(f"/proc/self/net/{name}", encoding="ascii") as file:  # noqa: PTH123 - light
        return file.read()


def stands(source: str, addresses: str, routes: str) -> bool:
    """Tell from /proc/net/if_inet6 and ipv6_route whether the host's end is as it was made."""
    digits = socket.inet_pton(socket.AF_INET6, source).hex()
    return any(
        each["interface"] == INTERFACE and each["address"] == _HERE
        for each in parse_addresses(addresses)
    ) and any(
        each.interface == INTERFACE and each.destination == digits for each in parse_routes(routes)
    )


def _wait(attempts: list[_Attempt], deadline: float) -> None:
    """Wait until all that should come has come, and the rest has had its time."""
    while True:
        for attempt in attempts:
            attempt.look()
        missing = [each for each in attempts if each.finding["expected"] > each.finding["came"]]
        closed = any(not each.finding["expected"] for each in attempts)
        left = deadline - time.monotonic()
        if left <= 0 or not (missing or closed):
            return
        time.sleep(min(0.05, left))
        for attempt in attempts:
            attempt.again()


def _is_readable(opened: socket.socket) -> bool:
    return bool(select.select([opened], [], [], 0)[0])


def _enter(descriptor: int, *, close: bool = True) -> None:
    try:
        _call("setns", descriptor, _CLONE_NEWNET)
    finally:
        if close:
            os.close(descriptor)


def _call(name: str, *arguments: int) -> None:
    # os.setns and os.unshare are there from Python 3.12 on.
    if getattr(_LIBC, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _batch(*lines: str) -> None:
    _run(["ip", "-force", "-6", "-batch", "-"], stdin="\n".join(lines) + "\n")


def _run(argv: list[str], stdin: str = "", *, check: bool = True) -> None:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=10)
    if check and done.returncode:
        raise OSError(0, f"{argv[0]}: {' '.join(done.stderr.split())}")
