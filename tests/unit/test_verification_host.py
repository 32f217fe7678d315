import sys
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.platform.system import Result
from wizard.verification import host as looking
from wizard.verification.aspect import lost
from wizard.verification.host import HostRoutes

IS_KNOWN = HostRoutes._is_known
TARGET = IPv6Address("2001:db8:ffff::53")
DEFAULT = (
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fe800000000000000000000000000001 00000400 00000003 00000000 {flags}     {interface}\n"
)
STATIC = "20010db8000100020000000000000010 02 40 00 80     eth0\n"
RENEWED = "20010db8000500060000000000000020 03 40 00 00     eth1\n"
BRIDGE = "fd123456789a00000000000000000001 05 40 00 {flags}     br-new\n"
CONF = "/proc/sys/net/ipv6/conf"


class Files(dict[str, str]):
    """What the kernel lists, by path."""

    def __call__(self, path: str) -> str:
        return self.get(path, "")


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    made = Files(
        {
            "/proc/net/ipv6_route": DEFAULT.format(flags="00000003", interface="eth0")
            + DEFAULT.format(flags="00450003", interface="eth1"),
            "/proc/net/if_inet6": STATIC + RENEWED,
            f"{CONF}/eth0/accept_ra": "1\n",
            f"{CONF}/eth0/forwarding": "0\n",
            f"{CONF}/eth1/accept_ra": "1\n",
            f"{CONF}/eth1/forwarding": "0\n",
        }
    )
    monkeypatch.setattr(looking, "read", made)
    monkeypatch.setattr(looking, "answers_ipv6", lambda routers, target: set())
    monkeypatch.setattr(looking, "source_for", lambda target: IPv6Address("2001:db8:1:2::10"))
    monkeypatch.setattr(HostRoutes, "_is_known", lambda *_: False)
    return made


def aspect(*bridges: str) -> HostRoutes:
    return HostRoutes(MadeUpSystem(), TARGET, bridges)


def test_nothing_is_lost_where_nothing_changed(files: Files) -> None:
    before = aspect().look()
    assert lost(before, aspect().look()) == []
    assert len(before) == 6


def test_every_default_route_counts_and_not_just_any(files: Files) -> None:
    before = aspect().look()
    files["/proc/net/ipv6_route"] = DEFAULT.format(flags="00000003", interface="eth0")
    (gone,) = lost(before, aspect().look())
    assert gone == "the IPv6 default route of this host over eth1 via fe80::1"


def test_every_address_counts_but_those_of_docker(files: Files) -> None:
    files["/proc/net/if_inet6"] += BRIDGE.format(flags="80").replace("br-new", "br-old")
    before = aspect("br-old").look()
    files["/proc/net/if_inet6"] = STATIC
    (gone,) = lost(before, aspect("br-old").look())
    assert "2001:db8:5:6::20" in gone


def test_what_runs_out_must_still_be_renewed(files: Files) -> None:
    before = aspect().look()
    for interface in ("eth0", "eth1"):
        files[f"{CONF}/{interface}/forwarding"] = "1\n"
    (gone,) = lost(before, aspect().look())
    assert "eth1" in gone
    assert "accept_ra" in gone
    files[f"{CONF}/eth1/accept_ra"] = "2\n"
    assert lost(before, aspect().look()) == []


def test_the_source_must_be_the_one_from_before(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = aspect().look()
    monkeypatch.setattr(looking, "source_for", lambda target: IPv6Address("fd12::1"))
    (gone,) = lost(before, aspect().look())
    assert "2001:db8:1:2::10" in gone


def test_it_is_settled_once_duplicate_detection_is_over_where_it_can_begin(files: Files) -> None:
    files["/proc/net/if_inet6"] += BRIDGE.format(flags="c0")
    assert aspect().unsettled() == []
    files["/sys/class/net/br-new/carrier"] = "1\n"
    assert len(aspect().unsettled()) == 1
    assert aspect("br-new").unsettled() == []
    files["/proc/net/if_inet6"] = STATIC + BRIDGE.format(flags="80")
    assert aspect().unsettled() == []


def test_whoever_answered_must_answer_again(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = list[str]()
    for name in ("router", "target"):
        monkeypatch.setattr(looking, "answers_ipv6", lambda *_: {"router", "target"})
        before = aspect().look()
        monkeypatch.setattr(
            looking, "answers_ipv6", lambda *_, gone=name: {"router", "target"} - {gone}
        )
        gone += lost(before, aspect().look())
    assert gone == [
        "the way to the IPv6 router, which answered",
        f"the way to {TARGET}, which answered",
    ]


ROUTES = (
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    f"eth0\t00000000\t{int.from_bytes(IPv4Address('192.0.2.1').packed, sys.byteorder):08X}"
    "\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
)


class Neighbours(MadeUpSystem):
    """A host whose neighbours are in these states, by router and interface."""

    def __init__(self, states: dict[tuple[str, str], str]) -> None:
        super().__init__()
        self.states = states

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        match list(argv):
            case ["ip", "-json", "neighbour", "show", "to", router, "dev", interface]:
                state = self.states.get((router, interface), "[]")
                return Result(0, state if state[0] == "[" else f'[{{"state": ["{state}"]}}]')
        return super().run(argv, stdin)


@pytest.mark.parametrize("family", ["4", "6"])
@pytest.mark.parametrize(
    ("state", "known"),
    [
        ("REACHABLE", True),
        ("STALE", True),
        ("PERMANENT", True),
        ("FAILED", False),
        ("INCOMPLETE", False),
        ("[]", False),
        ('[{"dst": "192.0.2.1"}]', False),
        ("[", False),
    ],
)
def test_a_router_that_was_known_on_the_link_must_be_so_again(
    files: Files, monkeypatch: pytest.MonkeyPatch, family: str, state: str, known: bool
) -> None:
    monkeypatch.setattr(HostRoutes, "_is_known", IS_KNOWN)
    monkeypatch.setattr(looking, "answers_ipv4", lambda _router: False)
    files["/proc/net/route"] = ROUTES
    # The other route of IPv6 leads to the same address on another link, where nobody is.
    router = {"4": "192.0.2.1", "6": "fe80::1"}[family]
    there = HostRoutes(Neighbours({(router, "eth0"): state}), TARGET)
    gone = lost(there.look(), HostRoutes(Neighbours({}), TARGET).look())
    assert gone == [f"the IPv{family} router as a neighbour on the link"] * known


def test_the_ipv4_router_must_be_there_and_answer_again(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files["/proc/net/route"] = ROUTES
    router = IPv4Address("192.0.2.1")
    monkeypatch.setattr(looking, "answers_ipv4", lambda asked: asked == router)
    before = aspect().look()
    monkeypatch.setattr(looking, "answers_ipv4", lambda router: False)
    assert lost(before, aspect().look()) == ["the way to the IPv4 router, which answered"]
    del files["/proc/net/route"]
    assert "the IPv4 default route of this host over eth0 via 192.0.2.1" in lost(
        before, aspect().look()
    )
