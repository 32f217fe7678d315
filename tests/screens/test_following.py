"""What is shown of a run that is followed, and how often."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, cast

import pytest

import screens.following
from screens import background
from screens.following import FollowedRun
from wizard.run.process import Progress

EVERY = 0.2
"""Seconds between two looks, without the tests' own haste."""

LATE = 0.03
"""Seconds by which a look may come later than another."""


class Owner:
    """Looks again only when it is told to."""

    def set_interval(self, _seconds: float, _look: object) -> object:
        return self


@pytest.mark.parametrize("late", [(0.0, LATE), (LATE, 0.0), (0.0,), (LATE, 0.0, 0.0, LATE, 0.0)])
def test_while_nothing_changes_a_second_is_counted_each_second(
    late: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Session:
        def progress(self) -> Progress:
            return Progress(None, None, doing="Starting …")

    now, shown = [late[0]], list[tuple[float, int]]()
    monkeypatch.setattr(screens.following, "FOLLOWED_EVERY", EVERY)
    monkeypatch.setattr(screens.following, "monotonic", lambda: now[0])
    run = FollowedRun(
        cast("Any", Session()),
        cast("Any", Owner()),
        lambda: shown.append((now[0], run.seconds_still)),
    )
    run.follow()
    for number in range(1, 40):
        now[0] = number * EVERY + late[number % len(late)]
        run._follow_once()
    assert [seconds for _at, seconds in shown] == list(range(len(shown)))
    at = [moment for moment, _seconds in shown]
    gaps = [later - before for before, later in pairwise(at)]
    assert max(gaps) < 1 + 1.5 * LATE
    assert len(shown) == 9


@pytest.mark.parametrize("ends", ["begun", "failed"])
def test_what_is_told_late_does_not_stand_over_how_it_ended(
    ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Session:
        def say(self, _words: str) -> None:
            raise AssertionError("nobody was to be told")

        def progress(self) -> Progress:
            return Progress(None, None)

    session, late, said = Session(), list[Callable[[], None]](), list[str]()

    def run(_owner: object, _trying: str, begin: Any, follow: Any, failed: Any) -> None:
        begin()
        late.pop(0)()
        follow(None) if ends == "begun" else failed("There is no room.")

    monkeypatch.setattr(background, "run", run)
    monkeypatch.setattr(background, "tell", lambda _owner, told: late.append(told))
    followed = FollowedRun(cast("Any", session), cast("Any", Owner()), lambda: None)

    def begin() -> None:
        session.say("Copying …")
        session.say("Checking that it starts …")

    followed.apply(begin, said.append, lambda: said.append("begun"), said.append)
    for told in late:
        told()
    assert said == ["Copying …", "begun" if ends == "begun" else "There is no room."]
