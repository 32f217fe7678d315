"""The release of the running kernel, as ``uname -r`` prints it."""

import os

from wizard.platform.text import clean_line


def detect() -> str:
    """Ask the kernel."""
    return clean_line(os.uname().release)
