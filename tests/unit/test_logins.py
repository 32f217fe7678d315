"""What a person is told to type to log in a second time."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from wizard.platform.variables import LOGIN
from wizard.program import program
from wizard.run import logins

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> dict[int, str | None]:
    """The addresses from which this host would send, by family."""
    found: dict[int, str | None] = {6: "2001:db8:1:2::10", 4: "203.0.113.10"}

    class Asking:
        def __init__(self, family: int, _kind: int) -> None:
            self._address = found[6 if family == socket.AF_INET6 else 4]

        def __enter__(self) -> "Asking":
            return self

        def __exit__(self, *_error: object) -> None:
            return None

        def connect(self, _address: object) -> None:
            if self._address is None:
                raise OSError("no way there")

        def getsockname(self) -> tuple[str, int]:
            return str(self._address), 9

    monkeypatch.setattr("wizard.run.logins.socket.socket", Asking)
    for name in ("SSH_CONNECTION", "SUDO_USER", LOGIN):
        monkeypatch.delenv(name, raising=False)
    return found


def commands(monkeypatch: pytest.MonkeyPatch, connection: str) -> tuple[str, ...]:
    monkeypatch.setenv("SSH_CONNECTION", connection)
    found = logins.find()
    assert found.over_ssh
    return found.commands


def test_both_families_are_named_where_the_host_has_both(
    monkeypatch: pytest.MonkeyPatch, sources: dict[int, str | None]
) -> None:
    both = commands(monkeypatch, "198.51.100.7 50000 203.0.113.99 22")
    assert both == ("ssh -6 root@2001:db8:1:2::10", "ssh -4 root@203.0.113.99")
    assert commands(monkeypatch, "2001:db8:9::1 50000 2001:db8:1:2::99 2222") == (
        "ssh -6 -p 2222 root@2001:db8:1:2::99",
        "ssh -4 -p 2222 root@203.0.113.10",
    )
    sources[6] = None
    assert commands(monkeypatch, "::ffff:198.51.100.7 50000 ::ffff:203.0.113.99 22") == (
        "ssh -4 root@203.0.113.99",
    )


@pytest.mark.usefixtures("sources")
def test_where_one_comes_in_another_way_that_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOGIN, "ssh -F /run/own practice")
    assert commands(monkeypatch, "192.0.2.1 50000 192.0.2.10 22") == ("ssh -F /run/own practice",)
    monkeypatch.setenv("SSH_CONNECTION", "")
    assert not logins.find().over_ssh


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize("port", ["\x1b[2J", "22;reboot", "-oProxyCommand=x", "222222", "٢٢"])
def test_what_somebody_s_process_calls_a_port_is_not_typed(
    monkeypatch: pytest.MonkeyPatch, sources: dict[int, str | None], port: str
) -> None:
    monkeypatch.setattr(logins, "_of", lambda _process: {"SSH_CONNECTION": f"::1 1 ::1 {port}"})
    assert logins.find().commands == ()


def test_an_address_that_leads_here_from_nearby_alone_is_named_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch, sources: dict[int, str | None]
) -> None:
    sources[6] = "fd00::1"
    translated = commands(monkeypatch, "198.51.100.7 50000 10.0.0.5 22")
    assert translated == ("ssh -4 root@(the address that you used)",)
    assert commands(monkeypatch, "10.0.0.9 50000 10.0.0.5 22") == ("ssh -4 root@10.0.0.5",)


def test_who_used_sudo_logs_in_by_the_own_name_and_uses_it_again(
    monkeypatch: pytest.MonkeyPatch, sources: dict[int, str | None]
) -> None:
    sources[4] = None
    monkeypatch.setenv("SUDO_USER", "anna")
    assert commands(monkeypatch, "2001:db8:9::1 50000 2001:db8:1:2::99 22") == (
        "ssh -6 anna@2001:db8:1:2::99",
    )
    assert logins.find().keep.startswith("sudo ")


def test_sudo_does_not_hide_that_one_came_over_ssh() -> None:
    text = "from wizard.run import logins; print(logins.find().over_ssh)"
    for connection, known in (("198.51.100.7 1 203.0.113.9 22", "True"), ("", "False")):
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "SSH_CONNECTION": connection}
        # The shell has the variable and its child has not, as with sudo(8).
        shell = f"env -u SSH_CONNECTION {sys.executable} -c '{text}'; exit"
        done = subprocess.run(
            ["/bin/sh", "-c", shell], env=variables, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == known


def test_what_is_to_be_typed_starts_this_very_installation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkout = tmp_path / "a checkout"
    (checkout / "bin").mkdir(parents=True)
    (checkout / "wizard").mkdir()
    (checkout / "bin" / "wizard").write_text("#!/bin/sh\n")
    (checkout / "bin" / "wizard").chmod(0o755)
    elsewhere = tmp_path / "path"
    elsewhere.mkdir()
    monkeypatch.setenv("PATH", str(elsewhere))
    monkeypatch.setattr(program, "_package", lambda: checkout / "wizard")
    assert program.typed("--keep") == f"'{checkout}/bin/wizard' --keep"
    (elsewhere / "wizard").symlink_to(checkout / "bin" / "wizard")
    assert program.typed("--keep") == "wizard --keep"
    (checkout / "bin" / "wizard").unlink()
    (elsewhere / "wizard").unlink()
    assert program.typed("--keep") == f"{sys.executable} -P -m wizard --keep"


@pytest.mark.parametrize(
    ("server", "nearby"),
    [
        ("10.0.0.5", True),
        ("11.0.0.5", False),
        ("100.64.0.1", True),
        ("100.128.0.1", False),
        ("127.0.0.1", True),
        ("169.254.7.7", True),
        ("172.31.255.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("192.169.1.1", False),
        ("::1", True),
        ("fd00::5", True),
        ("fe80::5%eth0", True),
        ("fec0::5", False),
        ("2001:db8:1:2::99", False),
    ],
)
def test_what_leads_here_from_nearby_alone(
    monkeypatch: pytest.MonkeyPatch, sources: dict[int, str | None], server: str, nearby: bool
) -> None:
    sources[4] = sources[6] = None
    shown = "(the address that you used)" if nearby else server
    family = 6 if ":" in server else 4
    expected = (f"ssh -{family} root@{shown}",)
    assert commands(monkeypatch, f"198.51.100.7 50000 {server} 22") == expected
    # So it does for whoever is as near, and for what this host itself sends from.
    if nearby:
        own = (f"ssh -{family} root@{server.partition('%')[0]}",)
        assert commands(monkeypatch, f"{server} 50000 {server} 22") == own
    sources[family] = server
    other = "203.0.113.99" if family == 6 else "2001:db8:1:2::99"
    told = commands(monkeypatch, f"198.51.100.7 50000 {other} 22")
    assert f"ssh -{10 - family} root@{other}" in told
    assert (len(told) == 1) is nearby


def test_how_sshd_names_what_has_no_address_is_none(
    monkeypatch: pytest.MonkeyPatch, sources: dict[int, str | None]
) -> None:
    assert commands(monkeypatch, "UNKNOWN 65535 UNKNOWN 65535") == (
        "ssh -6 -p 65535 root@2001:db8:1:2::10",
        "ssh -4 -p 65535 root@203.0.113.10",
    )
    for cut in ("", "22", "::1 1 ::1", "::1 1 ::1 22 22"):
        monkeypatch.setenv("SSH_CONNECTION", cut)
        assert logins.find() == logins.Logins(False, (), program.typed("--keep"))


def test_the_way_out_is_asked_for_by_addresses_that_nobody_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    class Asking(socket.socket):
        def connect(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            asked.append((self.family, self.type, address[0]))
            raise OSError("no way there")

    monkeypatch.setattr("wizard.run.logins.socket.socket", Asking)
    monkeypatch.setenv("SSH_CONNECTION", "UNKNOWN 1 UNKNOWN 22")
    assert logins.find().commands == ()
    assert asked == [
        (socket.AF_INET6, socket.SOCK_DGRAM, "2001:db8::1"),
        (socket.AF_INET, socket.SOCK_DGRAM, "192.0.2.1"),
    ]


def test_of_the_processes_before_this_one_the_login_alone_is_believed(
    monkeypatch: pytest.MonkeyPatch, sources: dict[int, str | None]
) -> None:
    login = {"SSH_CONNECTION": "::1 1 2001:db8::9 22", LOGIN: "ssh practice", "SUDO_USER": "eve"}
    environments: dict[int, dict[str, str]] = {9: {"SUDO_USER": "eve"}, 5: login, 2: {}, 1: login}
    asked = []

    def of(process: int) -> dict[str, str]:
        asked.append(process)
        return environments[process]

    monkeypatch.setattr(logins, "_of", of)
    monkeypatch.setattr(logins, "_parent", {9: 5, 5: 2, 2: 1, 1: 0}.__getitem__)
    monkeypatch.setattr(os, "getppid", lambda: 9)
    assert logins.find() == logins.Logins(True, ("ssh practice",), program.typed("--keep"))
    # Those further up are not asked once one knows.
    assert asked == [9, 5]
    asked.clear()
    del login["SSH_CONNECTION"]
    # PID 1 is nobody's login.
    assert not logins.find().over_ssh
    assert asked == [9, 5, 2]
    asked.clear()
    assert commands(monkeypatch, "::1 1 2001:db8::9 22") == (
        "ssh -6 root@2001:db8::9",
        "ssh -4 root@203.0.113.10",
    )
    assert asked == []


def test_a_process_is_read_whatever_it_calls_itself() -> None:
    name = Path("/proc/self/comm")
    before = name.read_text()
    try:
        name.write_text("a) S 1 (b")
        assert logins._parent(os.getpid()) == os.getppid()
    finally:
        name.write_text(before)
    assert logins._of(os.getpid())["PATH"]
    # One that has ended meanwhile is the last that is asked.
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert logins._of(gone.pid) == {}
    assert logins._parent(gone.pid) <= 1
