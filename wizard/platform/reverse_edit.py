"""Takes an edit out of a text that somebody has edited since, line by line."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise

_MOST_PAIRS = 1_000_000
"""How many lines of one piece times lines of another are compared with one another."""


def without_edit(before: str, after: str, now: str) -> str | None:
    """Return ``now`` without the edit that made ``after`` of ``before``.

    Every other line stays, to the byte.

    Returns:
        The text, or None where the lines of the edit do not all stand in it as they were written.
    """
    old, new, lines = (text.splitlines(keepends=True) for text in (before, after, now))
    place = dict(same(new, lines))
    for start, end, first, last in reversed(list(edits(old, new))):
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


def without_lines(before: str, after: str, now: str) -> str | None:
    """Return ``now`` without what is left in it of the edit that made ``after`` of ``before``.

    For a text that an editor or a tool has gone over: line ends, white space at the ends of lines
    and a last newline make no difference, and lines of the edit that are gone are not missed.
    Whether the result says the right thing is for the caller to find out. Whether the last line
    has an end is as in ``now``.

    Returns:
        The text, or None where lines that the edit replaced are not there as it wrote them.
    """
    old, new, lines = (text.splitlines(keepends=True) for text in (before, after, now))
    if not lines:
        return now
    last_end = _end(lines[-1])
    bare_old, bare_new, bare_now = ([line.rstrip() for line in each] for each in (old, new, lines))
    place = dict(same(bare_new, bare_now))
    for start, end, first, last in reversed(list(edits(bare_old, bare_new))):
        places = [place[number] for number in range(first, last) if number in place]
        if start == end:
            for at in reversed(places):
                del lines[at]
        elif first == last:
            at = place.get(first, len(lines) if first == len(new) else -1)
            if at >= 0 and (not first or place.get(first - 1) == at - 1):
                lines[at:at] = old[start:end]
        elif places == list(range(places[0], places[0] + last - first)) if places else False:
            ending = _end(lines[places[0]])
            back = [line.rstrip("\r\n") + ending for line in old[start:end]]
            lines[places[0] : places[0] + last - first] = back
        elif places:
            return None
    if lines:
        lines[-1] = lines[-1].rstrip("\r\n") + last_end
    return "".join(lines)


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def edits(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield from where to where lines were replaced, in the old text and in the new one.

    A line that was only added to is by itself, apart from lines that were put in beside it.
    """
    start = first = 0
    for end, last in [*same(old, new), (len(old), len(new))]:
        if (start, first) != (end, last):
            yield from _apart(old, new, (start, end, first, last))
        start, first = end + 1, last + 1


def _apart(
    old: list[str], new: list[str], piece: tuple[int, int, int, int]
) -> Iterator[tuple[int, int, int, int]]:
    start, end, first, last = piece
    pairs: list[tuple[int, int]] = []
    at = first
    for number in range(start, end):
        at = next((each for each in range(at, last) if _is_in(old[number], new[each])), last)
        if at == last:
            yield piece
            return
        pairs.append((number, at))
        at += 1
    for number, place in pairs:
        if first < place:
            yield number, number, first, place
        yield number, number + 1, place, place + 1
        first = place + 1
    if first < last:
        yield end, end, first, last


def _is_in(line: str, other: str) -> bool:
    """Return whether another line has the characters of a line in their order."""
    rest = iter(other)
    return bool(line.strip()) and all(each in rest for each in line.strip())


def same(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Return which lines of two texts are the same, in order, by their numbers.

    Lines that stand once in each text part them into pieces, so that the work grows as the texts
    do. Pieces that are too large all the same count as different.
    """
    found: list[tuple[int, int]] = []
    todo = [(0, len(old), 0, len(new))]
    while todo:
        start, end, first, last = todo.pop()
        while start < end and first < last and old[start] == new[first]:
            found.append((start, first))
            start, first = start + 1, first + 1
        while start < end and first < last and old[end - 1] == new[last - 1]:
            end, last = end - 1, last - 1
            found.append((end, last))
        if start == end or first == last:
            continue
        anchors = _anchors(old, new, (start, end, first, last))
        if anchors:
            places = [(start - 1, first - 1), *anchors, (end, last)]
            found += anchors
            todo += [
                (one + 1, two, three + 1, four) for (one, three), (two, four) in pairwise(places)
            ]
        elif (end - start) * (last - first) <= _MOST_PAIRS:
            matcher = SequenceMatcher(None, old[start:end], new[first:last], False)
            found += [
                (start + block.a + number, first + block.b + number)
                for block in matcher.get_matching_blocks()
                for number in range(block.size)
            ]
    return sorted(found)


def _anchors(
    old: list[str], new: list[str], piece: tuple[int, int, int, int]
) -> list[tuple[int, int]]:
    """Return lines that stand once in each piece: as many as come in the same order in both."""
    start, end, first, last = piece
    once = _once(new, first, last)
    pairs = [
        (number, once[line]) for line, number in _once(old, start, end).items() if line in once
    ]
    # The longest increasing row, by the last number of the best row of each length.
    ends: list[int] = []
    best: list[int] = []
    before: list[int | None] = []
    for at, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        best[length : length + 1] = [at]
        before.append(best[length - 1] if length else None)
    row: list[tuple[int, int]] = []
    each = best[-1] if best else None
    while each is not None:
        row.append(pairs[each])
        each = before[each]
    return row[::-1]


def _once(lines: list[str], start: int, end: int) -> dict[str, int]:
    """Return the lines of a piece that stand in it once, with their numbers, in order."""
    counted = Counter(lines[start:end])
    return {lines[number]: number for number in range(start, end) if counted[lines[number]] == 1}
