"""Once something was taken back, nothing is said or offered as if it stood, and no way is shut."""

from dataclasses import replace
from functools import partial

import pytest
from textual.pilot import Pilot

from screens import leaving
from screens.app import WizardApp
from tests.screens.made_up_session import Act
from tests.screens.test_after_another import change, home
from tests.screens.test_walk import SIZE, applied
from tests.screens.walking import ask, begin_again, keep, on, press, says, settle, shown, until
from wizard.record.record import State


def names(app: WizardApp) -> list[str]:
    return [getattr(each, "NAME", "") for each in app.screen_stack]


async def take_back(pilot: Pilot[int], app: WizardApp) -> None:
    """From what would be taken back to what came of it."""
    await until(pilot, lambda: on(app, "undo") and app.state.undo.preview)
    await ask(pilot, app)
    await press(pilot, "y")
    await until(pilot, lambda: on(app, "result"))
    await settle(pilot)


async def test_a_changed_set_up_that_was_taken_back_is_not_said_to_be_as_it_was() -> None:
    app = WizardApp(await applied())
    async with app.run_test(size=SIZE) as pilot:
        await home(pilot, app)
        await change(pilot, app)
        await keep(pilot, app)
        await press(pilot, "t")
        await take_back(pilot, app)
        assert says(app, "Everything was taken back")
        assert "Nothing of the change was done" not in leaving.question(app.state)[1]
        assert names(app) == ["home", "result"]
        await press(pilot, "g")
        await until(pilot, lambda: on(app, "host") and app.state.host)
        assert app.state.task.changed is None, "the next answers are for a new set-up"
        assert names(app) == ["welcome", "host"]


@pytest.mark.parametrize("start", ["undo", "home", "result"])
async def test_what_an_undo_left_can_be_taken_back_from_its_result(start: str) -> None:
    session = await applied()
    session.act = Act(left="The network is in use.")
    app = WizardApp(session, "undo" if start == "undo" else "welcome")
    async with app.run_test(size=SIZE) as pilot:
        if start != "undo":
            await home(pilot, app)
        if start == "result":
            await press(pilot, "d")
            await until(pilot, lambda: on(app, "result"))
        if start != "undo":
            await press(pilot, "t")
        for _again in range(2):
            await take_back(pilot, app)
            assert says(app, "The network is in use.")
            assert names(app) == (["result"] if start == "undo" else ["home", "result"])
            assert "T Take back" in shown(app).splitlines()[-1]
            await press(pilot, "t")
            await until(pilot, lambda: on(app, "undo") and app.state.undo.preview)
            await press(pilot, "escape")
            await until(pilot, lambda: on(app, "result"))
            await press(pilot, "t")


async def test_a_running_undo_is_no_reason_to_advise_undo() -> None:
    session = await applied()
    session.hold_undo = True
    app = WizardApp(session, "undo")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "undo") and app.state.undo.preview)
        await ask(pilot, app)
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "apply") and app.state.run.running)
        assert "wizard --undo" not in leaving.question(app.state)[1]
        session.let_go()
        await until(pilot, lambda: on(app, "result"))


async def to_the_first_for_another(pilot: Pilot[int], app: WizardApp) -> None:
    """From what is in force to the host for another project, and back from there."""
    await press(pilot, "n")
    await until(pilot, lambda: on(app, "host") and app.state.host)
    await press(pilot, "escape")
    await until(pilot, lambda: on(app, "welcome") and "[ Take it back ]" in shown(app))


def says_that_nothing_stands(app: WizardApp) -> bool:
    gone = ("[ Back ]", "[ Take it back ]", "has IPv6 for containers already")
    return not any(each in shown(app) for each in gone)


async def test_once_all_is_taken_back_the_first_screen_leads_to_no_home() -> None:
    app = WizardApp(await applied())
    async with app.run_test(size=SIZE) as pilot:
        await home(pilot, app)
        await to_the_first_for_another(pilot, app)
        app.screen.query_one("#take-back").focus()
        await press(pilot, "enter")
        await take_back(pilot, app)
        await begin_again(pilot, app)
        await settle(pilot)
        assert says_that_nothing_stands(app)


async def test_who_goes_home_where_somebody_took_all_back_is_told_that_nothing_stands() -> None:
    session = await applied()
    assert session.earlier is not None
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await home(pilot, app)
        await to_the_first_for_another(pilot, app)
        session.earlier = replace(session.earlier, state=State.UNDONE)
        await press(pilot, "escape")
        await until(pilot, partial(says_that_nothing_stands, app))
        assert on(app, "welcome")
        assert app.focused is app.screen.query_one("#next")
