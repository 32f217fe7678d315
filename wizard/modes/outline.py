"""What a mode comes to on a host: steps in order, and remarks on what is left out."""

from dataclasses import dataclass

from wizard.steps.base import Step


@dataclass(frozen=True)
class Outline:
    """The steps of a mode, and a sentence for each thing that it leaves out or cannot promise."""

    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()
