"""What one run of a sitting leaves on the screens is not told of the next one."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from threading import Event

import pytest
from textual.pilot import Pilot

from screens import keep as question
from screens.app import WizardApp
from tests.lines import PATIENCE
from tests.screens.made_up_session import MadeUpSession
from tests.screens.test_walk import SIZE, applied
from tests.screens.walking import ask, keep, on, press, says, until
from wizard.run.logins import Logins
from wizard.run.process import Progress

TALL = (80, 60)
HERE = Logins(False, (), "wizard --keep")

Begin = Callable[[Pilot[int], WizardApp], Awaitable[None]]


def as_another(run: Iterator[Progress]) -> Iterator[Progress]:
    """Give the record of a run a name of its own; those that are made up have the same."""
    for each in run:
        yield replace(each, record=replace(each.record, id="another") if each.record else None)


async def home(pilot: Pilot[int], app: WizardApp) -> None:
    await until(pilot, lambda: on(app, "home") and app.state.run.judgement)


async def preview_change(pilot: Pilot[int], app: WizardApp) -> None:
    """From home to the preview of a change."""
    await press(pilot, "e")
    await until(pilot, lambda: on(app, "mode") and app.state.host)
    app.push_screen("compose")
    await until(pilot, lambda: on(app, "compose") and app.state.draft.inputs)
    await press(pilot, "space", "enter")
    await until(pilot, partial(says, app, "Preview of a change"))


async def change(pilot: Pilot[int], app: WizardApp) -> None:
    await preview_change(pilot, app)
    await ask(pilot, app)
    await press(pilot, "y")


async def repair(pilot: Pilot[int], app: WizardApp) -> None:
    await press(pilot, "p")
    await until(pilot, partial(says, app, "Of 1 step"))
    await ask(pilot, app)
    await press(pilot, "y")


@pytest.mark.parametrize("begin", [change, repair])
async def test_who_came_back_to_one_question_is_asked_the_next_as_who_began_that(
    begin: Begin,
) -> None:
    stands = await applied()
    waiting = MadeUpSession(earlier=stands.earlier)
    stands.missing = True
    waiting.frames = as_another(waiting._play_apply(stands.repair().plan))

    class Repairing(MadeUpSession):
        @property
        def repairing(self) -> MadeUpSession:
            return waiting

    session = Repairing(earlier=stands.earlier, missing=True, foreseen=("It loses this.",))
    app = WizardApp(session)
    async with app.run_test(size=TALL) as pilot:
        await until(pilot, partial(says, app, "If you logged in anew to come back here"))
        await until(pilot, partial(says, app, "then the repair is taken back."))
        await until(pilot, partial(says, app, "It loses this."))
        await keep(pilot, app)
        await press(pilot, "escape")
        await home(pilot, app)
        session.coverage = "Not over a restart."
        looked = Event()

        def next_boot() -> tuple[str, ...]:
            looked.wait(PATIENCE)
            return ("It comes back without it.",)

        session.next_boot = next_boot  # type: ignore[method-assign]
        session.way_in = replace(session.way_in, commands=("ssh elsewhere",))
        await begin(pilot, app)
        await until(pilot, lambda: on(app, "keep"))
        await until(pilot, partial(says, app, "Make sure that you still get in."))
        assert not says(app, "It loses this.")
        looked.set()
        await until(pilot, partial(says, app, "It comes back without it."))
        for words in (
            "ssh elsewhere", "Not over a restart.",
            f"then the {app.state.run.kind} is taken back.",
        ):  # fmt: skip
            assert says(app, words), words
        assert not says(app, "If you logged in anew")


@pytest.mark.parametrize("begin", [change, repair])
async def test_before_a_change_is_kept_here_it_is_said_that_undo_takes_more_than_that(
    begin: Begin,
) -> None:
    session = await applied()
    session.missing, session.way_in = True, HERE
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await home(pilot, app)
        await begin(pilot, app)
        await until(pilot, lambda: on(app, "keep"))
        await ask(pilot, app)
        kind = app.state.run.kind
        assert says(app, f"wizard --undo takes the whole set-up back, with the {kind},")


def test_of_a_set_up_undo_takes_back_what_is_kept() -> None:
    assert question.warning(HERE)[1] == "Afterwards wizard --undo takes it back whenever you want."


async def test_the_help_of_a_preview_says_what_becomes_of_a_change() -> None:
    app = WizardApp(await applied())
    async with app.run_test(size=SIZE) as pilot:
        await home(pilot, app)
        await preview_change(pilot, app)
        help_words = " ".join(app.screen.explanation)  # type: ignore[attr-defined]
        assert "If nobody does in time, the set-up goes back to what it was." in help_words
        assert "everything is taken back" not in help_words
