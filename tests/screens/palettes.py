"""The colours of terminals as they come, and how well each can be read there."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from rich.color import Color, ColorType
from rich.style import Style

ENOUGH = 4.5
"""Contrast of letters that everybody can read (WCAG 2.1, success criterion 1.4.3)."""


@dataclass(frozen=True)
class Palette:
    """What a terminal shows for its default colours, and for the 16 of ECMA-48 and after."""

    name: str
    letters: str
    ground: str
    sixteen: str


_XTERM = (
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
_SOLARIZED = (
    "073642 dc322f 859900 b58900 268bd2 d33682 2aa198 eee8d5 "
    "002b36 cb4b16 586e75 657b83 839496 6c71c4 93a1a1 fdf6e3"
)

PALETTES = (
    Palette("xterm", "000000", "ffffff", _XTERM),
    Palette("xterm -rv", "ffffff", "000000", _XTERM),
    Palette(
        "Linux console", "aaaaaa", "000000",
        "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
        "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
    ),
    Palette("Solarized light", "657b83", "fdf6e3", _SOLARIZED),
    Palette("Solarized dark", "839496", "002b36", _SOLARIZED),
    Palette(
        "Windows Terminal", "cccccc", "0c0c0c",
        "0c0c0c c50f1f 13a10e c19c00 0037da 881798 3a96dd cccccc "
        "767676 e74856 16c60c f9f1a5 3b78ff b4009e 61d6d6 f2f2f2",
    ),
    Palette(
        "PuTTY", "bbbbbb", "000000",
        "000000 bb0000 00bb00 bbbb00 0000bb bb00bb 00bbbb bbbbbb "
        "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
    ),
)  # fmt: skip


@cache
def too_faint(style: Style) -> tuple[str, ...]:
    """Return the palettes on which letters of this style cannot be read, with the contrast."""
    return tuple(_too_faint(style))


def _too_faint(style: Style) -> Iterator[str]:
    for palette in PALETTES:
        letters = _shown(style.color, palette, palette.letters)
        ground = _shown(style.bgcolor, palette, palette.ground)
        if style.dim:
            # Between the two, by as much as the terminal pleases.
            letters = tuple((a + b) / 2 for a, b in zip(letters, ground, strict=True))
        found = _contrast(letters, ground)
        own = _contrast(_rgb(palette.letters), _rgb(palette.ground))
        if found < min(ENOUGH, own) - 0.01:
            yield f"{found:.1f}:1 on {palette.name}"


def _rgb(digits: str) -> tuple[float, ...]:
    return tuple(bytes.fromhex(digits))


def _shown(color: Color | None, palette: Palette, default: str) -> tuple[float, ...]:
    if color is None or color.type is ColorType.DEFAULT:
        return _rgb(default)
    assert color.type is ColorType.STANDARD, f"{color} is none of the 16"
    assert color.number is not None
    return _rgb(palette.sixteen.split()[color.number])


def _contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: tuple[float, ...]) -> float:
    parts = [each / 255 for each in color]
    red, green, blue = (
        each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
