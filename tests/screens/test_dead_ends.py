"""Back leads to a screen wherever it stands, and what is said of a change is said of the change."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from screens import leaving
from screens.app import WizardApp
from screens.fitting import SMALLEST
from screens.modals import HelpModal, TextModal
from tests import made_up_hosts
from tests.screens.made_up_session import NOT_YAML, Act, MadeUpSession, with_two_projects
from tests.screens.test_walk import SIZE, applied
from tests.screens.walking import (
    ask,
    begin_again,
    found,
    go_apply,
    jump,
    keep,
    on,
    press,
    says,
    sentence,
    settle,
    shown,
    until,
)
from wizard.host.host import Earlier
from wizard.record.record import State

LEFT = [State.UNDO_INCOMPLETE, State.ROLLBACK_INCOMPLETE]


def last_line(app: WizardApp) -> str:
    return shown(app).splitlines()[-1]


async def test_from_the_questions_about_another_project_one_comes_home_again() -> None:
    app = WizardApp(await applied())
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await press(pilot, "n")
        await until(pilot, lambda: on(app, "host") and app.state.host)
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "welcome"))
        await until(pilot, lambda: "[ Back ]" in shown(app) and "Esc Back" in last_line(app))
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        assert says(app, "In force since")
        assert len(app.screen_stack) == 1


async def test_where_there_is_nothing_to_go_back_to_no_button_leads_there() -> None:
    session = await applied()
    assert session.earlier is not None
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        session.earlier = replace(session.earlier, state=State.UNDONE)
        await press(pilot, "r")
        await until(pilot, lambda: on(app, "result"))
        await begin_again(pilot, app)
        await settle(pilot)
        assert "[ Back ]" not in shown(app)
        app.screen.query_one("#back").focus()
        app.screen.action_back()  # type: ignore[attr-defined]
        await settle(pilot)
        assert on(app, "welcome")


async def test_back_shows_the_lines_again_where_a_step_is_opened() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        await press(pilot, "down", "space")
        await until(pilot, lambda: "Esc Close" in last_line(app))
        await press(pilot, "tab", "enter")
        await until(pilot, partial(says, app, "All of it"))
        assert on(app, "preview")
        await press(pilot, "enter")
        await until(pilot, lambda: not on(app, "preview"))


async def test_a_change_that_is_not_kept_is_not_called_everything() -> None:
    session = await applied()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await press(pilot, "e")
        await until(pilot, lambda: on(app, "mode") and app.state.host)
        words = leaving.question(app.state)[1]
        assert words == "Nothing of the change was done: the set-up is as it was."
        app.push_screen("compose")
        await until(pilot, lambda: on(app, "compose") and app.state.draft.inputs)
        await press(pilot, "space", "enter")
        await until(pilot, partial(says, app, "Preview of a change"))
        await press(pilot, "w")
        await until(pilot, partial(says, app, "within 5 minutes the set-up goes back to what it"))
        await press(pilot, "space")
        assert not says(app, "everything is taken back")
        await press(pilot, "escape")
        await ask(pilot, app)
        assert says(app, "within 5 minutes the set-up goes back to what it was.")
        assert not says(app, "everything")
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "keep"))
        for words in (leaving.question(app.state)[1], leaving.farewell(app.state)[0]):
            assert f"the {app.state.run.kind} is taken back" in words
            assert "everything" not in words


async def test_to_undo_all_is_not_the_advice_while_something_is_repaired() -> None:
    session = await applied()
    session.missing, session.act = True, Act(hold_at=1)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await press(pilot, "p")
        await until(pilot, partial(says, app, "Of 1 step"))
        await ask(pilot, app)
        await press(pilot, "y")
        await until(pilot, lambda: app.state.run.repairs and app.state.run.running)
        assert "wizard --undo" not in leaving.question(app.state)[1]
        app.state.run.session.let_go()  # type: ignore[attr-defined]
        await keep(pilot, app)


async def test_after_a_run_of_this_sitting_it_is_said_that_nothing_more_was_changed() -> None:
    app = WizardApp(MadeUpSession(act=Act(fail_at=3)))
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        assert leaving.farewell(app.state)[0] == "Nothing was changed on this host."
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "result"))
        await press(pilot, "g")
        await until(pilot, lambda: on(app, "host") and app.state.host)
        assert leaving.farewell(app.state)[0] == "Nothing more was changed on this host."
        assert leaving.question(app.state)[1].startswith("Nothing more was changed on this host.")


@pytest.mark.parametrize("state", LEFT)
async def test_what_is_left_of_a_run_is_not_called_in_force(state: State) -> None:
    session = await applied()
    assert session.earlier is not None
    session.earlier = replace(session.earlier, state=state)
    app = WizardApp(session, "undo")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "undo") and app.state.undo.preview)
        await until(
            pilot,
            partial(says, app, f"Run for mastodon of 22 Nov 2026, 12:00:00 UTC, {state.words}"),
        )
        assert not says(app, "In force")


@pytest.mark.parametrize("size", [(40, 10), (60, 20)])
async def test_on_a_terminal_that_is_too_small_one_can_still_choose_to_leave(
    size: tuple[int, int],
) -> None:
    assert [rows for rows, _ in TextModal.VERTICAL_BREAKPOINTS] == [0, SMALLEST[1]]
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=size) as pilot:
        await found(pilot, app)
        await press(pilot, "ctrl+q")
        await settle(pilot)
        for words in ("Leave the wizard?", "Nothing was changed on", "[ Leave ]", "[ Stay ]"):
            assert words in shown(app)


async def test_the_key_to_read_on_is_shown_where_there_is_more_to_read() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        app.push_screen(HelpModal("Long", ["line\n" * 40]))
        await settle(pilot)
        assert "Scroll" in last_line(app)
        await press(pilot, "escape")
        app.push_screen(HelpModal("Short", ["one line"]))
        await settle(pilot)
        assert "Scroll" not in last_line(app)


async def test_a_list_that_is_not_seen_has_no_keys() -> None:
    session = MadeUpSession(composes={"mastodon": NOT_YAML})
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "compose")
        await until(pilot, partial(says, app, "There is nothing to choose from yet"))
        await settle(pilot)
        assert "Tick" not in last_line(app)
        session.composes.clear()
        await press(pilot, "r")
        await until(pilot, lambda: app.state.draft.inputs)
        await settle(pilot)
        assert "Space Tick" in last_line(app)


async def test_a_project_that_is_set_up_already_is_refused_where_it_is_chosen() -> None:
    host = with_two_projects(made_up_hosts.debian13())
    standing = Earlier(Path("/r"), "applied", "2026-11-22T12:00:00Z", True, "mastodon")
    app = WizardApp(MadeUpSession(host=replace(host, earlier=(standing,))))
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "compose")
        assert app.state.choices.project == "wiki"
        assert says(app, "/srv/mastodon, set up already")
        await press(pilot, "shift+tab", "up")
        await until(pilot, lambda: app.state.choices.project == "mastodon")
        await press(pilot, "enter")
        await until(pilot, lambda: "“wizard --change mastodon” gives it other" in sentence(app))
        assert on(app, "compose")
        await press(pilot, "down")
        await until(pilot, lambda: app.state.choices.project == "wiki" and app.state.draft.inputs)
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "preview"))
