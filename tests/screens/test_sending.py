"""What is sent makes a terminal show what Textual wants shown, and it is no more than needed."""

import codecs
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyte
import pytest
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import Compositor
from textual.strip import Strip
from wcwidth import wcswidth

from screens.app import WizardApp
from screens.sending import Cell, cells, differing
from tests.lines import PATIENCE
from tests.machines.terminal import Terminal
from tests.screens.made_up_session import MadeUpSession
from tests.screens.walking import on, until
from wizard.platform import streams

WIDTH, HEIGHT = 30, 6
STYLES = [
    Style.parse(words)
    for words in (
        "",
        "default on default",
        "bold",
        "reverse",
        "dim red",
        "black on white",
        "underline",
    )
]
WORDS = (" ", "    ", "word", "ü·»", "漢字", "e\N{COMBINING ACUTE ACCENT}", "           ", "█")


def strip(choose: random.Random) -> Strip:
    parts = [Segment(choose.choice(WORDS), choose.choice(STYLES)) for _ in range(9)]
    # The emulator begins a new row before an accent that follows the last column.
    return Strip(parts).adjust_cell_length(WIDTH - 2).adjust_cell_length(WIDTH)


def drawn(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """What a person sees: of a blank without a line, its background alone."""
    return [
        [_seen(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)
    ]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    if cell.data == " " and not (cell.underscore or cell.reverse or cell.strikethrough):
        return (" ", cell.bg)
    return tuple(cell)


def fed(*texts: str) -> pyte.Screen:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for text in texts:
        stream.feed(text)
    return screen


def plain(rows: list[Strip]) -> str:
    """As Textual sends it."""
    return "".join(
        f"\x1b[{y + 1};1H"
        + "".join(
            style.render(text, color_system=ColorSystem.STANDARD) if style else text
            for text, style, _ in row
        )
        for y, row in enumerate(rows)
    )


JOINED = (
    "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}",
    "\N{WAVING WHITE FLAG}\ufe0f\u200d\N{RAINBOW}",
    "\N{BLACK SUN WITH RAYS}\ufe0f",
    "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "a\u200b\u2060\ufeff",
    "\u200d\ufe0f",
    "\N{DEVANAGARI LETTER KA}\N{DEVANAGARI VOWEL SIGN I}",
    "e\N{COMBINING ACUTE ACCENT}\N{COMBINING DOT BELOW}",
)
"""How many columns they take, terminals disagree about, but for the last."""


@pytest.mark.parametrize("letters", JOINED)
def test_no_row_is_longer_on_the_terminal_than_it_is_counted(letters: str) -> None:
    rows = [Strip([Segment(letters * WIDTH)]), Strip([Segment("below")])]
    sent = [cells(row, None, WIDTH) for row in rows]
    screen = fed("".join(differing(None, sent)))
    assert screen.display[1].rstrip() == "below"
    assert all(cell_len(letter) == wcswidth(letter) for letter, _codes in sent[0] if letter)


@pytest.mark.parametrize("seed", range(40))
def test_a_difference_makes_of_one_screen_the_other(seed: int) -> None:
    choose = random.Random(seed)  # noqa: S311
    screens = [[strip(choose) for _ in range(HEIGHT)]]
    for _ in range(4):
        # Some rows stay.
        screens.append([row if choose.random() < 0.4 else strip(choose) for row in screens[-1]])
    sent: list[str] = []
    shown: list[list[Cell]] | None = None
    for rows in screens:
        made = [cells(row, ColorSystem.STANDARD, WIDTH) for row in rows]
        sent.append("".join(differing(shown, made)))
        shown = made
        assert drawn(fed(*sent)) == drawn(fed(plain(rows)))


def test_of_one_letter_only_that_is_sent() -> None:
    before = [cells(Strip([Segment("17 seconds left".ljust(WIDTH))]), ColorSystem.STANDARD, WIDTH)]
    after = [cells(Strip([Segment("16 seconds left".ljust(WIDTH))]), ColorSystem.STANDARD, WIDTH)]
    assert "".join(differing(before, after)) == "\x1b[1;2H6"
    assert "".join(differing(after, after)) == ""


class Walked(Terminal):
    """The screens over a made-up session, with what has been sent counted."""

    def __init__(self, *settings: str) -> None:
        words = ["env", *settings, sys.executable, "-m", "tests.screens.on_terminal"]
        super().__init__(words)
        self._counted = 0

    def since(self) -> int:
        """The bytes since the last time."""
        self.settle()
        before, self._counted = self._counted, self.sent
        return self.sent - before

    def settle(self) -> None:
        """Wait until nothing comes for a while, if need be but for a countdown."""
        end, quiet, before = time.monotonic() + PATIENCE, time.monotonic(), self.sent
        while time.monotonic() - quiet < 0.7 and time.monotonic() < end:
            self._draw(0.05)
            if self.sent - before > 50:
                quiet, before = time.monotonic(), self.sent

    def per_second(self, seconds: float = 3.0) -> float:
        """The bytes of a second in which nobody presses a key."""
        self.since()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._draw(0.1)
        before, self._counted = self._counted, self.sent
        return (self.sent - before) / seconds

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, self.text
            self._draw(0.1)

    def as_if_new(self) -> None:
        """What is shown is what a whole screen shows that is sent anew."""
        self.until(lambda: self.per_second(1) == 0)
        before = drawn(self._screen)
        sent = self.sent
        self.press("\x0c")
        self.until(lambda: self.sent > sent + 300)
        self.until(lambda: self.per_second(1) == 0)
        assert drawn(self._screen) == before


@pytest.fixture
def walked() -> Iterator[Walked]:
    terminal = Walked()
    yield terminal
    terminal.close()


def test_the_bytes_of_the_walk(walked: Walked) -> None:
    """Bytes over a line of 64 kbit/s are seconds of waiting."""
    walked.wait_for("1 of ")
    walked.as_if_new()
    redrawn = walked.since()
    walked.press("f1")
    walked.wait_for("Close")
    walked.as_if_new()
    walked.press("escape")
    for _screen in range(8):
        walked.settle()
        if "· Preview" in walked.text:
            break
        walked.until(lambda: walked.per_second(1) == 0)
        title = walked.text.splitlines()[0]
        walked.press("enter")
        walked.until(lambda title=title: walked.text.splitlines()[0] != title)  # type: ignore[misc]
    walked.since()
    walked.press("down")
    assert walked.since() < 2000
    walked.as_if_new()
    walked.press("enter")
    walked.wait_for("steps now?")
    walked.as_if_new()
    walked.press("y")
    walked.wait_for("Keep it?")
    walked.wait_for("left")
    walked.since()
    walked.until(lambda: 0 < walked.per_second() < 100)
    walked.press("enter")
    walked.wait_for("without a second login?")
    walked.until(lambda: 0 < walked.per_second() < 100)
    walked.press("y")
    walked.wait_for("Done.")
    walked.as_if_new()
    walked.until(lambda: walked.per_second() == 0)
    assert walked.sent - redrawn < 60_000


TERMINALS = {
    "vt100": ["TERM=vt100"],
    "linux": ["TERM=linux"],
    "screen": ["TERM=screen"],
    "tmux": ["TERM=tmux-256color"],
    "no colour": ["NO_COLOR=1"],
    "LANG=C": ["-u", "LC_ALL", "LANG=C"],
}
ASCII = ["LC_ALL=POSIX", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0"]


@pytest.fixture(scope="module")
def usual() -> str:
    terminal = Walked("TERM=xterm-256color", "LC_ALL=C.UTF-8")
    try:
        return boxed(terminal)
    finally:
        terminal.close()


def boxed(terminal: Walked) -> str:
    """The screen with a box over it."""
    terminal.wait_for("1 of ")
    terminal.settle()
    terminal.press("f1")
    terminal.wait_for("Close")
    terminal.settle()
    return terminal.text


@pytest.mark.parametrize("name", TERMINALS)
def test_every_terminal_shows_the_same(name: str, usual: str) -> None:
    terminal = Walked(*TERMINALS[name])
    try:
        assert boxed(terminal) == usual
    finally:
        terminal.close()


def test_a_terminal_without_other_letters_shows_some_like_them(usual: str) -> None:
    terminal = Walked(*ASCII)
    try:
        shown = boxed(terminal)
    finally:
        terminal.close()
    codecs.register_error("plain", streams.plain)
    assert shown.isascii() and "?" not in shown and "\\x" not in shown
    assert shown == usual.encode("ascii", "plain").decode()


async def test_what_has_changed_is_not_drawn_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Compositor] = []
    draw = Compositor._render_chops

    def noted(compositor: Compositor, *words: Any) -> Any:
        drawn.append(compositor)
        return draw(compositor, *words)

    # Without a terminal nothing is sent.
    monkeypatch.setattr(Compositor, "_render_chops", noted)
    app = WizardApp(MadeUpSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen_stack and on(app, "welcome"))
        drawn.clear()
        await pilot.press("tab", "f1")
        await pilot.pause()
        assert app.screen_stack[1:]
        assert not drawn
