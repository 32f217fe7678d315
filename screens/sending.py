"""Sends to the terminal what has changed on it, and nothing else: many lines are slow."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import ClassVar, cast

from rich.cells import cell_len, split_graphemes
from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from textual._compositor import Compositor, CompositorUpdate
from textual._context import visible_screen_stack
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen, ScreenResultType
from textual.strip import Strip

Cell = tuple[str, str]
"""What stands in one column, and the codes of its style (ECMA-48 §8.3.117, SGR)."""

_BLANK: Cell = (" ", "")
_COVERED: Cell = ("", "")
"""The right half of a letter that takes two columns."""

_STEPPED_OVER = 8
"""Columns that are as they were, and are sent again because to go past them takes as many bytes."""

_DEFAULTS = ("39", "49")
_LETTERS = (*range(30, 38), *range(90, 98))
"""The codes of the 16 colours of letters."""

_ERASED = 4
"""Blank columns at the end of a row from which on it takes fewer bytes to erase them."""


class SentApp(App[int]):
    """An app that knows what its terminal shows.

    Textual sends a widget whole whenever it may have changed, and the whole screen whenever one
    screen comes over another: ten times the bytes that differ.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "redraw", show=False, priority=True),
    ]

    _sent: list[list[Cell]] | None = None
    """What the terminal shows, row by row; None where nobody knows."""

    def action_redraw(self) -> None:
        """Send the whole screen anew, over whatever another program has written there."""
        self._sent = None
        self.screen.refresh()

    def _resume_signal(self) -> None:
        # The terminal has shown something else meanwhile.
        self._sent = None
        super()._resume_signal()

    def _set_pointer_shape(self, shape: str) -> None:
        """Send nothing: there is no mouse, and older terminals show such a sequence as letters."""

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if not isinstance(renderable, CompositorUpdate) or self.is_headless or self._batch_count:
            super()._display(screen, renderable)
            return
        colors = self.console._color_system
        width = screen.outer_size.width
        rows = [cells(strip, colors, width) for strip in strips(self)]
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        same = rows == self._sent and cursor == self._previous_cursor_position
        text, self._sent = "".join(differing(self._sent, rows)), rows
        super()._display(screen, None if same else _Sequence(text))


class SentScreen(Screen[ScreenResultType]):
    """A screen that is drawn for :class:`SentApp` alone.

    Textual draws what has changed before it says that something has.
    """

    def __init__(
        self,
        name: str | None = None,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(name, id, classes)
        self._compositor = _DrawnLater()


class _DrawnLater(Compositor):
    def render_update(
        self,
        full: bool = False,
        screen_stack: list[Screen[object]] | None = None,
        simplify: bool = False,
    ) -> RenderableType | None:
        # All of it is asked for where it goes elsewhere, such as into a picture.
        if full:
            return super().render_update(full, screen_stack, simplify)
        changed = bool(self._dirty_regions)
        self._dirty_regions.clear()
        return cast("RenderableType", _Sequence("")) if changed else None


class _Sequence(CompositorUpdate):
    """What is sent, made already."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:
        return self._text


def strips(app: App[int]) -> list[Strip]:
    """Return what is on the screen, row by row; around a box that is what lies below it."""
    visible_screen_stack.set(app._background_screens)
    return app.screen._compositor.render_strips()


def cells(strip: Strip, colors: ColorSystem | None, width: int) -> list[Cell]:
    """Return a row of the screen, a cell a column, as many as there are."""
    row: list[Cell] = []
    for text, style, _control in strip:
        codes = _codes(style, colors) if style else ""
        blank = (" ", _codes_of_blank(codes))
        if text.isascii():
            row += [blank if letter == " " else (letter, codes) for letter in text]
            continue
        for first, behind, columns in split_graphemes(text)[0]:
            letter = _sure(text[first:behind])
            own = cell_len(letter)
            if letter == " ":
                row.append(blank)
            elif own:
                row += [(letter, codes), *[_COVERED] * (own - 1)]
            elif letter and row:
                at = -2 if row[-1] is _COVERED else -1
                row[at] = (row[at][0] + letter, row[at][1])
            row += [blank] * (columns - own)
    # Textual counts otherwise where it cuts a text between letters that are joined.
    if row[width:] and row[width] is _COVERED:
        row[width - 1] = _BLANK
    return row[:width] + [_BLANK] * (width - len(row))


def _sure(letter: str) -> str:
    """Return of a letter, and what is joined to it, the columns of which terminals agree about.

    An emoji that is joined of several, or of which a sign changes how it looks, takes one column
    on this terminal and six on that, and what is too much for a row begins the next.
    """
    marks = takewhile(_is_mark, letter[1:])
    return "".join((*filter(_is_seen_alone, letter[:1]), *marks))


def _is_mark(sign: str) -> bool:
    return unicodedata.category(sign) in ("Mn", "Me") and not "\ufe00" <= sign <= "\ufe0f"


def _is_seen_alone(sign: str) -> bool:
    return bool(cell_len(sign)) or _is_mark(sign)


@lru_cache(1024)
def _codes(style: Style, colors: ColorSystem | None) -> str:
    rendered = style.render("-", color_system=colors)
    # What is in front of the text, without the beginning and the end of the sequence.
    codes = rendered.partition("-")[0].removeprefix("\x1b[").removesuffix("m")
    # Each style begins from none, whose colours are the default ones already.
    return ";".join(code for code in codes.split(";") if code not in _DEFAULTS)


@lru_cache(1024)
def _codes_of_blank(codes: str) -> str:
    """Leave out what nobody sees of a blank: a colour of letters, bold, dim and italic."""
    split = codes.split(";")
    return codes if {"4", "7", "9", "21"} & set(split) else ";".join(filter(_is_seen, split))


def _is_seen(code: str) -> bool:
    return code not in ("1", "2", "3") and not (code.isdecimal() and int(code) in _LETTERS)


def differing(before: list[list[Cell]] | None, rows: Sequence[list[Cell]]) -> Iterator[str]:
    """Yield what makes a terminal that shows the one show the other; before and after, no style."""
    known = before is not None and [len(row) for row in before] == [len(row) for row in rows]
    if not known:
        yield "\x1b[0m\x1b[2J"
    codes = ""
    for y, row in enumerate(rows):
        old = before[y] if known and before is not None else [_BLANK] * len(row)
        if row == old:
            continue
        end = _end(row)
        # To erase is sure on every terminal only where blanks without a style are left.
        erased = len(row) - end >= _ERASED and old[end:] != row[end:]
        last = end if erased else len(row)
        for first, behind in _runs(old[:last], row[:last]):
            yield f"\x1b[{y + 1};{first + 1}H"
            for letter, style in row[first:behind]:
                seen = _codes_of_blank(codes) if letter == " " else codes
                if letter and style != seen:
                    yield f"\x1b[0;{style}m" if style else "\x1b[m"
                    codes = style
                yield letter
        if erased:
            if codes:
                yield "\x1b[m"
                codes = ""
            yield f"\x1b[{y + 1};{end + 1}H\x1b[K"
    if codes:
        yield "\x1b[m"


def _end(row: list[Cell]) -> int:
    end = len(row)
    while end and row[end - 1] == _BLANK:
        end -= 1
    return end


def _runs(old: list[Cell], row: list[Cell]) -> Iterator[tuple[int, int]]:
    """Yield the columns that differ, from one to behind another."""
    if any(len(cell[0]) != 1 for cells in (old, row) for cell in cells):
        # How wide such letters are drawn is the terminal's to say, so the row is one.
        yield 0, len(row)
        return
    first = behind = -1
    for x, (was, now) in enumerate(zip(old, row, strict=True)):
        if was == now:
            continue
        if first < 0:
            first = x
        elif x - behind > _STEPPED_OVER:
            yield first, behind
            first = x
        behind = x + 1
    if first >= 0:
        yield first, behind
