"""How far an edit of a Compose file went beyond what was wanted, by what the files mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wizard.compose.joining import bystanders, networks
from wizard.compose.meaning import NO_OPTIONS, FileMeaning, Options
from wizard.compose.nodes import Value


@dataclass(frozen=True)
class Difference:
    """How far an edit went beyond what was wanted.

    Attributes:
        bystanders: Services that were not chosen and whose networks changed all the same.
        exact: Whether the wanted change, and no other, came about.
    """

    bystanders: tuple[str, ...]
    exact: bool


def difference(
    before: FileMeaning,
    after: FileMeaning,
    beside: Sequence[FileMeaning],
    chosen: Sequence[str],
    key: str,
    network: str,
    declared: bytes | None = None,
    addresses: Mapping[str, Options] | None = None,
    later: Sequence[FileMeaning] = (),
) -> Difference:
    """Compare a file before and after services were given a network.

    Args:
        before: The file before.
        after: The file after.
        beside: The project's files that Compose reads before it.
        chosen: The services that were to get the network.
        key: The network's key in the file.
        network: The network's name.
        declared: The digest of what declares it; None where it is made outside Compose.
        addresses: What services ask of it, where they ask for anything.
        later: The project's files that Compose reads after it.
    """
    asked = addresses or {}
    old, new = [*beside, before, *later], [*beside, after, *later]
    gone = set(before.services) - set(after.services) - set(chosen)
    harmed = tuple(sorted({*gone, *bystanders(old, new, chosen)}))
    exact = (
        not harmed
        and set(after.services) <= set(before.services) | set(chosen)
        and all(
            networks(new, name) == {key: asked.get(name, NO_OPTIONS), **networks(old, name)}
            for name in chosen
        )
        and all(
            service.rest == (before.services[name].rest if name in before.services else {})
            for name, service in after.services.items()
        )
        and before.others == after.others
        and _only_added(before.networks, after.networks, key)
        and (
            any(file.external(key) == network for file in new)
            if declared is None
            else any(key in file.networks and file.networks[key].digest == declared for file in new)
        )
    )
    return Difference(harmed, exact)


def _only_added(before: Mapping[str, Value], after: Mapping[str, Value], key: str) -> bool:
    return set(after) <= {*before, key} and all(
        name in after and after[name].digest == node.digest for name, node in before.items()
    )
