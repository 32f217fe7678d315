"""Tells systemd how the service is (sd_notify(3))."""

import os
import socket


def notify(*lines: str) -> None:
    """Send lines such as ``READY=1``; without systemd, nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # An abstract socket is written with an at sign, and named with a zero byte.
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as systemd:
        try:
            systemd.sendto("\n".join(lines).encode(), address)
        except OSError:
            return
