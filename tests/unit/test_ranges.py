"""Ranges of addresses tell the same as every network asked one by one."""

import random
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

import pytest

from wizard.ruleset.chains import Network
from wizard.ruleset.ranges import Ranges


@pytest.mark.parametrize(
    ("named", "asked", "held"),
    [
        ([], "2001:db8::/64", False),
        (["2001:db8::/32"], "2001:db8:1::/48", True),
        (["2001:db8:1::/48"], "2001:db8::/32", None),
        (["2001:db8::/33", "2001:db8:8000::/33"], "2001:db8::/32", True),
        (["::/0"], "10.0.0.0/8", False),
        (["10.0.0.0/8", "fd00::/8"], "10.1.0.0/16", True),
        (["10.0.0.0/16", "10.2.0.0/16"], "10.0.0.0/14", None),
        (["0.0.0.0/0"], "198.18.0.0/15", True),
        (["10.0.0.0/8", "10.1.0.0/16"], "10.200.0.0/16", True),
    ],
)
def test_all_some_or_none(named: list[str], asked: str, held: bool | None) -> None:
    assert Ranges(map(ip_network, named)).hold(ip_network(asked)) is held


def test_the_same_as_address_by_address() -> None:
    chosen = random.Random(7)  # noqa: S311  (nothing is kept secret by it)

    def network() -> IPv4Network:
        length = chosen.randint(26, 32)
        first = chosen.randrange(0, 256, 1 << (32 - length))
        return IPv4Network((int(IPv4Address("192.0.2.0")) + first, length))

    for _ in range(500):
        named: list[Network] = [network() for _ in range(chosen.randint(0, 6))]
        asked = network()
        inside = [
            any(isinstance(each, IPv4Network) and one in each for each in named) for one in asked
        ]
        expected = True if all(inside) else None if any(inside) else False
        assert Ranges([*named, IPv6Network("::/0")]).hold(asked) is expected
