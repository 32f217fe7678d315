"""The service that has containers follow a prefix: when it looks, when it waits, what it reads."""

import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from wizard.prefix import __main__ as service
from wizard.prefix.follower import AGAIN, SETTLED, Follower, Outcome
from wizard.prefix.outcome import FOLLOWED, LATER
from wizard.prefix.seen import prefixes
from wizard.prefix.unit import unit
from wizard.program import program


class Uplink:
    """An uplink, a clock, and what comes of having the containers follow."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.has, self.now = "old", 1000.0
        self.outcomes = list(outcomes)
        self.acted: list[float] = []
        self.ended: list[float] = []
        self.said: list[str] = []
        self.follower = Follower(lambda: self.has, self._act, self.said.append)

    def _act(self) -> Outcome:
        self.acted.append(self.now)
        self.now += 30
        self.ended.append(self.now)
        return self.outcomes.pop(0) if self.outcomes else Outcome.NOTHING

    def passes(self, seconds: float) -> None:
        """Let time pass, with a look whenever one is due."""
        until = self.now + seconds
        while self.now < until:
            self.now += min(self.follower.look(lambda: self.now), until - self.now)


def test_it_looks_once_after_its_start_and_again_only_when_something_changed() -> None:
    uplink = Uplink()
    uplink.passes(3600)
    assert uplink.acted == [1000 + SETTLED]
    uplink.has, changed = "new", uplink.now
    uplink.passes(3600)
    assert uplink.acted[1:] == [changed + SETTLED]


def test_it_waits_until_nothing_moves_any_more() -> None:
    uplink = Uplink()
    uplink.passes(600)
    for number in range(20):
        uplink.has = f"new {number}"
        uplink.passes(SETTLED - 2)
    assert len(uplink.acted) == 1
    uplink.passes(SETTLED)
    assert len(uplink.acted) == 2


def test_prefixes_that_flap_are_followed_at_most_once_in_ten_minutes_and_that_is_said() -> None:
    uplink = Uplink(*[Outcome.FOLLOWED] * 100)
    for number in range(100):
        uplink.has = str(number)
        uplink.passes(36)
    pauses = [later - end for end, later in zip(uplink.ended, uplink.acted[1:], strict=False)]
    assert min(pauses) >= AGAIN
    assert len(uplink.acted) >= 5
    assert any("at most once in 10 minutes" in each for each in uplink.said)


def test_that_a_prefix_has_to_wait_is_said_once_a_change() -> None:
    uplink = Uplink(Outcome.FOLLOWED)
    uplink.passes(60)
    for number in (1, 2):
        uplink.has = f"new {number}"
        uplink.passes(SETTLED * 3)
        uplink.passes(120)
        assert len(uplink.said) == number
    # Ten minutes after the end of the one before, which was less than a minute ago.
    assert uplink.said[0].endswith("looked at in 10.")


def test_what_goes_on_failing_is_tried_once_a_day_all_the_same() -> None:
    uplink = Uplink(*[Outcome.FAILED] * 100)
    uplink.passes(20 * 24 * 3600)
    day = 24 * 3600
    pauses = [later - end for end, later in zip(uplink.ended, uplink.acted[1:], strict=False)]
    assert all(day <= each < day + 600 for each in pauses[-5:])


def test_what_fails_is_tried_again_each_time_later() -> None:
    uplink = Uplink(*[Outcome.FAILED] * 4)
    uplink.passes(3 * 3600)
    pauses = [later - before for before, later in zip(uplink.acted, uplink.acted[1:], strict=False)]
    for pause, wanted in zip(pauses, (AGAIN, 2 * AGAIN, 4 * AGAIN, 8 * AGAIN), strict=False):
        assert wanted <= pause <= wanted + 120
    # After one that does not fail nothing is open.
    assert len(uplink.acted) == 5


def test_what_cannot_be_told_yet_is_looked_at_each_minute_until_it_can() -> None:
    uplink = Uplink(Outcome.NOTHING, Outcome.LATER, Outcome.LATER, Outcome.FOLLOWED)
    uplink.passes(600)
    uplink.has, changed = "new", uplink.now
    uplink.passes(3600)
    assert len(uplink.acted) == 4
    assert uplink.acted[1] == changed + SETTLED
    pauses = [later - end for end, later in zip(uplink.ended[1:], uplink.acted[2:], strict=False)]
    assert all(60 <= each <= 61 for each in pauses)
    assert uplink.said == []


def test_a_stranger_who_changes_addresses_makes_it_look_at_most_once_a_minute() -> None:
    uplink = Uplink()
    for number in range(50):
        uplink.has = str(number)
        uplink.passes(SETTLED + 1)
    assert len(uplink.acted) <= 50 * (SETTLED + 1) / 60 + 1


ADDRESSES = """\
20010db800010002000000fffe000010 02 40 00 20     eth0
20010db800070008000000fffe000010 02 40 00 00     eth0
20010db80007000800000000deadbeef 02 40 00 01     eth0
20010db8000900080000000000000010 02 40 00 40     eth0
fe80000000000000000000fffe000010 02 40 20 80     eth0
20010db8000100020003000000000001 05 50 00 80 br-ipv6
"""
ROUTES = """\
00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
fe800000000000000000000000000001 00000400 00000001 00000000 00450003     eth0
20010db8000100020000000000000000 40 00000000000000000000000000000000 00 \
00000000000000000000000000000000 00000100 00000001 00000000 00400001     eth0
20010db8000100020003000000000000 50 00000000000000000000000000000000 00 \
00000000000000000000000000000000 00000100 00000001 00000000 00000001 br-ipv6
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 \
00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
20010db80001000200000000000000ff 80 00000000000000000000000000000000 00 \
00000000000000000000000000000000 00000000 00000001 00000000 80200001     eth0
"""


def test_it_sees_what_the_uplink_has_and_whether_that_is_deprecated() -> None:
    assert prefixes(ADDRESSES, ROUTES) == {
        ("eth0", "2001:db8:1:2:0:ff:fe00:10", 64, True),
        ("eth0", "2001:db8:7:8:0:ff:fe00:10", 64, False),
        ("eth0", "20010db8000100020000000000000000", 64, False),
    }
    assert prefixes(ADDRESSES, "") == frozenset()


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, Outcome.NOTHING),
        (FOLLOWED, Outcome.FOLLOWED),
        (LATER, Outcome.LATER),
        (3, Outcome.FAILED),
    ],
)
def test_it_starts_the_program_of_the_copy_and_tells_news_alone(
    code: int,
    outcome: Outcome,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    started: list[Sequence[str]] = []

    def run(words: Sequence[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        started.append(words)
        return subprocess.CompletedProcess(words, code, "said\x1b[2J\n")

    monkeypatch.setattr(subprocess, "run", run)
    acting = service._Acting()
    assert (acting(), acting()) == (outcome, outcome)
    assert started[0] == program.command("wizard.prefix_follower")
    told = capsys.readouterr().err
    assert told.count("said") == 1
    assert "\x1b" not in told


def test_one_that_does_not_end_counts_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(words: Sequence[str], **_options: Any) -> None:
        raise subprocess.TimeoutExpired(words, 1)

    monkeypatch.setattr(subprocess, "run", run)
    assert service._Acting()() is Outcome.FAILED


def test_whatever_it_says_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "command", lambda _module: ("printf", "\\377 said"))
    assert service._Acting()() is Outcome.NOTHING


def test_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_PATIENCE", 0.1)
    monkeypatch.setattr(program, "command", lambda _module: ("sleep", "60"))
    assert service._Acting()() is Outcome.FAILED


def test_the_unit_starts_the_copy_and_says_nothing_of_a_set_up() -> None:
    assert f"ExecStart={' '.join(program.command('wizard.prefix'))}\n" in unit()
