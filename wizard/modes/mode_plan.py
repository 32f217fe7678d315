"""What a mode comes to on a host: steps in order, remarks, and what people will notice."""

from dataclasses import dataclass

from wizard.steps.base import Step


@dataclass(frozen=True)
class ModePlan:
    """The steps of a mode, and a sentence for each thing that it leaves out or cannot promise."""

    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """A sentence for each thing that people will notice of the change, the weightiest first."""
