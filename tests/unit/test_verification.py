import threading
from collections.abc import Sequence

import pytest

from wizard.platform.errors import StepFailed
from wizard.verification import verification
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.verification import CHECKING, PATIENCE, Verification

WHAT_WAS = {"route": "the default route"}


class Clock:
    """Goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class MadeUp(Aspect):
    """Settles and comes back when it is told to, and knows when everything was looked at."""

    def __init__(self, clock: Clock, settles: float, is_back: float = 0.0) -> None:
        self._clock, self._settles, self._is_back = clock, settles, is_back
        self.looks: list[float] = []

    def look(self) -> Facts:
        self.looks.append(self._clock.now)
        return WHAT_WAS if self._clock.now >= self._is_back else {}

    def unsettled(self) -> Sequence[str]:
        return () if self._clock.now >= self._settles else ("the address",)


class Slow(Aspect):
    """Has its answer only once another is waiting for its own."""

    def __init__(self, name: str, met: threading.Barrier) -> None:
        self._name, self._met = name, met

    def look(self) -> Facts:
        self._met.wait(PATIENCE)
        return {self._name: f"the {self._name}"}


class Failing(Aspect):
    def look(self) -> Facts:
        raise StepFailed("It cannot be looked at.")


def unheard(_words: str) -> None:
    """Hear nothing of what is waited for."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(verification, "time", made)
    return made


def test_everything_is_looked_at_once_after_all_has_settled(clock: Clock) -> None:
    slow, settled = MadeUp(clock, settles=1.5), MadeUp(clock, settles=0)
    Verification([settled, slow]).check(WHAT_WAS, unheard)
    assert len(slow.looks) == len(settled.looks) == 1
    assert slow.looks[0] >= 1.5


def test_what_is_gone_after_all_has_settled_may_still_come_back(clock: Clock) -> None:
    aspect = MadeUp(clock, settles=1.0, is_back=3.0)
    Verification([aspect]).check(WHAT_WAS, unheard)
    assert len(aspect.looks) > 1
    assert 1.0 <= aspect.looks[0] < 3.0 <= aspect.looks[-1]


def test_what_never_settles_is_no_pass_though_nothing_else_is_wrong(clock: Clock) -> None:
    aspect = MadeUp(clock, settles=1000.0)
    with pytest.raises(StepFailed, match="did not settle in time: the address"):
        Verification([aspect]).check(WHAT_WAS, unheard)
    assert PATIENCE < clock.now < PATIENCE + 1


def test_what_is_gone_is_named_at_the_end_though_something_never_settles(clock: Clock) -> None:
    aspect = MadeUp(clock, settles=1000.0, is_back=1000.0)
    with pytest.raises(StepFailed, match="missing that was there before: the default route"):
        Verification([aspect]).check(WHAT_WAS, unheard)
    assert len(aspect.looks) == 1


class SettlesAnew(MadeUp):
    """Is on its way again whenever it is looked at, until a time."""

    def unsettled(self) -> Sequence[str]:
        again = bool(self.looks) and self._clock.now < self._settles
        return ("the address",) if again else ()


def test_what_is_on_its_way_again_is_waited_for_anew(clock: Clock) -> None:
    aspect = SettlesAnew(clock, settles=2.0, is_back=1.0)
    Verification([aspect]).check(WHAT_WAS, unheard)
    assert aspect.looks[0] < 1.0
    assert aspect.looks[1] >= 2.0
    assert len(aspect.looks) == 2


def test_what_is_waited_for_and_looked_at_is_said_once_each(clock: Clock) -> None:
    said: list[str] = []
    aspects = [MadeUp(clock, settles=1.5), MadeUp(clock, settles=1.0, is_back=3.0)]
    Verification(aspects).check(WHAT_WAS, said.append)
    waiting = "Waiting until this has settled: the address"
    assert said == [f"{waiting}, and 1 more …", f"{waiting} …", CHECKING]


class SlowToLookAt(MadeUp):
    """Takes longer to be looked at than anything may take to come back."""

    def look(self) -> Facts:
        found = super().look()
        self._clock.sleep(PATIENCE + 1)
        return found


def test_what_is_gone_past_the_deadline_is_not_looked_at_again(clock: Clock) -> None:
    aspect = SlowToLookAt(clock, settles=0, is_back=1000.0)
    with pytest.raises(StepFailed, match="the default route"):
        Verification([aspect]).check(WHAT_WAS, unheard)
    assert len(aspect.looks) == 1


def test_who_waits_for_answers_does_so_beside_the_others() -> None:
    met = threading.Barrier(2)
    found = Verification([Slow("port", met), Slow("router", met)]).look()
    assert list(found.items()) == [("port", "the port"), ("router", "the router")]


def test_what_cannot_be_looked_at_is_said() -> None:
    with pytest.raises(StepFailed, match="cannot be looked at"):
        Verification([Failing()]).look()
