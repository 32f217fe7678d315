"""What a Compose file says, fact by fact, to compare files by."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from wizard.compose.document import Document, load
from wizard.compose.meaning import FileMeaning, meaning
from wizard.compose.nodes import ListNode, MapNode, Node, Scalar, value_of
from wizard.platform.errors import Refused

Fact = tuple[tuple[str, ...], bytes]
"""A place in a file, by its keys, and what stands there, as a digest."""

CONTAINERS = (b"a mapping", b"a list")
"""What stands at the place of a mapping or a list, whatever it holds."""


def facts_of(text: str) -> Counter[Fact] | None:
    """Return what a Compose file says, one by one; None where it is not one."""
    document = document_of(text)
    if document is None:
        return None
    root = document.root
    # A file of remarks alone says nothing, which is something else than not to be understood.
    return Counter(fact for fact, _at in walk(root, (), 0)) if root else Counter()


def meaning_of(text: str) -> FileMeaning | None:
    """Return what a Compose file means; None where it is not one."""
    document = document_of(text)
    try:
        return None if document is None else meaning(document)
    except Refused:
        return None


def root_of(text: str) -> MapNode | None:
    """Return the top of a Compose file; None where it has none."""
    document = document_of(text)
    return None if document is None else document.root


@lru_cache(maxsize=6)
def document_of(text: str) -> Document | None:
    """Return the document of a text; None where it is not one."""
    try:
        return load(text.encode("utf-8", "surrogateescape"), "the file")
    except Refused:
        return None


def added_by(before: str | None, after: str) -> Counter[Fact]:
    """Return what one file says and another one, if there is any, does not."""
    old = facts_of(before) if before is not None else None
    return (facts_of(after) or Counter()) - (old or Counter())


def anywhere(facts: Counter[Fact]) -> Counter[Fact]:
    """Return facts with a service's name left out, for it may have been given another."""
    found: Counter[Fact] = Counter()
    for (path, value), count in facts.items():
        named = len(path) > 2 and path[0] == "services"
        found[((path[0], "", *path[2:]) if named else path), value] += count
    return found


def empty_of_others(left: Counter[Fact], there: Counter[Fact]) -> list[Fact]:
    """Return what is left of an edit, but for mappings and lists in which others have put more.

    Args:
        left: What is left of it.
        there: All that the file says.
    """
    filled = {path[:depth] for path, _ in there - left for depth in range(len(path))}
    return [fact for fact in left if fact[1] not in CONTAINERS or fact[0] not in filled]


def walk(node: Node, path: tuple[str, ...], at: int) -> Iterator[tuple[Fact, int]]:
    """Yield what a node says, and where in the text: by its key, where it has one."""
    target = value_of(node)
    if isinstance(target, MapNode):
        yield (path, CONTAINERS[0]), at
        for key, value in target.pairs.items():
            own = target.written.get(key)
            yield from walk(value, (*path, key), own[0].start if own else value.start)
        for named, hidden in target.items:
            key = named.value if isinstance(named, Scalar) else ""
            # Of a key that stands twice the last counts, and what the first says is theirs too.
            if key in target.pairs and target.pairs[key] is not value_of(hidden):
                yield from walk(hidden, (*path, key), named.start)
    elif isinstance(target, ListNode):
        yield (path, CONTAINERS[1]), at
        for item in target.items:
            yield ((*path, "-"), item.digest), item.start
    else:
        yield (path, target.digest), at
