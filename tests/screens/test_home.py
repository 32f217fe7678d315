"""Where a run is in force: the first screen, its keys, and what is told to who leaves."""

from dataclasses import replace
from functools import partial

import pytest

from screens import leaving
from screens.app import WizardApp
from screens.widgets.key_line import KeyLine
from tests.screens.made_up_session import Act, MadeUpSession
from tests.screens.test_walk import SIZE, applied
from tests.screens.walking import ask, begin_again, keep, on, press, says, shown, until
from wizard.at_hand import RecordsAtHand
from wizard.platform.errors import ExitCode
from wizard.record.record import Record, State
from wizard.steps.comparing import Resolution


async def test_what_stands_is_told_at_once_and_whether_it_works_once_that_was_looked_at() -> None:
    session = await applied()
    session.hold_check = True
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home"))
        await until(pilot, partial(says, app, "Checking that IPv6 works"))
        for words in (
            "22 Nov 2026, 12:00:00 UTC", "mastodon", "web, streaming, sidekiq",
            "Private: ULA and NAT66", "fd12:3456:7800::/64", "mastodon_ipv6, bridge br-ipv6",
        ):  # fmt: skip
            assert says(app, words), words
        await press(pilot, "f1")
        await until(pilot, lambda: on(app, "HelpModal"))
        await press(pilot, "escape")
        session.broken = ("mastodon-web-1",)
        session.let_go()
        await until(pilot, partial(says, app, "IPv6 does not pass in mastodon-web-1."))
        session.broken = ()
        await press(pilot, "r")
        await until(pilot, partial(says, app, "IPv6 works as it was set up."))
        assert says(app, "fd12:3456:789a::2 → this host")
        lines = leaving.farewell(app.state)
        assert "In force for mastodon since 22 Nov 2026, 12:00:00 UTC." in lines[0]
        assert "IPv6 works as it was set up." in lines[0]
        assert any("fd12:3456:789a::2" in line for line in lines)
        assert {"wizard --check", "wizard --undo"} == {line.split(": ")[-1] for line in lines[-2:]}
        await press(pilot, "ctrl+q", "y")
    assert app.return_value == ExitCode.DONE


async def test_who_looks_at_an_undo_and_leaves_is_told_what_stands() -> None:
    app = WizardApp(await applied(), "undo")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "undo"))
        lines = leaving.farewell(app.state)
        assert lines[0] == "Nothing was changed now."
        assert "In force for mastodon since" in lines[1]
        assert "fd12:3456:7800::/64" in lines[2]
        assert lines[-1] == "Take it all back: wizard --undo"


async def test_what_is_missing_is_put_back_and_one_is_home_again() -> None:
    session = await applied()
    session.missing = session.meddled = True
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await press(pilot, "p")
        await until(pilot, partial(says, app, "Of 1 step something is not in effect"))
        await press(pilot, "o")
        await until(pilot, partial(says, app, "Of 2 steps something is not in effect"))
        assert app.screen.query_one(KeyLine).virtual_size.width <= SIZE[0]
        await ask(pilot, app)
        assert session.repaired is None
        await press(pilot, "y")
        await keep(pilot, app)
        assert session.repaired is Resolution.OURS
        assert session.answer == "", "the repair is kept, not the run"
        await until(pilot, partial(says, app, "Done."))
        assert app.screen.query_one(KeyLine).virtual_size.width <= SIZE[0]
        assert " of " not in shown(app).split("\n")[0]
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        assert not app.state.run.repairs
        assert len(app.screen_stack) == 1


async def test_a_set_up_is_asked_about_again_and_what_differs_is_changed() -> None:
    session = await applied()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await press(pilot, "e")
        await until(pilot, lambda: on(app, "mode") and app.state.host)
        for name in ("addresses", "network", "compose"):
            await press(pilot, "enter")
            await until(pilot, partial(on, app, name))
        await until(pilot, lambda: app.state.draft.inputs)
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "preview"))
        await press(pilot, "enter")
        await until(pilot, partial(says, app, "nothing to change"))
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "compose"))
        await press(pilot, "space", "enter")
        await until(pilot, partial(says, app, "Preview of a change"))
        await ask(pilot, app)
        assert session.changed is None
        await press(pilot, "y")
        await keep(pilot, app)
        assert session.applied is None
        assert session.changed is not None
        assert session.changed.choices.services == ("streaming", "sidekiq")
        assert session.saved is None, "those of a change are not the answers to the next set-up"
        await until(pilot, lambda: on(app, "result"))
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        assert len(app.screen_stack) == 1


async def test_who_comes_back_from_the_questions_of_a_change_has_changed_nothing() -> None:
    session = await applied()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await press(pilot, "e")
        await until(pilot, lambda: on(app, "mode") and app.state.host)
        await press(pilot, "right", "escape")
        await until(pilot, lambda: on(app, "home"))
        assert app.state.task.changed is None
        await press(pilot, "n")
        await until(pilot, lambda: on(app, "host") and app.state.host)
        assert not app.state.all_questions


async def test_a_change_needs_root() -> None:
    session = await applied()
    session.is_root = False
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await press(pilot, "e")
        await until(pilot, partial(says, app, "Only root can change a set-up."))


async def test_another_prefix_is_told_and_followed_by_the_repair() -> None:
    session = await applied()
    session.moved = "The prefix is another."
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await press(pilot, "p")
        await until(pilot, partial(says, app, session.moved))
        assert not says(app, "is not in effect")
        await ask(pilot, app)
        assert says(app, "Give the containers the new addresses now?")
        await press(pilot, "y")
        await until(pilot, lambda: session.repaired)


async def test_a_repair_that_is_taken_back_leaves_the_run_in_force() -> None:
    session = await applied()
    session.missing, session.act = True, Act(fail_at=1)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await press(pilot, "p")
        await until(pilot, lambda: app.state.mending.repair)
        await ask(pilot, app)
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "result"))
        lines = leaving.farewell(app.state)
        assert lines[0].startswith("The repair is rolled back.")
        assert lines[1].startswith("In force for mastodon since")
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "home"))


async def test_a_repair_that_waits_for_an_answer_comes_first() -> None:
    waiting = await applied()
    assert waiting.earlier is not None
    waiting.earlier = replace(
        waiting.earlier, state=State.UNCONFIRMED, window=120, deadline="2026-11-22T12:02:30Z"
    )

    class Repairing(MadeUpSession):
        @property
        def repairing(self) -> MadeUpSession:
            return waiting

    app = WizardApp(Repairing(earlier=replace(waiting.earlier, state=State.APPLIED)))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "keep"))
        await ask(pilot, app)
        await press(pilot, "y")
        await until(pilot, lambda: waiting.answer == "keep")


async def test_a_run_that_somebody_else_has_taken_back_is_not_called_in_force() -> None:
    session = await applied()
    assert session.earlier is not None
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        session.earlier = replace(session.earlier, state=State.UNDONE)
        await press(pilot, "r")
        await until(pilot, lambda: on(app, "result"))
        await until(pilot, partial(says, app, "Everything was taken back"))
        await begin_again(pilot, app)


async def test_of_several_set_ups_each_is_a_key_away_and_so_is_another_one() -> None:
    earlier = (await applied()).earlier
    assert earlier is not None
    first = earlier
    other = replace(first, id="other", choices=first.choices | {"project": "wiki"})

    class Several(RecordsAtHand):
        def all(self) -> tuple[Record, ...]:
            return (first, other)

        def at_hand(self) -> Record | None:
            return first if self.project == "mastodon" else other

    session = MadeUpSession(earlier=other)
    session.records = Several(session.store, lambda: True)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home"))
        await until(pilot, partial(says, app, "Project wiki"))
        assert app.screen.query_one(KeyLine).virtual_size.width <= SIZE[0]
        session.earlier = first
        await press(pilot, "right")
        await until(pilot, partial(says, app, "Project mastodon"))
        assert session.records.project == "mastodon"
        await until(pilot, lambda: app.state.run.judgement)
        await press(pilot, "d")
        await until(pilot, partial(says, app, "To take everything back wizard --undo mastodon"))
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "home"))
        session.earlier = other
        await press(pilot, "left")
        await until(pilot, partial(says, app, "Project wiki"))
        await press(pilot, "t")
        await until(pilot, partial(says, app, "In force for wiki since 22 Nov 2026"))
        await ask(pilot, app)
        assert says(app, "What was set up for wiki goes, the last step first.")
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: on(app, "home"))
        await press(pilot, "n")
        await until(pilot, lambda: on(app, "host"))
        assert session.records.project is None
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "welcome"))


@pytest.mark.parametrize("state", [State.UNDO_INCOMPLETE, State.ROLLBACK_INCOMPLETE])
async def test_what_is_left_of_a_run_is_no_home(state: State) -> None:
    session = await applied()
    assert session.earlier is not None
    session.earlier = replace(session.earlier, state=state)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "welcome"))
        await until(pilot, partial(says, app, "is still on this host"))
        await press(pilot, "tab", "tab", "enter")
        await until(pilot, lambda: on(app, "undo"))
