"""Whether the wizard runs as root."""

import os
from collections.abc import Iterator

from wizard.host.part import Part, Words


def in_words(root: bool) -> Words:
    """Say what this person can do."""
    if root:
        return "root, so everything can be read and applied", "ok"
    return "not root: you can see the plan, but applying it needs root", "note"


def notes(root: bool) -> Iterator[str]:
    """Yield what does not work for others than root."""
    if not root:
        yield (
            "You are not root: where Docker answers you, everything up to the preview works, and "
            "applying it needs root."
        )


PART = Part(
    lambda host: host.root,
    label="You",
    find=lambda _: os.geteuid() == 0,
    words=in_words,
    notes=notes,
)
