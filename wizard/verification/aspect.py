"""What every aspect of a verification is: facts that must stay, and faults that must not be."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

Facts = Mapping[str, str]
"""What there is; each by a key that stays the same, with its name in a sentence."""


class Aspect(ABC):
    """One aspect of a host or a deployment, looked at before a change and after it."""

    @abstractmethod
    def look(self) -> Facts:
        """Return what there is now and must not be lost. What cannot be looked at is not there."""

    def obstacles(self) -> Sequence[str]:
        """Return, after the first look, why the change had better not begin, in sentences."""
        return ()

    def faults(self) -> Sequence[str]:
        """Return a sentence for each thing that must not be so after the change."""
        return ()

    def unsettled(self) -> Sequence[str]:
        """Return, in words, what is still on its way, so that a look at it says nothing yet."""
        return ()


def lost(before: Facts, after: Facts) -> list[str]:
    """Return what was there before and is not there after."""
    return [name for key, name in before.items() if key not in after]
