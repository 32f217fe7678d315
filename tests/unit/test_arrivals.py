"""Datagrams are heard whoever listens, of one source and for one port alone."""

import os
import select
import socket

import pytest

from wizard.probes.arrivals import hear

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has raw sockets")


def is_heard(heard: socket.socket, seconds: float = 5) -> bool:
    return bool(select.select([heard], [], [], seconds)[0])


def test_datagrams_are_heard_of_the_source_and_for_the_port_that_are_meant() -> None:
    with (
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as program,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender,
    ):
        program.bind(("::1", 0))
        port = program.getsockname()[1]
        other = hear("::1", port ^ 1)
        stranger = hear("2001:2::1", port)
        with hear("::1", port) as heard, other, stranger:
            sender.sendto(b"?", ("::1", port))
            assert is_heard(heard)
            assert not is_heard(other, 0)
            assert not is_heard(stranger, 0)
        # Whoever listens has it all the same.
        program.settimeout(5)
        assert program.recv(9) == b"?"
        with hear("::1", port) as heard:
            assert not is_heard(heard, 0)
