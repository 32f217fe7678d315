"""Lists to choose one of: the bright line, the mark, and what the wizard goes on with are one."""

from ipaddress import IPv6Network

import pytest
from textual.pilot import Pilot

from screens.app import WizardApp
from screens.widgets.choice_list import ChoiceList
from tests import made_up_hosts
from tests.screens.made_up_session import MadeUpSession, with_two_projects
from tests.screens.walking import found, go, jump, on, press, sees, until
from wizard.answers.choices import Inwards, Mode, Placement, Proxy

SIZE = (80, 24)
LISTS = (
    ("mode", "modes"),
    ("addresses", "sizes"),
    ("upstream", "proxies"),
    ("compose", "projects"),
    ("compose", "files"),
    ("inwards", "ways"),
)


def marked(choices: ChoiceList) -> list[int]:
    """Return the lines with the mark of what is chosen."""
    prompts = [str(option.prompt) for option in choices.options]
    return [index for index, prompt in enumerate(prompts) if prompt.startswith("(*)")]


def answer(app: WizardApp, name: str) -> object:
    """Return what the wizard would go on with."""
    chosen = app.state.choices
    return {
        "modes": chosen.mode,
        "sizes": chosen.prefix and chosen.prefix.prefixlen,
        "proxies": chosen.proxy,
        "projects": chosen.project,
        "files": (chosen.placement, chosen.file),
        "ways": chosen.inwards,
    }[name]


def answers() -> dict[str, tuple[object, ...]]:
    """Return what each line of each list stands for."""
    host = with_two_projects(made_up_hosts.debian13())
    assert isinstance(host.projects, tuple)
    (file,) = host.projects[0].files
    return {
        "modes": tuple(Mode),
        "sizes": (80, 96, 112, 120),
        "proxies": tuple(Proxy),
        "projects": ("mastodon", "wiki"),
        "files": ((Placement.IN_PLACE, file), (Placement.OVERRIDE, file)),
        "ways": tuple(Inwards),
    }


async def routed(pilot: Pilot[int], app: WizardApp, name: str) -> None:
    """Open a screen with public addresses chosen, whose router has been watched."""
    await found(pilot, app)
    app.state.choose_mode(Mode.ROUTED)
    await jump(pilot, app, name)
    if name == "upstream":
        await until(pilot, lambda: not app.state.router.busy)


@pytest.mark.parametrize(("screen", "name"), LISTS)
async def test_to_move_the_cursor_is_to_choose(screen: str, name: str) -> None:
    app = WizardApp(MadeUpSession(host=with_two_projects(made_up_hosts.debian13())))
    async with app.run_test(size=SIZE) as pilot:
        await routed(pilot, app, screen)
        choices = app.screen.query_one(f"#{name}", ChoiceList)
        meant = answers()[name]
        assert len(choices.options) == len(meant)
        choices.focus()
        await pilot.pause()
        seen = set()
        for key in ("", "down", "down", "up", "end", "home", "right", "left", "space"):
            if key:
                await press(pilot, key)
            assert choices.highlighted is not None
            assert marked(choices) == [choices.highlighted], key
            assert answer(app, name) == meant[choices.highlighted], key
            seen.add(choices.highlighted)
        assert seen == set(range(len(meant)))


@pytest.mark.parametrize(
    ("screen", "name"), [each for each in LISTS if each not in (("compose", "files"), LISTS[3])]
)
async def test_where_one_arrives_the_cursor_is_on_what_is_chosen(screen: str, name: str) -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await routed(pilot, app, screen)
        choices = app.screen.query_one(f"#{name}", ChoiceList)
        if name != "sizes":
            assert app.focused is choices
        choices.focus()
        await press(pilot, "end")
        chosen = answer(app, name)
        await press(pilot, "escape")
        assert not on(app, screen)
        await jump(pilot, app, screen)
        choices = app.screen.query_one(f"#{name}", ChoiceList)
        assert [choices.highlighted] == marked(choices)
        assert answer(app, name) == chosen


async def test_right_and_enter_go_on_with_the_mode_that_is_bright() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "mode")
        await press(pilot, "right", "enter")
        assert on(app, "compose")
        assert app.state.choices.mode is Mode.ROUTED
        assert app.state.choices.prefix == IPv6Network("2001:db8:1:2:1::/80")
        await press(pilot, "escape")
        await sees(pilot, "(*) Public: routed")
        await press(pilot, "left", "enter")
        assert answer(app, "modes") == Mode.ULA


async def test_keys_that_come_in_one_packet_are_worked_off_in_order() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "mode")
        app.state.ask_all(True)
        for key in ("right", "left", "right", "enter"):
            app.simulate_key(key)
        await until(pilot, lambda: on(app, "addresses"))
        assert app.state.choices.mode is Mode.ROUTED
        await go(pilot, app, "network")
        for key in ("end", "x", "y", "enter"):
            app.simulate_key(key)
        await until(pilot, lambda: on(app, "compose"))
        assert app.state.choices.network == "mastodon_ipv6xy"
        await press(pilot, "escape")
        for key in ("end", "!", "enter"):
            app.simulate_key(key)
        await until(pilot, lambda: app.state.choices.network.endswith("!"))
        await pilot.pause()
        assert on(app, "network"), "a name that cannot be used was gone on with"


async def test_a_way_that_is_not_open_is_never_chosen() -> None:
    app = WizardApp(MadeUpSession(host=made_up_hosts.debian14()))
    async with app.run_test(size=SIZE) as pilot:
        await routed(pilot, app, "upstream")
        for key in ("down", "down", "down", "down", "up", "end", "home"):
            await press(pilot, key)
            assert app.state.choices.proxy is not Proxy.NDPPD


async def test_a_list_of_one_is_passed_through_by_tab_without_a_change() -> None:
    app = WizardApp(MadeUpSession(host=with_two_projects(made_up_hosts.debian13())))
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "compose")
        before = app.state.choices
        for _ in range(8):
            await press(pilot, "tab")
        assert app.state.choices == before


async def test_what_was_answered_for_a_project_is_there_when_one_comes_back_to_it() -> None:
    app = WizardApp(MadeUpSession(host=with_two_projects(made_up_hosts.debian13())))
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "network")
        await press(pilot, "end", "x")
        await go(pilot, app, "compose")
        await press(pilot, "space")  # web, which was ticked
        before = app.state.choices
        assert before.services == ("streaming", "sidekiq")
        await press(pilot, "shift+tab", "down")
        assert app.state.choices.project == "wiki"
        assert app.state.choices.network == "wiki_ipv6"
        await press(pilot, "up")
        assert app.state.choices == before


async def test_a_prefix_that_was_typed_is_there_when_one_comes_back_to_its_length() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await routed(pilot, app, "addresses")
        await press(pilot, *("backspace",) * 30, *"2001:db8:1:2:7::/80", "tab", "down")
        assert app.state.choices.prefix == IPv6Network("2001:db8:1:2:0:1::/96")
        await press(pilot, "up")
        assert app.state.choices.prefix == IPv6Network("2001:db8:1:2:7::/80")
