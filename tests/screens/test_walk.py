"""What a person does with the keyboard alone, and what comes of it."""

from dataclasses import replace
from functools import partial
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from screens.app import Start, WizardApp
from screens.screen_order import screen_order
from screens.widgets.choice_list import ChoiceList
from screens.widgets.details import Details
from screens.widgets.key_line import KeyLine
from tests import made_up_hosts
from tests.screens.made_up_session import (
    NOT_YAML,
    Act,
    MadeUpSession,
    record_of,
    with_two_projects,
)
from tests.screens.walking import (
    ask,
    found,
    go,
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
from wizard.answers.choices import Choices, Inwards, Mode, Placement, Proxy
from wizard.host.host import Address, Origin, Uplink
from wizard.ndp.upstream import UpstreamCase
from wizard.plan.planning import Plan
from wizard.platform.errors import ExitCode, HostChanged
from wizard.record.record import State
from wizard.steps.base import Step
from wizard.steps.comparing import Resolution

SIZE = (80, 24)
STEPS = screen_order(Choices(), None, all_questions=True)
QUESTIONS = STEPS[: STEPS.index("apply")]


async def test_pressing_enter_twice_opens_a_screen_once() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        for _ in range(2):
            app.simulate_key("enter")
        await until(pilot, lambda: on(app, "host") or on(app, "mode"))
        assert len(set(app.screen_stack)) == len(app.screen_stack)


async def test_pressing_a_button_twice_asks_once() -> None:
    session = await applied()
    app = WizardApp(session, "undo")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "undo"))
        for _ in range(2):
            app.screen.query_one("#next", Button).press()
        await until(pilot, lambda: on(app, "QuestionModal"))
        await press(pilot, "n")
        assert on(app, "undo")


async def applied() -> MadeUpSession:
    """Return a session on a host where the plan that is proposed is in force."""
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        assert app.state.draft.plan is not None
        return MadeUpSession(earlier=record_of(app.state.draft.plan, State.APPLIED))


async def test_there_and_back_keeps_every_answer() -> None:
    session = MadeUpSession(host=with_two_projects(made_up_hosts.debian13()))
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "addresses")
        await press(pilot, "ctrl+r")
        await go(pilot, app, "network")
        await press(pilot, "end", "x", "tab", "end", "y")
        await go(pilot, app, "compose")
        await press(pilot, "shift+tab", "down", "space")  # the project wiki
        await press(pilot, "tab", "down", "space")  # its cache as well
        await press(pilot, "tab", "up", "space")  # in place
        await go(pilot, app, "preview")
        answers = app.state.choices
        assert answers == replace(
            answers,
            prefix=IPv6Network("fd12:3456:7801::/64"),
            bridge="br-ipv6y",
            project="wiki",
            services=("app", "cache"),
            placement=Placement.IN_PLACE,
        )
        assert session.saved == answers
        for name in reversed(QUESTIONS[:-1]):
            await press(pilot, "escape")
            assert on(app, name)
        assert app.state.choices == answers
        for name in QUESTIONS[1:]:
            await press(pilot, "enter")
            assert on(app, name)
        assert app.state.choices == answers


async def test_the_network_name_that_was_typed_is_the_one_that_is_planned() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "network")
        await press(pilot, "end", "x", "tab", "end", "y")
        await go(pilot, app, "preview")
        commands = "\n".join(line for step in steps_of(app) for line in step.commands)
        assert "mastodon_ipv6x" in commands
        assert "bridge.name=br-ipv6y" in commands


async def test_answers_of_an_earlier_time_are_filled_in_where_they_fit() -> None:
    saved = Choices(
        prefix=IPv6Network("fd00:1:2:3::/64"),
        network="mine",
        bridge="docker0",  # taken since
        project="mastodon",
        file=Path("/srv/mastodon/docker-compose.yml"),
        services=("web",),
    )
    app = WizardApp(MadeUpSession(saved=saved))
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        assert app.state.choices == replace(saved, bridge="br-ipv6")
        await jump(pilot, app, "addresses")
        assert app.screen.query_one("#prefix", Input).value == "fd00:1:2:3::/64"
        await go(pilot, app, "compose")
        assert app.state.choices.services == ("web",)


async def test_a_prefix_is_judged_while_it_is_typed_and_a_bad_one_stops_at_its_screen() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "addresses")
        field = app.screen.query_one("#prefix", Input)
        for text, words in (
            ("fe80::/64", "link-local"),
            ("ff05::/64", "multicast"),
            ("2001:db8:1:2::/64", "not a unique local prefix"),
            ("fd00:1:2:3::/80", "too long"),
            ("[/]", "is not an IPv6 prefix"),
            ("", "Type a prefix"),
        ):
            field.value = text
            await pilot.pause()
            assert words in " ".join(shown(app).split())
            await press(pilot, "enter")
            assert on(app, "addresses")
            assert sentence(app).startswith("Not yet")
        await press(pilot, "escape")
        await jump(pilot, app, "addresses")
        assert field.value == ""
        await press(pilot, *"fd00:1:2:3::/64", "enter")
        assert on(app, "network")
        assert app.state.choices.prefix == IPv6Network("fd00:1:2:3::/64")


async def test_bad_names_stop_at_their_screen_and_the_focus_goes_to_the_field() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "network")
        network = app.screen.query_one("#network", Input)
        bridge = app.screen.query_one("#bridge", Input)
        for field, text, words in (
            (network, "mastodon_external_network", "already exists"),
            (network, "[/]", "cannot be the name of a Docker network"),
            (network, "", "Type a name for the Docker network"),
            (bridge, "br-sixteen-chars", "has 16 characters"),
            (bridge, "docker0", "already has an interface"),
        ):
            good = field.value
            field.value = text
            await pilot.pause()
            assert words in " ".join(shown(app).split())
            await press(pilot, "enter")
            assert on(app, "network")
            assert app.focused is field
            field.value = good
            await pilot.pause()
        await press(pilot, "enter")
        assert on(app, "compose")


async def test_a_compose_file_that_is_not_yaml_is_said_where_it_is_chosen_and_read_again() -> None:
    session = MadeUpSession(composes={"mastodon": NOT_YAML})
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "compose")
        assert "is not valid YAML" in sentence(app)
        await press(pilot, "enter")
        assert on(app, "compose")
        session.composes = {}
        await press(pilot, "r")
        assert app.state.choices.services == ("web", "streaming", "sidekiq")
        session.composes = {"mastodon": "services: {web: {image: example}}"}
        await press(pilot, "r")
        assert list(app.state.choices.services) == ["web"]
        await press(pilot, "enter")
        assert on(app, "preview")


async def test_no_service_ticked_is_refused_and_stays_unticked() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "compose")
        await press(pilot, "space", "down", "space", "down", "space", "enter")
        assert on(app, "compose")
        assert "No service is ticked" in sentence(app)
        await press(pilot, "escape", "enter")
        assert app.state.choices.services == ()


async def test_next_is_refused_until_the_host_is_known_and_where_something_is_in_the_way() -> None:
    session = MadeUpSession(host=made_up_hosts.no_docker(), hold_detection=True)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "engine" in app.state.parts)
        await press(pilot, "enter", "enter")
        assert on(app, "host")
        assert "still looking" in sentence(app)
        session.let_go()
        await found(pilot, app)
        await press(pilot, "enter")
        assert on(app, "host")
        assert sentence(app).startswith("Not yet")
        await sees(pilot, "Docker is not installed")
        session.host = made_up_hosts.debian13()
        await press(pilot, "r")
        await found(pilot, app)
        await press(pilot, "enter")
        assert on(app, "mode")


ROUTED = screen_order(Choices(mode=Mode.ROUTED), made_up_hosts.debian13(), all_questions=True)

# The way of the first has all screens of the other.
LONGEST = [Mode.ROUTED, pytest.param(Mode.ULA, marks=pytest.mark.thorough)]


async def choose_routed(pilot: Pilot[int], app: WizardApp) -> None:
    """Go to the mode, choose public addresses, and have every question asked."""
    await go(pilot, app, "mode")
    await press(pilot, "right", "space")
    app.state.ask_all(True)
    assert app.state.choices.mode is Mode.ROUTED


async def watched(pilot: Pilot[int], app: WizardApp) -> None:
    """Go to the screen about the router, and wait until it has been watched."""
    await go(pilot, app, "upstream")
    await until(pilot, lambda: not app.state.router.busy)


async def test_there_and_back_in_the_routed_mode_keeps_every_answer() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await sees(pilot, "3 of 12")
        await press(pilot, "enter", "tab", "down", "space")  # /96
        await watched(pilot, app)
        await press(pilot, "down", "down", "space")  # fixed entries
        await go(pilot, app, "inwards")
        await press(pilot, "down", "space")  # exposed
        await go(pilot, app, "preview")
        answers = app.state.choices
        assert answers == replace(
            answers,
            mode=Mode.ROUTED,
            prefix=IPv6Network("2001:db8:1:2:0:1::/96"),
            proxy=Proxy.FIXED,
            inwards=Inwards.EXPOSED,
        )
        questions = ROUTED[: ROUTED.index("apply")]
        for name in reversed(questions[:-1]):
            await press(pilot, "escape")
            assert on(app, name)
        for name in questions[1:]:
            await press(pilot, "enter")
            assert on(app, name)
        assert app.state.choices == answers == session.saved
        assert app.state.draft.plan is not None
        assert app.state.draft.plan.choices == answers
        assert session.probed == [answers.prefix]
        await go_apply(pilot, app)
        await keep(pilot, app)
        await sees(pilot, "12 of 12")
        assert session.applied is app.state.draft.plan


async def test_the_steps_are_those_of_the_mode_and_each_mode_keeps_its_prefix() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "addresses")
        await press(pilot, "ctrl+r")
        private = app.state.choices.prefix
        await press(pilot, "escape")
        await until(pilot, lambda: on(app, "mode"))
        await press(pilot, "right", "space", "enter")
        await until(pilot, lambda: on(app, "addresses"))
        await press(pilot, "tab", "down", "space")
        public = app.state.choices.prefix
        assert public != private
        await go(pilot, app, "network")
        await sees(pilot, "6 of 12")
        for _ in range(3):
            await press(pilot, "escape")
        await until(pilot, lambda: on(app, "mode"))
        await press(pilot, "left", "space")
        assert app.state.choices.prefix == private
        await go(pilot, app, "network")
        await sees(pilot, "5 of 10")
        for _ in range(2):
            await press(pilot, "escape")
        await until(pilot, lambda: on(app, "mode"))
        await press(pilot, "right", "space")
        assert app.state.choices.prefix == public


@pytest.mark.parametrize("length", [128, 124])
async def test_a_host_without_a_prefix_to_give_away_says_so_and_takes_one_that_is_typed(
    length: int,
) -> None:
    address = Address(IPv6Interface(f"2001:db8:1:2::10/{length}"), Origin.STATIC)
    uplink = Uplink("eth0", IPv6Address("fe80::1"), Origin.STATIC, (address,))
    app = WizardApp(MadeUpSession(host=made_up_hosts.debian13(uplink=uplink)))
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await press(pilot, "enter")
        field = app.screen.query_one("#prefix", Input)
        assert field.value == ""
        assert f"/{length}" in " ".join(shown(app).split())
        await press(pilot, "enter")
        assert on(app, "addresses")
        field.value = "2001:db8:a:b::/64"
        await pilot.pause()
        await press(pilot, "enter")
        assert not on(app, "addresses")
        assert app.state.choices.prefix == IPv6Network("2001:db8:a:b::/64")


async def test_a_public_prefix_is_judged_while_it_is_typed() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await press(pilot, "enter")
        field = app.screen.query_one("#prefix", Input)
        assert field.value == "2001:db8:1:2:1::/80"
        for text, words in (
            ("2001:db8:1:2::/64", "is all of the uplink's prefix"),
            ("2001:db8:1:2::/80", "already in use"),
            ("2001:db8:1:2:1::/124", "too long"),
            ("fd00:1:2:3::/64", "is private"),
            ("[/]", "is not an IPv6 prefix"),
        ):
            field.value = text
            await pilot.pause()
            assert words in " ".join(shown(app).split())
            await press(pilot, "enter")
            assert on(app, "addresses")
            assert sentence(app).startswith("Not yet")
        field.value = "2001:db8:9::/64"
        await pilot.pause()
        assert "only if the provider routes it here" in " ".join(shown(app).split())
        await press(pilot, "tab", "down", "down", "down")
        assert field.value == "2001:db8:1:2::1:0/112"


@pytest.mark.parametrize(
    ("case", "proxy", "words"),
    [
        (UpstreamCase.SOLICITED, Proxy.SERVICE, "Your provider asks"),
        (UpstreamCase.ROUTED, Proxy.NONE, "Your provider sends"),
        (UpstreamCase.NOTHING, Proxy.SERVICE, "was not heard"),
        (UpstreamCase.REFUSED, Proxy.SERVICE, "Your provider refuses"),
    ],
)
async def test_what_the_router_was_seen_to_do_is_shown_and_a_proxy_proposed(
    case: UpstreamCase, proxy: Proxy, words: str
) -> None:
    app = WizardApp(MadeUpSession(upstream=case))
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await watched(pilot, app)
        await settle(pilot)
        await sees(pilot, words)
        assert "ICMP6" not in shown(app)
        await press(pilot, "d")
        await until(pilot, partial(says, app, "ICMP6, echo request"))
        assert app.state.choices.proxy is proxy
        await go(pilot, app, "preview")


async def test_who_answers_can_be_overruled_and_trying_again_leaves_it_so() -> None:
    session = MadeUpSession(upstream=UpstreamCase.ROUTED)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await watched(pilot, app)
        await press(pilot, "home", "space")
        assert app.state.choices.proxy is Proxy.SERVICE
        await press(pilot, "r")
        await until(pilot, lambda: not app.state.router.busy)
        assert len(session.probed) == 2
        assert app.state.choices.proxy is Proxy.SERVICE


async def test_a_router_that_cannot_be_watched_is_said_and_stops_nobody() -> None:
    session = MadeUpSession(upstream_fails="Only root can watch: [/].")
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await watched(pilot, app)
        await sees(pilot, "Only root can watch: [/].")
        session.upstream_fails = ""
        await press(pilot, "r")
        await until(pilot, lambda: app.state.router.finding)
        await sees(pilot, "Your provider asks")
        await press(pilot, "enter")
        assert on(app, "network")


async def test_while_the_router_is_watched_one_waits_or_chooses() -> None:
    session = MadeUpSession(hold_probe=True, upstream=UpstreamCase.ROUTED)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await go(pilot, app, "upstream")
        await press(pilot, "enter", "r")
        assert on(app, "upstream")
        assert "still watching" in sentence(app)
        assert len(session.probed) == 1
        await press(pilot, "space", "enter")
        assert on(app, "network")
        session.let_go()
        await until(pilot, lambda: app.state.router.finding)
        assert app.state.choices.proxy is Proxy.SERVICE


async def test_another_prefix_is_watched_anew_and_one_that_is_not_on_the_link_needs_no_proxy() -> (
    None
):
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await watched(pilot, app)
        await press(pilot, "escape")
        app.screen.query_one("#prefix", Input).value = "2001:db8:9::/64"
        await pilot.pause()
        await watched(pilot, app)
        assert [str(prefix) for prefix in session.probed] == [
            "2001:db8:1:2:1::/80",
            "2001:db8:9::/64",
        ]
        assert app.state.choices.proxy is Proxy.NONE


async def test_an_engine_that_filters_itself_is_not_asked_what_may_come_in() -> None:
    app = WizardApp(MadeUpSession(host=made_up_hosts.debian14()))
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        assert "filters what comes in itself" in " ".join(shown(app).split())
        await watched(pilot, app)
        assert "This Debian has no ndppd" in " ".join(shown(app).split())
        await go(pilot, app, "compose")
        await press(pilot, "enter")
        assert on(app, "preview")


async def test_the_preview_says_first_who_will_be_reachable_where() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await watched(pilot, app)
        await go(pilot, app, "inwards")
        await press(pilot, "down", "space")
        await go(pilot, app, "preview")
        await press(pilot, "space")
        await settle(pilot)
        pane = app.screen.query_one("#details", Details).region
        rows = shown(app).split("\n")[pane.y : pane.bottom]
        words = " ".join(" ".join(row[pane.x : pane.right - 2] for row in rows).split())
        for name in ("web", "streaming", "sidekiq"):
            assert f"Reachable from the internet: mastodon-{name}-1 at an address out of" in words
        assert "3000/tcp" in words


async def test_a_service_gets_a_fixed_address_by_a_key_and_the_preview_says_which() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await choose_routed(pilot, app)
        await watched(pilot, app)
        await go(pilot, app, "compose")
        await settle(pilot)
        chosen = app.screen.query_one("#services", ChoiceList).highlighted_key
        await press(pilot, "f")
        assert list(app.state.choices.fixed) == [chosen]
        await until(pilot, partial(says, app, "Its address is fixed."))
        await press(pilot, "space")
        assert list(app.state.choices.fixed) == []
        await press(pilot, "space", "f")
        await go(pilot, app, "preview")
        await settle(pilot)
        assert app.state.draft.plan is not None
        at = f"mastodon-{chosen}-1 at 2001:db8:1:2:1::2,"
        assert any(at in remark for remark in app.state.draft.plan.remarks)


async def test_what_has_changed_since_the_run_is_said_above_the_containers() -> None:
    app = WizardApp(MadeUpSession(differing=("The prefix has changed [/].",)))
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await keep(pilot, app)
        await until(pilot, lambda: app.state.run.judgement)
        await until(pilot, partial(says, app, "The prefix has changed [/]."))
        await until(pilot, partial(says, app, "mastodon-web-1"))
        words = shown(app)
        assert words.index("The prefix has changed [/].") < words.index("mastodon-web-1")


async def test_answers_that_are_filled_in_are_said_to_be() -> None:
    mine = Choices(network="mine")
    from_file = MadeUpSession(saved=mine)
    from_file.answers.taken_from = Path("/root/[answers].toml")
    # As a rehearsal has it: an address to try, which no screen asks for.
    target = MadeUpSession(saved=Choices(target=IPv6Address("2001:db8:ffff::53")))
    for session, words in (
        (MadeUpSession(saved=mine), "Answers from an earlier time are filled in"),
        (from_file, "The answers in /root/[answers].toml are filled in"),
        (target, ""),
        (MadeUpSession(), ""),
    ):
        app = WizardApp(session)
        async with app.run_test(size=SIZE) as pilot:
            await found(pilot, app)
            for name in ("welcome", "host"):
                await go(pilot, app, name)
                await settle(pilot)
                await sees(pilot, words)
                assert words or "are filled in" not in shown(app)


async def test_where_there_is_nothing_to_resume_it_says_so() -> None:
    for session, nothing in ((MadeUpSession(), True), (MadeUpSession(saved=Choices()), False)):
        app = WizardApp(session, "resume")
        async with app.run_test(size=SIZE) as pilot:
            await found(pilot, app)
            await settle(pilot)
            assert on(app, "welcome")
            assert ("There is nothing to resume" in shown(app)) is nothing


@pytest.mark.parametrize("mode", LONGEST)
async def test_a_connection_lost_at_a_question_goes_on_at_that_question(mode: Mode) -> None:
    session = MadeUpSession()
    for place in ("host", "addresses", "network", "compose", "preview"):
        app = WizardApp(session)
        async with app.run_test(size=SIZE) as pilot:
            await found(pilot, app)
            app.state.choose_mode(mode)
            await go(pilot, app, place)
            left = shown(app)
        app = WizardApp(session, "resume")
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, partial(says, app, "You stopped here last time."))
            assert on(app, place)
            assert app.state.choices.mode is mode
            assert left.splitlines()[0] == shown(app).splitlines()[0]
            await press(pilot, "escape")
            assert not on(app, place)


async def test_one_comes_back_no_further_than_the_answers_fit() -> None:
    session = MadeUpSession(
        saved=Choices(prefix=IPv6Network("fd00:1:2::/64")),
        place="preview",
        composes={"mastodon": NOT_YAML},
    )
    app = WizardApp(session, "resume")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "compose"))
        await settle(pilot)
        assert on(app, "compose")
        assert "You stopped here" not in shown(app)


async def test_after_a_run_resume_shows_its_result() -> None:
    session = await applied()
    session.saved, session.place = Choices(), "apply"
    app = WizardApp(session, "resume")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "result") and app.state.run.judgement)
        await until(pilot, partial(says, app, "mastodon-web-1"))
        await press(pilot, "t")
        assert on(app, "undo")


async def test_nothing_is_kept_before_the_warning_is_answered_with_yes() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "keep"))
        for line in ("1:47 left", *session.way_in.commands, session.way_in.keep):
            await sees(pilot, line)
        for key in ("escape", "n", "enter"):
            await ask(pilot, app)
            await sees(pilot, "This connection may keep working")
            await press(pilot, key)
            assert on(app, "keep")
        assert not session.answer
        session.keep_fails = "The disk [/] is full."
        await ask(pilot, app)
        await press(pilot, "y")
        await until(pilot, lambda: sentence(app) == session.keep_fails)
        session.keep_fails = ""
        await keep(pilot, app)
        await until(pilot, partial(says, app, "Done."))


async def test_what_is_kept_elsewhere_is_seen_here_even_behind_the_question() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "keep"))
        await ask(pilot, app)
        session.answer = "keep"
        await until(pilot, lambda: on(app, "result"))
        await until(pilot, partial(says, app, "Done."))


async def test_time_that_is_over_is_seen_here_and_what_is_taken_back() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "keep"))
        session.left = 0.0
        await until(pilot, lambda: "The time is over" in shown(app))
        session.answer = "expire"
        await until(pilot, lambda: on(app, "result"))
        await until(pilot, partial(says, app, "Nobody said keep within 120 seconds"))
        await press(pilot, "enter")
    assert app.return_value == ExitCode.ROLLED_BACK


async def test_more_time_and_taking_back_are_a_key_each() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "keep"))
        await press(pilot, "m")
        await until(pilot, lambda: "2:00 left" in shown(app))
        await press(pilot, "t", "escape")
        assert not session.answer
        await press(pilot, "t", "y")
        await until(pilot, lambda: on(app, "result"))
        await until(pilot, partial(says, app, "Everything was taken back"))


async def test_leaving_the_question_says_what_becomes_of_it() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "keep"))
        await press(pilot, "ctrl+q")
        assert "everything is taken back when the time is over" in " ".join(shown(app).split())


@pytest.mark.parametrize("start", ["welcome", "resume"])
async def test_an_open_question_is_what_one_comes_back_to(start: Start) -> None:
    record = (await applied()).earlier
    assert record is not None
    record = replace(record, state=State.UNCONFIRMED, window=120)
    session = MadeUpSession(earlier=replace(record, deadline="2026-11-22T12:02:30Z"))
    app = WizardApp(session, start)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "keep"))
        await until(pilot, partial(says, app, "1:47 left"))
        assert says(app, "If you logged in anew to come back here, you do get in")
        await ask(pilot, app)
        assert says(app, "Did you log in anew to come back here?")
        await press(pilot, "escape")
        session.earlier = replace(record, state=State.APPLIED)
        await until(pilot, lambda: on(app, "result"))


async def test_how_long_one_is_asked_can_be_chosen_at_the_preview() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        seen = []
        for _ in range(5):
            await press(pilot, "w")
            seen.append(app.state.choices.window)
        assert seen == [300, 600, 900, 60, 120]
        await press(pilot, "w")
        await ask(pilot, app)
        assert "within 5 minutes" in " ".join(shown(app).split())
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "keep"))
        assert session.window == 300


async def test_answers_of_the_routed_mode_are_filled_in_where_they_fit() -> None:
    saved = Choices(
        mode=Mode.ROUTED,
        prefix=IPv6Network("2001:db8:1:2:7::/80"),
        network="mine",
        project="mastodon",
        file=Path("/srv/mastodon/docker-compose.yml"),
        services=("web",),
        proxy=Proxy.FIXED,
        inwards=Inwards.ALL,
    )
    app = WizardApp(MadeUpSession(saved=saved))
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        assert app.state.choices == saved
        await watched(pilot, app)
        assert app.state.choices.proxy is Proxy.FIXED


async def test_nothing_is_applied_before_the_question_is_answered_with_yes() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        for key in ("escape", "n", "enter"):
            await ask(pilot, app)
            await press(pilot, key)
            assert on(app, "preview")
        assert session.applied is None
        await ask(pilot, app)
        await press(pilot, "y")
        await keep(pilot, app)
        assert session.applied is app.state.draft.plan


async def test_a_host_that_changed_is_said_at_the_preview_and_the_plan_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = MadeUpSession()
    app = WizardApp(session)

    def changed(_plan: Plan) -> None:
        raise HostChanged("The file [/] has changed. Nothing was changed.")

    monkeypatch.setattr(session, "check_plan", changed)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        first = app.state.draft.plan
        await press(pilot, "enter")
        await until(pilot, lambda: sentence(app).startswith("The file"))
        await sees(pilot, "The file [/] has changed.")
        assert app.state.draft.plan is not first
        assert session.applied is None


async def test_an_ordinary_user_is_told_how_to_go_on_as_root_and_the_answers_are_kept() -> None:
    session = MadeUpSession(host=replace(made_up_hosts.debian13(), root=False), is_root=False)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        await press(pilot, "enter")
        assert f"sudo wizard --answers {session.store.answers}" in sentence(app)
        assert session.saved == app.state.choices


async def test_the_preview_shows_every_command_and_every_line_that_changes() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        await press(pilot, "space")
        for step in steps_of(app):
            await press(pilot, "down")
            text = await everything(pilot, app)
            flat = "".join(text.replace("\\\n", "").replace("»", "").split())
            for line in (*step.commands, *(line for diff in step.diffs for line in diff.lines)):
                wanted = "".join(line.removeprefix("#").replace("#", "").split())
                assert wanted in flat.replace("#", ""), line
            assert "".join(step.reason.split()) in flat


def steps_of(app: WizardApp) -> tuple[Step, ...]:
    """Return the steps of the plan that is shown."""
    assert app.state.draft.plan is not None
    return app.state.draft.plan.steps


async def everything(pilot: Pilot[int], app: WizardApp) -> str:
    """Return all that is shown of what is opened, page by page as it is read."""
    details = app.screen.query_one("#details", Details)
    region = details.scrollable_content_region
    lines: dict[int, str] = {}
    while True:
        await settle(pilot)
        top = details.scroll_offset.y
        for row, line in enumerate(shown(app).split("\n")[region.y : region.bottom]):
            lines[top + row] = line[region.x : region.right].rstrip()
        if top >= details.max_scroll_y:
            return "\n".join(lines[row] for row in sorted(lines))
        await press(pilot, "pagedown")
        await until(pilot, partial(moved_from, details, top))


def moved_from(details: Details, top: int) -> bool:
    """Return whether the text was scrolled away from a place."""
    return bool(details.scroll_offset.y != top)


async def test_saving_the_script_says_where_it_is() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        await press(pilot, "s")
        await sees(pilot, "/root/docker-ipv6-plan.sh")
        assert session.script is app.state.draft.plan


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (Act(), ExitCode.DONE),
        (Act(fail_at=2), ExitCode.ROLLED_BACK),
        (Act(fail_at=2, left="Something was left."), ExitCode.ROLLBACK_INCOMPLETE),
        (Act(refuse=(ExitCode.LOCKED, "Another run is at work.")), ExitCode.LOCKED),
        (Act(refuse=(ExitCode.HOST_CHANGED, "The host changed.")), ExitCode.HOST_CHANGED),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
async def test_the_exit_code_is_that_of_the_run(act: Act, code: ExitCode) -> None:
    app = WizardApp(MadeUpSession(act=act))
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        if code is ExitCode.DONE:
            await keep(pilot, app)
        await until(pilot, lambda: on(app, "result"))
        if act.left:
            await sees(pilot, act.left)
        if act.refuse:
            await sees(pilot, act.refuse[1])
        await press(pilot, "enter")
    assert app.return_value == code


async def test_leaving_by_ctrl_q_has_the_exit_code_of_the_run_too() -> None:
    app = WizardApp(MadeUpSession(act=Act(fail_at=1)))
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "result"))
        await press(pilot, "ctrl+q", "y")
    assert app.return_value == ExitCode.ROLLED_BACK


async def test_cancel_asks_and_then_takes_back() -> None:
    session = MadeUpSession(act=Act(hold_at=2))
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await until(pilot, lambda: app.state.run.can_cancel)
        await press(pilot, "c", "escape")
        assert not session.cancelled
        await press(pilot, "enter")
        assert on(app, "apply")
        await press(pilot, "c", "y")
        await until(pilot, lambda: on(app, "result"))
        assert session.cancelled
        assert "Everything was taken back" in " ".join(shown(app).split())


async def test_after_a_run_that_came_to_nothing_one_can_start_again_with_the_same_answers() -> None:
    session = MadeUpSession(act=Act(fail_at=1))
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "addresses")
        await press(pilot, "ctrl+r")
        await go(pilot, app, "preview")
        await go_apply(pilot, app)
        await until(pilot, lambda: on(app, "result"))
        answers = app.state.choices
        session.act = Act()
        session.earlier = app.session.records.at_hand()
        await press(pilot, "g")
        await until(pilot, lambda: on(app, "host") and app.state.host)
        assert app.state.choices == answers
        await go(pilot, app, "preview")
        await go_apply(pilot, app)
        await keep(pilot, app)
        await until(pilot, partial(says, app, "Done."))


async def test_the_result_says_why_the_containers_could_not_be_checked() -> None:
    app = WizardApp(MadeUpSession(check_fails="Docker does not answer: [/]."))
    async with app.run_test(size=SIZE) as pilot:
        await go_apply(pilot, app)
        await keep(pilot, app)
        await until(pilot, partial(says, app, "Docker does not answer: [/]."))
        assert "Done." not in shown(app)


async def test_a_run_in_force_is_told_at_the_start_and_can_be_seen_and_taken_back() -> None:
    session = await applied()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "home") and app.state.run.judgement)
        await until(pilot, partial(says, app, "In force since"))
        await press(pilot, "d")
        await until(pilot, lambda: on(app, "result"))
        await until(pilot, partial(says, app, "mastodon-web-1"))
        await press(pilot, "escape")
        assert on(app, "home")
    app = WizardApp(session, "undo")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert on(app, "undo")
        await ask(pilot, app)
        assert not session.undone
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "result"))
        await until(pilot, partial(says, app, "Everything was taken back"))
        await press(pilot, "enter")
    assert app.return_value == ExitCode.DONE


async def test_what_somebody_changed_has_three_keys_and_nothing_else_has() -> None:
    session = await applied()
    session.meddled = True
    app = WizardApp(session, "undo")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: on(app, "undo"))
        assert session.earlier is not None
        number = next(each.number for each in session.earlier.steps if each.kind == "compose-file")
        path = str(session.earlier.steps[number - 1].parameters["path"])
        for key in "kop":
            await press(pilot, key)
        assert app.state.undo.preview is not None
        assert app.state.undo.preview.chosen == {number: {path: Resolution.KEEP}}
        assert "K O P" not in shown(app)
        await press(pilot, "down", "down", "down")
        await until(pilot, partial(says, app, "K O P Choose"))
        await sees(pilot, "F1 Help")
        assert "F1 Help" in shown(app).split("\n")[-1]
        for key, choice, words in (
            ("o", Resolution.OURS, "ours is put back"),
            ("P", Resolution.ORIGINAL, "the original is put back"),
            ("k", Resolution.KEEP, "theirs is kept"),
            ("O", Resolution.OURS, "ours is put back"),
        ):
            await press(pilot, key)
            assert app.state.undo.preview.chosen == {number: {path: choice}}
            left = " ".join(line.partition("│")[0] for line in shown(app).split("\n"))
            assert f"docker-compose.yml: {words}" in " ".join(left.split())
        await press(pilot, "up", "space")
        await sees(pilot, "This step stays in force.")
        await ask(pilot, app)
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "result"))
        assert session.chosen == {number: {path: Resolution.OURS}}


async def test_a_run_at_work_is_followed_when_one_comes_back_and_cannot_be_cancelled_here() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        assert app.state.draft.plan is not None
        record = record_of(app.state.draft.plan, State.APPLYING)
    session = MadeUpSession(earlier=record)
    app = WizardApp(session, "resume")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.state.run.running)
        assert on(app, "apply")
        assert not app.state.run.can_cancel
        session.earlier = replace(record, state=State.APPLIED)
        await until(pilot, lambda: on(app, "result"))


@pytest.mark.parametrize("mode", LONGEST)
async def test_on_every_screen_f1_explains_ctrl_q_asks_and_the_keys_fit_the_last_line(
    mode: Mode,
) -> None:
    session = MadeUpSession(act=Act(hold_at=3))
    app = WizardApp(session)
    seen = []
    names = ROUTED if mode is Mode.ROUTED else STEPS
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        app.state.choose_mode(mode)
        for name in names:
            if name == "apply":
                await go_apply(pilot, app)
                await until(pilot, lambda: app.state.run.can_cancel)
            elif name == "keep":
                session.let_go()
                await until(pilot, lambda: on(app, "keep"))
            elif name == "result":
                await keep(pilot, app)
                await until(pilot, lambda: app.state.run.judgement)
            else:
                await go(pilot, app, name)
            assert on(app, name)
            footer = app.screen.query_one(KeyLine)
            assert footer.virtual_size.width <= SIZE[0], name
            await sees(pilot, "F1 Help")
            keys = shown(app).split("\n")[-1]
            assert "F1 Help" in keys, name
            assert "Ctrl+Q Quit" in keys, name
            await press(pilot, "f1")
            assert on(app, "HelpModal"), name
            assert len(" ".join(shown(app).split())) > 300, name
            await press(pilot, "escape")
            for leave in ("ctrl+q", "ctrl+c"):
                await press(pilot, leave)
                assert on(app, "QuestionModal"), name
                going_on = "continue without this terminal" in " ".join(shown(app).split())
                assert going_on == (name == "apply")
                await press(pilot, leave, "escape")
                assert on(app, name)
            seen.append(name)
        await press(pilot, "ctrl+q", "y")
    assert tuple(seen) == names
    assert app.return_value == ExitCode.DONE


async def test_a_terminal_that_is_too_small_is_said_and_nothing_is_lost() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "network")
        await press(pilot, "end", "x")
        await pilot.resize_terminal(79, 24)
        await until(pilot, lambda: on(app, "TooSmallModal"))
        assert "needs 80 columns and 24 rows" in " ".join(shown(app).split())
        await press(pilot, "enter", "z")
        await pilot.resize_terminal(80, 23)
        await until(pilot, lambda: on(app, "TooSmallModal"))
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: on(app, "network"))
        assert app.state.choices.network == "mastodon_ipv6x"
        assert app.focused is app.screen.query_one("#network")


async def test_a_terminal_that_is_too_small_from_the_start_recovers() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(40, 10)) as pilot:
        await until(pilot, lambda: on(app, "TooSmallModal"))
        await press(pilot, "ctrl+q", "escape")
        assert on(app, "TooSmallModal")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: on(app, "welcome"))


async def test_names_from_the_host_are_shown_as_they_are() -> None:
    app = WizardApp(MadeUpSession(host=made_up_hosts.hostile_names()))
    async with app.run_test(size=(120, 40)) as pilot:
        await jump(pilot, app, "host")
        await press(pilot, "d")
        for name in ("[docker0]", "Debian [red]GNU[/]", "\\x1b[2J\\x1b]0;owned", "[@click=app"):
            await sees(pilot, name)
        await go(pilot, app, "compose")
        await sees(pilot, "[/]")
        await sees(pilot, "/srv/\\x1b[2J")
        assert "\x1b" not in shown(app)
