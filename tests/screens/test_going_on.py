"""What makes the way useless is said before it, and to go on all the same is a choice."""

from dataclasses import replace

import pytest

from screens.app import WizardApp
from tests import made_up_hosts
from tests.screens.made_up_session import Act, MadeUpSession
from tests.screens.walking import found, go, go_apply, on, press, says, settle, shown, until
from wizard.host.host import Host, Outward, Unknown

SIZE = (80, 24)
NOBODY = Outward(False, "no answer in 2 s")


def without_a_way_out() -> Host:
    return replace(made_up_hosts.debian13(), outward=NOBODY)


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (without_a_way_out(), ("does not get out over IPv6",)),
        (replace(made_up_hosts.debian13(), root=False), ("You are not root",)),
        (
            replace(made_up_hosts.debian13(), root=False, outward=NOBODY),
            ("does not get out over IPv6", "You are not root"),
        ),
    ],
    ids=("no way out", "not root", "both"),
)
async def test_what_makes_the_way_useless_is_said_and_asked_on_the_host_screen(
    host: Host, words: tuple[str, ...]
) -> None:
    app = WizardApp(MadeUpSession(host=host))
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "host"))
        await until(pilot, lambda: says(app, "This host is not ready"))
        assert all(says(app, each) for each in words)
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "QuestionModal"))
        assert all(says(app, each) for each in words)
        assert not says(app, "answers file"), "who is asked needs no file"
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "host"))
        assert not app.state.choices.unproven
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "QuestionModal"))
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "mode"))
        assert app.state.choices.unproven is (host.outward == NOBODY)
        # Once is enough.
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "host"))
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "mode"))
        await go(pilot, app, "preview")
        assert app.state.draft.plan is not None


async def test_a_way_out_that_is_there_again_takes_the_choice_back() -> None:
    session = MadeUpSession(host=without_a_way_out())
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "host"))
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "QuestionModal"))
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "mode"))
        await press(pilot, "escape")
        session.host = made_up_hosts.debian13()
        await press(pilot, "r")
        await until(pilot, lambda: app.state.host is session.host)
        await until(pilot, lambda: says(app, "This host is ready"))
        assert not app.state.choices.unproven


async def test_what_forbids_a_plan_cannot_be_chosen_away() -> None:
    host = replace(without_a_way_out(), engine=Unknown("Docker does not answer."))
    app = WizardApp(MadeUpSession(host=host))
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "host"))
        await until(pilot, lambda: says(app, "Something is in the way"))
        await press(pilot, "enter")
        await settle(pilot)
        assert on(app, "host")
        assert says(app, "Not yet: the lines that begin with an exclamation mark say why.")


async def test_the_help_of_a_run_that_was_taken_back_explains_what_is_there() -> None:
    app = WizardApp(MadeUpSession(act=Act(fail_at=2)))
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "result"))
        await press(pilot, "f1")
        await until(pilot, lambda: on(app, "HelpModal"))
        await settle(pilot)
        assert "taken back" in shown(app)
        assert "table" not in shown(app)


async def test_the_last_line_has_the_keys_of_the_box_that_is_open() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "host")
        await press(pilot, "f1")
        await until(pilot, lambda: on(app, "HelpModal"))
        await settle(pilot)
        assert shown(app).rstrip().split("\n")[-1].split() == ["Esc", "Close", "↑", "↓", "Scroll"]
        await press(pilot, "escape", "ctrl+q")
        await until(pilot, lambda: on(app, "QuestionModal"))
        await settle(pilot)
        assert shown(app).rstrip().split("\n")[-1].split() == ["Y", "Yes", "N", "No"]
        await press(pilot, "f1")
        assert on(app, "QuestionModal")
