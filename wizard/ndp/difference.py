"""What has to be added and removed so that the kernel answers for the right addresses."""

from collections.abc import Mapping, Set
from ipaddress import IPv6Address
from typing import NamedTuple


class Difference(NamedTuple):
    """The addresses to add to the proxy entries, and those to remove."""

    add: frozenset[IPv6Address]
    remove: frozenset[IPv6Address]

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


def difference(wanted: Set[IPv6Address], entries: Mapping[IPv6Address, bool]) -> Difference:
    """Compare what should be with what is.

    Args:
        wanted: The addresses to answer for.
        entries: The addresses that have an entry, and whether it is one of ours.

    An entry of somebody else serves as well as one of ours would, so it is neither added again,
    which would make it ours, nor ever removed.
    """
    return Difference(
        add=frozenset(wanted - entries.keys()),
        remove=frozenset(each for each, ours in entries.items() if ours and each not in wanted),
    )
