"""Answers are kept as they are given, and nothing that the wizard proposes is written over them."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Network
from pathlib import Path

import pytest

from screens.app import WizardApp
from screens.saver import Saver
from tests import made_up_hosts
from tests.machines.terminal import Terminal
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import found, go, on, press, says, sentence, until
from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.host.host import Earlier, Unknown

SIZE = (80, 24)
PATIENCE = 60

GIVEN = Choices(
    prefix=IPv6Network("fd00:1:2:3::/64"),
    network="mastodon_ipv6",
    bridge="br-ipv6",
    project="mastodon",
    file=Path("/srv/mastodon/docker-compose.yml"),
    services=("web",),
)

PROGRAM = """
import sys
from pathlib import Path
from screens.app import run_app
from tests.screens.made_up_session import MadeUpSession
from wizard.saved_answers import SavedAnswers

session = MadeUpSession(directory=Path(sys.argv[1]))
session.answers = SavedAnswers(session.store)
sys.exit(run_app(session))
"""


def in_force(**changes: object) -> MadeUpSession:
    """Return a session on a host where what these answers asked for is in force."""
    host = made_up_hosts.debian13()
    assert isinstance(host.networks, tuple)
    assert isinstance(host.interfaces, tuple)
    assert isinstance(host.prefixes_in_use, tuple)
    assert GIVEN.prefix is not None
    ours = replace(host.networks[0], name=GIVEN.network)
    return MadeUpSession(
        host=replace(
            host,
            networks=(*host.networks, ours),
            interfaces=(*host.interfaces, GIVEN.bridge),
            prefixes_in_use=(*host.prefixes_in_use, GIVEN.prefix),
            earlier=(Earlier(Path("/r"), "applied", "2026-11-22T12:00:00Z", True, "mastodon"),),
        ),
        **changes,  # type: ignore[arg-type]
    )


async def test_the_answers_of_a_run_in_force_stay_as_they_were_given() -> None:
    session = in_force(saved=GIVEN)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "host")
        await press(pilot, "enter", "ctrl+n", "enter")
        assert on(app, "host")
        app.state.saver.wait(5)
        assert session.saved == GIVEN
        # Taken back meanwhile, in another terminal.
        session.host = made_up_hosts.debian13()
        await press(pilot, "r")
        await until(pilot, lambda: app.state.host is session.host)
        assert app.state.choices == GIVEN


async def test_nothing_is_proposed_around_what_a_run_in_force_has_made() -> None:
    session = in_force()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "host")
        session.host = made_up_hosts.debian13()
        await press(pilot, "r")
        await until(pilot, lambda: app.state.host is session.host)
        assert (app.state.choices.network, app.state.choices.bridge) == ("mastodon_ipv6", "br-ipv6")


async def test_answers_outlive_a_look_at_a_host_whose_docker_is_silent() -> None:
    silent = Unknown("Docker does not answer.")
    well = made_up_hosts.debian13()
    down = replace(well, engine=silent, networks=silent, projects=silent)
    session = MadeUpSession(host=down, saved=GIVEN)
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "host")
        await press(pilot, "enter")
        assert on(app, "host")
        app.state.saver.wait(5)
        assert session.saved == GIVEN
        session.host = well
        await press(pilot, "r")
        await until(pilot, lambda: app.state.host is well)
        assert app.state.choices == GIVEN


async def test_every_change_is_kept_at_once() -> None:
    session = MadeUpSession()
    app = WizardApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "network")
        await press(pilot, "end", "x")
        await until(pilot, lambda: session.saved == app.state.choices)
        assert app.state.choices.network.endswith("x")
        await go(pilot, app, "compose")
        await press(pilot, "space")
        await until(pilot, lambda: session.saved == app.state.choices)
        assert app.state.choices.services == ("streaming", "sidekiq")


async def test_where_answers_cannot_be_kept_nothing_says_that_they_are() -> None:
    app = WizardApp(MadeUpSession(cannot_save=True, is_root=False))
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, app, "compose")
        await press(pilot, "space")
        app.state.saver.wait(5)
        await press(pilot, "ctrl+q")
        await until(pilot, lambda: says(app, "Your answers could not be kept"))
        assert not says(app, "answers are kept")
        await press(pilot, "escape")
        await go(pilot, app, "preview")
        await press(pilot, "enter")
        await until(pilot, lambda: sentence(app))
        assert "answers cannot be kept" in sentence(app)


async def test_who_has_answered_nothing_is_not_told_of_answers() -> None:
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=SIZE) as pilot:
        await found(pilot, app)
        await press(pilot, "ctrl+q")
        await until(pilot, lambda: says(app, "You have not answered anything yet"))


def test_a_disk_that_hangs_holds_nobody_up_and_the_last_answers_come_last() -> None:
    hangs, written = threading.Event(), []

    def keep(choices: Choices) -> bool:
        hangs.wait(PATIENCE)
        written.append(choices.network)
        return True

    saver = Saver(keep)
    begun = time.monotonic()
    for number in range(100):
        saver.save(replace(GIVEN, network=f"n{number}"))
    assert time.monotonic() - begun < PATIENCE / 2
    assert saver.busy
    assert not saver.wait(0.01)
    hangs.set()
    assert saver.wait(PATIENCE)
    assert written[-1] == "n99"
    assert len(written) <= 3
    saver.save(replace(GIVEN, network="n99"))
    assert not saver.busy, "what is kept already is not written again"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """The wizard in a pseudo-terminal, at the list of services, with a folder to keep answers."""
    settings = ["env", "--unset=COLORTERM", "TERM=xterm"]
    opened = Terminal([*settings, sys.executable, "-c", PROGRAM, str(tmp_path)])
    for heading in ("Welcome", "Your host", "Mode"):
        opened.wait_for(f"· {heading}")
        if heading == "Your host":
            opened.wait_for("is ready")
        opened.press("enter")
    opened.wait_for("· Compose")
    opened.wait_for("[x] web")
    yield opened
    opened.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_a_tick_outlives_the_process_that_ends_right_after_it(
    terminal: Terminal, tmp_path: Path, number: signal.Signals
) -> None:
    terminal.press("space")
    terminal.wait_for("[ ] web")
    terminal.kill(number)
    terminal.wait_for_end()
    kept = answers_file.loads((tmp_path / "answers.toml").read_text(encoding="utf-8"))
    assert kept.services == ("streaming", "sidekiq")
