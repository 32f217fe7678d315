"""What does not fit on a screen can be read, whatever has the focus; nothing is chosen by that."""

import pytest
from textual.pilot import Pilot

from screens.app import WizardApp
from screens.widgets.choice_list import ChoiceList, Entry
from screens.widgets.step_list import StepList
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import go_apply, jump, keep, on, press, sees, settle, shown, until
from wizard.answers.choices import Mode

MORE = "More below: PgDn"
LONG = tuple(f"Note {number}: {'something to know besides. ' * 5}" for number in range(9))


def last_line(app: WizardApp) -> str:
    return shown(app).splitlines()[-1]


async def at_result(pilot: Pilot[int], app: WizardApp) -> None:
    await go_apply(pilot, app)
    await keep(pilot, app)
    await sees(pilot, "Done.")


async def test_page_down_shows_the_end_of_the_result_from_the_list_of_containers() -> None:
    app = WizardApp(MadeUpSession(notes=LONG))
    async with app.run_test(size=(80, 24)) as pilot:
        await at_result(pilot, app)
        await sees(pilot, MORE)
        assert "Note 8" not in shown(app)
        for _ in range(4):
            await press(pilot, "pagedown")
        await settle(pilot)
        assert "Note 8" in shown(app)
        assert MORE not in shown(app)
        assert "The way of their packets" not in shown(app)
        # Whoever goes on with the list sees where in it.
        await press(pilot, "down")
        await sees(pilot, "mastodon-streaming-1")


async def test_three_containers_and_five_lines_of_notes_fit_without_reading_on() -> None:
    app = WizardApp(MadeUpSession(notes=("From outside should answer. " * 7, "And this. " * 14)))
    async with app.run_test(size=(80, 24)) as pilot:
        await at_result(pilot, app)
        await sees(pilot, "To take everything back")
        await settle(pilot)
        assert MORE not in shown(app)
        assert "Asked was" not in shown(app)
        await press(pilot, "d")
        for _ in range(4):
            await press(pilot, "pagedown")
        await sees(pilot, "Asked was")


@pytest.mark.parametrize("key", ["pagedown", "pageup"])
async def test_who_reads_on_chooses_nothing(key: str) -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "mode")
        await press(pilot, "pagedown", key)
        await settle(pilot)
        assert app.state.choices.mode is Mode.ULA
        assert isinstance(app.focused, ChoiceList)


async def test_page_keys_move_in_a_list_that_is_taller_than_the_screen() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "compose")
        services = app.screen.query_one("#services", ChoiceList)
        services.show([Entry(str(each), f"service {each}") for each in range(30)])
        await sees(pilot, "service 3")
        await settle(pilot)
        await press(pilot, "pagedown")
        assert services.highlighted
        await press(pilot, "pageup")
        assert not services.highlighted


async def test_a_key_for_more_is_shown_only_where_there_is_more() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "preview")
        await press(pilot, "space")
        await settle(pilot)
        assert "PgDn" not in last_line(app)
        await press(pilot, "escape")
        await press(pilot, *["down"] * 2, "space")
        await sees(pilot, "Change in")
        await settle(pilot)
        assert "PgDn" in last_line(app)
        assert on(app, "preview")


@pytest.mark.parametrize("key", ["pagedown", "pageup"])
async def test_where_a_step_has_the_place_of_the_list_nothing_goes_wrong(key: str) -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await jump(pilot, app, "preview")
        steps = app.screen.query_one("#steps", StepList)
        for number in range(1, steps.option_count):
            await press(pilot, "down", "space")
            await until(pilot, lambda: not steps.size)
            for _ in range(12):
                await press(pilot, key)
            assert on(app, "preview")
            assert steps.highlighted == number
            await press(pilot, "escape")
            await until(pilot, lambda: steps.size)
