import os
from pathlib import Path

import pytest

from tests.given_files import GivenFiles
from tests.unit.recorded import DEBIAN12, DEBIAN12_2017, DEBIAN13, text
from wizard.boot.interfaces import PATH, Interfaces, parse
from wizard.host.manager import (
    configures,
    leaves_to_dhcpcd,
    managed_by_network_manager,
    managed_by_networkd,
    named_in_interfaces,
    running_dhcpcds,
)


def test_networkd_has_the_interface_it_configured() -> None:
    assert managed_by_networkd(text(DEBIAN13, "networkd-link"))
    assert not managed_by_networkd("ADMIN_STATE=unmanaged\nOPER_STATE=routable\n")
    assert not managed_by_networkd("")


def test_network_manager_has_the_device_it_manages() -> None:
    managed = "[device]\nmanaged=true\nconnection-uuid=4f2c\n"
    assert managed_by_network_manager(managed)
    assert not managed_by_network_manager("[device]\nmanaged=false\n")
    assert not managed_by_network_manager("")


@pytest.mark.parametrize("machine", [DEBIAN12, DEBIAN12_2017])
def test_ifupdown_has_the_interface_of_a_real_machine(machine: str) -> None:
    assert named_in_interfaces(configured(text(machine, "interfaces")), "eth0")
    assert not named_in_interfaces(configured(text(machine, "interfaces")), "eth1")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("iface eth0 inet dhcp", True),
        ("  iface eth0 inet6 auto", True),
        ("iface eth* inet6 static", True),
        ("iface \\\n eth0 inet dhcp", True),
        ("iface eth0 inet manual", False),
        ("# iface eth0 inet dhcp", False),
        ("iface lo inet loopback", False),
        ("auto eth0", False),
    ],
)
def test_ifupdown_has_what_interfaces_brings_up(line: str, expected: bool) -> None:
    found = configured(f"source x\n{line}\n    address 192.0.2.1/24\n")
    assert named_in_interfaces(found, "eth0") is expected


def configured(text: str) -> Interfaces:
    return parse(GivenFiles({PATH: text}))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("dhcpcd: eth0 [ip4] [ip6]", True),
        ("dhcpcd: [manager] [ip4] [ip6]", True),
        ("dhcpcd: [master] [ip4] [ip6]", True),
        ("dhcpcd: eth1 [ip4] [ip6]", False),
        ("dhcpcd: eth0 [ip4]", False),
    ],
)
def test_dhcpcd_has_the_interface_on_which_it_does_ipv6(title: str, expected: bool) -> None:
    assert configures([(title,)], "eth0") is expected
    assert configures([("dhcpcd: eth9 [ip4] [ip6]",), (title,)], "eth0") is expected


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ("", True),
        ("# denyinterfaces eth0\nhostname\n", True),
        ("denyinterfaces lo eth*\n", False),
        ("allowinterfaces wlan*\n", False),
        ("allowinterfaces wlan* eth0\n", True),
        ("noipv6rs\n", False),
        ("interface eth0\n  noipv6rs\n", False),
        ("interface eth1\n  noipv6rs\n", True),
    ],
)
def test_dhcpcd_is_told_which_interfaces_to_take(configuration: str, expected: bool) -> None:
    assert leaves_to_dhcpcd(configuration, "eth0") is expected


def test_a_dhcpcd_counts_by_its_pid_file_alone(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    (tmp_path / "eth0-6.pid").write_text("4194304\n")
    assert list(running_dhcpcds(tmp_path)) == []
