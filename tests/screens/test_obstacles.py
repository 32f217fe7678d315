"""F1 on the line of what stands in the way shows its page, whole, on a terminal of 80x24."""

from dataclasses import replace

from textual.widgets import Button

from screens.app import WizardApp
from screens.widgets.obstacle_line import ObstacleLine
from tests import made_up_hosts
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import found, on, press, says, shown, until
from tests.unit.test_describe import DROPS
from tests.unit.test_explain import DECLARED
from wizard import describe
from wizard.explain.pages import PAGES
from wizard.host.chain import ForwardChain
from wizard.host.host import Firewall, Host, Outward
from wizard.host.obstacle import Cause

SIZE = (80, 24)


def two_in_the_way() -> Host:
    return replace(
        made_up_hosts.no_docker(), outward=Outward(False, "2001:db8::1: no answer in 1.5 s")
    )


async def test_f1_explains_the_line_that_has_the_focus_and_tab_moves_to_the_next() -> None:
    host = two_in_the_way()
    app = WizardApp(MadeUpSession(host=host))
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.focused, ObstacleLine))
        for obstacle in describe.forbidding(host, app.state.choices):
            page = PAGES[obstacle.cause]
            await press(pilot, "f1")
            await until(pilot, lambda: on(app, "PageModal"))
            assert says(app, page.title)
            # All of it, without scrolling.
            for line in page.lines(obstacle):
                assert line in shown(app)
            await press(pilot, "f1")
            await until(pilot, lambda: on(app, "host"))
            await press(pilot, "tab")
        # Behind the last one is a doubt or a button, which has the help of the screen.
        while isinstance(app.focused, ObstacleLine):
            await press(pilot, "tab")
        await press(pilot, "f1")
        await until(pilot, lambda: on(app, "HelpModal"))


async def test_who_went_back_and_comes_again_has_the_focus_on_the_first_line() -> None:
    app = WizardApp(MadeUpSession(host=two_in_the_way()))
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        for _again in range(2):
            await press(pilot, "enter")
            await until(pilot, lambda: isinstance(app.focused, ObstacleLine))
            while not isinstance(app.focused, Button):
                await press(pilot, "tab")
            await press(pilot, "enter")
            await until(pilot, lambda: on(app, "welcome"))


async def test_every_key_goes_on_as_before_while_a_line_has_the_focus() -> None:
    session = MadeUpSession(host=two_in_the_way())
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.focused, ObstacleLine))
        await press(pilot, "enter")
        await until(pilot, lambda: says(app, "Not yet: the lines"))
        session.host = made_up_hosts.debian13()
        await press(pilot, "r")
        await until(pilot, lambda: says(app, "This host is ready"))
        assert app.focused is app.screen.query_one("#next")
        await press(pilot, "enter")
        await until(pilot, lambda: on(app, "mode"))


async def test_a_focus_that_somebody_moved_is_left_where_it_is() -> None:
    session = MadeUpSession(host=replace(made_up_hosts.debian13(), root=False))
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.focused, ObstacleLine))
        back = app.screen.query_one("#back")
        while app.focused is not back:
            await press(pilot, "tab")
        session.host = replace(made_up_hosts.no_docker(), root=False)
        await press(pilot, "r")
        await until(pilot, lambda: says(app, "Docker is not installed"))
        assert app.focused is back


async def test_a_rule_in_the_way_shows_its_commands_for_this_host() -> None:
    chain = ForwardChain("inet", "mine", "forward", DROPS, DECLARED)
    host = made_up_hosts.debian12(firewall=Firewall(forward_chains=(chain,)))
    app = WizardApp(MadeUpSession(host=host))
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.focused, ObstacleLine))
        await press(pilot, "f1")
        await until(pilot, lambda: on(app, "PageModal"))
        assert says(app, PAGES[Cause.FORWARD_CHAIN].title)
        assert says(app, "nft 'insert rule inet mine forward iifname \"br-ipv6\" accept'")
        assert says(app, "/etc/nftables.d/site.nft below line 12")
