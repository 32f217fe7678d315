"""Takes what an earlier edit put into a Compose file out again, and leaves all other edits."""

from collections import Counter
from collections.abc import Iterator

from wizard.compose.document import load
from wizard.compose.naming import names_network
from wizard.compose.nodes import ListNode, MapNode, Node, value_of
from wizard.platform.errors import Refused
from wizard.platform.reverse_edit import without_edit, without_lines

Fact = tuple[tuple[str, ...], bytes]


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


def declared_networks(before: str | None, after: str) -> tuple[str, ...]:
    """Return the keys of the networks that ``after`` declares and ``before`` did not."""
    old = _facts(before) if before is not None else None
    added = (_facts(after) or Counter()) - (old or Counter())
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


def _facts(text: str) -> Counter[Fact] | None:
    """Return what a Compose file says, one by one; None where it is not one."""
    try:
        root = load(text.encode("utf-8", "surrogateescape"), "the file").root
    except Refused:
        return None
    if root is None:
        return None
    return Counter(_walk(root, ()))


def _walk(node: Node, path: tuple[str, ...]) -> Iterator[Fact]:
    target = value_of(node)
    if isinstance(target, MapNode):
        yield path, b"a mapping"
        for key, value in target.pairs.items():
            yield from _walk(value, (*path, key))
    elif isinstance(target, ListNode):
        yield path, b"a list"
        for item in target.items:
            yield (*path, "-"), item.digest
    else:
        yield path, target.digest
