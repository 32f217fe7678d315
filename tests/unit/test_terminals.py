"""Who is logged in over SSH is told on the terminal that sshd names in its title."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.apply import terminals
from wizard.system import Result

PROCESSES = """\
sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups
sshd: root@pts/3
sshd-session: somebody@pts/12
sshd-session: somebody [priv]
vim sshd: root@pts/99
"""


class Logins(MadeUpSystem):
    """A host with these processes, and what was written to its terminals."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, str] = {}

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        match list(argv):
            case ["ps", *_]:
                return Result(0, PROCESSES)
            case ["timeout", _, "tee", path]:
                self.told[path] = stdin.strip()
                return Result(0, stdin)
        return super().run(argv, stdin)


def test_every_login_reads_it_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
    host = Logins()
    terminals.tell(host, "It is taken back.")
    assert host.told == dict.fromkeys(("/dev/pts/3", "/dev/pts/12"), "It is taken back.")


def test_nobody_reads_it_twice_where_wall_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "utmp").touch()
    monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
    host = Logins()
    terminals.tell(host, "It is taken back.")
    assert not host.told
