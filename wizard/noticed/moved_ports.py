"""Published ports that Docker moves while a container joins a network or leaves it."""

from collections.abc import Iterable

from wizard.steps.attach import Attach
from wizard.steps.base import Step


def notices(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return what becomes of connections through them, for each of these steps that moves any."""
    said = (step.interruption for step in steps if isinstance(step, Attach))
    return tuple(dict.fromkeys(filter(None, said)))
