"""The interfaces of the next boot, from what the kernel shows of those that are there."""

from pathlib import Path

import pytest

from tests.given_files import GivenFiles
from wizard.boot import netplan, reader
from wizard.boot.forecast import Circumstances, foresee
from wizard.boot.link import Link

GENERATOR = "/usr/lib/systemd/system-generators/netplan"
YAML = "/etc/netplan/50-cloud-init.yaml"
MADE = "/run/systemd/network/10-netplan-eth0.network"


def folder(at: Path, name: str, **files: str) -> Path:
    """Make a folder as /sys/class/net has one for each interface."""
    made = at / name
    made.mkdir()
    for file, text in ({"ifindex": "7", "iflink": "7", "address": "02::1"} | files).items():
        (made / file).write_text(f"{text}\n")
    return made


@pytest.mark.parametrize(
    ("name", "files", "type_", "kind", "late"),
    [
        ("eth0.100", {"type": "1", "iflink": "2", "uevent": "DEVTYPE=vlan"}, "vlan", "vlan", True),
        ("bond0", {"type": "1", "uevent": "DEVTYPE=bond"}, "bond", "bond", True),
        ("br0", {"type": "1", "uevent": "DEVTYPE=bridge"}, "bridge", "bridge", True),
        ("wg0", {"type": "65534", "uevent": "DEVTYPE=wireguard"}, "wireguard", "wireguard", True),
        ("he-ipv6", {"type": "776", "iflink": "0", "uevent": "IFINDEX=7"}, "sit", "", True),
        ("eth0", {"type": "1", "iflink": "9", "uevent": "IFINDEX=7"}, "ether", "veth", False),
        ("lo", {"type": "772", "uevent": ""}, "loopback", "", False),
    ],
)
def test_what_is_made_upon_another_comes_late(
    tmp_path: Path, name: str, files: dict[str, str], type_: str, kind: str, late: bool
) -> None:
    found = reader.link(folder(tmp_path, name, **files))
    assert (found.name, found.type, found.kind, found.late) == (name, type_, kind, late)


def test_what_is_set_for_new_interfaces_may_be_that_of_one_made_later() -> None:
    files = GivenFiles({"/etc/sysctl.d/50-own.conf": "net.ipv6.conf.default.accept_ra=0\n"})
    links = (Link("eth0.100", type="vlan", kind="vlan", late=True),)
    value = foresee(files, Circumstances(links, 252)).value("eth0.100", "accept_ra")
    assert value is not None
    assert value.possible == {0, 1}


def test_files_that_netplan_has_not_taken_yet_are_to_be_read() -> None:
    texts = {GENERATOR: "", YAML: "network: {}\n", MADE: "[Match]\nName=eth0\n"}
    assert netplan.pending(GivenFiles(texts, {YAML: 5.0, MADE: 6.0})) == []
    assert netplan.pending(GivenFiles(texts, {YAML: 7.0, MADE: 6.0})) == [YAML]
    # A first one, before netplan was ever asked.
    del texts[MADE]
    (line,) = foresee(GivenFiles(texts, {YAML: 5.0}), Circumstances((), 252)).unread
    assert line.path == YAML
    # Without netplan nobody reads it.
    assert netplan.pending(GivenFiles({YAML: "network: {}\n"}, {YAML: 5.0})) == []


@pytest.mark.parametrize(
    "path",
    [
        "/etc/network/interfaces.d/bridges",
        "/etc/netplan/60-own.yaml",
        "/run/netplan/60-own.yaml",
        "/usr/lib/netplan/60-own.yaml",
    ],
)
def test_a_bridge_that_the_configuration_names_is_there_after_the_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    for name in ("br7", "br8"):
        (folder(tmp_path, name, type="1", uevent="DEVTYPE=bridge") / "bridge").mkdir()
    # A container's, before Docker has put it into its bridge.
    folder(tmp_path, "veth0a1b2c3", type="1", iflink="9", uevent="IFINDEX=7")
    monkeypatch.setattr(reader, "NET", tmp_path)
    found = reader._links(GivenFiles({path: "bridges: {br7: {}}\n"}))
    assert [each.name for each in found] == ["br7"]


def test_whatever_has_a_default_route_or_an_address_that_runs_out_is_looked_at() -> None:
    zero, router = "0" * 32, "fe80" + "0" * 27 + "1"
    routes = (
        f"{zero} 00 {zero} 00 {router} 00000400 00000001 00000000 00000003 br0\n"
        f"{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo\n"
    )
    of_prefix = "20010db800010002000000fffe000010"
    addresses = (
        f"{of_prefix} 02 40 00 80 br1\n{of_prefix} 03 40 00 00 br2\n{router} 04 40 20 00 br3\n"
    )
    assert reader.leading(routes, addresses) == {"br0", "br2"}
