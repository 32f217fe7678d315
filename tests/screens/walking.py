"""Moves through the screens with keys, as a person does, and looks at what is shown."""

import asyncio
import re
import time
from collections.abc import Callable

from textual.app import App
from textual.pilot import Pilot

from screens.app import WizardApp
from screens.sending import strips
from tests.lines import PATIENCE


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    """Wait until something holds, and then until all is painted."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"what was waited for never came:\n{shown(pilot.app)}")
        # A pause sends something through every widget of the screen, and so is one at the end.
        await asyncio.sleep(0.01)
    await pilot.pause()


async def sees(pilot: Pilot[int], words: str) -> None:
    """Wait until words are on the screen: a busy machine paints later than it answers."""
    await until(pilot, lambda: words in shown(pilot.app))


async def settle(pilot: Pilot[int]) -> None:
    """Wait until two looks at the screen, a little apart, show the same."""
    before = ""
    for _ in range(100):
        await asyncio.sleep(0.02)
        await pilot.pause()
        now = shown(pilot.app)
        if now == before:
            return
        before = now


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys, and wait until all is painted."""
    # The pilot's own press ends with half a pause, too.
    await pilot.app._press_keys(keys)
    await pilot.pause()


def on(app: WizardApp, name: str) -> bool:
    """Return whether the named screen is shown, with all that is on it."""
    return app.screen.is_mounted and getattr(app.screen, "NAME", type(app.screen).__name__) == name


async def found(pilot: Pilot[int], app: WizardApp) -> None:
    """Wait until the host is known."""
    await until(pilot, lambda: app.state.host is not None)


async def jump(pilot: Pilot[int], app: WizardApp, name: str) -> None:
    """Open a screen right away, as one finds it with all that is proposed."""
    await found(pilot, app)
    if name not in app.state.order:
        app.state.ask_all(True)
    assert app.state.host is not None
    draft = app.state.draft
    if name == "compose":
        draft.read()
        await until(pilot, lambda: draft.inputs or draft.complaint)
    if name == "preview":
        told: list[str | None] = []
        draft.make(told.append)
        await until(pilot, lambda: told)
        assert told == [None]
    app.push_screen(name)
    await until(pilot, lambda: on(app, name))


async def go(pilot: Pilot[int], app: WizardApp, name: str) -> None:
    """Press Enter until the named screen is shown; those that are not always asked are asked."""
    await found(pilot, app)
    if name not in app.state.order:
        app.state.ask_all(True)
    for _ in range(12):
        if on(app, name):
            return
        before, end = (app.screen, app.focused), time.monotonic() + 5
        await press(pilot, "enter")
        await pilot.pause()
        # Once more for a screen that is only late would lead past it.
        while (app.screen, app.focused) == before and time.monotonic() < end:
            await pilot.pause(0.01)
    raise AssertionError(f"Enter does not lead to {name}, but to {app.screen}")


async def ask(pilot: Pilot[int], app: WizardApp) -> None:
    """Press Enter on a screen that asks before it goes on."""
    await press(pilot, "enter")
    await until(pilot, lambda: on(app, "QuestionModal"))


async def go_apply(pilot: Pilot[int], app: WizardApp) -> None:
    """Open the preview and say yes to its question."""
    if not on(app, "preview"):
        await jump(pilot, app, "preview")
    await ask(pilot, app)
    await press(pilot, "y")


async def keep(pilot: Pilot[int], app: WizardApp) -> None:
    """Wait for the question whether to keep the run, and say yes to it."""
    await until(pilot, lambda: on(app, "keep"))
    await ask(pilot, app)
    await press(pilot, "y")
    await until(pilot, lambda: on(app, "result"))
    await settle(pilot)


def sentence(app: WizardApp) -> str:
    """Return what is said above the buttons."""
    words: str = app.screen.query_one("#sentence").words  # type: ignore[attr-defined]
    return words


def shown(app: App[int]) -> str:
    """Return every character on the screen, line by line."""
    lines = strips(app)
    return "\n".join(strip.text for strip in lines)


def says(app: WizardApp, words: str) -> bool:
    """Whether words are on the screen, broken over lines or not, in a box or not."""
    seen = shown(app)
    in_box = " ".join(re.findall("│(.*)│", seen))
    return any(words in " ".join(each.split()) for each in (seen.replace("│", " "), in_box))


async def begin_again(pilot: Pilot[int], app: WizardApp) -> None:
    """Press G on a result, and go back from the host to the first screen."""
    await press(pilot, "g")
    await until(pilot, lambda: on(app, "host") and app.state.host)
    await settle(pilot)
    await press(pilot, "escape")
    await until(pilot, lambda: on(app, "welcome"))
