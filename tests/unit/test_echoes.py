"""Who answers an echo request, told from what comes back."""

import errno
import os
import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from wizard.probes import echo_ipv4
from wizard.verification import echoes

ROUTER = IPv4Address("192.0.2.1")
TARGET = IPv6Address("2001:db8:ffff::53")


class Raw:
    """A raw socket; each reply is a type of ICMP, and whether it has our identifier."""

    replies: list[tuple[int, bool, int]]
    sent: bytes = b""

    def __init__(self, *_: object) -> None:
        self.comes = iter(self.replies)

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, where: tuple[str, int]) -> None:
        if where != (str(ROUTER), 0):
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    def send(self, message: bytes) -> None:
        type(self).sent = message

    def settimeout(self, seconds: float) -> None:
        assert 0 < seconds <= 1

    def recv(self, _size: int) -> bytes:
        kind, ours, options = next(self.comes, (0, False, -1))
        if options < 0:
            raise TimeoutError
        identifier = self.sent[4:6] if ours else bytes(each ^ 0xFF for each in self.sent[4:6])
        head = bytes([0x45 + options]) + bytes(19 + 4 * options)
        return head + struct.pack("!BBH2sH", kind, 0, 0, identifier, 1)


@pytest.mark.parametrize(
    ("replies", "answers"),
    [
        ([(0, True, 0)], True),
        # Behind a header with options.
        ([(0, True, 2)], True),
        ([], False),
        ([(0, False, 0)], False),
        ([(8, True, 0)], False),
        ([(3, True, 0)], False),
        # What others are told does not end the wait.
        ([(0, False, 0), (3, True, 0), (0, True, 0)], True),
    ],
)
def test_an_ipv4_router_answers_with_the_identifier_of_the_request(
    monkeypatch: pytest.MonkeyPatch, replies: list[tuple[int, bool, int]], answers: bool
) -> None:
    monkeypatch.setattr(Raw, "replies", replies, raising=False)
    monkeypatch.setattr(socket, "socket", Raw)
    assert echo_ipv4.answers(ROUTER) is answers
    assert not echo_ipv4.answers(IPv4Address("198.51.100.1"))
    kind, code, _checksum, _identifier, _number = struct.unpack("!BBHHH", Raw.sent)
    assert (kind, code) == (8, 0)
    # Over a message with its checksum the sum is all ones (RFC 1071 §1).
    total = sum(struct.unpack("!4H", Raw.sent))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF


class Echoes:
    """Echoes of which some are answered; ``wanted`` says to which addresses on which links."""

    outcomes: dict[str, str | None]
    wanted: dict[str, tuple[str, int]]
    done = True
    next_time = None

    def __init__(self, _seconds: float) -> None:
        self.socket = self

    def __enter__(self) -> "Echoes":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def want(self, name: str, address: str, index: int) -> None:
        self.wanted[name] = (address, index)

    def echo(self, name: str) -> dict[str, Any] | None:
        outcome = self.outcomes.get(name)
        return {"outcome": outcome} if outcome else None


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        ({"router": "reply", "target": "reply"}, {"router", "target"}),
        ({"router": "reply", "target": "timeout"}, {"router"}),
        ({"target": "reply"}, {"target"}),
        ({}, set()),
    ],
)
def test_of_router_and_target_those_are_told_that_replied(
    monkeypatch: pytest.MonkeyPatch, outcomes: dict[str, str | None], found: set[str]
) -> None:
    monkeypatch.setattr(echoes, "Echoes", Echoes)
    monkeypatch.setattr(Echoes, "outcomes", outcomes, raising=False)
    monkeypatch.setattr(Echoes, "wanted", {}, raising=False)
    index = {"eth0": 7, "eth1": 8}

    def named(name: str) -> int:
        if name not in index:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return index[name]

    monkeypatch.setattr(socket, "if_nametoindex", named)
    routers = [
        ("eth0", IPv6Address("fe80::1")),
        ("gone", IPv6Address("fe80::2")),
        ("eth1", None),
    ]
    assert echoes.answers_ipv6(routers, TARGET) == found
    assert Echoes.wanted == {"target": (str(TARGET), 0), "router": ("fe80::1", 7)}
    # An address that is no link's own needs no link.
    assert echoes.answers_ipv6([("eth0", IPv6Address("2001:db8::1"))], TARGET) == found
    assert Echoes.wanted["router"] == ("2001:db8::1", 0)


def test_without_a_raw_socket_nobody_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(echoes, "Echoes", denied)
    monkeypatch.setattr(socket, "socket", denied)
    assert echoes.answers_ipv6([], TARGET) == set()
    assert not echo_ipv4.answers(ROUTER)
