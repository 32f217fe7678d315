"""The last line says what the keys do now, and is made anew only where they do something else."""

import pytest
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets._footer import FooterKey

from screens.app import WizardApp
from screens.widgets.key_line import KeyLine
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import ask, jump, on, press, settle, shown, until


def keys(app: WizardApp) -> list[Widget]:
    return list(app.screen.query_one(KeyLine).children)


async def settled(pilot: Pilot[int], app: WizardApp) -> list[Widget]:
    await until(pilot, lambda: keys(app))
    await settle(pilot)
    return keys(app)


async def test_it_stays_where_the_focus_moves_to_what_has_no_keys_of_its_own() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "preview")
        await press(pilot, "tab")
        before = await settled(pilot, app)
        focused = app.focused
        await press(pilot, "shift+tab")
        await settle(pilot)
        assert app.focused is not focused
        assert keys(app) == before


async def test_it_is_made_anew_where_a_key_does_something_else() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "compose")
        before = await settled(pilot, app)
        last = shown(app).splitlines()[-1]
        await press(pilot, "tab")
        await settle(pilot)
        assert shown(app).splitlines()[-1] != last
        assert keys(app) != before
        assert on(app, "compose")


async def test_its_keys_are_as_wide_from_the_first_as_they_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    narrow: list[bool] = []
    monkeypatch.setattr(FooterKey, "_watch_compact", lambda _key, compact: narrow.append(compact))
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "preview")
        await settled(pilot, app)
    assert narrow
    assert not any(narrow)


async def test_it_is_made_once_for_all_that_a_screen_begins_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[KeyLine] = []
    recompose = KeyLine.recompose

    async def noted(line: KeyLine) -> None:
        made.append(line)
        await recompose(line)

    monkeypatch.setattr(KeyLine, "recompose", noted)
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "preview")
        await settled(pilot, app)
        assert made.count(app.screen.query_one(KeyLine)) == 1
        await ask(pilot, app)
        await settled(pilot, app)
        assert made.count(app.screen.query_one(KeyLine)) == 1


async def test_it_stays_while_a_box_lies_over_the_screen_and_is_right_afterwards() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "preview")
        before = await settled(pilot, app)
        last = shown(app).splitlines()[-1]
        await press(pilot, "f1")
        await settled(pilot, app)
        assert shown(app).splitlines()[-1] != last
        await press(pilot, "escape")
        await settle(pilot)
        assert shown(app).splitlines()[-1] == last
        assert keys(app) == before


async def test_what_changed_while_a_box_lay_over_the_screen_is_said_once_that_is_gone() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "compose")
        await settled(pilot, app)
        screen, last = app.screen, shown(app).splitlines()[-1]
        await press(pilot, "f1")
        await settled(pilot, app)
        screen.set_focus(screen.query_one("#next"))
        await settle(pilot)
        await press(pilot, "escape")
        await settle(pilot)
        with_box = shown(app).splitlines()[-1]
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "compose")
        await settled(pilot, app)
        app.screen.set_focus(app.screen.query_one("#next"))
        await settle(pilot)
        assert with_box == shown(app).splitlines()[-1] != last
