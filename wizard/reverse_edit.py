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
    place = dict(_same(bare_new, bare_now))
    for start, end, first, last in reversed(list(_edits(bare_old, bare_new))):
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


def _edits(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    for tag, start, end, first, last in SequenceMatcher(None, old, new, False).get_opcodes():
        if tag != "equal":
            yield start, end, first, last


def _same(new: list[str], now: list[str]) -> Iterator[tuple[int, int]]:
    for block in SequenceMatcher(None, new, now, False).get_matching_blocks():
        for number in range(block.size):
            yield block.a + number, block.b + number
