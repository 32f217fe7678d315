"""No screen says more than is known: of the containers, of what is under way, of what is free."""

from dataclasses import replace
from functools import partial

import pytest

import screens.following
from screens.app import WizardApp
from screens.widgets.sentence import Sentence
from tests import made_up_hosts
from tests.screens.made_up_session import MadeUpSession, record_of
from tests.screens.walking import (
    ask,
    go_apply,
    jump,
    keep,
    on,
    press,
    says,
    sees,
    sentence,
    settle,
    shown,
    until,
)
from wizard.answers.choices import Choices
from wizard.host.host import Host, Unknown
from wizard.modes.plan_inputs import PlanInputs
from wizard.plan.planning import Plan
from wizard.record.record import State, StepState
from wizard.run.process import Progress
from wizard.verification.verification import CHECKING

SIZE = (80, 24)
STREAMING = "mastodon-streaming-1"


def verdict(app: WizardApp) -> Sentence:
    return app.screen.query_one("#verdict", Sentence)


async def test_done_is_said_only_once_packets_have_passed() -> None:
    session = MadeUpSession(hold_check=True)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await keep(pilot, app)
        assert "being looked at" in verdict(app).words
        assert not verdict(app).has_class("-ok")
        session.let_go()
        await until(pilot, lambda: app.state.run.judgement)
        await until(pilot, partial(says, app, "Done. Every step was applied. IPv6 works"))
        assert verdict(app).has_class("-ok")


@pytest.mark.parametrize(
    ("changes", "words", "code"),
    [
        ({"broken": (STREAMING,)}, f"IPv6 does not pass in {STREAMING}.", 7),
        ({"check_names": ()}, "no container of the chosen services runs", 7),
        ({"differing": ("A step is not there.",)}, "IPv6 passes, but not as it was set up.", 8),
    ],
)
async def test_where_ipv6_does_not_work_the_headline_and_the_exit_code_say_so(
    changes: dict[str, tuple[str, ...]], words: str, code: int
) -> None:
    app = WizardApp(MadeUpSession(**changes))  # type: ignore[arg-type]
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "keep"))
        await until(pilot, partial(says, app, words))
        await ask(pilot, app)
        assert words in " ".join(shown(app).replace("│", " ").split())
        await press(pilot, "escape")
        await keep(pilot, app)
        await until(pilot, partial(says, app, words))
        assert verdict(app).has_class("-problem")
        assert "Done" not in shown(app)
        assert "R looks again, and T takes everything back" in verdict(app).words
        for sentence in changes.get("differing", ()):
            assert sentence in shown(app)
        await press(pilot, "t")
        assert on(app, "undo")
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "result"))
        await press(pilot, "enter")
    assert app.return_value == code


async def test_what_the_next_boot_would_take_stands_on_the_result_and_changes_no_exit_code() -> (
    None
):
    foreseen = "After the next boot this host would lose it."
    app = WizardApp(MadeUpSession(foreseen=(foreseen,)))
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await keep(pilot, app)
        await until(pilot, partial(says, app, "Done. Every step was applied. IPv6 works"))
        assert foreseen in shown(app)
        await press(pilot, "enter")
    assert app.return_value == 0


@pytest.mark.parametrize(
    "state",
    [
        State.APPLIED,
        pytest.param(State.ROLLBACK_INCOMPLETE, marks=pytest.mark.thorough),
        State.UNDO_INCOMPLETE,
    ],
)
async def test_who_takes_back_from_the_result_is_told_that_it_is_taken_back(state: State) -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        assert app.state.draft.plan is not None
        record = record_of(app.state.draft.plan, State.APPLIED)
    session = MadeUpSession(earlier=replace(record, state=state), hold_undo=True)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") or app.state.host is not None)
        app.see_earlier()
        await until(pilot, lambda: on(app, "result"))
        await press(pilot, "t")
        await until(pilot, lambda: on(app, "undo"))
        await ask(pilot, app)
        # The record still has the state from before when the undo has just been started.
        session.earlier = replace(record, state=State.UNCONFIRMED)
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "apply"))
        await settle(pilot)
        first, *rest = shown(app).split("\n")
        assert first.rstrip().endswith("Taking it back"), first
        assert "begins to take back" in "\n".join(rest)
        assert "nconfirmed" not in shown(app)
        assert "Apply" not in shown(app)
        session.let_go()
        await until(pilot, lambda: on(app, "result"))
        await until(pilot, partial(says, app, "Everything was taken back"))


async def test_a_run_that_rolls_back_is_not_called_an_application() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        assert app.state.draft.plan is not None
        record = record_of(app.state.draft.plan, State.ROLLING_BACK)
    app = WizardApp(MadeUpSession(earlier=record))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "apply") and app.state.run.running)
        await settle(pilot)
        assert shown(app).split("\n")[0].rstrip().endswith("Taking it back")
        await sees(pilot, "everything is taken back")


async def test_what_takes_long_says_for_how_long_and_what_is_done_after_the_last_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(screens.following, "monotonic", lambda: now)
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        assert app.state.draft.plan is not None
        record = record_of(app.state.draft.plan, State.APPLYING)
        for step in record.steps:
            step.state = StepState.DONE
    session = MadeUpSession(earlier=record)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "apply") and app.state.run.running)
        await until(pilot, lambda: CHECKING in " ".join(shown(app).split()))
        now += 2.5
        await until(pilot, lambda: f"{CHECKING} 2 s" in " ".join(shown(app).split()))
        monkeypatch.setattr(session, "progress", lambda: Progress(record, None, doing="Waiting …"))
        await sees(pilot, "Waiting …")
        await settle(pilot)
        assert "Waiting … 2" not in shown(app)
        now += 1.0
        await sees(pilot, "Waiting … 1\N{NO-BREAK SPACE}s")


async def test_what_could_not_be_looked_at_is_not_called_free() -> None:
    unknown = Unknown("The interfaces could not be read.")
    host = replace(made_up_hosts.debian13(), interfaces=unknown, prefixes_in_use=unknown)
    app = WizardApp(MadeUpSession(host=host))
    async with app.run_test(size=SIZE) as pilot:
        for name in ("addresses", "network"):
            await jump(pilot, app, name)
            words = " ".join(shown(app).split())
            assert "is not known. The interfaces could not be read." in words
            assert words.count("is free on this host") == (name == "network")


async def test_what_comes_into_the_way_later_stops_the_way_wherever_one_is() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "compose")
        well = app.state.host
        session.host = replace(
            made_up_hosts.debian13(), engine=Unknown("Docker does not answer any more.")
        )
        app.state.look()
        await until(pilot, lambda: app.state.host is not None and app.state.host is not well)
        for key in ("enter", "ctrl+n", "enter"):
            await press(pilot, key)
        assert on(app, "compose")
        assert "Docker does not answer any more." in sentence(app)


NOTICES = tuple(
    f"Number {number}: requests to web come from 172.19.0.1, and came from 172.18.0.1 before. "
    f"Put 172.19.0.{number} into TRUSTED_PROXY_IP. [/]"
    for number in range(1, 31)
)


async def test_all_that_people_will_notice_can_be_read_before_the_yes() -> None:
    class Noticing(MadeUpSession):
        def plan(self, host: Host, choices: Choices, read: PlanInputs) -> Plan:
            return replace(super().plan(host, choices, read), notices=NOTICES)

    app = WizardApp(Noticing())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        await settle(pilot)
        await sees(pilot, "Number 1:")
        read = shown(app)
        for _ in range(40):
            await press(pilot, "pagedown")
            await settle(pilot)
            read += shown(app)
        for number in range(1, 31):
            assert (
                f"172.19.0.{number} into" in read
                or f"172.19.0.{number}\n" in read
                or (f"172.19.0.{number} " in read)
            ), number
        await ask(pilot, app)
        await settle(pilot)
        read = shown(app)
        assert "Number 1:" in read
        assert "[ Apply ]" in read
        assert "PgDn More of the text" in read
        for _ in range(20):
            await press(pilot, "pagedown")
            read += shown(app)
        assert all(f"Number {number}:" in read for number in range(1, 31))
        assert "TRUSTED_PROXY_IP" not in read, "the question has the first sentence of each"
        assert "Closing this terminal stops nothing." in " ".join(read.replace("│", " ").split())
        await press(pilot, "n")
        assert on(app, "preview")
