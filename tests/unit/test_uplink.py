import subprocess
import sys

from wizard.uplink.kernel import has_default_route, link_local
from wizard.uplink.solicitation import message
from wizard.uplink.unit import unit

ADDRESSES = """\
00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000000000fffe000011 02 40 20 c0     eth0
20010db80001000200000000fe000010 02 40 00 80     eth0
fe80000000000000000000fffe000010 02 40 20 80     eth0
fe80000000000000000000fffe000020 03 40 20 88     eth1
"""
ROUTES = """\
20010db8000100020000000000000000 40 00000000000000000000000000000000 00 \
00000000000000000000000000000000 00000100 00000001 00000000 00450001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
fe800000000000000000000000000001 00000400 00000003 00000000 00450003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
00000000000000000000000000000000 00000400 00000001 00000000 00000201     eth1
"""


def test_a_link_local_address_counts_once_it_is_past_duplicate_detection() -> None:
    assert link_local(ADDRESSES, "eth0") == "fe80::ff:fe00:10"
    assert link_local(ADDRESSES, "eth1") is None
    assert link_local(ADDRESSES, "eth2") is None


def test_a_default_route_counts_where_it_leads_somewhere() -> None:
    assert has_default_route(ROUTES, "eth0")
    assert not has_default_route(ROUTES, "eth1")
    assert not has_default_route(ROUTES, "lo")


def test_a_solicitation_tells_the_router_where_to_answer() -> None:
    """RFC 4861 §4.1 and §4.6.1."""
    assert message(bytes.fromhex("020000000010")).hex() == "8500000000000000" + "0101020000000010"
    assert message(b"").hex() == "8500000000000000"


def test_the_unit_starts_before_what_could_stop_an_interface_from_listening() -> None:
    text = unit(["eth0", "eth0.100"], "/etc/sysctl.d/zz.conf", forwarding=True)
    (before,) = (line for line in text.splitlines() if line.startswith("Before=network-pre"))
    assert {"networking.service", "docker.service"} <= set(before.split())
    assert "run.py wizard.uplink --forwarding eth0 eth0.100\n" in text
    assert "ExecStartPre=-sysctl --load=/etc/sysctl.d/zz.conf\n" in text
    assert "--forwarding" not in unit(["eth0"], "/etc/sysctl.d/zz.conf", forwarding=False)


def test_the_service_loads_little() -> None:
    heavy = ("docker", "pyroute2", "textual", "yaml", "argparse", "logging", "asyncio")
    program = f"""
import sys
import wizard.uplink.__main__
print([name for name in {heavy!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
