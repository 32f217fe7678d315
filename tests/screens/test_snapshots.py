"""A picture of every screen in its main states, at the smallest terminal and at a larger one."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface

import pytest
from textual.pilot import Pilot

from screens.app import NAMES, Start, WizardApp
from screens.step import StepScreen
from tests import made_up_hosts
from tests.screens.conftest import SNAPSHOTS, Check
from tests.screens.made_up_session import (
    LACKS,
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
    sentence,
    settle,
    until,
)
from wizard.answers import projects, proposals
from wizard.answers.choices import Choices
from wizard.host.host import Address, Host, Origin, Uplink
from wizard.modes.plan_inputs import PlanInputs
from wizard.ndp.upstream import UpstreamCase
from wizard.plan.planning import Plan
from wizard.platform.errors import ExitCode
from wizard.record.record import State, StepState
from wizard.run.guard import ProcessGuard
from wizard.run.logins import Logins

SIZES = ((80, 24), (120, 40))
WIDE = (200, 60)
WITH_ROOM = ("home", "preview", "preview-chosen", "undo", "result")
"""Pictures that are taken on a large terminal, too."""


def sizes(name: str) -> tuple[tuple[int, int], ...]:
    """The terminals on which a picture is taken."""
    return (*SIZES, WIDE) if name in WITH_ROOM else SIZES


ABOUT = {"undo-begins": "apply"}
"""The screen of a picture that has the name of another in its own."""

Take = Callable[[str], Awaitable[None]]
Walk = Callable[[Pilot[int], WizardApp, MadeUpSession, Take], Awaitable[None]]

WALKS: dict[str, tuple[Walk, tuple[str, ...], Callable[[], MadeUpSession], Start]] = {}


def walk(
    *names: str, session: Callable[[], MadeUpSession] = MadeUpSession, start: Start = "welcome"
) -> Callable[[Walk], Walk]:
    """Declare a walk, and the pictures that it takes."""

    def declare(function: Walk) -> Walk:
        WALKS[function.__name__] = (function, names, session, start)
        return function

    return declare


def step_shown(app: WizardApp) -> str:
    """Return the name of the step that is shown, also from behind a box."""
    steps = [each for each in app.screen_stack if isinstance(each, StepScreen)]
    return steps[-1].NAME


def applied() -> MadeUpSession:
    """Return a session on a host where a run is in force."""
    session = MadeUpSession()
    session.earlier = record_of(plan_of(session), State.APPLIED)
    return session


def left_at(place: str) -> MadeUpSession:
    """Return a session of somebody who left at a question."""
    session = MadeUpSession(place=place)
    session.saved = plan_of(session).choices
    return session


def alone(length: int) -> Host:
    """Return a host whose provider gave it a prefix of this length."""
    address = Address(IPv6Interface(f"2001:db8:1:2::10/{length}"), Origin.STATIC)
    uplink = Uplink("eth0", IPv6Address("fe80::1"), Origin.STATIC, (address,))
    return made_up_hosts.debian13(uplink=uplink)


async def choose_routed(pilot: Pilot[int], app: WizardApp) -> None:
    """Go to the mode, choose public addresses, and have every question asked."""
    await go(pilot, app, "mode")
    app.state.ask_all(True)
    await press(pilot, "right")


def plan_of(session: MadeUpSession):  # type: ignore[no-untyped-def]
    """Return the plan that is proposed for the session's host."""
    host = session.host
    proposed = proposals.defaults(host)
    read = session.read_project(projects.project_of(host, proposed))
    return session.plan(host, proposals.tick(proposed, read.services), read)


@walk(
    "welcome", "help", "host", "mode", "compose", "preview", "preview-step", "preview-compose-file",
    "preview-chosen", "preview-saved", "question", "apply", "quit-while-applying", "keep",
    "keep-question", "result", "result-container", "quit",
)  # fmt: skip
async def the_whole_way(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    session.act = Act(hold_at=4)
    await found(pilot, app)
    await take("welcome")
    await press(pilot, "f1")
    await take("help")
    await press(pilot, "escape", "enter")
    await take("host")
    await press(pilot, "enter")
    await take("mode")
    await press(pilot, "enter")
    await take("compose")
    await press(pilot, "enter")
    await take("preview")
    await press(pilot, "down", "down", "space")
    await take("preview-step")
    await press(pilot, *["down"] * 5)
    await take("preview-compose-file")
    await press(pilot, "escape")
    await take("preview-chosen")
    await press(pilot, "s")
    await take("preview-saved")
    await ask(pilot, app)
    await take("question")
    await press(pilot, "y")
    await until(
        pilot,
        lambda: (
            app.state.run.progress
            and app.state.run.progress.record
            and app.state.run.progress.record.steps[3].state == "applying"
        ),
    )
    await take("apply")
    await press(pilot, "ctrl+q")
    await take("quit-while-applying")
    await press(pilot, "escape")
    session.let_go()
    await until(pilot, lambda: on(app, "keep") and app.state.run.judgement)
    await take("keep")
    await ask(pilot, app)
    await take("keep-question")
    await press(pilot, "y")
    await until(pilot, lambda: on(app, "result") and app.state.run.judgement)
    await take("result")
    await press(pilot, "down", "d", "pagedown")
    await take("result-container")
    await press(pilot, "ctrl+q")
    await take("quit")


@walk("addresses", "addresses-refused", "network", "network-refused")
async def every_question(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await go(pilot, app, "mode")
    await press(pilot, "a", "enter")
    await take("addresses")
    await press(pilot, "end", "backspace", "enter")
    await take("addresses-refused")
    await press(pilot, "4", "enter")
    await take("network")
    await press(pilot, "end", "!", "enter")
    await take("network-refused")


@walk(
    "mode-routed", "addresses-routed", "addresses-routed-refused", "upstream-watching",
    "upstream", "upstream-help", "inwards", "preview-routed", "result-notes",
)  # fmt: skip
async def the_routed_way(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    session.hold_probe = True
    session.differing = ("The uplink's prefix has changed [/]: nobody outside reaches them.",)
    await choose_routed(pilot, app)
    await take("mode-routed")
    await press(pilot, "enter")
    await take("addresses-routed")
    await press(pilot, "end", "backspace", "backspace", "6", "4", "enter")
    await take("addresses-routed-refused")
    await press(pilot, "backspace", "backspace", "8", "0", "enter", "enter")
    await take("upstream-watching")
    session.let_go()
    await until(pilot, lambda: app.state.router.finding)
    await take("upstream")
    await press(pilot, "f1")
    await take("upstream-help")
    await press(pilot, "escape")
    await go(pilot, app, "inwards")
    await take("inwards")
    await press(pilot, "down", "space")
    await go(pilot, app, "preview")
    await take("preview-routed")
    await go_apply(pilot, app)
    await keep(pilot, app)
    await until(pilot, lambda: app.state.run.judgement)
    await take("result-notes")


@walk("upstream-routed", session=lambda: MadeUpSession(upstream=UpstreamCase.ROUTED))
async def a_router_that_routes(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await choose_routed(pilot, app)
    await go(pilot, app, "upstream")
    await until(pilot, lambda: app.state.router.finding)
    await take("upstream-routed")


@walk(
    "mode-routed-engine-filters", "upstream-nothing", "preview-routed-engine-filters",
    session=lambda: MadeUpSession(
        host=made_up_hosts.debian14(), upstream=UpstreamCase.NOTHING
    ),
)  # fmt: skip
async def an_engine_that_filters(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await choose_routed(pilot, app)
    await take("mode-routed-engine-filters")
    await go(pilot, app, "upstream")
    await until(pilot, lambda: app.state.router.finding)
    await take("upstream-nothing")
    await go(pilot, app, "preview")
    await take("preview-routed-engine-filters")


@walk("upstream-refused", session=lambda: MadeUpSession(upstream_fails="Only root [/] can watch."))
async def a_router_that_cannot_be_watched(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await choose_routed(pilot, app)
    await go(pilot, app, "upstream")
    await until(pilot, lambda: app.state.router.complaint)
    await take("upstream-refused")


@walk("mode-single-address", session=lambda: MadeUpSession(host=alone(128)))
async def a_host_with_a_single_address(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await go(pilot, app, "mode")
    await take("mode-single-address")


@walk(
    "hostile-mode-routed", "hostile-upstream", "hostile-preview-routed",
    session=lambda: MadeUpSession(
        host=made_up_hosts.hostile_names(), upstream_fails="[/] [@click=app.quit]quit[/]"
    ),
)  # fmt: skip
async def hostile_names_in_the_routed_mode(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await choose_routed(pilot, app)
    await take("hostile-mode-routed")
    await go(pilot, app, "upstream")
    await until(pilot, lambda: app.state.router.complaint)
    await take("hostile-upstream")
    await go(pilot, app, "compose")
    await press(pilot, "shift+tab", "down", "space")
    await go(pilot, app, "preview")
    await take("hostile-preview-routed")


@walk(
    "welcome-resumed", "host-resumed", session=lambda: MadeUpSession(saved=Choices(network="mine"))
)
async def answers_of_an_earlier_time(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await found(pilot, app)
    await take("welcome-resumed")
    await press(pilot, "enter")
    await take("host-resumed")


@walk("welcome-nothing-to-resume", start="resume")
async def nothing_to_resume(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await found(pilot, app)
    await take("welcome-nothing-to-resume")


@walk("host-looking", session=lambda: MadeUpSession(hold_detection=True))
async def while_looking(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await until(pilot, lambda: "engine" in app.state.parts)
    await press(pilot, "enter", "enter")
    await take("host-looking")
    session.let_go()


@walk(
    "host-problems", "host-problem-explained",
    session=lambda: MadeUpSession(host=made_up_hosts.no_docker()),
)  # fmt: skip
async def a_host_without_docker(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await found(pilot, app)
    await press(pilot, "enter", "enter")
    await take("host-problems")
    await press(pilot, "f1")
    await take("host-problem-explained")


@walk(
    "mode-engine-filters", "preview-engine-filters",
    session=lambda: MadeUpSession(host=made_up_hosts.debian14()),
)  # fmt: skip
async def an_engine_that_makes_the_rules(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await jump(pilot, app, "mode")
    await take("mode-engine-filters")
    await jump(pilot, app, "preview")
    await take("preview-engine-filters")


@walk(
    "compose-two-projects", "preview-override",
    session=lambda: MadeUpSession(host=with_two_projects(made_up_hosts.debian13())),
)  # fmt: skip
async def a_project_in_git(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await jump(pilot, app, "compose")
    await press(pilot, "shift+tab", "down", "space")
    await take("compose-two-projects")
    await press(pilot, "enter", "end", "up", "space")
    await take("preview-override")


@walk("compose-not-yaml", session=lambda: MadeUpSession(composes={"mastodon": NOT_YAML}))
async def a_file_that_is_not_yaml(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await jump(pilot, app, "compose")
    await take("compose-not-yaml")


@walk(
    "preview-not-root",
    session=lambda: MadeUpSession(
        host=replace(made_up_hosts.debian13(), root=False), is_root=False
    ),
)
async def an_ordinary_user(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await jump(pilot, app, "preview")
    await press(pilot, "enter")
    await take("preview-not-root")


@walk(
    "hostile-host", "hostile-compose", "hostile-preview", "hostile-apply", "hostile-result",
    session=lambda: MadeUpSession(
        host=made_up_hosts.hostile_names(),
        check_names=("[/]", "[@click=app.quit]quit[/]", "web\\u202egnp.exe"),
    ),
)  # fmt: skip
async def hostile_names(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    session.act = Act(hold_at=4)
    await jump(pilot, app, "host")
    await take("hostile-host")
    await jump(pilot, app, "compose")
    await press(pilot, "shift+tab", "down", "space")
    await take("hostile-compose")
    await jump(pilot, app, "preview")
    await press(pilot, "down", "space")
    await take("hostile-preview")
    await press(pilot, "escape")
    await go_apply(pilot, app)
    await until(
        pilot,
        lambda: (
            app.state.run.progress
            and app.state.run.progress.record
            and app.state.run.progress.record.steps[3].state == "applying"
        ),
    )
    await press(pilot, "up")
    await take("hostile-apply")
    session.let_go()
    await keep(pilot, app)
    await until(pilot, lambda: app.state.run.judgement)
    await take("hostile-result")


@walk(
    "keep-console",
    session=lambda: MadeUpSession(
        way_in=Logins(False, (), "/root/docker-ipv6-wizard/bin/wizard --keep"),
        coverage=ProcessGuard.coverage,
    ),
)
async def a_console_on_a_host_without_systemd(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await go_apply(pilot, app)
    await until(pilot, lambda: on(app, "keep") and app.state.run.judgement)
    await take("keep-console")


@walk("result-expired")
async def a_question_that_nobody_answers(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await go_apply(pilot, app)
    await until(pilot, lambda: on(app, "keep"))
    session.answer = "expire"
    await until(pilot, lambda: on(app, "result"))
    await take("result-expired")


def cut_off() -> MadeUpSession:
    """Return a session on a host where a run was cut off in the middle."""
    session = MadeUpSession(died="The process that changed this host has died before its end.")
    session.earlier = record_of(plan_of(session))
    for step, state in zip(session.earlier.steps, ("done", "done", "applying"), strict=False):
        step.state = StepState(state)
    return session


@walk("result-died", session=cut_off)
async def a_run_that_was_cut_off(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await until(pilot, lambda: on(app, "result"))
    await take("result-died")


@walk("compose-resumed", session=lambda: left_at("compose"), start="resume")
async def a_connection_lost_at_a_question(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await until(pilot, lambda: on(app, "compose") and sentence(app))
    await take("compose-resumed")


@walk(
    "keep-not-working", "keep-not-working-question", "result-not-yet-looked", "result-not-working",
    "undo-begins",
    session=lambda: MadeUpSession(broken=("mastodon-streaming-1",)),
)  # fmt: skip
async def a_container_that_reaches_nobody(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await go_apply(pilot, app)
    await until(pilot, lambda: on(app, "keep") and app.state.run.judgement)
    await take("keep-not-working")
    await ask(pilot, app)
    await take("keep-not-working-question")
    session.hold_check = True
    await press(pilot, "y")
    await until(pilot, lambda: on(app, "result"))
    await take("result-not-yet-looked")
    session.let_go()
    await until(pilot, lambda: app.state.run.judgement)
    await take("result-not-working")
    session.earlier, session.hold_undo = session.records.at_hand(), True
    await press(pilot, "t")
    await ask(pilot, app)
    await press(pilot, "y")
    await until(pilot, lambda: on(app, "apply"))
    # How far the output has been followed by then depends on how busy this computer is.
    app.screen.query_one("#output").scroll_end(animate=False, immediate=True)
    await take("undo-begins")


NOTICES = (
    "Requests to web come from 172.19.0.1 afterwards, and come from 172.18.0.1 now. Put the new "
    "one into TRUSTED_PROXY_IP, too.",
    "http://[2001:db8:1:2::10]:3000 answers now and will not afterwards [/]. Let the app listen "
    "on ::, or leave web out.",
    "sidekiq reaches smtp.example.org over IPv6 from now on. Its address has no name: ask your "
    "provider for a PTR record.",
    "A fourth thing. It has a second sentence.",
    "A fifth thing, which is longer than a line of the question is wide. It has a second sentence.",
    "A sixth thing.",
    "A seventh thing.",
)


class Noticing(MadeUpSession):
    """A session whose plans say what people will notice."""

    def plan(self, host: Host, choices: Choices, read: PlanInputs) -> Plan:
        return replace(super().plan(host, choices, read), notices=NOTICES)


@walk("preview-notices", "question-notices", session=Noticing)
async def a_plan_that_people_will_notice(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await jump(pilot, app, "preview")
    await take("preview-notices")
    await ask(pilot, app)
    await take("question-notices")


@walk("result-rolled-back")
async def a_step_that_fails(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    session.act = Act(fail_at=4)
    await go_apply(pilot, app)
    await until(pilot, lambda: on(app, "result"))
    await take("result-rolled-back")


@walk("result-incomplete")
async def a_rollback_that_leaves_something(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    left = "/etc/sysctl.d/[/].conf has been changed by somebody else since. It was left as it is."
    session.act = Act(fail_at=4, left=left)
    await go_apply(pilot, app)
    await until(pilot, lambda: on(app, "result"))
    await take("result-incomplete")


@walk("result-refused")
async def a_host_that_changed(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    words = (
        "/srv/mastodon/docker-compose.yml has changed since the plan was made. Nothing was "
        "changed. Go back to the preview, which will be made anew."
    )
    session.act = Act(refuse=(ExitCode.HOST_CHANGED, words))
    await go_apply(pilot, app)
    await until(pilot, lambda: on(app, "result"))
    await take("result-refused")


@walk("cancel-question", "cancelling")
async def a_run_that_is_cancelled(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    session.act = Act(hold_at=3)
    await go_apply(pilot, app)
    await until(
        pilot,
        lambda: (
            app.state.run.progress
            and app.state.run.progress.record
            and app.state.run.progress.record.steps[2].state == "applying"
        ),
    )
    await press(pilot, "c")
    await take("cancel-question")
    await press(pilot, "y")
    await until(pilot, lambda: on(app, "result"))
    await take("cancelling")


def taken_back_in_part() -> MadeUpSession:
    session = applied()
    assert session.earlier is not None
    session.earlier.state = State.UNDO_INCOMPLETE
    return session


@walk("welcome-earlier", session=taken_back_in_part)
async def what_an_undo_has_left(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await found(pilot, app)
    await take("welcome-earlier")


@walk("home-checking", "home", "undo", "undo-step", "undo-result", session=applied)
async def taking_back(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    session.hold_check = True
    await until(pilot, lambda: on(app, "home"))
    await take("home-checking")
    session.let_go()
    await until(pilot, lambda: app.state.run.judgement)
    await take("home")
    await press(pilot, "t")
    await until(pilot, lambda: on(app, "undo"))
    await take("undo")
    await press(pilot, "end", "space")
    await take("undo-step")
    await press(pilot, "escape")
    await ask(pilot, app)
    await press(pilot, "y")
    await until(pilot, lambda: on(app, "result"))
    await take("undo-result")


@walk(
    "home-not-working", "repair-nothing", "repair", "repair-ours", "repair-question",
    "repair-apply", "repair-result", session=applied,
)  # fmt: skip
async def putting_back_what_is_missing(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    session.broken, session.differing = ("mastodon-web-1",), (f"Step 2: {LACKS}",)
    await until(pilot, lambda: app.state.run.judgement)
    await press(pilot, "r")
    await until(pilot, lambda: app.state.run.judgement and app.state.run.judgement.silent)
    await take("home-not-working")
    await press(pilot, "p")
    await until(pilot, lambda: app.state.mending.repair)
    await take("repair-nothing")
    await press(pilot, "escape")
    session.missing, session.meddled = True, True
    session.act = Act(hold_at=1)
    await press(pilot, "p")
    await until(pilot, lambda: app.state.mending.repair and app.state.mending.repair.plan.steps)
    await take("repair")
    await press(pilot, "o")
    await until(
        pilot,
        lambda: app.state.mending.repair and len(app.state.mending.repair.plan.steps) == 2,
    )
    await press(pilot, "down", "space")
    await take("repair-ours")
    await press(pilot, "escape", "o")
    await ask(pilot, app)
    await take("repair-question")
    await press(pilot, "y")
    await until(pilot, lambda: app.state.run.record and app.state.run.record.steps)
    await take("repair-apply")
    app.state.run.session.let_go()  # type: ignore[attr-defined]
    await keep(pilot, app)
    await until(pilot, lambda: app.state.run.judgement)
    await take("repair-result")


def meddled() -> MadeUpSession:
    session = applied()
    session.meddled = True
    return session


@walk(
    "undo-changed", "undo-difference", "undo-ours", "undo-question", session=meddled, start="undo"
)
async def taking_back_what_somebody_changed(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await take("undo-changed")
    await press(pilot, "down", "down", "down", "space")
    await take("undo-difference")
    await press(pilot, "o")
    await take("undo-ours")
    await press(pilot, "p", "enter")
    await take("undo-question")


@walk("undo-nothing", start="undo")
async def nothing_to_take_back(
    pilot: Pilot[int], app: WizardApp, session: MadeUpSession, take: Take
) -> None:
    await take("undo-nothing")


@pytest.mark.parametrize("name", WALKS)
async def test_every_screen_looks_as_it_did(name: str, snapshot: Check) -> None:
    walk, names, make, start = WALKS[name]
    session, taken = make(), []
    app = WizardApp(session, start)

    async with app.run_test(size=SIZES[0]) as pilot:

        async def take(picture: str) -> None:
            assert picture in names
            words = picture.removeprefix("hostile-").split("-")
            assert words[0] not in NAMES or step_shown(app) in (*words, ABOUT.get(picture))
            taken.append(picture)
            for width, height in sizes(picture):
                if app.size != (width, height):
                    await pilot.resize_terminal(width, height)
                await snapshot(pilot, f"{picture}-{width}x{height}")
            await pilot.resize_terminal(*SIZES[0])
            await settle(pilot)

        await pilot.pause()
        try:
            await walk(pilot, app, session, take)
        finally:
            session.let_go()
    assert tuple(taken) == names


def test_there_is_a_picture_for_every_name_and_no_other() -> None:
    names = [name for _walk, names, _make, _start in WALKS.values() for name in names]
    assert len(names) == len(set(names))
    wanted = {f"{name}-{width}x{height}.svg" for name in names for width, height in sizes(name)}
    there = {path.name for path in SNAPSHOTS.glob("*.svg") if not path.name.endswith(".actual.svg")}
    assert there == wanted
