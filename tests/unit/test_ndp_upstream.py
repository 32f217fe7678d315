"""Which packets tell how an upstream delivers, and which address is taken to find out."""

import errno
import os
import select
import socket
import struct
from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network

import pytest

from wizard.ndp import upstream
from wizard.ndp.delivery import BPF_INSTRUCTION, Kind, bpf, parse, solicited_node
from wizard.ndp.upstream import UpstreamCase, pick_unused, probe_upstream
from wizard.platform.errors import Refused

ADDRESS = IPv6Address("2001:db8:1:2:1:d8e3:1a7e:130b")
OTHER = IPv6Address("2001:db8:1:2:1:d8e3:1a7e:130c")
ROUTER = IPv6Address("fe80::1")


def packet(
    kind: int,
    destination: IPv6Address,
    code: int = 0,
    target: IPv6Address | None = None,
    header: int = 58,
) -> bytes:
    body = struct.pack("!BBHI", kind, code, 0, 0) + (target.packed if target else bytes(16))
    head = struct.pack("!IHBB", 6 << 28, len(body), header, 255)
    return head + ROUTER.packed + destination.packed + body


GROUP = IPv6Address("ff02::1:ff7e:130b")
TELLING = {
    "solicitation": (packet(135, GROUP, target=ADDRESS), Kind.SOLICITATION),
    "unicast solicitation": (packet(135, ADDRESS, target=ADDRESS), Kind.SOLICITATION),
    "reply": (packet(129, ADDRESS), Kind.DELIVERY),
    "no route": (packet(1, ADDRESS, code=0), Kind.DELIVERY),
    "hop limit": (packet(3, ADDRESS), Kind.DELIVERY),
    "prohibited": (packet(1, ADDRESS, code=1), Kind.REFUSAL),
    "source policy": (packet(1, ADDRESS, code=5), Kind.REFUSAL),
}
SILENT = {
    "solicitation of another": packet(135, GROUP, target=OTHER),
    "reply to another": packet(129, OTHER),
    "error for another": packet(1, OTHER, code=1),
    "echo request": packet(128, ADDRESS),
    "advertisement": packet(136, ADDRESS, target=ADDRESS),
    "UDP": packet(129, ADDRESS, header=17),
    "short": packet(129, ADDRESS)[:47],
}


def run(program: bytes, data: bytes) -> int:
    """Run a filter as the kernel does: a load beyond the packet's end drops it."""
    instructions = list(BPF_INSTRUCTION.iter_unpack(program))
    place = accumulator = 0
    while True:
        code, yes, no, constant = instructions[place]
        place += 1
        if code in (0x30, 0x20):
            size = 1 if code == 0x30 else 4
            if constant + size > len(data):
                return 0
            accumulator = int.from_bytes(data[constant : constant + size], "big")
        elif code == 0x06:
            return int(constant)
        else:
            holds = accumulator == constant if code == 0x15 else accumulator > constant
            place += yes if holds else no


@pytest.mark.parametrize("name", TELLING)
def test_what_tells_something_passes_the_filter_and_is_understood(name: str) -> None:
    data, kind = TELLING[name]
    seen = parse(data, ADDRESS)
    assert seen is not None
    assert seen.kind is kind
    assert run(bpf(ADDRESS), data) > 0


@pytest.mark.parametrize("name", SILENT)
def test_what_tells_nothing_is_left_out(name: str) -> None:
    assert parse(SILENT[name], ADDRESS) is None
    if name != "short":
        assert run(bpf(ADDRESS), SILENT[name]) == 0


def test_a_solicitation_reads_as_in_tcpdump() -> None:
    seen = parse(packet(135, GROUP, target=ADDRESS), ADDRESS)
    assert seen is not None
    assert seen.words == (
        f"fe80::1 > ff02::1:ff7e:130b: ICMP6, neighbor solicitation, who has {ADDRESS}"
    )


def test_the_group_of_an_address_ends_as_the_address_does() -> None:
    assert IPv6Address(solicited_node(ADDRESS)) == GROUP


def test_an_unused_address_lies_in_the_upper_half_and_is_new_each_time() -> None:
    prefix = IPv6Network("2001:db8:1:2:1::/80")
    drawn = {pick_unused(prefix) for _ in range(20)}
    assert len(drawn) == 20
    assert all(each in prefix and each >= prefix[prefix.num_addresses // 2] for each in drawn)


def test_an_address_in_use_is_not_picked() -> None:
    prefix = IPv6Network("2001:db8::/126")
    assert pick_unused(prefix, {prefix[2]}) == prefix[3]
    with pytest.raises(Refused, match="Choose a larger prefix"):
        pick_unused(prefix, set(prefix))


class Sockets:
    """The two sockets of a probe: what was sent, and what comes in after each sending."""

    def __init__(self, comes: Sequence[Sequence[tuple[bytes, int]]]) -> None:
        self.comes = [list(each) for each in comes]
        self.waiting: list[tuple[bytes, int]] = []
        self.sent: list[tuple[object, ...]] = []
        self.no_way: set[str] = set()
        self.sendings = 0

    def __enter__(self) -> "Sockets":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def sendto(self, message: bytes, where: tuple[object, ...]) -> None:
        if where[0] in self.no_way:
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        assert message[:1] == b"\x80"
        self.sent.append(where)

    def select(self, *_: object) -> tuple[list[object], list[object], list[object]]:
        if not self.waiting and self.comes:
            self.waiting = self.comes.pop(0)
            return ([self], [], []) if self.waiting else ([], [], [])
        return ([self], [], []) if self.waiting else ([], [], [])

    def recvfrom(self, _size: int) -> tuple[bytes, tuple[object, ...]]:
        data, kind = self.waiting.pop(0)
        return data, ("eth0", 0x86DD, kind, 1, b"")


IN, OUT = socket.PACKET_HOST, socket.PACKET_OUTGOING
ROUTERS = (IPv6Address("fe80::1"), IPv6Address("2001:db8:ffff::53"))


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Sockets:
    made = Sockets([])
    monkeypatch.setattr(upstream, "_watcher", lambda *_: made)
    monkeypatch.setattr(upstream, "_sender", lambda *_: made)
    monkeypatch.setattr(select, "select", made.select)
    monkeypatch.setattr(socket, "if_nametoindex", lambda name: {"eth0": 7}[name])
    return made


@pytest.mark.parametrize(
    ("comes", "case"),
    [
        (["solicitation"], UpstreamCase.SOLICITED),
        (["unicast solicitation"], UpstreamCase.SOLICITED),
        (["reply"], UpstreamCase.ROUTED),
        (["no route"], UpstreamCase.ROUTED),
        (["prohibited"], UpstreamCase.REFUSED),
        # One target may be refused, and another be reached.
        (["prohibited", "reply"], UpstreamCase.ROUTED),
        (["prohibited", "solicitation"], UpstreamCase.SOLICITED),
        ([], UpstreamCase.NOTHING),
    ],
)
def test_the_first_packet_that_tells_decides(
    sockets: Sockets, comes: list[str], case: UpstreamCase
) -> None:
    noise = [(SILENT["echo request"], IN), (TELLING["reply"][0], OUT)]
    sockets.comes = [[*noise, *((TELLING[each][0], IN) for each in comes)]]
    found = probe_upstream("eth0", ADDRESS, ROUTERS)
    assert found.case is case
    requests = [line for line in found.evidence if "echo request" in line]
    assert len(requests) == len(sockets.sent) >= len(ROUTERS)
    nothing = [line for line in found.evidence if "nothing came" in line]
    assert len(nothing) == (case is UpstreamCase.NOTHING)
    assert len(found.evidence) == len(requests) + len(comes) + len(nothing)


def test_each_target_is_asked_again_where_nobody_says_anything(sockets: Sockets) -> None:
    probe_upstream("eth0", ADDRESS, ROUTERS)
    # Of an address of the link the kernel has to be told which link (RFC 4007 §6).
    link, beyond = ("fe80::1", 0, 0, 7), ("2001:db8:ffff::53", 0, 0, 0)
    assert sockets.sent == [link, beyond] * upstream._SENDINGS
    assert upstream._SENDINGS > 1


def test_a_later_sending_is_seen_too(sockets: Sockets) -> None:
    sockets.comes = [[], [(TELLING["reply"][0], IN)]]
    assert probe_upstream("eth0", ADDRESS, ROUTERS).case is UpstreamCase.ROUTED


def test_a_target_without_a_way_is_passed_over_unless_it_is_the_last(sockets: Sockets) -> None:
    sockets.no_way = {"fe80::1"}
    sockets.comes = [[(TELLING["reply"][0], IN)]]
    assert probe_upstream("eth0", ADDRESS, ROUTERS).case is UpstreamCase.ROUTED
    sockets.no_way |= {str(each) for each in ROUTERS}
    with pytest.raises(Refused, match=r"on eth0: Network is unreachable\. Nothing was changed"):
        probe_upstream("eth0", ADDRESS, ROUTERS)


def test_who_is_not_root_is_told_so(sockets: Sockets, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(upstream, "_sender", denied)
    with pytest.raises(Refused, match=r"only be found out by root\. Nothing was changed"):
        probe_upstream("eth0", ADDRESS, ROUTERS)
    assert not sockets.sent
