"""What the service of the uplink does with a kernel: listens, sets, asks, and waits for answers."""

import errno
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from wizard.uplink import __main__ as service
from wizard.uplink import happenings, kernel, regain, solicitation
from wizard.uplink.kernel import Kernel


class Clock:
    """Time that passes where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class Links(Kernel):
    """Links whose routers answer the questions that they are told to."""

    def __init__(self, clock: Clock, **answers: int) -> None:
        self.clock = clock
        self.answers = answers
        """After how many questions there is a route; 0 where there is one already."""
        self.asked: dict[str, list[float]] = {each: [] for each in answers}
        self.ready: dict[str, float] = {}
        """When a link has an address to ask from."""

    def has_default_route(self, interface: str) -> bool:
        return len(self.asked[interface]) >= self.answers[interface]

    def link_local(self, interface: str) -> str | None:
        return "fe80::10" if self.clock.now >= self.ready.get(interface, 0.0) else None

    def solicit(self, interface: str, source: str) -> bool:
        self.asked[interface].append(self.clock.now)
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(regain, "time", made)
    return made


def test_a_route_that_comes_back_is_waited_for_no_longer(clock: Clock) -> None:
    links = Links(clock, eth0=1, eth1=0)
    assert regain.regain(["eth0", "eth1"], links) == ()
    assert links.asked == {"eth0": [100.0], "eth1": []}
    assert clock.now < 101


def test_routers_that_answer_nothing_are_asked_three_or_four_times_and_then_named(
    clock: Clock,
) -> None:
    links = Links(clock, eth0=99, eth1=2)
    assert regain.regain(["eth0", "eth1"], links) == ("eth0",)
    assert 3 <= len(links.asked["eth0"]) <= 4
    # A router need not answer two within three seconds (RFC 4861 §6.2.6).
    pauses = [b - a for a, b in zip(links.asked["eth0"], links.asked["eth0"][1:], strict=False)]
    assert min(pauses) > 3
    assert len(links.asked["eth1"]) == 2
    assert clock.now - 100 < 15


def test_a_link_that_has_no_address_yet_is_asked_on_as_soon_as_it_has(clock: Clock) -> None:
    links = Links(clock, eth0=1)
    links.ready["eth0"] = 102.0
    assert regain.regain(["eth0"], links) == ()
    assert links.asked["eth0"][0] == pytest.approx(102.0, abs=0.5)


def test_it_sets_what_makes_the_kernel_listen_and_forward_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {}
    for name in ("all", "default", "eth0", "eth1"):
        for parameter in ("accept_ra", "forwarding"):
            files[name, parameter] = tmp_path / name / parameter
            files[name, parameter].parent.mkdir(exist_ok=True)
            files[name, parameter].write_text("0\n", "ascii")
    monkeypatch.setattr(kernel, "_CONF", tmp_path)
    here = Kernel()
    assert here.forwards() is False
    here.listen("eth0")
    here.forward()
    changed = {key: file.read_text("ascii").strip() for key, file in files.items()}
    wanted = dict.fromkeys(files, "0") | {("eth0", "accept_ra"): "2", ("all", "forwarding"): "1"}
    assert changed == wanted
    assert (here.forwards(), here.accept_ra("eth0")) == (True, 2)


ADDRESSES = "fe80000000000000000000fffe000010 02 40 20 80     eth0\n"
ROUTES = """\
00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
fe800000000000000000000000000001 00000400 00000001 00000000 00450003     eth0
"""


def test_it_reads_addresses_and_routes_of_the_kernel_or_knows_of_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "addresses").write_text(ADDRESSES, "ascii")
    (tmp_path / "routes").write_text(ROUTES, "ascii")
    monkeypatch.setattr(kernel, "_ADDRESSES", tmp_path / "addresses")
    monkeypatch.setattr(kernel, "_ROUTES", tmp_path / "routes")
    here = Kernel()
    assert (here.link_local("eth0"), here.link_local("eth1")) == ("fe80::ff:fe00:10", None)
    assert (here.has_default_route("eth0"), here.has_default_route("eth1")) == (True, False)
    (tmp_path / "addresses").unlink()
    (tmp_path / "routes").unlink()
    assert here.link_local("eth0") is None
    assert not here.has_default_route("eth0")


def test_an_interface_or_a_kernel_without_ipv6_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernel, "_CONF", tmp_path / "gone")
    here = Kernel()
    here.listen("eth0")
    here.forward()
    assert here.accept_ra("eth0") is None
    assert here.forwards() is None
    assert not here.solicit("no-such-link", "fe80::10")


def test_a_solicitation_goes_to_all_routers_on_its_own_link_with_the_one_hop_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options: dict[tuple[int, int], int] = {}
    sent: list[tuple[bytes, object]] = []
    bound: list[object] = []

    class Raw:
        def __enter__(self) -> "Raw":
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def setsockopt(self, level: int, name: int, value: int) -> None:
            options[level, name] = value

        def bind(self, where: object) -> None:
            bound.append(where)

        def sendto(self, octets: bytes, where: object) -> None:
            sent.append((octets, where))

    (tmp_path / "eth7").mkdir()
    (tmp_path / "eth7" / "address").write_text("02:00:00:00:00:07\n", "ascii")
    monkeypatch.setattr(solicitation, "_ADDRESSES", tmp_path)
    monkeypatch.setattr(socket, "if_nametoindex", lambda name: int(name[3:]))
    monkeypatch.setattr(socket, "socket", lambda *_kind: Raw())
    solicitation.solicit("eth7", "fe80::10")
    # A router discards what could have come from off the link (RFC 4861 §6.1.1).
    assert options[socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS] == 255
    assert options[socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF] == 7
    assert bound == [("fe80::10", 0, 0, 7)]
    assert sent == [(solicitation.message(bytes.fromhex("020000000007")), ("ff02::2", 0, 0, 7))]


class Told:
    """A socket of rtnetlink that has a few messages, or fails."""

    def __init__(self, *answers: OSError | None) -> None:
        self.answers = list(answers)
        self.groups = 0

    def bind(self, where: tuple[int, int]) -> None:
        self.groups = where[1]

    def recv(self, _size: int) -> bytes:
        answer = self.answers.pop(0) if self.answers else BlockingIOError()
        if answer is not None:
            raise answer
        return b"message"


def listening(told: Told, monkeypatch: pytest.MonkeyPatch) -> happenings.Happenings:
    monkeypatch.setattr(socket, "socket", lambda *_kind: told)
    made = SimpleNamespace(
        select=lambda here, *_rest: (here if told.answers else [], [], []),
    )
    monkeypatch.setattr(happenings, "select", made)
    return happenings.Happenings()


def test_it_is_told_of_links_addresses_and_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told()
    assert not listening(told, monkeypatch).wait(1)
    # RTMGRP_LINK, RTMGRP_IPV6_IFADDR and RTMGRP_IPV6_ROUTE of linux/rtnetlink.h.
    assert told.groups == 0x1 | 0x100 | 0x400


def test_messages_that_were_lost_are_a_change_and_a_broken_socket_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost = OSError(errno.ENOBUFS, "lost")
    told = Told(None, lost, None)
    assert listening(told, monkeypatch).wait(1)
    assert told.answers == []
    with pytest.raises(OSError, match="broken"):
        listening(Told(OSError(errno.EIO, "broken")), monkeypatch).wait(1)


class Ended(Exception):
    """The made-up kernel tells nothing more."""


def serving(
    monkeypatch: pytest.MonkeyPatch, words: list[str], due: list[float | None]
) -> tuple[list[float], list[tuple[str, ...]], list[bool]]:
    """Serve through some looks; return how long it waited, what it told, and its looks."""
    clock, waited, told, looks = Clock(), list[float](), list[tuple[str, ...]](), list[bool]()

    class Waiting:
        def wait(self, seconds: float) -> bool:
            waited.append(seconds)
            clock.now += seconds
            return False

    class Keeping:
        def __init__(self, *given: object, **_options: object) -> None:
            told.append((str(given[0]), str(given[1])))

        def look(self, now: float, changed: bool) -> float | None:
            looks.append(changed)
            if not due:
                raise Ended
            next_one = due.pop(0)
            return None if next_one is None else now + next_one

    monkeypatch.setattr(service, "Happenings", Waiting)
    monkeypatch.setattr(service, "Keeper", Keeping)
    monkeypatch.setattr(service, "time", clock)
    monkeypatch.setattr(service, "notify", lambda *lines: told.append(lines))
    with pytest.raises(Ended):
        service.main(words)
    return waited, told, looks


def test_it_looks_once_a_second_though_nothing_is_told_and_sooner_where_it_has_to_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited, _told, looks = serving(monkeypatch, ["eth0"], [None, 0.25, 30.0])
    assert waited == pytest.approx([1.0, 0.25, 1.0])
    assert looks[0]


def test_systemd_hears_at_once_and_again_before_its_watchdog_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _waited, told, _looks = serving(monkeypatch, ["--forwarding", "eth0", "eth1"], [None] * 60)
    assert told[0] == ("['eth0', 'eth1']", "True")
    assert len(told[1:]) == 3
    assert {"READY=1", "WATCHDOG=1"} <= set(told[1])


def test_without_an_interface_it_keeps_the_host_forwarding_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited, told, _looks = serving(monkeypatch, ["--forwarding"], [None] * 2)
    assert waited == pytest.approx([1.0, 1.0])
    assert told[0] == ("[]", "True")
    assert "STATUS=keeping IPv6 forwarding on" in told[1]
