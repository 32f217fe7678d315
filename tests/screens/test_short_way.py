"""What is proposed is not asked, but for what nothing can be proposed for; the preview opens it."""

from ipaddress import IPv6Address, IPv6Interface, IPv6Network

import pytest
from textual.widgets import Input

from screens.app import WizardApp
from tests import made_up_hosts
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import found, on, press, says, sees, sentence, until
from wizard.answers.choices import Mode, Proxy
from wizard.host.host import Address, Origin, Uplink
from wizard.ndp.upstream import UpstreamCase

SIZE = (80, 24)


async def test_six_keys_lead_from_the_first_screen_to_the_last_question() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        for number, name in enumerate(("welcome", "host", "mode", "compose", "preview"), 1):
            await until(pilot, lambda name=name: on(app, name))  # type: ignore[misc]
            await sees(pilot, f"{number} of 8")
            if name == "compose":
                await until(pilot, lambda: app.state.draft.inputs)
            await press(pilot, "enter")
        await until(pilot, lambda: on(app, "QuestionModal"))
        assert says(app, "People will notice")
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "keep"))
        assert session.applied is app.state.draft.plan


async def test_what_was_proposed_is_opened_from_the_preview_and_planned_as_it_is_changed() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        app.state.draft.read()
        await until(pilot, lambda: app.state.draft.inputs)
        for name in ("host", "mode", "compose", "preview"):
            await press(pilot, "enter")
            await until(pilot, lambda name=name: on(app, name))  # type: ignore[misc]
        first = app.state.draft.plan
        assert app.screen.check_action("question", ("inwards",)) is False
        await press(pilot, "n")
        await until(pilot, lambda: on(app, "network"))
        await press(pilot, "end", "x", "enter")
        await until(pilot, lambda: on(app, "preview") and app.state.draft.plan is not first)
        plan = app.state.draft.plan
        assert plan is not None
        assert any("mastodon_ipv6x" in line for step in plan.steps for line in step.commands)
        await press(pilot, "a")
        await until(pilot, lambda: on(app, "addresses"))
        await press(pilot, "escape")
        assert on(app, "preview")
        assert app.state.draft.plan is plan


@pytest.mark.parametrize(
    ("case", "asked", "proxy"),
    [
        (UpstreamCase.SOLICITED, False, Proxy.SERVICE),
        (UpstreamCase.ROUTED, False, Proxy.NONE),
        (UpstreamCase.NOTHING, True, Proxy.SERVICE),
        (UpstreamCase.REFUSED, True, Proxy.SERVICE),
    ],
)
async def test_a_router_that_brings_packets_here_is_not_asked_about_and_any_other_is(
    case: UpstreamCase, asked: bool, proxy: Proxy
) -> None:
    session = MadeUpSession(upstream=case, hold_probe=True)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        app.state.choose_mode(Mode.ROUTED)
        app.push_screen("compose")
        await until(pilot, lambda: on(app, "compose") and app.state.draft.inputs)
        await press(pilot, "enter")
        assert on(app, "compose")
        assert "Watching" in sentence(app)
        session.let_go()
        await until(pilot, lambda: not on(app, "compose"))
        assert on(app, "upstream" if asked else "preview")
        assert app.state.choices.proxy is proxy
        if asked:
            await press(pilot, "enter")
        await until(pilot, lambda: on(app, "preview"))
        assert app.state.draft.plan is not None
        assert app.state.draft.plan.choices.proxy is proxy


async def test_what_cannot_be_proposed_is_asked() -> None:
    address = Address(IPv6Interface("2001:db8:1:2::10/128"), Origin.STATIC)
    uplink = Uplink("eth0", IPv6Address("fe80::1"), Origin.STATIC, (address,))
    app = WizardApp(MadeUpSession(host=made_up_hosts.debian13(uplink=uplink)))
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        app.state.choose_mode(Mode.ROUTED)
        app.push_screen("compose")
        await until(pilot, lambda: on(app, "compose") and app.state.draft.inputs)
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "addresses"))
        app.screen.query_one("#prefix", Input).value = "2001:db8:a:b::/64"
        await pilot.pause()
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "preview"))
        assert app.state.choices.prefix == IPv6Network("2001:db8:a:b::/64")


async def test_every_question_is_asked_where_somebody_wants_that() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        for name in ("host", "mode"):
            await press(pilot, "enter")
            await until(pilot, lambda name=name: on(app, name))  # type: ignore[misc]
        await press(pilot, "a")
        await sees(pilot, "3 of 10")
        await press(pilot, "enter")
        assert on(app, "addresses")
