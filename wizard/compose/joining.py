"""What the files of a project say together about a service, as Compose joins them.

How Compose joins several files, and what a service without ``networks:`` is on, was seen with
docker-compose 1.29.2 and Compose 2.26.1 and 2.40.3: the networks of all files together, or
``default`` if none names any. The tags ``!reset`` and ``!override`` take earlier files out of that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wizard.compose.meaning import (
    DEFAULT,
    NO_OPTIONS,
    FileMeaning,
    Options,
    ServiceMeaning,
    first,
    joined_networks,
    kept_of,
)
from wizard.compose.nodes import MapNode, is_true
from wizard.compose.tags import OVERRIDE, RESET, WHOLE, said_of

_NOTHING = ServiceMeaning({}, None, None, None, None)


@dataclass(frozen=True)
class Joined:
    """One service as all files together say it.

    Attributes:
        said: What they say; its ``rest``, ``base`` and ``drops`` are no file's.
        places: The numbers of the files in which a network can be added to it, so that no later
            file takes it away again.
    """

    said: ServiceMeaning
    places: tuple[int, ...]


def joined(files: Sequence[FileMeaning], service: str) -> Joined | None:
    """Return what files say of a service in Compose's order; None for one that there is not."""
    found: Joined | None = None
    for number, file in enumerate(files):
        part = file.services.get(service)
        if part is None:
            continue
        if WHOLE in part.drops:
            found = None
        if part.gone:
            continue
        before, places = (found.said, found.places) if found else (_NOTHING, ())
        kept = kept_of(before, part.drops)
        said = ServiceMeaning(
            {},
            joined_networks([kept.networks, part.networks]),
            first(part.network_mode, kept.network_mode),
            part.image or kept.image,
            kept.unknown or part.unknown,
            abilities=kept.abilities | part.abilities,
            provided=kept.provided or part.provided,
        )
        found = Joined(said, (*(() if "networks" in part.drops else places), number))
    return found


def named_networks(files: Sequence[FileMeaning], service: str) -> Mapping[str, Options] | None:
    """Return the networks that all files together name for a service; None if none does."""
    found = joined(files, service)
    return None if found is None else found.said.networks


def networks(files: Sequence[FileMeaning], service: str) -> Mapping[str, Options]:
    """Return the networks a service is on when Compose is given these files."""
    named = named_networks(files, service)
    return {DEFAULT: NO_OPTIONS} if named is None else named


def bystanders(
    before: Sequence[FileMeaning], after: Sequence[FileMeaning], chosen: Sequence[str]
) -> tuple[str, ...]:
    """Return the services that were not chosen and whose networks changed all the same."""
    known = {name for file in before for name in file.services}
    return tuple(
        name
        for name in sorted(known - set(chosen))
        if networks(before, name) != networks(after, name)
    )


def is_internal(files: Sequence[FileMeaning], network: str) -> bool:
    """Return whether a network is ``internal: true`` when Compose is given these files."""
    internal = False
    for file in files:
        node = file.networks.get(network)
        if node is not None and node.tag in (RESET, OVERRIDE):
            internal = False
        if isinstance(node, MapNode) and node.tag != RESET and "internal" in node.pairs:
            internal = is_true(said_of(node, "internal"), file.put_in)
    return internal
