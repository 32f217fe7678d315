"""Takes what an edit put into a Compose file out by the tree of the file, however it is written.

For a file that was written anew since, with other indentation, in another style or in one line, in
which no line of the edit stands as it was written.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from wizard.compose.document import Document
from wizard.compose.facts import document_of, root_of
from wizard.compose.insertion import text_end
from wizard.compose.nodes import (
    ListNode,
    MapNode,
    Node,
    Scalar,
    Value,
    says_nothing,
    text_of,
    value_of,
)
from wizard.compose.style import dash_column, line_start
from wizard.compose.theirs import Theirs


class _Mixed(Exception):
    """What is to come out cannot be told from what others have written around it."""


def without_entries(
    before: str, after: str, now: str, *, partly: bool = False, declared: bool = True
) -> str | None:
    """Return ``now`` without the entries that ``after`` has and ``before`` has not.

    Every other character stays. Whether the result says the right thing is for the caller to find
    out: a service that has another name by now is known by what it says.

    Args:
        before: The text before the edit.
        after: The text with it.
        now: The text today.
        partly: Whether what holds something of others stays, and all else comes out.
        declared: Whether what declares networks comes out.

    Returns:
        The text, or None where there is something of others in what would come out.
    """
    document, old, new = document_of(now), root_of(before), root_of(after)
    if document is None or document.root is None or new is None or document.twice:
        return None
    out = _Entries(document, Theirs(before, after, now).ours, partly=partly)
    try:
        out.take(old, new, document.root, ("services", "networks") if declared else ("services",))
        rest = out.rest()
    except _Mixed:
        return None
    return document.with_text(rest).decode("utf-8", "surrogateescape")


class _Entries:
    """The places of what comes out of one text."""

    def __init__(self, document: Document, ours: Collection[str], *, partly: bool) -> None:
        self._document, self._text, self._ours = document, document.text, ours
        self._partly = partly
        self._cuts: list[tuple[int, int]] = []

    def rest(self) -> str:
        """Return the text without what was taken out."""
        cuts = sorted(self._cuts)
        if any(end > start for (_, end), (start, _) in pairwise(cuts)):
            raise _Mixed
        pieces, at = [], 0
        for start, end in cuts:
            pieces.append(self._text[at:start])
            at = end
        return "".join((*pieces, self._text[at:]))

    def take(self, old: MapNode | None, new: MapNode, now: MapNode, keys: Sequence[str]) -> None:
        """Take out of the top what the edit put there: networks, and what services say of them."""
        gone = []
        for key in keys:
            was, made, there = _own(old, key), _own(new, key), _own(now, key)
            if not isinstance(made, MapNode) or not isinstance(there, MapNode):
                continue
            had = was if isinstance(was, MapNode) else None
            names = self._services(had, made, there) if key == "services" else None
            if names is None:
                names = {each for each in made.written if _own(had, each) is None}
            whole = {each for each in names & {*there.written} if self._is_ours(each, made, there)}
            if was is None and whole == {*there.written}:
                gone.append(key)
            else:
                self._from(there, whole)
        self._from(now, gone)

    def _services(self, old: MapNode | None, new: MapNode, now: MapNode) -> set[str]:
        """Take networks out of services that were there, and return the services that were not."""
        names = {name for name in new.written if _own(old, name) is None}
        others = [name for name in now.written if name not in new.written]
        for name in new.written:
            was, made = _own(old, name), _own(new, name)
            if name in names or was is None or made is None or was.digest == made.digest:
                continue
            there = _own(now, name)
            if there is None:
                there = _most_alike(made, {each: _own(now, each) for each in others})
            if isinstance(made, MapNode) and isinstance(there, MapNode):
                self._networks(was, made, there)
        return names

    def _networks(self, old: Value, new: MapNode, now: MapNode) -> None:
        had = old if isinstance(old, MapNode) else None
        was = _own(had, "networks")
        # What was merged in was written out with ours, and may be merged in no more.
        merged = had is not None and "networks" in had.pairs and now.own("<<") is None
        made, there = _own(new, "networks"), _own(now, "networks")
        if made is None or there is None:
            return
        if was is None and not merged and _names(there) <= _names(made):
            self._from(now, ["networks"])
        elif isinstance(there, ListNode):
            self._from(there, self._ours)
        elif isinstance(there, MapNode):
            on = [each for each in self._ours if self._is_ours(each, made, there)]
            self._from(there, on)

    def _is_ours(self, name: str, made: Value, now: MapNode) -> bool:
        """Return whether an entry says what the edit said, where that is not found out later."""
        was = _own(made, name) if isinstance(made, MapNode) else None
        there = _own(now, name)
        alike = there is not None and _alike(was, there, name)
        return alike or not self._partly

    def _from(self, container: ListNode | MapNode, names: Collection[str]) -> None:
        """Take the entries of these names out of a mapping or list, but never all that it has."""
        if not self._partly:
            self._out_of(container, names)
            return
        begun, out = len(self._cuts), list[str]()
        for name in names:
            cuts = self._cuts[begun:]
            del self._cuts[begun:]
            try:
                # Together, for of those beside each other one comma goes with each.
                self._out_of(container, [*out, name])
            except _Mixed:
                self._cuts[begun:] = cuts
            else:
                out.append(name)

    def _out_of(self, container: ListNode | MapNode, names: Collection[str]) -> None:
        items = [(each, each) if not isinstance(each, tuple) else each for each in container.items]
        out = [number for number, (key, _) in enumerate(items) if _text(key) in names]
        if not out:
            return
        if len(out) == len(items):
            raise _Mixed
        if not container.flow:
            for number in out:
                self._cut(*self._lines(container, *items[number]))
            return
        kept = min(set(range(len(items))) - set(out))
        for number in out:
            if number < kept:
                self._cut(items[number][0].start, items[number + 1][0].start)
            else:
                self._cut(items[number - 1][1].end, items[number][1].end)

    def _lines(self, container: ListNode | MapNode, key: Node, value: Node) -> tuple[int, int]:
        """Return from where to where the lines of an entry in block style are."""
        start = line_start(self._document, key.start)
        before = self._text[start : key.start]
        if isinstance(container, ListNode):
            if dash_column(self._document, container) is None or before.strip(" ") != "-":
                raise _Mixed
        elif before.strip(" "):
            raise _Mixed
        last = text_end(value)[0] if value.end > value.start else value.end
        end = self._text.find("\n", last)
        end = len(self._text) if end < 0 else end + 1
        if self._text[last:end].strip():
            raise _Mixed
        return start, end

    def _cut(self, start: int, end: int) -> None:
        # A remark or an anchor was written by somebody else.
        if {"#", "&"} & {*self._text[start:end]}:
            raise _Mixed
        self._cuts.append((start, end))


def _alike(one: Value | None, other: Value, name: str) -> bool:
    """Return whether two nodes say the same, but for the name of a network that is its key."""
    if one is None:
        return says_nothing(other)
    if isinstance(one, MapNode) and isinstance(other, MapNode):
        first, second = (
            {key: each.digest for key, each in node.pairs.items() if each is not _named(node, name)}
            for node in (one, other)
        )
        return first == second
    return one.digest == other.digest or (says_nothing(one) and says_nothing(other))


def _named(network: MapNode, name: str) -> Value | None:
    own = network.pairs.get("name")
    return own if text_of(own) == name else None


def _own(mapping: MapNode | None, key: str) -> Value | None:
    own = mapping.own(key) if mapping else None
    return None if own is None else value_of(own[1])


def _text(node: Node) -> str | None:
    return node.value if isinstance(node, Scalar) else None


def _names(node: Value) -> set[str | None]:
    """Return the names in a list or mapping; None stands for what is no name."""
    if isinstance(node, MapNode):
        return {_text(key) for key, _ in node.items}
    return {_text(item) for item in node.items} if isinstance(node, ListNode) else {None}


def _most_alike(service: Value, others: Mapping[str, Value | None]) -> Value | None:
    """Return the one of some services that says most of what a service says, if any says it."""
    said = _said(service)
    best = max(others.values(), key=lambda each: len(said & _said(each)), default=None)
    return best if said & _said(best) else None


def _said(service: Value | None) -> set[tuple[str, bytes]]:
    pairs = service.pairs.items() if isinstance(service, MapNode) else ()
    return {(key, value.digest) for key, value in pairs if key != "networks"}
