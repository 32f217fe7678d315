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
