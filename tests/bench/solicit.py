"""Asks for neighbours as a router does, and measures; run alone, in the router's network.

``first ADDRESS COUNT`` forgets the neighbour, sends an echo request and prints the microseconds
until its reply, COUNT times. ``await ADDRESS SECONDS`` solicits every half a millisecond and prints
the time of the first answer on the monotonic clock, or “never” once the seconds are over.
``unicast ADDRESS COUNT`` prints how many of COUNT unicast solicitations are answered.
``lost ADDRESS SECONDS`` sends twenty echo requests a second and prints how many were sent and how
many were not answered.
"""

import select
import socket
import struct
import subprocess
import sys
import time

INTERFACE = "machine"
MACHINE_MAC = "02:00:00:00:00:10"
ROUTER_MAC = bytes.fromhex("020000000001")
ECHO_REQUEST, ECHO_REPLY, SOLICITATION, ADVERTISEMENT = 128, 129, 135, 136


def raw_socket(*types: int) -> socket.socket:
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    words = [0xFFFFFFFF] * 8
    for each in types:
        words[each >> 5] &= ~(1 << (each & 31))
    raw.setsockopt(socket.IPPROTO_ICMPV6, 1, struct.pack("=8I", *words))
    index = socket.if_nametoindex(INTERFACE)
    for option in (socket.IPV6_MULTICAST_HOPS, socket.IPV6_UNICAST_HOPS):
        raw.setsockopt(socket.IPPROTO_IPV6, option, 255)
    raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    return raw


def neighbour(*words: str) -> None:
    subprocess.run(["ip", "-6", "neigh", *words, "dev", INTERFACE], check=False)


def came(raw: socket.socket, wanted: int, address: str, timeout: float) -> bool:
    """Wait for a message of a kind about an address."""
    packed = socket.inet_pton(socket.AF_INET6, address)
    until = time.monotonic() + timeout
    while (left := until - time.monotonic()) > 0:
        if not select.select([raw], [], [], left)[0]:
            return False
        message, sender = raw.recvfrom(2048)
        if message[0] != wanted:
            continue
        if wanted == ADVERTISEMENT and message[8:24] == packed:
            return True
        if wanted == ECHO_REPLY and sender[0].partition("%")[0] == address:
            return True
    return False


def echo(number: int) -> bytes:
    return struct.pack("!BBHHH", ECHO_REQUEST, 0, 0, 4711, number & 0xFFFF) + bytes(8)


def solicitation(address: str) -> bytes:
    packed = socket.inet_pton(socket.AF_INET6, address)
    return struct.pack("!BBHI", SOLICITATION, 0, 0, 0) + packed + b"\1\1" + ROUTER_MAC


def first(address: str, count: int) -> None:
    raw = raw_socket(ECHO_REPLY)
    for number in range(count):
        neighbour("flush", "to", address)
        begun = time.monotonic()
        raw.sendto(echo(number), (address, 0))
        answered = came(raw, ECHO_REPLY, address, 3)
        print((time.monotonic() - begun) * 1e6 if answered else "lost")
        time.sleep(0.02)


def wait_for_answer(address: str, seconds: float) -> None:
    raw = raw_socket(ADVERTISEMENT)
    packed = socket.inet_pton(socket.AF_INET6, address)
    group = socket.inet_pton(socket.AF_INET6, "ff02::1:ff00:0")[:13] + packed[13:]
    destination = (socket.inet_ntop(socket.AF_INET6, group), 0)
    print("asking", flush=True)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        raw.sendto(solicitation(address), destination)
        if came(raw, ADVERTISEMENT, address, 0.0005):
            print(time.monotonic())
            return
    print("never")


def unicast(address: str, count: int) -> None:
    neighbour("replace", address, "lladdr", MACHINE_MAC, "nud", "permanent")
    raw, answered = raw_socket(ADVERTISEMENT), 0
    for _ in range(count):
        raw.sendto(solicitation(address), (address, 0))
        answered += came(raw, ADVERTISEMENT, address, 0.1)
    neighbour("del", address)
    print(answered)


def lost(address: str, seconds: float) -> None:
    raw, sent, answered = raw_socket(ECHO_REPLY), 0, 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        next_time = time.monotonic() + 0.05
        raw.sendto(echo(sent), (address, 0))
        sent += 1
        answered += came(raw, ECHO_REPLY, address, 0.05)
        time.sleep(max(0.0, next_time - time.monotonic()))
    print(sent, sent - answered)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["first", address, count]:
            first(address, int(count))
        case ["await", address, seconds]:
            wait_for_answer(address, float(seconds))
        case ["unicast", address, count]:
            unicast(address, int(count))
        case ["lost", address, seconds]:
            lost(address, float(seconds))
