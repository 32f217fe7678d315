"""The keeper puts our rules back, and closes what it can by routes while it cannot."""

import errno
import os
import select
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from wizard.filter import host_commands, keeper, loaded, news, stand_in
from wizard.platform.own_names import CHAIN
from wizard.steps.ip6tables import Ip6tables

PREFIXES = ("2001:db8:1::/80", "2001:db8:2::/80")
BRIDGE = "br-ipv6"
THEIRS = "-A INPUT -s 2001:db8:bad::/48 -j DROP"
OPENING = "-A FORWARD -j ACCEPT"
MASQUERADING = "-A POSTROUTING -s 2001:db8:1::/80 ! -o br-ipv6 -j MASQUERADE"


class MadeUpHost:
    """Rules, blackhole routes and a clock; every command that changes something is noted."""

    def __init__(self, step: Ip6tables) -> None:
        self.step = step
        self.theirs: list[str] = [THEIRS]
        self.first: list[str] = []
        """Rules that stand before the jump to ours."""
        self.loaded = True
        self.restores = True
        self.routes: set[str] = set()
        self.held: set[str] = set()
        """The prefixes whose route cannot be removed."""
        self.failing: set[str] = set()
        self.did: list[str] = []
        self.now = 1.0
        self.said = "ip6tables v1.8.9 (nf_tables)"

    def saved(self) -> str:
        lines = ["*filter", ":INPUT ACCEPT [0:0]", *self.theirs, "COMMIT"]
        for table in self.step.tables:
            jump = [f"-A {table.parent} -j {CHAIN}"] if self.loaded else []
            lines += [f"*{table.name}", f":{table.parent} ACCEPT [0:0]"]
            lines += [f":{CHAIN} - [0:0]"] if self.loaded else []
            lines += [each for each in self.first if f" {table.parent} " in each]
            ours = [f"-A {CHAIN} {' '.join(rule)}" for rule in table.rules]
            lines += [*jump, *(ours if self.loaded else []), "COMMIT"]
        return "\n".join(lines) + "\n"

    def run(self, argv: list[str], _stdin: str = "") -> tuple[int, str]:
        match argv:
            case ["ip6tables-save"]:
                return 0, self.saved()
            case ["ip6tables", "--version"]:
                return 0, self.said
            case ["ip6tables-restore", *options]:
                self.did.append("restore")
                if not self.restores:
                    return 1, "no memory"
                if "--noflush" not in options:
                    self.theirs = []
                self.loaded, self.first = True, []
                return 0, ""
            case ["ip", "-6", "route", "show", *words]:
                return 0, f"blackhole {words[-1]}" if words[-1] in self.routes else ""
            case ["ip", "-6", "route", verb, "blackhole", prefix, "metric", metric]:
                # A route of the bridge itself has 256 (IP6_RT_PRIO_ADDRCONF); the lowest counts.
                assert int(metric) < 256
                self.did.append(f"{verb} {prefix}")
                if prefix in (self.failing if verb == "replace" else self.held):
                    return 2, "no memory"
                (self.routes.add if verb == "replace" else self.routes.discard)(prefix)
                return 0, ""
        raise AssertionError(argv)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


Making = Callable[[Ip6tables], tuple[keeper.Keeper, MadeUpHost]]

ROUTED = Ip6tables(BRIDGE, PREFIXES[0], masquerade=False, ports=("3000/tcp",))
BEFORE = Ip6tables(BRIDGE, PREFIXES[0], masquerade=False, engine_masquerades=True)


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Making:
    """Make a keeper of a step's rules, and the host where they are in force."""

    def make(step: Ip6tables) -> tuple[keeper.Keeper, MadeUpHost]:
        host, path = MadeUpHost(step), tmp_path / "rules"
        path.write_text(step.text, "utf-8")
        for module in (keeper, loaded):
            monkeypatch.setattr(module, "run", host.run)
        monkeypatch.setattr(keeper, "time", host)
        return keeper.Keeper(str(path), "eth0", [BRIDGE], PREFIXES), host

    return make


def test_nothing_is_done_where_the_rules_are_in_force(making: Making) -> None:
    kept, host = making(ROUTED)
    assert kept.look()
    assert host.did == []


def test_the_way_is_closed_before_flushed_rules_are_put_back_and_opened_after(
    making: Making,
) -> None:
    kept, host = making(ROUTED)
    host.loaded = False
    assert kept.look()
    closing, opening = ([f"{verb} {each}" for each in PREFIXES] for verb in ("replace", "delete"))
    assert host.did == [*closing, "restore", *opening]
    assert host.theirs == [THEIRS]
    assert not host.routes


def test_who_flushes_the_rules_and_loads_them_again_is_waited_for(
    making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, host = making(ROUTED)
    host.loaded = False

    def sleep(seconds: float) -> None:
        host.loaded = True

    monkeypatch.setattr(host, "sleep", sleep)
    assert kept.look()
    assert "restore" not in host.did
    assert not host.routes


def test_a_storm_of_changes_is_not_waited_for_longer_than_a_moment(
    making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, host = making(ROUTED)
    here, there = socket.socketpair()
    with here, there:
        there.send(b"always something to read")
        monkeypatch.setattr(kept, "_news", here)
        times: list[float] = []

        def drain(_news: socket.socket) -> None:
            times.append(host.now)
            assert len(times) < 100
            host.now += 0.1

        monkeypatch.setattr(news, "drain", drain)
        host.loaded = False
        assert kept.look()
    assert "restore" in host.did
    assert len(times) > 1


@pytest.mark.parametrize(("step", "rule"), [(ROUTED, OPENING), (BEFORE, MASQUERADING)])
def test_who_wants_the_first_place_too_is_not_fought_but_closed_off(
    making: Making, step: Ip6tables, rule: str
) -> None:
    kept, host = making(step)
    host.first = [rule]
    # The clock begins with the boot, and so may the first fault.
    assert kept.look()
    assert host.did.count("restore") == 1
    host.now, host.first = host.now + 2, [rule]
    assert not kept.look()
    assert host.did.count("restore") == 1
    assert host.routes == set(PREFIXES)
    host.now += 5
    assert kept.look()
    assert host.did.count("restore") == 2
    assert not host.routes


def test_flushed_rules_are_put_back_however_often(making: Making) -> None:
    kept, host = making(ROUTED)
    for times in range(1, 4):
        host.loaded = False
        assert kept.look()
        assert host.did.count("restore") == times


def test_what_was_read_last_counts_while_the_file_cannot_be_read(
    making: Making, tmp_path: Path
) -> None:
    kept, host = making(ROUTED)
    assert kept.look()
    (tmp_path / "rules").unlink()
    host.loaded = False
    assert kept.look()
    assert host.loaded


def test_while_rules_cannot_be_put_back_the_way_stays_closed(making: Making) -> None:
    kept, host = making(ROUTED)
    host.loaded = host.restores = False
    for _ in range(2):
        assert not kept.look()
    assert host.routes == set(PREFIXES)
    assert host.did.count(f"replace {PREFIXES[0]}") == 1
    host.restores, host.held = True, {PREFIXES[0]}
    assert kept.look()
    assert host.routes == {PREFIXES[0]}
    host.held = set()
    assert kept.look()
    assert not host.routes


def test_a_route_that_fails_keeps_no_other_prefix_open(making: Making) -> None:
    kept, host = making(ROUTED)
    host.loaded = host.restores = False
    host.failing = {PREFIXES[0]}
    assert not kept.look()
    assert host.routes == {PREFIXES[1]}
    host.failing = set()
    assert not kept.look()
    assert host.routes == set(PREFIXES)


class MadeUpPoll:
    """Tells that there is news as often as there is any, and then that it has to stop."""

    def __init__(self, news: int) -> None:
        self.left = news
        self.registered: list[int] = []
        self.waited: list[float] = []

    def register(self, each: socket.socket, _events: int) -> None:
        self.registered.append(each.fileno())

    def poll(self, milliseconds: float) -> list[tuple[int, int]]:
        self.waited.append(milliseconds / 1000)
        self.left -= 1
        return [(self.registered[-1 if self.left >= 0 else 0], select.POLLIN)]


def served(
    kept: keeper.Keeper, monkeypatch: pytest.MonkeyPatch, changes: int = 0
) -> tuple[MadeUpPoll, list[str]]:
    """Let it serve through some changes until it is stopped; return what it asked and told."""
    here, there = socket.socketpair()
    here.setblocking(False)
    there.send(b"something changed")
    poll, told = MadeUpPoll(changes), list[str]()
    monkeypatch.setattr(news, "listen", lambda: here)
    monkeypatch.setattr(keeper, "notify", lambda *words: told.extend(words))
    made = SimpleNamespace(poll=lambda: poll, POLLIN=select.POLLIN, select=select.select)
    monkeypatch.setattr(keeper, "select", made)
    with here, there:
        kept.run()
        if changes:
            # Else it would be told of the same again at once, and for ever.
            with pytest.raises(BlockingIOError):
                here.recv(1)
    return poll, told


def test_what_one_before_it_closed_is_opened_once_all_is_well(
    making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, host = making(ROUTED)
    host.routes = {PREFIXES[1]}
    _poll, told = served(kept, monkeypatch, changes=1)
    assert host.did == [f"delete {PREFIXES[1]}"]
    assert {"READY=1", "WATCHDOG=1", "STATUS=the rules are in force"} <= set(told)


def test_no_route_is_left_when_it_is_stopped(
    making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, host = making(ROUTED)
    host.loaded = host.restores = False
    served(kept, monkeypatch)
    assert f"replace {PREFIXES[0]}" in host.did
    assert not host.routes


def test_it_looks_more_often_where_the_kernel_tells_nothing_or_something_is_wrong(
    making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = {}
    for name, said, restores in (
        ("well", "ip6tables v1.8.9 (nf_tables)", True),
        ("legacy", "ip6tables v1.8.9 (legacy)", True),
        ("wrong", "ip6tables v1.8.9 (nf_tables)", False),
    ):
        kept, host = making(ROUTED)
        host.said, host.loaded, host.restores = said, False, restores
        (waited[name],) = served(kept, monkeypatch)[0].waited
    assert waited["well"] > 2 * waited["legacy"]
    assert waited["well"] > 2 * waited["wrong"]


class MadeUpStandIn:
    """What stands in for Docker's own rules, or fails to."""

    def __init__(self) -> None:
        self.words, self.failed, self.due, self.ended = "", False, False, 0
        self.looked: Callable[[], object] = lambda: None

    def is_due(self) -> bool:
        return self.due

    def look(self) -> str:
        self.looked()
        return self.words

    def end(self) -> None:
        self.ended += 1


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> MadeUpStandIn:
    made = MadeUpStandIn()
    monkeypatch.setattr(keeper, "StandIn", lambda *_given: made)
    return made


def test_while_something_stands_in_for_docker_s_rules_the_way_is_open_and_it_is_said(
    standing: MadeUpStandIn, making: Making, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, host = making(ROUTED)
    standing.words = "nobody gets in there meanwhile"
    # What is not as it should be is looked at often.
    assert not kept.look()
    assert not kept.look()
    assert not host.routes
    assert capsys.readouterr().err.count(standing.words) == 1
    standing.words = ""
    assert kept.look()


def test_who_flushes_docker_s_rules_is_waited_for_with_the_way_closed(
    standing: MadeUpStandIn, making: Making
) -> None:
    kept, host = making(ROUTED)
    found: list[tuple[set[str], float]] = []
    standing.looked = lambda: found.append((set(host.routes), host.now))
    began, standing.due = host.now, True
    assert kept.look()
    ((routes, looked),) = found
    assert routes == set(PREFIXES)
    assert looked > began
    assert not host.routes


def test_rules_of_both_kinds_are_read_once_a_look(
    making: Making, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _kept, host = making(ROUTED)
    (tmp_path / "br-docker").mkdir()
    monkeypatch.setattr(stand_in, "_DEVICE", f"{tmp_path}/")
    standing = [
        "-A FORWARD -o br-docker -j DOCKER",
        "-A DOCKER ! -i br-docker -o br-docker -j DROP",
    ]
    host.theirs += [":DOCKER - [0:0]", *standing]
    asked: list[str] = []

    def run(argv: list[str], stdin: str = "") -> tuple[int, str]:
        asked.append(argv[0])
        return host.run(argv, stdin)

    for module in (keeper, loaded):
        monkeypatch.setattr(module, "run", run)
    kept = keeper.Keeper(str(tmp_path / "rules"), "eth0", [BRIDGE], PREFIXES, ["br-docker"])
    for _each in range(2):
        asked.clear()
        assert kept.look()
        assert asked == ["ip6tables-save"]


def test_where_nothing_can_stand_in_the_way_is_closed_until_something_does(
    standing: MadeUpStandIn, making: Making
) -> None:
    kept, host = making(ROUTED)
    standing.words, standing.failed = "it ends with 4", True
    assert not kept.look()
    assert host.routes == set(PREFIXES)
    standing.failed = False
    kept.look()
    assert not host.routes


def test_what_stands_in_goes_with_the_service(
    standing: MadeUpStandIn, making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _host = making(ROUTED)
    served(kept, monkeypatch)
    assert standing.ended == 1


def test_a_command_that_hangs_or_is_not_there_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host_commands, "_TIMEOUT", 0.1)
    assert host_commands.run(["sleep", "60"])[0] != 0
    assert host_commands.run(["no-such-program"])[0] != 0
    assert host_commands.run(["cat"], "given") == (0, "given")


def test_news_are_read_until_there_are_none_and_lost_ones_are_news() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        here.setblocking(False)
        news.drain(here)
        for _ in range(3):
            there.send(b"a change")
        news.drain(here)
        with pytest.raises(BlockingIOError):
            here.recv(1)


class Storm:
    """A socket on which news come for ever, or one that fails."""

    def __init__(self, error: int = 0) -> None:
        self.error = error
        self.read = 0

    def recv(self, _size: int) -> bytes:
        self.read += 1
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        return b"a change"


def test_a_storm_of_news_does_not_keep_the_service_from_its_rules() -> None:
    storm = Storm()
    news.drain(cast("socket.socket", storm))
    assert 0 < storm.read < 100_000
    news.drain(cast("socket.socket", Storm(errno.ENOBUFS)))
    with pytest.raises(OSError, match="Bad file descriptor"):
        news.drain(cast("socket.socket", Storm(errno.EBADF)))
