"""Who is logged in over SSH is told on the terminal that sshd names in its title."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.apply import terminals


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """A terminal: what a person reads from, and its name."""
    master, slave = os.openpty()
    yield master, os.ttyname(slave).removeprefix("/dev/")
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("title", ["sshd: root@", "sshd-session: somebody@"])
def test_a_login_reads_it(
    terminal: tuple[int, str], title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, name = terminal
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cmdline").write_bytes(f"{title}{name}\0\0".encode())
    (tmp_path / "8").mkdir()
    (tmp_path / "8" / "cmdline").write_bytes(b"sshd: root@pts/99999\0")
    (tmp_path / "9").mkdir()
    real = Path

    def path(text: str) -> Path:
        return tmp_path if text == "/proc" else real(text)

    monkeypatch.setattr(terminals, "Path", path)
    monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
    terminals.tell("It is taken back.")
    assert b"It is taken back." in os.read(master, 200)

    # wall(1) has told it already.
    (tmp_path / "utmp").touch()
    monkeypatch.setattr(terminals, "_write", lambda *_: pytest.fail("it is told twice"))
    terminals.tell("It is taken back.")
