"""The next boot: what it would take from this host's own IPv6 because of a change."""

from collections.abc import Callable, Sequence

from wizard.boot import outlook
from wizard.boot.outlook import Outlook
from wizard.verification.aspect import Aspect, Facts


class NextBoot(Aspect):
    """Foresees the next boot before and after; what was lost before already is no fault."""

    def __init__(self, foresee: Callable[[], Outlook] = outlook.look) -> None:
        self._foresee = foresee
        self._before: frozenset[str] | None = None
        self._lost: Sequence[tuple[str, str]] = ()

    def look(self) -> Facts:
        """Foresee what the next boot takes; the first time that is what it would take anyway."""
        # Here, for the looks wait side by side, and the faults of all aspects come one by one.
        self._lost = self._foresee().lost
        if self._before is None:
            self._before = frozenset(interface for interface, _ in self._lost)
        return {}

    def faults(self) -> Sequence[str]:
        """Return a sentence for each interface that would lose its IPv6 because of the change."""
        return [
            sentence for interface, sentence in self._lost if interface not in (self._before or ())
        ]
