"""Which lines of a Compose file say what an edit added, where it was not taken out whole."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from wizard.compose.facts import added_by, empty_of_others, root_of, walk
from wizard.compose.theirs import Theirs
from wizard.platform.text import clean_line

_AT_MANY = ("networks:", "- default", "default: {}", "external: true")
"""Lines of ours that stand in many a file without us."""

_FEW = 3
"""Lines in a row that are shown one by one."""


def lines_left(before: str, after: str, text: str) -> tuple[str, ...]:
    """Return the lines of a text that say what was added, with their numbers, in words.

    They are known by what they say or, wherever that is, by how they were written, in a remark as
    well: a service that is only commented out would come back with them. Of many in a row the first
    is shown.
    """
    lines = text.splitlines()
    root = root_of(text)
    theirs = set(_bare(before))
    ours = {line for line in _bare(after) if line not in theirs}
    remarks = {line.strip() for line in ours}
    network = _naming(Theirs(before, after, text).ours)
    told = {number for number, line in enumerate(lines) if network.search(line)}
    numbers = {number for number, line in enumerate(_bare(text)) if line in ours}
    numbers |= {number for number, line in enumerate(lines) if _remark(line) in remarks}
    numbers |= {number for number in told if _remark(lines[number]) is None} - {
        number for number, line in enumerate(_bare(text)) if line in theirs
    }
    if root is not None:
        there = list(walk(root, (), root.start))
        all_of_it = Counter(fact for fact, _ in there)
        left = {*empty_of_others(added_by(before, after) & all_of_it, all_of_it)}
        facts = {text.count("\n", 0, at) for fact, at in there if fact in left}
        told |= facts
        numbers |= facts
    told |= {number for number, line in enumerate(lines) if line.strip(" #") not in _AT_MANY}
    below = {*_below(_bare(after))}
    told |= {number for number, pair in enumerate(_below(_bare(text))) if pair in below}
    # What stands at many a service is ours where something beside it is, or it is where it was put.
    rows = _rows(sorted(number for number in numbers if number < len(lines)))
    return tuple(_in_words(each, lines) for row in rows if told & {*row} for each in _shown(row))


def _below(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each line with the last one before it that does not stand at many a service."""
    last = ""
    for line in lines:
        yield last, line
        last = last if line.strip() in _AT_MANY else line


def _remark(line: str) -> str | None:
    """Return what a remark that is a line of its own says; None for any other line."""
    bare = line.strip()
    return bare.lstrip("# ").partition(" #")[0].rstrip() if bare.startswith("#") else None


def _naming(networks: Collection[str]) -> re.Pattern[str]:
    """Return what finds the name of one of the networks; nothing where there is none."""
    names = "|".join(map(re.escape, networks))
    return re.compile(rf"(?<![\w.-])(?:{names})(?![\w.-])" if names else r"(?!)")


def _rows(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Yield numbers that follow one another together."""
    for _, group in groupby(enumerate(numbers), lambda each: each[1] - each[0]):
        yield [number for _, number in group]


def _shown(row: list[int]) -> list[list[int]]:
    """Return a row as it is shown: one by one where it is short."""
    return [row] if len(row) > _FEW else [[number] for number in row]


def _in_words(row: Sequence[int], lines: Sequence[str]) -> str:
    shown = clean_line(lines[row[0]].strip())
    if len(row) == 1:
        return f"line {row[0] + 1} (“{shown}”)"
    return f"lines {row[0] + 1} to {row[-1] + 1} (from “{shown}” on)"


def _bare(text: str) -> list[str]:
    """Return the lines without remarks and without white space at their ends."""
    return [line.partition(" #")[0].rstrip() for line in text.splitlines()]
