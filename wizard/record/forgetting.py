"""What a record leaves out once nothing has to be taken back: the texts of people's files."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from wizard.record.record import Record, StepState

MARK = "sha256:"
"""How what stands for a text begins; its digest follows in hexadecimal figures."""


def fit_to_keep(record: Record) -> Record:
    """Return what is written of a record: of a run that is over, no text of a file."""
    return record if record.state.in_force else without_texts_of_files(record)


def without_texts_of_files(record: Record) -> Record:
    """Return a record without the texts that its steps hold."""
    steps = [
        step
        # Of what was left on the host somebody may still take back the rest by hand.
        if step.state is StepState.KEPT
        else replace(
            step,
            parameters=without_texts(step.parameters),
            before=without_texts(step.before),
        )
        for step in record.steps
    ]
    return replace(record, steps=steps)


def without_texts(found: Mapping[str, object]) -> dict[str, object]:
    """Return a table of a record with a digest in place of each file's text, however deep."""
    kept = {key: _without(each) for key, each in found.items()}
    text = found.get("text")
    if "mode" in found and isinstance(text, str) and not text.startswith(MARK):
        octets = text.encode("utf-8", "surrogateescape")
        kept["text"] = MARK + hashlib.sha256(octets).hexdigest()
    return kept


def _without(found: object) -> object:
    if isinstance(found, list):
        return [_without(each) for each in found]
    return without_texts(found) if isinstance(found, dict) else found
