"""A host on which each command is run once, for who looks at it and changes nothing."""

from collections.abc import Sequence
from typing import Any, cast

from wizard.platform.system import Result, System


def asked_once(system: System) -> System:
    """Return a host that gives the same answer to the same question, as it was at the first one.

    Several steps ask for the same network and the same rules. Who waits until something has changed
    must not ask this one, and who changes something must not go on asking it.
    """
    return cast("System", _AskedOnce(system))


class _AskedOnce:
    def __init__(self, system: System) -> None:
        self._system = system
        self._told: dict[tuple[tuple[str, ...], str], Result] = {}

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        """Run a command, or return how the same one ended."""
        question = tuple(argv), stdin
        if question not in self._told:
            self._told[question] = self._system.run(argv, stdin)
        return self._told[question]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as various as what a host does
        return getattr(self._system, name)
