"""The names of all network interfaces, in the kernel's order."""

import socket

from wizard.host.part import Part
from wizard.platform.text import clean_line


def detect() -> tuple[str, ...]:
    """Ask the kernel."""
    return tuple(clean_line(name) for _, name in socket.if_nameindex())


PART = Part(
    lambda host: host.interfaces,
    label="Interfaces",
    find=lambda _: detect(),
    words=lambda names: (", ".join(names) or "none", "ok"),
)
