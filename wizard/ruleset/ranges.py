"""Which addresses networks take in, for lists of some ten thousand as of whole countries."""

from bisect import bisect_left
from collections.abc import Iterable

from wizard.ruleset.chains import Network


class Ranges:
    """The addresses of networks of either version, as ranges that do not touch each other."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._starts: dict[int, list[int]] = {4: [], 6: []}
        self._ends: dict[int, list[int]] = {4: [], 6: []}
        for first, last, version in sorted(
            (int(each.network_address), int(each.broadcast_address), each.version)
            for each in networks
        ):
            ends = self._ends[version]
            if ends and first <= ends[-1] + 1:
                ends[-1] = max(ends[-1], last)
            else:
                self._starts[version].append(first)
                ends.append(last)

    def hold(self, network: Network) -> bool | None:
        """Return whether every address of a network is among them; None if only some are."""
        starts, ends = self._starts[network.version], self._ends[network.version]
        first, last = int(network.network_address), int(network.broadcast_address)
        place = bisect_left(ends, first)
        if place == len(ends) or starts[place] > last:
            return False
        return True if starts[place] <= first and last <= ends[place] else None
