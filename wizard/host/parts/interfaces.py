"""The names of all network interfaces, in the kernel's order."""

import socket

from wizard.platform.text import clean_line


def detect() -> tuple[str, ...]:
    """Ask the kernel."""
    return tuple(clean_line(name) for _, name in socket.if_nameindex())
