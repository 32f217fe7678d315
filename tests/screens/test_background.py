"""What takes long never holds up the keys, and what goes wrong in it is said on the screen."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from screens.app import WizardApp
from screens.widgets.sentence import Sentence
from tests.screens.made_up_session import MadeUpSession, record_of
from tests.screens.walking import ask, found, go, jump, on, press, says, settle, until
from wizard.answers.choices import Mode
from wizard.platform.errors import Refused
from wizard.record.record import Record, State

SIZE = (80, 24)
DOCKER = 60.0
"""Seconds that a slow Docker takes at most."""
AT_ONCE = 20.0
"""Seconds within which a key does something on a busy machine, and far less than Docker takes."""


@contextmanager
def slow(session: MadeUpSession, method: str) -> Iterator[None]:
    """Let a method of the session take as long as a slow Docker, until the end of the block."""
    answers, whole = threading.Event(), getattr(session, method)
    begun: list[float] = []

    def wait(*arguments: Any, **named: Any) -> Any:
        begun.append(time.monotonic())
        answers.wait(DOCKER)
        return whole(*arguments, **named)

    setattr(session, method, wait)
    try:
        yield
        assert time.monotonic() - begun[0] < AT_ONCE, "the screens stood still"
    finally:
        answers.set()


async def applied() -> Record:
    """Return the record of a run that is in force."""
    session = MadeUpSession()
    host = session.host
    assert isinstance(host.projects, tuple)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        plan = app.state.draft.plan
        assert plan is not None
    return record_of(plan, State.APPLIED)


async def test_a_look_at_the_host_that_fails_is_said_and_can_be_tried_again() -> None:
    session = MadeUpSession()

    def fail(*_: object) -> Any:
        raise KeyError("[/] never thought of")

    setattr(session, "detect", fail)  # noqa: B010  # As mypy wants it.
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "host"))
        await until(pilot, lambda: says(app, "KeyError: '[/] never thought of'"))
        await press(pilot, "enter")
        await settle(pilot)
        assert on(app, "host")
        assert not says(app, "a few seconds at most")
        assert not says(app, "...")
        del session.detect
        await press(pilot, "r")
        await until(pilot, lambda: says(app, "This host is ready"))
        assert not says(app, "KeyError")


async def test_keys_are_worked_off_while_docker_is_asked_what_undo_would_take_back() -> None:
    session = MadeUpSession(earlier=await applied())
    with slow(session, "undo_preview"):
        app = WizardApp(session, "undo")
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: on(app, "undo"))
            await until(pilot, lambda: says(app, "Comparing the record with this host"))
            await press(pilot, "f1")
            await until(pilot, lambda: on(app, "HelpModal"))
            await press(pilot, "escape", "enter", "enter")
            assert on(app, "undo")
            assert not session.undone
            await press(pilot, "ctrl+q")
            await until(pilot, lambda: on(app, "QuestionModal"))
            await press(pilot, "y")
    assert app.return_value is not None


@pytest.mark.parametrize("method", ["read_project", "plan", "check_plan", "start_apply"])
async def test_keys_are_worked_off_on_the_way_to_an_apply(method: str) -> None:
    session = MadeUpSession()
    with slow(session, method):
        app = WizardApp(session)
        async with app.run_test(size=SIZE) as pilot:
            await found(pilot, app)
            if method in ("check_plan", "start_apply"):
                await go(pilot, app, "preview")
                await press(pilot, "enter")
                if method == "start_apply":
                    await until(pilot, lambda: on(app, "QuestionModal"))
                    await press(pilot, "y")
                    await until(pilot, lambda: says(app, "Starting …"))
            else:
                await go(pilot, app, "compose")
                await press(pilot, "enter", "enter")
            await press(pilot, "f1")
            await until(pilot, lambda: on(app, "HelpModal"))
            await press(pilot, "escape")
            assert on(app, "preview" if method in ("check_plan", "start_apply") else "compose")
            assert not session.applied


async def test_what_is_done_until_the_run_begins_is_said_and_not_over_why_it_does_not() -> None:
    session, goes_on = MadeUpSession(), threading.Event()

    def start(*_: object, **__: object) -> Any:
        session.say("Copying [/] …")
        assert goes_on.wait(DOCKER)
        for number in range(20):
            session.say(f"Copying {number} …")
        raise Refused("There is no room.")

    setattr(session, "start_apply", start)  # noqa: B010  # As mypy wants it.
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "QuestionModal"))
        await press(pilot, "y")
        await until(pilot, lambda: says(app, "Copying [/] …"))
        goes_on.set()
        await until(pilot, lambda: says(app, "There is no room."))
        await settle(pilot)
        assert says(app, "There is no room.")


BOOM = "ZeroDivisionError: [/] boom"


@pytest.mark.parametrize(
    ("method", "screen", "keys"),
    [
        ("probe_upstream", "upstream", ()),
        ("read_project", "compose", ()),
        ("plan", "compose", ("enter",)),
        ("check_plan", "preview", ("enter",)),
        ("save_script", "preview", ("s",)),
        ("start_apply", "preview", ("enter", "y")),
        ("next_boot", "keep", ()),
        ("judge", "keep", ()),
        ("awaited.keep", "keep", ("enter", "y")),
        ("awaited.extend", "keep", ("m",)),
        ("awaited.revert_now", "keep", ("t", "y")),
        ("undo_preview", "undo", ()),
        ("start_undo", "undo", ("enter", "y")),
        ("progress", "apply", ()),
    ],
)
async def test_whatever_fails_beside_the_screens_becomes_a_sentence_on_them(
    method: str, screen: str, keys: tuple[str, ...]
) -> None:
    session = MadeUpSession(earlier=await applied() if screen in ("undo", "apply") else None)

    def fail(*_: object, **__: object) -> Any:
        raise ZeroDivisionError("[/] boom")

    of, _, name = method.rpartition(".")
    setattr(getattr(session, of) if of else session, name, fail)
    app = WizardApp(session, "undo" if screen == "undo" else "welcome")
    async with app.run_test(size=SIZE) as pilot:
        if screen == "undo":
            await until(pilot, lambda: on(app, "undo"))
        elif screen == "apply":
            app.see_earlier()
        elif screen == "keep":
            await go(pilot, app, "preview")
            await ask(pilot, app)
            await press(pilot, "y")
            await until(pilot, lambda: on(app, "keep"))
        else:
            await found(pilot, app)
            if screen == "upstream":
                app.state.choose_mode(Mode.ROUTED)
            await go(pilot, app, screen)
        await settle(pilot)
        for key in keys:
            await press(pilot, key)
            await settle(pilot)
        said = app.screen.query(Sentence)
        await until(pilot, lambda: any(BOOM in each.words for each in said if each.display))
        # The screen is alive, and the same can be tried again.
        await press(pilot, "f1")
        await until(pilot, lambda: on(app, "HelpModal"))


def test_nothing_that_hangs_beside_the_screens_keeps_the_program_from_ending(
    tmp_path: Path,
) -> None:
    program = """
import sys, threading
from pathlib import Path
from screens.app import run_app
from tests.screens.made_up_session import MadeUpSession

class Hanging(MadeUpSession):
    def detect(self, *_, **__):
        threading.Event().wait()

sys.exit(run_app(Hanging(directory=Path(sys.argv[1]))))
"""
    opened = pexpect.spawn(
        sys.executable,
        ["-c", program, str(tmp_path)],
        cwd=str(Path(__file__).parents[2]),
        env={**os.environ, "TERM": "xterm"},
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=DOCKER,
    )
    try:
        opened.expect_exact("Welcome")
        opened.send("\x11")
        opened.expect_exact("Leave the wizard?")
        opened.send("y")
        begun = time.monotonic()
        opened.expect(pexpect.EOF)
        assert time.monotonic() - begun < AT_ONCE
    finally:
        opened.close(force=True)
