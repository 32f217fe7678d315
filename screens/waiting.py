"""Who waits for work that is done beside the event loop, and is told once how it went."""

from collections.abc import Callable

Then = Callable[[str | None], None]
"""What is told: why there is nothing, or None where there is something."""


class Waiting:
    """Any number of them."""

    def __init__(self) -> None:
        self._those: list[Then] = []

    def __bool__(self) -> bool:
        return bool(self._those)

    def add(self, then: Then) -> None:
        """Let one wait more."""
        self._those.append(then)

    def tell(self, complaint: str | None) -> None:
        """Tell all; whoever begins to wait meanwhile is told the next time."""
        those, self._those = self._those, []
        for then in those:
            then(complaint)
