"""Takes what an earlier edit put into a Compose file out again, and leaves all other edits."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from wizard.compose.document import Document, load
from wizard.compose.joining import networks
from wizard.compose.meaning import FileMeaning, meaning
from wizard.compose.naming import names_network
from wizard.compose.nodes import ListNode, MapNode, Node, value_of
from wizard.platform.errors import Refused
from wizard.platform.reverse_edit import edits, same, without_edit, without_lines
from wizard.platform.text import clean_line

Fact = tuple[tuple[str, ...], bytes]

_FEW = 3
"""Lines in a row that are shown one by one."""

_MOST_ATTEMPTS = 64
_MOST_CHARACTERS = 3_000_000
"""How often pieces of an edit are tried to be taken out of one text, less often where it is long:
as many characters as that are read."""


def without_addition(before: str, after: str, now: str) -> str | None:
    """Return ``now`` without what was added when ``before`` was made ``after``.

    Every line of others stays, to the byte. That the result says what ``now`` says but for what the
    addition said, no more and no less, is made sure of with the parsed files.

    Returns:
        The text, which is ``now`` itself where nothing of the addition is in it; or None where it
        cannot be taken out by itself.
    """
    old, new, current = _facts(before), _facts(after), _facts(now)
    if old is None or new is None or current is None:
        return None
    added = new - old
    if not added & current:
        return now
    declared = {path[1] for path, _value in added if len(path) == 2 and path[0] == "networks"}
    for take_out in (without_edit, without_lines):
        result = take_out(before, after, now)
        remaining = _facts(result) if result is not None else None
        if result is None or remaining is None:
            continue
        # Nothing but ours has gone, nothing of ours is left, and nothing has come but what the
        # addition had taken away. A service may have been renamed or deleted since.
        only_ours = _anywhere(current - remaining) <= _anywhere(added)
        nothing_left = not added & remaining
        only_theirs_back = _anywhere(remaining - current) <= _anywhere(old - new)
        # Somebody may have copied a service, and with it the network that nothing would declare.
        dangling = [
            key for key in declared if names_network(result, key) and not names_network(before, key)
        ]
        if only_ours and nothing_left and only_theirs_back and not dangling:
            return result
    return None


def without_most(before: str, after: str, now: str) -> str | None:
    """Return ``now`` without as much of what was added as can be taken out by itself.

    For a text of which :func:`without_addition` cannot tell all apart: somebody has changed one of
    the lines, or copied a service with its network. Every service stays on the networks of others
    that it is on, and what is named stays declared.

    Returns:
        The text, or None where nothing can be taken out.
    """
    added = _added(before, after)
    declared = (path[1] for path, _value in added if len(path) == 2 and path[0] == "networks")
    ours = frozenset(declared)
    left = _Edit(before, after, now, ours)
    left.take_out(left.certain)
    # What declares a network comes out only once nothing names it, wherever it stands.
    while left.take_out(left.open):
        pass
    return left.now if left.now != now else None


def lines_left(before: str, after: str, text: str) -> tuple[str, ...]:
    """Return the lines of a text that say what was added, with their numbers, in words.

    They are known by what they say or, wherever that is, by how they were written. Of many in a row
    the first is shown.
    """
    lines = text.splitlines()
    root = _root(text)
    theirs = set(_bare(before))
    ours = {line for line in _bare(after) if line not in theirs}
    numbers = {number for number, line in enumerate(_bare(text)) if line in ours}
    if root is not None:
        added = _added(before, after)
        numbers |= {
            text.count("\n", 0, at) for fact, at in _walk(root, (), root.start) if fact in added
        }
    return tuple(_in_words(row, lines) for row in _rows(sorted(numbers)) if row[-1] < len(lines))


def _rows(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Yield numbers that follow one another together where they are many, else one by one."""
    for _, group in groupby(enumerate(numbers), lambda each: each[1] - each[0]):
        row = [number for _, number in group]
        yield from [row] if len(row) > _FEW else ([number] for number in row)


def _in_words(row: Sequence[int], lines: Sequence[str]) -> str:
    shown = clean_line(lines[row[0]].strip())
    if len(row) == 1:
        return f"line {row[0] + 1} (“{shown}”)"
    return f"lines {row[0] + 1} to {row[-1] + 1} (from “{shown}” on)"


class _Edit:
    """An edit that is taken out of a text piece by piece, each piece only if that is safe."""

    def __init__(self, before: str, after: str, now: str, ours: frozenset[str]) -> None:
        self._old, self._new = (each.splitlines(keepends=True) for each in (before, after))
        self._pieces = [
            piece
            for start, end, first, last in edits(self._old, self._new)
            for piece in (
                [(start, start, line, line + 1) for line in range(first, last)]
                if start == end
                else [(start, end, first, last)]
            )
        ]
        bare = [line.rstrip() for line in self._new]
        there = {number for number, _ in same(bare, [line.rstrip() for line in now.splitlines()])}
        names = re.compile("|".join(map(re.escape, ours)) + ":" if ours else "$^")
        self.certain: list[int] = []
        """The pieces of which every line, and every line beside it, is there as it was written."""
        for _, group in groupby(enumerate(self._pieces), lambda each: each[1][2] - each[0]):
            row = list(group)
            lines = range(row[0][1][2], row[-1][1][3])
            declares = any(names.match(bare[number].strip()) for number in lines)
            if there.issuperset(lines) and not declares:
                self.certain += [number for number, _ in row]
        self._out: set[int] = set()
        self._ours = ours
        self._removed = (_facts(before) or Counter()) - (_facts(after) or Counter())
        self._attempts = min(_MOST_ATTEMPTS, max(8, _MOST_CHARACTERS // (len(now) + 1)))
        self.now = now

    @property
    def open(self) -> list[int]:
        """The pieces that have not been taken out."""
        return [number for number in range(len(self._pieces)) if number not in self._out]

    def take_out(self, pieces: Sequence[int]) -> bool:
        """Take out as many of these pieces as can be, and return whether any was."""
        if not pieces or not self._attempts:
            return False
        self._attempts -= 1
        out = self._out.union(pieces)
        result = without_addition(self._without(out), self._without(self._out), self.now)
        if result is not None and result != self.now and self._is_safe(result):
            self.now, self._out = result, out
            return True
        if len(pieces) == 1:
            return False
        half = len(pieces) // 2
        return any([self.take_out(pieces[:half]), self.take_out(pieces[half:])])

    def _without(self, out: Collection[int]) -> str:
        lines = list(self._new)
        for number in sorted(out, reverse=True):
            start, end, first, last = self._pieces[number]
            lines[first:last] = self._old[start:end]
        return "".join(lines)

    def _is_safe(self, result: str) -> bool:
        """Return whether all that others say stays, and our network is as it was, if it stays.

        Half of what declares a network would be another network.
        """
        facts, rest = _facts(self.now), _facts(result)
        if facts is None or rest is None or not rest - facts <= self._removed:
            return False
        old, new = _meaning(self.now), _meaning(result)
        if old is None or new is None or old.services.keys() != new.services.keys():
            return False
        for name in old.services:
            before, after = (set(networks([said], name)) for said in (old, new))
            if before - self._ours != after - self._ours or after & self._ours - {*new.networks}:
                return False
        kept = self._ours & {*new.networks}
        return all(old.networks[key].digest == new.networks[key].digest for key in kept)


def declared_networks(before: str | None, after: str) -> tuple[str, ...]:
    """Return the keys of the networks that ``after`` declares and ``before`` did not."""
    added = _added(before, after)
    return tuple(
        dict.fromkeys(path[1] for path, _ in added if len(path) == 2 and path[0] == "networks")
    )


def _anywhere(facts: Counter[Fact]) -> Counter[Fact]:
    """Return facts with a service's name left out, for it may have been given another."""
    found: Counter[Fact] = Counter()
    for (path, value), count in facts.items():
        named = len(path) > 2 and path[0] == "services"
        found[((path[0], "", *path[2:]) if named else path), value] += count
    return found


def _added(before: str | None, after: str) -> Counter[Fact]:
    old = _facts(before) if before is not None else None
    return (_facts(after) or Counter()) - (old or Counter())


def _facts(text: str) -> Counter[Fact] | None:
    """Return what a Compose file says, one by one; None where it is not one."""
    root = _root(text)
    return None if root is None else Counter(fact for fact, _at in _walk(root, (), 0))


def _meaning(text: str) -> FileMeaning | None:
    document = _document(text)
    try:
        return None if document is None else meaning(document)
    except Refused:
        return None


def _root(text: str) -> MapNode | None:
    document = _document(text)
    return None if document is None else document.root


@lru_cache(maxsize=6)
def _document(text: str) -> Document | None:
    try:
        return load(text.encode("utf-8", "surrogateescape"), "the file")
    except Refused:
        return None


def _walk(node: Node, path: tuple[str, ...], at: int) -> Iterator[tuple[Fact, int]]:
    """Yield what a node says, and where in the text: by its key, where it has one."""
    target = value_of(node)
    if isinstance(target, MapNode):
        yield (path, b"a mapping"), at
        for key, value in target.pairs.items():
            own = target.written.get(key)
            yield from _walk(value, (*path, key), own[0].start if own else value.start)
    elif isinstance(target, ListNode):
        yield (path, b"a list"), at
        for item in target.items:
            yield ((*path, "-"), item.digest), item.start
    else:
        yield (path, target.digest), at


def _bare(text: str) -> list[str]:
    """Return the lines without remarks and without white space at their ends."""
    return [line.partition(" #")[0].rstrip() for line in text.splitlines()]
