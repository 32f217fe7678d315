"""What of this host a forecast of the next boot is made from."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.given_files import GivenFiles
from wizard.boot import reader, sysctl_d
from wizard.boot.files import HostFiles, configuration
from wizard.host.looking import CannotTell


def test_the_files_of_a_host_are_told_from_what_is_none(tmp_path: Path) -> None:
    whole, folder, masked, pipe = (tmp_path / each for each in ("a.conf", "b.conf", "c.conf", "d"))
    whole.write_text("a=1\n")
    whole.chmod(0o644)
    os.utime(whole, (5, 7))
    folder.mkdir()
    masked.symlink_to("/dev/null")
    os.mkfifo(pipe)
    files = HostFiles()
    assert files.text(str(whole)) == "a=1\n"
    assert files.text(str(masked)) == ""
    for none in (folder, tmp_path / "gone", whole / "below"):
        assert files.text(str(none)) is None
    assert files.unread == []
    for _ in range(2):
        assert files.text(str(pipe)) is None
    assert files.unread == [str(pipe)]
    # What was read once is what a forecast is made of.
    whole.write_text("a=2\n")
    assert files.text(str(whole)) == "a=1\n"
    os.utime(whole, (5, 7))
    assert (files.changed(str(whole)), files.changed(str(tmp_path / "gone"))) == (7, 0)
    for mode, runs in ((0o644, False), (0o744, True), (0o645, True)):
        whole.chmod(mode)
        assert files.is_executable(str(whole)) is runs
    assert not files.is_executable(str(tmp_path / "gone"))


def test_a_name_in_an_earlier_folder_hides_that_in_a_later_one(tmp_path: Path) -> None:
    for place in ("one/b.conf", "one/z.conf", "two/a.conf", "two/b.conf", "two/c.other"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    found = configuration(HostFiles(), [f"{tmp_path}/one", f"{tmp_path}/two"], ".conf")
    assert found == [f"{tmp_path}/{each}" for each in ("two/a.conf", "one/b.conf", "one/z.conf")]


KEY = "net/ipv6/conf/all/forwarding"
ON, OFF = "net.ipv6.conf.all.forwarding=1\n", "# off\nnet.ipv6.conf.all.forwarding=0\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"/etc/sysctl.d/a.conf": ON}, ("1", "/etc/sysctl.d/a.conf", 1)),
        ({"/etc/sysctl.d/a.conf": ON, "/usr/lib/sysctl.d/b.conf": OFF},
         ("0", "/usr/lib/sysctl.d/b.conf", 2)),
        ({"/etc/sysctl.conf": ON, "/usr/lib/sysctl.d/b.conf": OFF}, ("1", "/etc/sysctl.conf", 1)),
        # The wizard's own is not what somebody wants.
        ({"/etc/sysctl.d/a.conf": OFF, "/etc/sysctl.d/90-docker-ipv6-wizard.conf": ON},
         ("0", "/etc/sysctl.d/a.conf", 2)),
        ({"/etc/sysctl.d/a.conf": "net.ipv6.conf.eth0.forwarding=1\n"}, None),
        ({"/etc/sysctl.d/a.other": ON}, None),
    ],
)  # fmt: skip
def test_the_last_line_that_somebody_wrote_decides(
    files: dict[str, str], expected: tuple[str, str, int] | None
) -> None:
    found = sysctl_d.deciding(GivenFiles(files), KEY)
    assert (found and (found.value, found.path, found.line)) == expected


@pytest.mark.parametrize(
    "written",
    [
        "net.ipv6.conf.eth0/5.forwarding",
        "net/ipv6/conf/eth0.5/forwarding",
        "/net/ipv6/conf/eth0.5/forwarding",
        "/proc/sys/net/ipv6/conf/eth0.5/forwarding",
    ],
)
def test_whichever_sign_comes_first_separates_and_the_other_is_a_part_of_a_name(
    written: str,
) -> None:
    key = "net/ipv6/conf/eth0.5/forwarding"
    assert sysctl_d.normalized(written) == key
    # So on the kernel's command line, where others have no meaning.
    assert [each.key for each in sysctl_d.of_command_line(f"quiet sysctl.{written}=1 a=1")] == [key]


# The interfaces.

DEFAULT = (
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fe800000000000000000000000000001 00000400 00000003 00000000 00000003 {}\n"
)
NOT_DEFAULT = DEFAULT.format("eth9").replace("00 0000", "40 0000", 1)
LASTS = "20010db8000100020000000000000010 02 40 00 80 eth1\n"
RUNS_OUT = "20010db8000100020000000000000010 02 40 00 00 eth2\n"
OF_LINK = "fe800000000000000000000000000010 02 40 20 00 eth3\n"


def test_what_leads_are_default_routes_and_addresses_that_run_out() -> None:
    assert reader.leading(DEFAULT.format("eth0") + NOT_DEFAULT, LASTS + RUNS_OUT + OF_LINK) == {
        "eth0",
        "eth2",
    }


@pytest.mark.parametrize(
    ("name", "holds", "configured", "there"),
    [
        ("eth0", ["ifindex"], "", True),
        # A port of a bridge or bond has no IPv6 of its own; and bonding_masters is no interface.
        ("eth0", ["ifindex", "master"], "", False),
        ("bonding_masters", [], "", False),
        ("docker0", ["ifindex", "bridge"], "docker0", False),
        ("br-0123456789ab", ["ifindex", "bridge"], "", False),
        ("veth0a1b2c3", ["ifindex"], "", False),
        ("virbr0", ["ifindex", "bridge"], "iface virbr01 inet6 auto", False),
        ("virbr0", ["ifindex", "bridge"], "iface virbr0 inet6 auto", True),
        # Whatever made it, the host's way out goes by it.
        ("virbr0", ["ifindex", "bridge"], None, True),
    ],
)
def test_an_interface_is_one_of_the_boot_unless_a_program_makes_it_later(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    holds: list[str],
    configured: str | None,
    there: bool,
) -> None:
    (tmp_path / name).mkdir()
    for each in holds:
        (tmp_path / name / each).touch()
    monkeypatch.setattr(reader, "NET", tmp_path)
    leads = DEFAULT.format(name) if configured is None else ""
    tables = {"/proc/net/ipv6_route": leads}
    monkeypatch.setattr(reader, "read_if_there", lambda path: tables.get(str(path)))
    files = GivenFiles({"/etc/network/interfaces.d/a": configured or ""})
    assert [each.name for each in reader._links(files)] == [name] * there


# What programs say.


def says(monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]) -> None:
    def output(words: Sequence[str]) -> str:
        if " ".join(words) not in answers:
            raise CannotTell("It does not say.")
        return answers[" ".join(words)]

    monkeypatch.setattr(reader, "output", output)


@pytest.mark.parametrize(
    ("said", "release"),
    [("systemd 257 (257.7-1)\n+PAM\n", 257), ("", 0), ("other 5\n", 0), (None, 0)],
)
def test_the_release_of_systemd_is_0_where_it_is_not_said(
    monkeypatch: pytest.MonkeyPatch, said: str | None, release: int
) -> None:
    says(monkeypatch, {} if said is None else {"systemctl --version": said})
    assert reader.systemd_release() == release


def test_what_there_is_now_is_what_ip_says(monkeypatch: pytest.MonkeyPatch) -> None:
    route = '[{"dst": "default", "dev": "eth0", "protocol": "ra"}]'
    address = (
        '[{"ifname": "eth0", "addr_info": [{"family": "inet6", "dynamic": true, "prefixlen": 64}]}]'
    )
    answers = {
        "ip -json -6 route show default": route,
        "ip -json -6 address show scope global": address,
    }
    says(monkeypatch, answers)
    for text, forwards in (("1\n", True), ("0\n", False), (None, False)):
        monkeypatch.setattr(reader, "read_if_there", lambda _path, text=text: text)
        now = reader.now()
        assert now.routes == (reader.Route("eth0", "ra"),)
        assert now.advertised == {"eth0"}
        assert now.forwards is forwards
    says(monkeypatch, {**answers, "ip -json -6 route show default": "{"})
    with pytest.raises(CannotTell, match="ip said what is not understood"):
        reader.now()


class Network:
    """A network of Docker's."""

    def __init__(self, ipv6: bool, driver: str = "bridge") -> None:
        self.ipv6, self.driver = ipv6, driver


class Engine:
    """Docker, with how it filters now and what is configured."""

    def __init__(self, now: str = "iptables", afterwards: str = "") -> None:
        self.firewall_backend, self.next_firewall_backend = now, afterwards


@pytest.mark.parametrize(
    ("enabled", "engine", "networks", "settings", "forwards"),
    [
        (True, Engine(), [Network(False), Network(True)], "{}", True),
        (True, Engine(), [Network(False)], "{}", False),
        (True, Engine(), [Network(True, "macvlan")], "{}", False),
        (True, Engine("nftables"), [Network(True)], "{}", False),
        (True, Engine("iptables", "nftables"), [Network(True)], "{}", False),
        (True, Engine("nftables", "iptables"), [Network(True)], "{}", True),
        (True, Engine(), [Network(True)], '{"ip-forward": false}', False),
        (True, Engine(), [Network(True)], "[]", True),
        (True, Engine(), [Network(True)], "{", None),
        (True, None, [], "{}", None),
        (False, None, [], "{", False),
    ],
)
def test_docker_switches_forwarding_on_at_boot_where_it_makes_a_network_with_ipv6(
    monkeypatch: pytest.MonkeyPatch,
    enabled: bool,
    engine: Engine | None,
    networks: list[Network],
    settings: str,
    forwards: bool | None,
) -> None:
    def detect() -> Any:
        if engine is None:
            raise CannotTell("Docker does not answer.")
        return engine

    monkeypatch.setattr("wizard.boot.reader.services.is_enabled", lambda _files, unit: (
        enabled and unit == "docker.service"
    ))  # fmt: skip
    monkeypatch.setattr("wizard.boot.reader.docker_engine.detect", detect)
    monkeypatch.setattr("wizard.boot.reader.docker_networks.detect", lambda: networks)
    monkeypatch.setattr("wizard.boot.reader.docker_engine.configuration", lambda _words: settings)
    monkeypatch.setattr(reader, "engine_words", lambda _path: ())
    monkeypatch.setattr(reader, "socket_path", lambda: Path("/run/docker.sock"))
    assert reader._docker_forwards(GivenFiles({})) is forwards
