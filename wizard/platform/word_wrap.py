"""Prose for a terminal: no word is broken at its edge, and no command for the sake of that."""

import re
import textwrap

_TYPED_AS_IT_IS = " " * 4
"""What commands and lines of files begin with: a line too many would be another command."""

_COMMAND = re.compile(r"“[^”]*”|\bwizard(?: -{1,2}[\w-]+| [A-Z]{2,}\b)+")
"""Commands in a sentence, which are copied as one."""

_COLUMNS = re.compile(r"(?:.* {2,})?\s*(?:[-!] |\d+\. )?")
"""All before the last column of a line: what comes below it begins there."""

_HELD = "\x00"
"""Stands for a space at which no line ends; text from outside holds none of these."""


def wrapped(text: str, width: int) -> str:
    """Return text of which no line is longer than ``width``, if its words let it.

    Lines that begin with four spaces are left as they are.
    """
    return "\n".join(_wrapped(line, width) for line in text.split("\n"))


def _wrapped(line: str, width: int) -> str:
    if len(line) <= width or line.startswith(_TYPED_AS_IT_IS):
        return line
    before = _COLUMNS.match(line)
    margin = len(before[0]) if before else 0
    held = _COMMAND.sub(lambda found: found[0].replace(" ", _HELD), line)
    lines = textwrap.wrap(
        held,
        width,
        subsequent_indent=" " * (margin if margin < width // 2 else 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(_HELD, " ")
