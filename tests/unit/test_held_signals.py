"""A signal that comes while a program is started takes effect once that is known, and then does."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from wizard.rehearsal import network
from wizard.rehearsal.held_signals import HeldSignals


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_is_started_meanwhile_is_ended_and_not_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def interrupted(*words: object, **more: object) -> subprocess.Popen[str]:
        process: subprocess.Popen[str] = popen(*words, **more)  # type: ignore[call-overload]
        started.append(process)
        os.kill(os.getpid(), signal.SIGINT)
        return process

    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        network.run(["sleep", "60"])
    (process,) = started
    assert process.returncode == -signal.SIGKILL


def test_each_is_handled_as_before_afterwards_and_what_is_ignored_stays_so() -> None:
    seen: list[int] = []
    handler = signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    assert handler is not None
    ours = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    held = HeldSignals()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    os.kill(os.getpid(), signal.SIGTERM)
    assert seen == []
    held.let_go()
    assert seen == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is ours
    held.let_go()
    assert seen == [signal.SIGTERM]


def test_other_threads_hold_nothing() -> None:
    before = signal.getsignal(signal.SIGTERM)
    found: list[object] = []

    def held() -> None:
        signals = HeldSignals()
        found.append(signal.getsignal(signal.SIGTERM))
        signals.let_go()

    thread = threading.Thread(target=held)
    thread.start()
    thread.join()
    assert found == [before]
