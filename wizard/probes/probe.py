"""Measures, from inside one network namespace, how far packets get; a program of its own.

It is started by :mod:`wizard.probes.namespace`, reads one request as JSON on standard
input, enters the namespace, and writes one answer as JSON on standard output. Only light parts
of the standard library are imported: one of these is started for every container.
"""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import sys
import time

from wizard.probes import kernel_tables
from wizard.probes.connect import Connect, chosen_source
from wizard.probes.echo import Echoes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wizard.probes.answer import Answer, DefaultRoute, Echo, Failure, InterfaceAddress, Request

# Stand for "somewhere on the internet" in route look-ups; nothing is ever sent to them (RFC 3849,
# RFC 5737).
_ANYWHERE_IPV6 = "2001:db8::1"
_ANYWHERE_IPV4 = "192.0.2.1"

_CLONE_NEWNET = 0x40000000
_RTMGRP_IPV6_IFADDR = 0x100


def measure(request: Request) -> Answer:
    """Measure what the request asks, in the namespace this process is in.

    Takes no longer than twice the request's timeout: once to wait for addresses that are still
    being checked for duplicates (RFC 4862 §5.4), once for the packets.
    """
    timeout = request["timeout"]
    addresses = _settled_addresses(time.monotonic() + timeout)
    default_route = kernel_tables.parse_default_route(_proc("ipv6_route"))
    target = request["target"]
    echoes, unsent = _echoes(request, default_route)
    tcp = service = None
    if target and request["target_port"]:
        tcp = Connect(target, request["target_port"])
    if request["address_service"]:
        service = Connect(request["address_service"], request["address_service_port"], ask=True)
    _run([one for one in (echoes, tcp, service) if one], time.monotonic() + timeout)
    gateway = default_route["gateway"] if default_route else None
    return {
        "own_namespace": False,
        "ipv6_off": _ipv6_off(),
        "may_echo": echoes is not None,
        "addresses": addresses,
        "default_route": default_route,
        "gateway_echo": echoes.echo("gateway") if echoes else unsent if gateway else None,
        "target_echo": echoes.echo("target") if echoes else unsent if target else None,
        "hops": echoes.hops() if echoes else [],
        "tcp": tcp.result() if tcp else None,
        "address_service": service.result() if service else None,
        "source": chosen_source(target or _ANYWHERE_IPV6),
        "source_ipv4": chosen_source(_ANYWHERE_IPV4),
        "echo_identifier": echoes.identifier if echoes else 0,
        "tcp_port": tcp.local_port if tcp else 0,
    }


def main() -> None:
    """Read a request, enter its namespace, measure, and write the answer."""
    request: Request = json.load(sys.stdin)
    answer: Answer | Failure
    try:
        shared = bool(request["namespace"]) and enter(request["namespace"] or "")
        answer = measure(request)
        answer["own_namespace"] = shared
    except OSError as error:
        answer = {"failed": error.strerror or str(error), "errno": error.errno or 0}
    except Exception as error:
        answer = {"failed": f"{type(error).__name__}: {error}", "errno": 0}
    json.dump(answer, sys.stdout)
    sys.stdout.flush()


def enter(path: str) -> bool:
    """Enter the network namespace at path; return whether it is the one we were in already."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        there, here = os.fstat(descriptor), os.stat("/proc/self/ns/net")  # noqa: PTH116
        if sys.version_info >= (3, 12):
            os.setns(descriptor, _CLONE_NEWNET)
        else:
            _setns_through_libc(descriptor)
    finally:
        os.close(descriptor)
    return there.st_ino == here.st_ino


def _setns_through_libc(descriptor: int) -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _echoes(
    request: Request, default_route: DefaultRoute | None
) -> tuple[Echoes | None, Echo | None]:
    try:
        echoes = Echoes(request["timeout"])
    except OSError as error:
        return None, {
            "outcome": "unsent",
            "sender": None,
            "milliseconds": None,
            "type": 0,
            "code": 0,
            "errno": error.errno or errno.EIO,
        }
    if default_route and default_route["gateway"]:
        index = 0
        if default_route["gateway"].startswith("fe80"):
            index = socket.if_nametoindex(default_route["interface"])
        echoes.want("gateway", default_route["gateway"], index)
    if request["target"]:
        echoes.want("target", request["target"])
        echoes.want_hops(request["target"], request["hop_count"])
    return echoes, None


def _run(attempts: list[Echoes | Connect], deadline: float) -> None:
    """Drive all attempts in one loop until they are done or the deadline is there."""
    while True:
        now = time.monotonic()
        for attempt in attempts:
            if not attempt.done and attempt.next_time is not None and attempt.next_time <= now:
                attempt.on_time()
        waiting = [attempt for attempt in attempts if not attempt.done]
        if not waiting or now >= deadline:
            return
        times = [attempt.next_time for attempt in waiting if attempt.next_time is not None]
        poll = select.poll()
        by_descriptor = {}
        for attempt in waiting:
            if attempt.socket is not None:
                poll.register(attempt.socket, attempt.events)
                by_descriptor[attempt.socket.fileno()] = attempt
        pause = max(0.0, min([deadline, *times]) - time.monotonic())
        for descriptor, _events in poll.poll(pause * 1000):
            by_descriptor[descriptor].on_ready()


def _settled_addresses(deadline: float) -> list[InterfaceAddress]:
    """Return the addresses once none is tentative any more, or as they are at the deadline."""
    addresses = _addresses()
    if not any(_tentative(address) for address in addresses):
        return addresses
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as news:
        news.bind((0, _RTMGRP_IPV6_IFADDR))
        news.setblocking(False)
        poll = select.poll()
        poll.register(news, select.POLLIN)
        while True:
            addresses = _addresses()
            pause = deadline - time.monotonic()
            if pause <= 0 or not any(_tentative(address) for address in addresses):
                return addresses
            poll.poll(pause * 1000)
            try:
                while news.recv(65536):
                    pass
            except OSError:
                # Empty, or more news than it could hold: either way the list is read again.
                continue


def _tentative(address: InterfaceAddress) -> bool:
    flags = address["flags"]
    return bool(flags & kernel_tables.IFA_F_TENTATIVE) and not flags & kernel_tables.IFA_F_DADFAILED


def _addresses() -> list[InterfaceAddress]:
    return kernel_tables.parse_addresses(_proc("if_inet6"))


def _proc(name: str) -> str:
    """Return a file of /proc/net; empty where the kernel has no IPv6 at all."""
    try:
        with open(  # noqa: PTH123 - pathlib costs a third of the start-up
            f"/proc/self/net/{name}", encoding="ascii", errors="surrogateescape"
        ) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _ipv6_off() -> bool:
    """Return whether IPv6 is switched off in this namespace, or missing from the kernel."""
    try:
        with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", encoding="ascii") as file:  # noqa: PTH123
            return file.read().strip() == "1"
    except FileNotFoundError:
        return True


if __name__ == "__main__":
    main()
