"""Cleans text from outside before anything shows it, and lists words as one says them."""

import re
from collections.abc import Iterable

# C0 but tab and newline, DEL, C1, and the bidirectional controls, any of which a terminal
# would act on instead of showing (Unicode UAX #9; ECMA-48).
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def clean(text: str) -> str:
    r"""Return text with every control character written out, as in ``\x1b`` or ``\u202e``.

    Lone surrogates, which Python makes of bytes that are not UTF-8, are written out too.
    """
    shown = _UNSAFE.sub(
        lambda match: (
            f"\\x{ord(match[0]):02x}" if ord(match[0]) < 256 else f"\\u{ord(match[0]):04x}"
        ),
        text,
    )
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")


def clean_line(text: str) -> str:
    r"""Return text as :func:`clean` does, on one line: newlines and tabs are written out too."""
    return clean(text).replace("\n", "\\n").replace("\t", "\\t")


def enumerated(words: Iterable[str]) -> str:
    """Return words as one says them in a row: “a”, “a and b”, “a, b and c”; nothing for none."""
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last
