"""Which IPv6 default routes a host has, whatever ``ip`` prints."""

from collections.abc import Sequence

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.platform.system import Result
from wizard.steps.default_routes import advertised_routes, default_routes

ASKED = ("ip", "-6", "-json", "route", "show", "default")


class Printing(MadeUpSystem):
    """A host whose ``ip`` prints the given of its default routes."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self.said = said

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        assert tuple(argv) == ASKED
        return Result(0, self.said)


RA = '{"dst": "default", "gateway": "fe80::1", "dev": "eth0", "protocol": "ra"}'
STATIC = '{"dst": "default", "gateway": "fe80::2", "dev": "eth1", "protocol": "static"}'
NO_ROUTER = '{"dst": "default", "dev": "wg0"}'
TWO = (
    '{"dst": "default", "protocol": "ra", "nexthops": [{"gateway": "fe80::1", "dev": "eth0"}, '
    '{"gateway": "fe80::3", "dev": "eth2"}]}'
)


@pytest.mark.parametrize(
    ("said", "all_of_them", "advertised"),
    [
        ("", [], []),
        (f"[{RA}, {STATIC}]", [("eth0", "fe80::1"), ("eth1", "fe80::2")], [("eth0", "fe80::1")]),
        (f"[{NO_ROUTER}, {RA}]", [("wg0", ""), ("eth0", "fe80::1")], [("eth0", "fe80::1")]),
        (f"[{TWO}]", [("eth0", "fe80::1"), ("eth2", "fe80::3")], [
            ("eth0", "fe80::1"), ("eth2", "fe80::3")
        ]),
        ('[{"gateway": "fe80::1", "protocol": "ra"}]', [("", "fe80::1")], [("", "fe80::1")]),
    ],
)  # fmt: skip
def test_each_way_out_is_told_by_interface_and_router(
    said: str, all_of_them: list[tuple[str, str]], advertised: list[tuple[str, str]]
) -> None:
    assert default_routes(Printing(said)) == all_of_them
    assert advertised_routes(Printing(said)) == advertised


@pytest.mark.parametrize(
    "said", ["Error: x", '{"dst": "default"}', '[{"nexthops": 5}]', '[{"nexthops": ["eth0"]}]']
)
def test_what_is_not_understood_is_no_route(said: str) -> None:
    assert default_routes(Printing(said)) == []
    assert advertised_routes(Printing(said)) == []
