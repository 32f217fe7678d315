"""Takes what an earlier edit put into a Compose file out again, and leaves all other edits."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from wizard.compose.entries import without_entries
from wizard.compose.facts import added_by, anywhere, empty_of_others, facts_of, meaning_of
from wizard.compose.joining import networks
from wizard.compose.naming import names_network
from wizard.compose.theirs import Theirs
from wizard.platform.reverse_edit import edits, same, without_edit, without_lines

_MOST_ATTEMPTS = 64
_MOST_CHARACTERS = 3_000_000
"""How often pieces of an edit are tried to be taken out of one text, less often where it is long:
as many characters as that are read."""


def without_addition(before: str, after: str, now: str, *, by_tree: bool = True) -> str | None:
    """Return ``now`` without what was added when ``before`` was made ``after``.

    Every line of others stays, to the byte. That the result says what ``now`` says but for what the
    addition said, no more and no less, is made sure of with the parsed files.

    Args:
        before: The text before the edit.
        after: The text with it.
        now: The text today.
        by_tree: Whether it is found as well where its lines are written in another way by now.

    Returns:
        The text, which is ``now`` itself where nothing of the addition is in it; or None where it
        cannot be taken out by itself.
    """
    old, new, current = facts_of(before), facts_of(after), facts_of(now)
    if old is None or new is None or current is None:
        return None
    added = new - old
    if not anywhere(added) & anywhere(current):
        return now
    declared = {path[1] for path, _value in added if len(path) == 2 and path[0] == "networks"}
    others = Theirs(before, after, now)
    by_lines = (without_edit, without_lines)
    for take_out in (*by_lines, without_entries) if by_tree else by_lines:
        result = take_out(before, after, now)
        remaining = facts_of(result) if result is not None else None
        if result is None or remaining is None:
            continue
        # Nothing but ours has gone, nothing of ours is left, and nothing has come but what the
        # addition had taken away. A service may have been renamed or deleted since.
        only_ours = anywhere(current - remaining) <= anywhere(added)
        nothing_left = not empty_of_others(added & remaining, remaining)
        only_theirs_back = anywhere(remaining - current) <= anywhere(old - new)
        # Somebody may have copied a service, and with it the network that nothing would declare.
        dangling = [
            key for key in declared if names_network(result, key) and not names_network(before, key)
        ]
        is_free = only_ours and nothing_left and only_theirs_back and not dangling
        if is_free and others.keep_their_networks(result):
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
    added = added_by(before, after)
    declared = (path[1] for path, _value in added if len(path) == 2 and path[0] == "networks")
    ours = frozenset(declared)
    left = _Edit(before, after, now, ours)
    left.take_out(left.certain)
    # What declares a network comes out only once nothing names it, wherever it stands.
    while left.take_out(left.declaring, whole=True) or left.take_out(left.open):
        pass
    left.take_out_entries()
    return left.now if left.now != now else None


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
        self._declaring: list[int] = []
        self._row_of: dict[int, int] = {}
        for row in self._rows():
            self._row_of |= dict.fromkeys(row, row[0])
            lines = range(self._pieces[row[0]][2], self._pieces[row[-1]][3])
            if any(names.match(bare[number].strip()) for number in lines):
                self._declaring += row
            elif there.issuperset(lines):
                self.certain += row
        self._out: set[int] = set()
        self._ours = ours
        self._before, self._after = before, after
        self._removed = (facts_of(before) or Counter()) - (facts_of(after) or Counter())
        self._attempts = min(_MOST_ATTEMPTS, max(8, _MOST_CHARACTERS // (len(now) + 1)))
        self.now = now

    def _rows(self) -> Iterator[list[int]]:
        """Yield the pieces that follow one another and are of the same mapping or list.

        A line that is indented less than the first of them is of something else.
        """
        row: list[int] = []
        for number, (_, _, first, _) in enumerate(self._pieces):
            start = self._pieces[row[0]][2] if row else first
            follows = not row or self._pieces[number - 1][3] == first
            if not follows or _indent(self._new[first]) < _indent(self._new[start]):
                yield row
                row = []
            row.append(number)
        if row:
            yield row

    @property
    def open(self) -> list[int]:
        """The pieces that have not been taken out."""
        return [number for number in range(len(self._pieces)) if number not in self._out]

    @property
    def declaring(self) -> list[int]:
        """The pieces that declare a network, and have not been taken out."""
        return [number for number in self._declaring if number not in self._out]

    def take_out(self, pieces: Sequence[int], *, whole: bool = False) -> bool:
        """Take out as many of these pieces as can be, and return whether any was.

        Where ``whole`` is true they are taken out together or not at all.
        """
        if not pieces or not self._attempts:
            return False
        self._attempts -= 1
        out = self._out.union(pieces)
        old, new = self._without(out), self._without(self._out)
        result = without_addition(old, new, self.now, by_tree=False)
        if result is not None and result != self.now and self._is_safe(result):
            self.now, self._out = result, out
            return True
        if whole or len(pieces) == 1:
            return False
        half = self._middle(pieces)
        return any([self.take_out(pieces[:half]), self.take_out(pieces[half:])])

    def take_out_entries(self) -> None:
        """Take out what no line of the edit says as it was written."""
        for declared in (True, False):
            result = without_entries(
                self._before, self._after, self.now, partly=True, declared=declared
            )
            if result is not None and result != self.now and self._is_safe(result):
                self.now = result
                return

    def _middle(self, pieces: Sequence[int]) -> int:
        """Return where to part pieces in two: about the middle, and in no row if there are several.

        Of a list and its key neither may come out without the other.
        """
        rows = [self._row_of[number] for number in pieces]
        between = [at for at in range(1, len(rows)) if rows[at] != rows[at - 1]]
        middle = len(rows) // 2
        return min(between, key=lambda at: abs(at - middle), default=middle)

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
        facts, rest = facts_of(self.now), facts_of(result)
        if facts is None or rest is None or not rest - facts <= self._removed:
            return False
        old, new = meaning_of(self.now), meaning_of(result)
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
    added = added_by(before, after)
    return tuple(
        dict.fromkeys(path[1] for path, _ in added if len(path) == 2 and path[0] == "networks")
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
