"""No colours but the two of the person's terminal, either way round: others are too faint on some.

On a light background yellow, cyan and green are hard to read, on a dark one blue is. What a thing
means stands in signs and words; bold letters, lines and reverse video make it quick to see.
"""

from textual.theme import Theme

_THEIRS = "ansi_default"

TERMINAL = Theme(
    name="terminal",
    primary=_THEIRS,
    secondary=_THEIRS,
    warning=_THEIRS,
    error=_THEIRS,
    success=_THEIRS,
    accent=_THEIRS,
    foreground=_THEIRS,
    background=_THEIRS,
    surface=_THEIRS,
    panel=_THEIRS,
    boost=_THEIRS,
    dark=True,
    ansi=True,
    variables={
        "ansi-background": _THEIRS,
        "ansi-foreground": _THEIRS,
        "border-blurred": _THEIRS,
        "input-cursor-background": _THEIRS,
        "input-cursor-foreground": _THEIRS,
        "input-cursor-text-style": "reverse",
        "input-selection-background": _THEIRS,
        "input-selection-foreground": _THEIRS,
        "screen-selection-background": _THEIRS,
        "screen-selection-foreground": _THEIRS,
        "footer-key-foreground": _THEIRS,
    },
)
