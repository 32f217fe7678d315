"""ICMPv6 messages and the kernel's lists, as bytes and text."""

import socket
import struct

import pytest

from wizard.probes import icmpv6
from wizard.probes.kernel_tables import parse_addresses, parse_default_route
from wizard.uplink.kernel import has_default_route
from wizard.verification.kernel_files import default_routes_ipv6

PAYLOAD = b"12345678"
DESTINATION = socket.inet_pton(socket.AF_INET6, "2001:db8:ffff::53")
SOURCE = socket.inet_pton(socket.AF_INET6, "2001:db8:1::10")


def error_about(request: bytes, message_type: int, code: int, next_header: int = 58) -> bytes:
    header = struct.pack("!IHBB", 6 << 28, len(request), next_header, 1) + SOURCE + DESTINATION
    return struct.pack("!BBHI", message_type, code, 0, 0) + header + request


def test_a_request_has_type_128_and_its_numbers() -> None:
    assert icmpv6.echo_request(0x1234, 7, PAYLOAD) == b"\x80\0\0\0\x12\x34\0\x07" + PAYLOAD


def test_only_our_own_reply_is_taken() -> None:
    reply = b"\x81\0\0\0\x12\x34\0\x07" + PAYLOAD
    assert icmpv6.parse_reply(reply, 0x1234, PAYLOAD) == 7
    assert icmpv6.parse_reply(reply, 0x1235, PAYLOAD) is None
    assert icmpv6.parse_reply(reply, 0x1234, b"another.") is None
    assert icmpv6.parse_reply(b"\x80" + reply[1:], 0x1234, PAYLOAD) is None


def test_an_error_tells_which_request_it_is_about() -> None:
    message = error_about(icmpv6.echo_request(0x1234, 7, PAYLOAD), 3, 0)
    assert icmpv6.parse_error(message, 0x1234) == (3, 0, DESTINATION, 7)
    assert icmpv6.parse_error(message, 0x1235) is None
    assert icmpv6.parse_error(error_about(message[48:], 3, 0, next_header=17), 0x1234) is None


@pytest.mark.parametrize("length", range(56))
def test_a_message_cut_short_is_nobodys(length: int) -> None:
    message = error_about(icmpv6.echo_request(0x1234, 7, b""), 1, 3)[:length]
    assert icmpv6.parse_error(message, 0x1234) is None
    assert icmpv6.parse_reply(message[:7], 0x1234, b"") is None


def test_the_filter_clears_the_bits_of_what_may_pass() -> None:
    words = struct.unpack("=8I", icmpv6.filter_of(1, 129))
    assert words[0] == 0xFFFFFFFF & ~(1 << 1)
    assert words[4] == 0xFFFFFFFF & ~(1 << 1)
    assert {words[n] for n in (1, 2, 3, 5, 6, 7)} == {0xFFFFFFFF}


def test_every_code_has_words() -> None:
    assert icmpv6.error_words(1, 0) == "no route to the destination"
    assert icmpv6.error_words(1, 99) == "unreachable, code 99"
    assert icmpv6.error_words(3, 0) == "hop limit used up"
    assert icmpv6.error_words(4, 1) == "parameter problem, code 1"


# In the kernel's layout, for a container on two networks.
IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fd9179813415000000000000000000a2 1d 40 00 c0     eth1
fe80000000000000004200fffe120002 1d 40 20 80     eth1
"""
IPV6_ROUTE = """\
fd917981341500000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000002 00000000 00000001     eth1
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd917981341500000000000000000001 00000400 00000001 00000000 00000003     eth1
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe80000000000000000000000000bad1 00000100 00000001 00000000 00000003     eth2
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
"""  # noqa: E501


def test_addresses_are_read_with_their_prefix_and_flags() -> None:
    addresses = parse_addresses(IF_INET6)
    assert [one["address"] for one in addresses] == [
        "::1",
        "fd91:7981:3415::a2",
        "fe80::42:ff:fe12:2",
    ]
    assert addresses[1] == {
        "address": "fd91:7981:3415::a2",
        "prefix_length": 64,
        "scope": 0,
        "flags": 0xC0,
        "interface": "eth1",
    }


def test_the_default_route_with_the_lowest_metric_counts() -> None:
    assert parse_default_route(IPV6_ROUTE) == {"gateway": "fe80::bad1", "interface": "eth2"}


def test_the_kernels_unreachable_entry_is_no_default_route() -> None:
    assert parse_default_route(IPV6_ROUTE.splitlines()[-1]) is None
    assert parse_default_route("") is None
    # As of "ip -6 route add local default dev lo table 100", by which transparent proxies listen.
    local = f"{0:032x} 00 {0:032x} 00 {0:032x} 00000001 1 0 80000001 lo"
    assert parse_default_route(f"{local}\n{IPV6_ROUTE}") == parse_default_route(IPV6_ROUTE)
    assert not has_default_route(local, "lo")
    assert default_routes_ipv6(local) == []


def test_a_default_route_may_have_no_gateway() -> None:
    line = f"{0:032x} 00 {0:032x} 00 {0:032x} 00000400 1 0 00000001 tun0"
    assert parse_default_route(line) == {"gateway": None, "interface": "tun0"}
