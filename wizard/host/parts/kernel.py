"""The release of the running kernel, as ``uname -r`` prints it."""

import os

from wizard.host.part import Part, Words
from wizard.platform.text import clean_line


def detect() -> str:
    """Ask the kernel."""
    return clean_line(os.uname().release)


def in_words(release: str) -> Words:
    """Say the release, and mind one that Windows runs."""
    return release, "note" if notes(release) else "ok"


def notes(release: str) -> list[str]:
    """Return what to mind of a kernel that Windows runs, whose release says whose it is."""
    if "microsoft" not in release.lower():
        return []
    return [
        "This Debian runs inside Windows (WSL), which makes its network anew at each start, stands "
        "before it, and gives it no IPv6 unless that was set up in Windows. Nothing outside "
        "reaches containers here by addresses of their own: the private mode can be tried, no more."
    ]


PART = Part(
    lambda host: host.kernel,
    label="Kernel",
    find=lambda _: detect(),
    words=in_words,
    notes=notes,
)
