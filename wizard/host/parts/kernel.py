"""The release of the running kernel, as ``uname -r`` prints it."""

import os

from wizard.host.part import Part
from wizard.platform.text import clean_line


def detect() -> str:
    """Ask the kernel."""
    return clean_line(os.uname().release)


PART = Part(
    lambda host: host.kernel,
    label="Kernel",
    find=lambda _: detect(),
    words=lambda release: (release, "ok"),
)
