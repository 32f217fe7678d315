"""Apps that run without a terminal, and snapshots of them in the top-level folder."""

import re
import time
from collections.abc import Awaitable, Callable, Iterator
from importlib.metadata import version
from ipaddress import IPv6Network
from itertools import count
from pathlib import Path

import pytest
from textual import _wait
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input

import screens.following
from screens.sending import strips
from tests.lines import PATIENCE
from tests.screens.palettes import too_faint
from tests.screens.walking import settle
from wizard.answers import prefixes

SNAPSHOTS = Path(__file__).parent.parent.parent / "snapshots"
DRAWN_BY = "8.2.8"
"""The Textual that drew the snapshots; another one draws other lines."""

Check = Callable[[Pilot[int], str], Awaitable[None]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots", action="store_true", help="draw the snapshots in snapshots/ anew"
    )


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever moves by itself, or depends on who runs the tests, stands still."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _self: None)
    # How long the pilot watches for the process to be idle; a fifth of Textual's own is enough.
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", 0.004)
    monkeypatch.setattr(_wait, "SLEEP_IDLE", 0.0004)
    monkeypatch.setattr(screens.following, "FOLLOWED_EVERY", 0.01)
    monkeypatch.setattr(screens.following, "monotonic", lambda: 0.0)


@pytest.fixture(autouse=True)
def fixed_prefixes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random prefixes come in order: fd12:3456:7800::/48, fd12:3456:7801::/48, ..."""
    numbers: Iterator[int] = count()

    def next_prefix(avoid: object = ()) -> IPv6Network:
        return IPv6Network(f"fd12:3456:78{next(numbers):02x}::/48")

    monkeypatch.setattr(prefixes, "random_unique_local", next_prefix)


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Check:
    """Compare a screen with its picture, or draw it anew with ``--update-snapshots``."""
    update = bool(request.config.getoption("--update-snapshots", default=False))
    installed = version("textual")
    if update and installed != DRAWN_BY:
        pytest.exit(f"Snapshots are drawn by Textual {DRAWN_BY}, and this is {installed}.")

    async def check(pilot: Pilot[int], name: str) -> None:
        path = SNAPSHOTS / f"{name}.svg"
        actual = path.with_suffix(".actual.svg")
        await settle(pilot)
        pilot.app.screen.refresh(layout=True)
        await settle(pilot)
        assert_readable(pilot)
        if update:
            SNAPSHOTS.mkdir(exist_ok=True)
            path.write_text(picture(pilot), encoding="utf-8")
            return
        wanted = path.read_text(encoding="utf-8") if path.exists() else ""
        # A busy machine may paint a little later than the pilot waits.
        end = time.monotonic() + PATIENCE / 3
        while time.monotonic() < end:
            if picture(pilot) == wanted:
                actual.unlink(missing_ok=True)
                return
            # Nor always everything anew: what grew may stand where it stood before.
            pilot.app.screen.refresh(layout=True)
            await pilot.pause(0.05)
        actual.write_text(picture(pilot), encoding="utf-8")
        pytest.fail(f"{path.name} differs: look at {actual}, then run with --update-snapshots")

    return check


def assert_readable(pilot: Pilot[int]) -> None:
    """Every letter can be read on every palette; what lies behind a box need not be."""
    behind = isinstance(pilot.app.screen, ModalScreen)
    faint = {
        f"{segment.text.strip()!r}: {words}"
        for strip in strips(pilot.app)
        for segment in strip
        if segment.text.strip() and segment.style and not (behind and segment.style.dim)
        for words in too_faint(segment.style)
    }
    assert not faint, "; ".join(sorted(faint))


def picture(pilot: Pilot[int]) -> str:
    """Return the screen as an SVG without what differs from run to run."""
    svg = pilot.app.export_screenshot(simplify=True)
    svg = re.sub(r"\bterminal-\d+-", "terminal-", svg)
    # Blanks are not drawn, and what colour they would have depends on what was painted when.
    drawn = {name: f"r{at}" for at, name in enumerate(dict.fromkeys(_STYLE.findall(svg)), 1)}
    svg = _RULE.sub(lambda rule: rule[0] if rule[1] in drawn else "", svg)
    return re.sub(r"\bterminal-(r\d+)\b", lambda name: f"terminal-{drawn[name[1]]}", svg)


_STYLE = re.compile(r'<text class="terminal-(r\d+)"')
_RULE = re.compile(r"\.terminal-(r\d+) \{[^}]*\}\n")
