"""What a kernel (6.18) said of connections whose source it translated, as recorded from it."""

from ipaddress import IPv6Address

import pytest

from wizard.probes import conntrack
from wizard.probes.conntrack import Flow

OWN, TARGET = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
SEEN = IPv6Address("2001:db8:5::1")
ECHO, TCP = Flow(OWN, TARGET, 4711), Flow(OWN, TARGET, 40000, 443)

OF_ECHO = bytes.fromhex(
    "e40000000001020001000000276c00000a000000540001802c0001801400030020010db800000000000000000000"
    "00011400040020010db800000000000000000000000224000280050001003a000000060007001267000005000800"
    "800000000500090000000000540002802c0001801400030020010db8000000000000000000000002140004002001"
    "0db800050000000000000000000124000280050001003a0000000600070012670000050008008100000005000900"
    "00000000080003000000019a080008000000000008000c007c94ac4308000b0000000002080007000000001e"
)
OF_TCP = bytes.fromhex(
    "040100000001020001000000276c00000a0000004c0001802c0001801400030020010db800000000000000000000"
    "00011400040020010db80000000000000000000000021c0002800500010006000000060002009c40000006000300"
    "01bb00004c0002802c0001801400030020010db80000000000000000000000021400040020010db8000500000000"
    "0000000000011c00028005000100060000000600020001bb0000060003009c400000080003000000019e08000800"
    "0000000008000c00604641f808000b00000000020800070000069780300004802c00018005000100030000000500"
    "02000a000000050003000a00000006000400230000000600050023000000"
)
OF_NONE = bytes.fromhex(
    "740000000200000001000000276c0000feffffff600000000101010001000000000000000a0000004c0001802c00"
    "01801400030020010db80000000000000000000000011400040020010db80000000000000000000000021c000280"
    "0500010006000000060002000100000600030001bb0000"
)
HALF = "src=2001:0db8:0000:0000:0000:0000:0000:0001 dst=2001:0db8:0000:0000:0000:0000:0000:0002"
BACK = "src=2001:0db8:0000:0000:0000:0000:0000:0002 dst=2001:0db8:0005:0000:0000:0000:0000:0001"
TABLE = (
    "ipv4     2 tcp      6 431999 ESTABLISHED src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 "
    "src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1 [ASSURED] mark=0 zone=0 use=2\n"
    f"ipv6     10 icmpv6   58 30 {HALF} type=128 code=0 id=4711 {BACK} type=129 code=0 id=4711 "
    "mark=0 zone=0 use=2\n"
    f"ipv6     10 tcp      6 432000 ESTABLISHED {HALF} sport=40000 dport=443 {BACK} sport=443 "
    "dport=40000 [ASSURED] mark=0 zone=0 use=2\n"
)


@pytest.mark.parametrize(("flow", "message"), [(ECHO, OF_ECHO), (TCP, OF_TCP)])
def test_the_source_that_others_see_is_where_answers_are_expected(
    flow: Flow, message: bytes
) -> None:
    assert conntrack.parse_answer(message) == SEEN
    # What the kernel said of the connection begins with the very tuple that was asked for.
    asked = conntrack.request(flow)[20:]
    assert message[20:].startswith(asked)


def test_a_connection_that_the_kernel_does_not_know_is_not_known() -> None:
    assert conntrack.parse_answer(OF_NONE) is None
    assert conntrack.parse_answer(b"") is None


@pytest.mark.parametrize("length", range(0, len(OF_TCP), 7))
def test_an_answer_that_is_cut_off_is_no_error(length: int) -> None:
    assert conntrack.parse_answer(OF_TCP[:length]) in (None, SEEN)


@pytest.mark.parametrize("flow", [ECHO, TCP])
def test_the_table_says_the_same(flow: Flow) -> None:
    assert conntrack.parse_table(TABLE, flow) == SEEN


def test_the_table_does_not_tell_of_others() -> None:
    for other in (Flow(OWN, TARGET, 4712), Flow(OWN, TARGET, 40000, 80), Flow(TARGET, OWN, 4711)):
        assert conntrack.parse_table(TABLE, other) is None
    assert conntrack.parse_table("ipv6 garbage src= dst= id= src=\n", ECHO) is None
