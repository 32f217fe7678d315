"""Messages that come as fast as they are read keep nobody reading."""

import socket

import pytest

from wizard.filter import news
from wizard.uplink.happenings import Happenings

pytestmark = pytest.mark.timeout(20)


class Endless(socket.socket):
    """A socket that has always another message."""

    def recv(self, size: int, flags: int = 0) -> bytes:
        return b"x"


def test_the_keepers_of_uplink_and_filter_look_in_the_midst_of_a_storm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Happenings()
    with Endless() as endless:
        news.drain(endless)
        monkeypatch.setattr(kept, "_socket", endless)
        monkeypatch.setattr(
            "wizard.uplink.happenings.select.select", lambda *_asked: ([endless], [], [])
        )
        assert kept.wait(1.0)
