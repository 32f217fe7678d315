"""Whether an IPv4 address answers an echo request, from here or from another namespace."""

import json
import os
import socket
import struct
import sys
import time
from ipaddress import IPv4Address

_ECHO = 1.0
"""Seconds to wait for an echo."""


def answers(address: IPv4Address) -> bool:
    """Return whether an IPv4 address answers an echo request (RFC 792) within a second."""
    identifier = os.urandom(2)
    request = struct.pack("!BBH2sH", 8, 0, 0, identifier, 1)
    request = request[:2] + struct.pack("!H", _checksum(request)) + request[4:]
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            raw.connect((str(address), 0))
            raw.send(request)
            deadline = time.monotonic() + _ECHO
            while (left := deadline - time.monotonic()) > 0:
                raw.settimeout(left)
                message = raw.recv(2048)
                reply = message[(message[0] & 0xF) * 4 :]
                if reply[:1] == b"\0" and reply[4:6] == identifier:
                    return True
    except OSError:
        return False
    return False


def _checksum(octets: bytes) -> int:
    """Return the checksum of octets of an even number (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main() -> None:
    """Read a request, enter its namespace, and write which of its addresses answered."""
    from wizard.probes.probe import enter

    request = json.load(sys.stdin)
    answer: dict[str, object]
    try:
        enter(request["namespace"])
        asked = [IPv4Address(each) for each in request["addresses"]]
        answer = {"answered": [str(each) for each in asked if answers(each)]}
    except OSError as error:
        answer = {"failed": error.strerror or str(error), "errno": error.errno or 0}
    json.dump(answer, sys.stdout)
    sys.stdout.flush()
