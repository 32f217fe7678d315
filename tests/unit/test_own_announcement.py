"""What a verb says itself is not announced on its terminal, which others may use afterwards."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from wizard import asking_to_keep, following, verbs
from wizard.platform import streams
from wizard.platform.errors import ExitCode
from wizard.record.record import State
from wizard.run import terminals
from wizard.run.logins import Logins
from wizard.run.process import Progress


@contextmanager
def on_terminal() -> Iterator[int]:
    master, slave = os.openpty()
    before = sys.stdout
    try:
        with os.fdopen(slave, "w") as sys.stdout:
            yield slave
    finally:
        sys.stdout = before
        os.close(master)


@pytest.mark.parametrize("doing", ["follow", "keep", "keep when asked"])
def test_no_announcement_repeats_what_a_verb_says(
    doing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bool] = []
    record = SimpleNamespace(state=State.UNCONFIRMED)

    def look(*_given: object) -> Any:
        taken.append(terminals._is_taken(sys.stdout.fileno()))
        return Progress(None, ExitCode.DONE, "It is over.") if doing == "follow" else record

    session: Any = SimpleNamespace(
        progress=look,
        repairing=None,
        awaited=SimpleNamespace(keep=look),
        records=SimpleNamespace(at_hand=lambda: record),
        logins=lambda: Logins(False, (), "wizard --keep"),
    )
    monkeypatch.setattr(verbs, "Session", lambda: session)
    monkeypatch.setattr(verbs, "kept", lambda _record: "It is kept.")
    with on_terminal() as terminal:
        if doing == "follow":
            following.follow(session, lambda _words: None)
        elif doing == "keep":
            assert verbs.keep() == "It is kept."
        else:
            asking_to_keep.ask(session, lambda _words: None, lambda _words: "keep", 0)
        assert taken == [True]
        assert not terminals._is_taken(terminal)


def test_who_is_ended_meanwhile_leaves_the_terminal_to_others() -> None:
    with on_terminal() as terminal:
        with pytest.raises(SystemExit) as ended, streams.to_itself():
            assert terminals._is_taken(terminal)
            os.kill(os.getpid(), signal.SIGTERM)
            pytest.fail("it was not ended")
        assert ended.value.code == 128 + signal.SIGTERM
        assert not terminals._is_taken(terminal)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
