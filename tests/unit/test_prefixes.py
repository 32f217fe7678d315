import secrets
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from wizard.answers.prefixes import (
    Network,
    first_subnet,
    free_ipv4_subnet,
    overlapping,
    parse_prefix,
    random_unique_local,
)
from wizard.platform.errors import Refused


def global_identifier(prefix: IPv6Network) -> int:
    return (int(prefix.network_address) >> 80) & (2**40 - 1)


def test_a_random_prefix_is_a_48_in_the_locally_assigned_half() -> None:
    for _ in range(200):
        prefix = random_unique_local()
        assert prefix.prefixlen == 48
        assert prefix.subnet_of(IPv6Network("fd00::/8"))


def test_all_forty_bits_of_the_global_identifier_are_random() -> None:
    seen = [global_identifier(random_unique_local()) for _ in range(400)]
    assert len(set(seen)) == 400
    for bit in range(40):
        ones = sum(identifier >> bit & 1 for identifier in seen)
        # A fair bit is outside of this about once in 10^13 tries.
        assert 125 < ones < 275, f"bit {bit}"


def test_a_random_prefix_never_overlaps_what_is_avoided(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([0xAAAA, 0xBBBB, 0xCCCC])
    monkeypatch.setattr(secrets, "randbits", lambda bits: next(drawn))
    taken = [
        ip_network("10.0.0.0/8"),
        IPv6Network("fd00:0:aaaa:5::/64"),
        IPv6Network("fd00:0:bbb0::/44"),
    ]
    assert random_unique_local(taken) == IPv6Network("fd00:0:cccc::/48")


def test_the_identifier_comes_from_the_system_s_source_of_randomness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def drawn(bits: int) -> int:
        asked.append(bits)
        return 1

    monkeypatch.setattr(secrets, "randbits", drawn)
    assert random_unique_local() == IPv6Network("fd00:0:1::/48")
    assert asked == [40]


@pytest.mark.parametrize(
    ("prefix", "first"),
    [
        ("fd12:3456:789a::/48", "fd12:3456:789a::/64"),
        ("fd12:3456:789a:ff00::/56", "fd12:3456:789a:ff00::/64"),
        ("fd12:3456:789a:1::/64", "fd12:3456:789a:1::/64"),
    ],
)
def test_the_first_64_of_a_prefix(prefix: str, first: str) -> None:
    assert first_subnet(IPv6Network(prefix)) == IPv6Network(first)


def test_the_families_never_overlap_each_other() -> None:
    everything: list[Network] = [IPv4Network("0.0.0.0/0"), IPv6Network("::/0")]
    assert overlapping(IPv6Network("fd00::/64"), everything) == IPv6Network("::/0")
    assert overlapping(IPv4Network("10.0.0.0/8"), everything) == IPv4Network("0.0.0.0/0")


def test_ipv4_subnets_are_taken_from_the_end_that_docker_comes_to_last() -> None:
    assert free_ipv4_subnet([]) == IPv4Network("172.31.0.0/16")
    used: list[Network] = [
        IPv4Network("172.31.0.0/16"),
        IPv4Network("172.30.5.0/24"),
        IPv6Network("::/0"),
    ]
    assert free_ipv4_subnet(used) == IPv4Network("172.29.0.0/16")
    assert free_ipv4_subnet([IPv4Network("172.16.0.0/12")]) == IPv4Network("192.168.240.0/20")
    assert free_ipv4_subnet([IPv4Network("0.0.0.0/0")]) is None


def test_every_subnet_is_taken_that_docker_hands_out_by_itself() -> None:
    # https://docs.docker.com, dockerd, default-address-pools; 172.17.0.0/16 is docker0's mostly.
    used: list[Network] = []
    while (found := free_ipv4_subnet(used)) is not None:
        used.append(found)
    large = list(IPv4Network("172.16.0.0/12").subnets(new_prefix=16))[1:]
    small = list(IPv4Network("192.168.0.0/16").subnets(new_prefix=20))
    assert used == [*reversed(large), *reversed(small)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Type a prefix such as"),
        ("   ", "Type a prefix such as"),
        ("fd12:3456:789a::", "has no length"),
        ("hello", "has no length"),
        ("hello/64", "is not an IPv6 prefix"),
        ("/64", "is not an IPv6 prefix"),
        ("fd00::/129", "is not an IPv6 prefix"),
        ("fd00::/-1", "is not an IPv6 prefix"),
        ("fd00::/64/64", "is not an IPv6 prefix"),
        ("fd00::/x", "is not an IPv6 prefix"),
        ("fd00::/", "is not an IPv6 prefix"),
        ("fd00::1::/64", "is not an IPv6 prefix"),
        ("fd00:12345::/64", "is not an IPv6 prefix"),
        ("fd00::/٦٤", "is not an IPv6 prefix"),
        ("fd00::%eth0/64", "names an interface"),
        ("192.0.2.0/24", "is an IPv4 subnet"),
        ("fd12::1/64", "has bits set behind its length. The prefix it lies in is fd12::/64"),
        ("fd12:0:0:1::/48", "The prefix it lies in is fd12::/48"),
        ("\x1b[2J/64", "is not an IPv6 prefix"),
        ("fd00::\u202e/64", "is not an IPv6 prefix"),
    ],
)
def test_what_is_no_prefix_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_prefix(text)
    said = str(refused.value)
    assert sentence in said
    assert said.endswith(".")
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_a_prefix_may_have_blanks_around_it_and_be_written_at_length() -> None:
    written = " FD12:3456:789A:0000:0000:0000:0000:0000/64\n"
    assert parse_prefix(written) == IPv6Network("fd12:3456:789a::/64")
