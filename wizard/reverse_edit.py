"""Takes an edit out of a text that somebody has edited since, line by line."""

from collections.abc import Iterator
from difflib import SequenceMatcher


def without_edit(before: str, after: str, now: str) -> str | None:
    """Return ``now`` without the edit that made ``after`` of ``before``.

    Every other line stays, to the byte.

    Returns:
        The text, or None where the lines of the edit do not all stand in it as they were written.
    """
    old, new, lines = (text.splitlines(keepends=True) for text in (before, after, now))
    place = dict(_same(new, lines))
    for start, end, first, last in reversed(list(_edits(old, new))):
        if first == last:  # lines that the edit took away come back between the same neighbours
            at = place.get(first, len(lines) if first == len(new) else None)
            if at is None or (first and place.get(first - 1) != at - 1):
                return None
            lines[at:at] = old[start:end]
            continue
        places = [place.get(number) for number in range(first, last)]
        at = places[0]
        if at is None or places != list(range(at, at + last - first)):
            return None
        lines[at : at + last - first] = old[start:end]
    return "".join(lines)


def _edits(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    for tag, start, end, first, last in SequenceMatcher(None, old, new, False).get_opcodes():
        if tag != "equal":
            yield start, end, first, last


def _same(new: list[str], now: list[str]) -> Iterator[tuple[int, int]]:
    for block in SequenceMatcher(None, new, now, False).get_matching_blocks():
        for number in range(block.size):
            yield block.a + number, block.b + number
