"""Whatever things of the host are called, and files say, every screen shows it as text."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Interface
from typing import Any

import pyte
import pytest
from textual.pilot import Pilot

from screens.app import WizardApp
from screens.sending import cells, differing, strips
from tests import made_up_hosts
from tests.screens.made_up_session import MASTODON, Act, MadeUpSession, record_of
from tests.screens.walking import ask, go, jump, on, press, settle, shown, until
from tests.unit.recorded import DEBIAN13, answer
from wizard.host.host import Address, Debian, Earlier, Firewall, Host, Origin, Outward, Uplink
from wizard.host.parts import docker_networks, projects
from wizard.ndp.upstream import UpstreamCase
from wizard.platform.text import clean, clean_line
from wizard.record.record import State
from wizard.run.logins import Logins

SIZE = (80, 24)

NAMES = {
    "signs": "\x1b[2J\x1b]0;owned\x07\x9b31m\r\x08\x7f\x85\n\t\u2028[red]x[/red][/]"
    "[@click=app.quit][strike]q[/]\u202eexe.gnp\u2066\u061c\udce9",
    "long": "x" * 4000,
    "wide": "漢字カナ\U0001f600\U0001f3f3\ufe0f\u200d\U0001f308e\u0301\u0302\u0323\u200b" * 40,
}
"""What attacks a terminal, one that takes names for markup, and one that counts columns."""

UNSAFE = {chr(number) for number in (*range(32), *range(0x7F, 0xA0))} | set(
    "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""What no screen may hold (ECMA-48; Unicode UAX #9)."""


def renamed(value: Any, name: str) -> Any:
    """Put a name before every “mastodon” in an answer of Docker, keys as well."""
    match value:
        case str():
            return value.replace("mastodon", f"{name}mastodon")
        case list():
            return [renamed(each, name) for each in value]
        case dict():
            return {renamed(key, name): renamed(each, name) for key, each in value.items()}
    return value


def hostile(name: str) -> Host:
    """Return a host on which all that others can name has this name, as it is found."""
    networks = docker_networks.parse(renamed(answer(DEBIAN13, "networks"), name))
    found = projects.parse(renamed(answer(DEBIAN13, "containers"), name))
    interface, line = clean_line(name[:15]), clean_line(name)
    address = Address(IPv6Interface("2001:db8:1:2::10/64"), Origin.ADVERTISEMENT)
    host = made_up_hosts.debian13(
        debian=Debian(line, 13),
        kernel=line,
        networks=networks,
        projects=found,
        uplink=Uplink(interface, IPv6Address("fe80::1"), Origin.ADVERTISEMENT, (address,)),
        firewall=Firewall(forward_policy="ACCEPT", dropping_tables=(f"inet {line}",)),
        outward=Outward(True, f"{line}: reply in 4 ms"),
        interfaces=("lo", interface, "docker0"),
    )
    return replace(host, sysctls=made_up_hosts._sysctls(0, 1, uplink=interface))


def compose_file(name: str) -> str:
    """Return a Compose file that says it wherever YAML can."""
    said = "".join(sign for sign in name if sign.isprintable() or sign in "\u202e\u2066\u061c")
    quoted = json.dumps(said, ensure_ascii=False)
    text = MASTODON.replace("image: ghcr.io/mastodon/mastodon:v4.5.2", f"image: {quoted}")
    return text.replace("    networks:\n", f"    # {said}\n    networks:\n").replace(
        "  internal_network:\n    internal",
        f"  internal_network:\n    name: {quoted}\n    internal",
    )


def session(name: str) -> MadeUpSession:
    """Return a session in which all that is told from outside is told so."""
    host, line = hostile(name), clean_line(name)
    (project,) = host.choosable_projects
    return MadeUpSession(
        host=host,
        composes={project.name: compose_file(name)},
        check_names=(f"{line}-web-1", f"{line}-streaming-1"),
        broken=(f"{line}-web-1",),
        differing=(f"The network {line} is not there.",),
        foreseen=(f"After the next boot {line} has no address.",),
        coverage=f"The guard does not cover {line}.",
        way_in=Logins(True, (f"ssh -6 {line}@2001:db8:1:2::10",), f"{line}/bin/wizard --keep"),
        upstream=UpstreamCase.SOLICITED,
    )


Look = Callable[[str], Awaitable[None]]


def look_at(pilot: Pilot[int], app: WizardApp, seen: dict[str, str]) -> Look:
    """Return what looks at the screen: it is whole, and holds nothing but text."""

    async def look(where: str) -> None:
        await settle(pilot)
        rows = strips(app)
        sent = "".join(differing(None, [cells(strip, None, SIZE[0]) for strip in rows]))
        terminal = pyte.Screen(*SIZE)
        pyte.Stream(terminal).feed(sent)
        title, *_body, keys = terminal.display
        text = shown(app)
        seen[where] = seen.get(where, "") + text
        assert not UNSAFE & set(text.replace("\n", "")), (where, text)
        assert title.startswith(" IPv6 for containers "), (where, terminal.display)
        assert {"Quit", "Close", "No"} & set(keys.split()), (where, terminal.display)
        for strip in rows:
            for segment in strip:
                style = segment.style
                assert style is None or not (style.strike or style.meta.get("@click")), (
                    where,
                    text,
                )

    return look


async def look_around(
    pilot: Pilot[int], app: WizardApp, name: str, look: Look, boxes: bool
) -> None:
    """Look at a screen, its end and its help, and where a run is told of, at what leaving asks."""
    await look(name)
    await press(pilot, "end", "pagedown")
    await look(name)
    run = ("ctrl+q",) if name in ("apply", "keep", "result") else ()
    for key in ("f1", *run) if boxes else ():
        await press(pilot, key)
        await look(f"{name}: {key}")
        await press(pilot, "escape")
    await press(pilot, "home")


# Whether a name breaks out of its place; how it is cut and counted is seen on every screen before.
SIGNS_ALWAYS = pytest.mark.parametrize(
    "which",
    [pytest.param(each, marks=() if each == "signs" else pytest.mark.thorough) for each in NAMES],
)


@pytest.mark.parametrize("which", NAMES)
async def test_every_screen_shows_any_name_as_text(which: str) -> None:
    name, seen, boxes = NAMES[which], dict[str, str](), which == "signs"
    made = session(name)
    made.act = Act(hold_at=2)
    app = WizardApp(made)
    async with app.run_test(size=SIZE) as pilot:
        look = look_at(pilot, app, seen)
        for question in ("welcome", "host", "mode"):
            await go(pilot, app, question)
            await look_around(pilot, app, question, look, boxes)
        await press(pilot, "right")
        app.state.ask_all(True)
        for question in app.state.order[3 : app.state.order.index("apply")]:
            await go(pilot, app, question)
            if question == "upstream":
                await until(pilot, lambda: app.state.router.finding)
            await look_around(pilot, app, question, look, boxes)
        plan = app.state.draft.plan
        assert plan is not None
        for _ in range(len(plan.steps)):
            await press(pilot, "down", "pagedown")
            await look("preview")
        await ask(pilot, app)
        await look("preview: question")
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "apply"))
        await look_around(pilot, app, "apply", look, boxes)
        made.let_go()
        await until(pilot, lambda: on(app, "keep") and app.state.run.judgement)
        await look_around(pilot, app, "keep", look, boxes)
        await ask(pilot, app)
        await look("keep: question")
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "result") and app.state.run.judgement)
        await look_around(pilot, app, "result", look, boxes)
    if which == "signs":
        for where in ("host", "preview", "keep", "result"):
            assert "[/red]" in "".join(seen[where].split()), (where, seen[where])


@SIGNS_ALWAYS
async def test_what_is_taken_back_shows_any_name_as_text(which: str) -> None:
    name, seen, boxes = NAMES[which], dict[str, str](), which == "signs"
    made = session(name)
    app = WizardApp(made)
    async with app.run_test(size=SIZE) as pilot:
        await jump(pilot, app, "preview")
        plan = app.state.draft.plan
        assert plan is not None
    made.earlier = record_of(plan, State.APPLIED)
    made.meddled = True
    line = clean_line(name)
    made.host = replace(
        made.host, earlier=(Earlier(made.directory, line, line, False, line, line),)
    )
    app = WizardApp(made)
    async with app.run_test(size=SIZE) as pilot:
        look = look_at(pilot, app, seen)
        await until(pilot, lambda: on(app, "home") and "Checking that" not in shown(app))
        await look_around(pilot, app, "home", look, boxes)
        await press(pilot, "t")
        await until(pilot, lambda: on(app, "undo") and app.state.undo.preview)
        await look_around(pilot, app, "undo", look, boxes)
        for _ in range(len(plan.steps)):
            await press(pilot, "down", "pagedown")
            await look("undo")
        await ask(pilot, app)
        await look("undo: question")
        made.hold_undo = True
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "apply"))
        await look("apply")
        made.let_go()
        await until(pilot, lambda: on(app, "result"))
        await look("result")
    if which == "signs":
        assert "[/red]" in "".join(seen["undo"].split()), seen["undo"]


@SIGNS_ALWAYS
async def test_what_goes_wrong_shows_any_name_as_text(which: str) -> None:
    """Sentences of programs, of Compose and of Docker, where nothing goes on."""
    name, seen, boxes = NAMES[which], dict[str, str](), which == "signs"
    made = session(name)
    (project,) = made.host.choosable_projects
    made.composes = {project.name: f"services:\n  {json.dumps(name[:3000])}: [\n"}
    app = WizardApp(made)
    async with app.run_test(size=SIZE) as pilot:
        look = look_at(pilot, app, seen)
        await jump(pilot, app, "compose")
        await look_around(pilot, app, "compose", look, boxes)
        made.composes = {project.name: compose_file(name)}
        made.act = Act(fail_at=3, left=clean(f"The network {name} stays."))
        await jump(pilot, app, "preview")
        await ask(pilot, app)
        await press(pilot, "y")
        await until(pilot, lambda: on(app, "result"))
        await look_around(pilot, app, "result", look, boxes)
