"""Who is logged in over SSH is told, whoever else pretends to be, and nobody is waited for."""

import fcntl
import os
import struct
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.platform import streams
from wizard.run import guard, terminals
from wizard.run.terminals import Terminal

ROOT, USER, ATTACKER = 0, 1000, 6666


class Processes:
    """A made-up /proc."""

    def __init__(self, proc: Path) -> None:
        self.proc = proc

    def add(
        self, number: int, title: str, uid: int, parent: int = 1, program: str = "sshd-session"
    ) -> None:
        folder = self.proc / str(number)
        folder.mkdir()
        (folder / "status").write_text(
            f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\nPPid:\t{parent}\nNSpid:\t{number}\n"
        )
        (folder / "comm").write_text("sshd\n" if program == "sshd" else "sshd-session\n")
        (folder / "cmdline").write_text(f"{title}\0\0\0")
        file = self.proc / f"program-{program}"
        file.touch()
        (folder / "exe").symlink_to(file)

    def told(self) -> set[Terminal]:
        return set(terminals.logins(self.proc, Path("/dev")))


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    made = Processes(tmp_path)
    made.add(1, "/sbin/init", ROOT, 0, "systemd")
    made.add(2, "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", ROOT, 1, "sshd")
    return made


def test_root_and_an_ordinary_user_are_found_with_their_terminals(processes: Processes) -> None:
    processes.add(3, "sshd-session: root@pts/3", ROOT, 2)
    processes.add(4, "sshd-session: somebody [priv]", ROOT, 2)
    processes.add(5, "sshd-session: somebody@pts/12", USER, 4)
    processes.add(6, "sshd-session: somebody@notty", USER, 4)
    assert processes.told() == {
        Terminal(Path("/dev/pts/3"), ROOT),
        Terminal(Path("/dev/pts/12"), USER),
    }


def test_a_title_that_somebody_gave_a_process_of_theirs_is_no_login(processes: Processes) -> None:
    processes.add(4, "sshd-session: attacker [priv]", ROOT, 2)
    processes.add(5, "sshd-session: attacker@notty", ATTACKER, 4)
    # A child of their own login, one whose parent has gone, and one below an sshd of their own.
    processes.add(10, "sshd: x@pts/1", ATTACKER, 5, "python")
    processes.add(11, "sshd: x@pts/2", ATTACKER, 1, "python")
    processes.add(12, "sshd: /usr/sbin/sshd -D -p 2222 [listener]", ATTACKER, 1, "sshd")
    processes.add(13, "sshd: x@pts/3", ATTACKER, 12, "sshd")
    # One in a container.
    processes.add(14, "sshd: x@pts/4", ROOT, 1, "sshd")
    status = processes.proc / "14/status"
    status.write_text(status.read_text().replace("NSpid:\t14", "NSpid:\t14\t7"))
    assert processes.told() == set()


@pytest.fixture
def full() -> Iterator[list[str]]:
    """The names of a hundred terminals that nobody reads from and that hold no more."""
    pairs = [os.openpty() for _ in range(100)]
    for _master, slave in pairs:
        os.set_blocking(slave, False)
        try:
            while os.write(slave, b"x" * 4096):
                pass
        except BlockingIOError:
            pass
    yield [os.ttyname(slave) for _master, slave in pairs]
    for pair in pairs:
        for descriptor in pair:
            os.close(descriptor)


def test_terminals_that_take_nothing_hold_nobody_up(
    full: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = os.openpty()
    try:
        name = os.ttyname(slave)
        found = [Terminal(Path(each), os.geteuid()) for each in [*full[:40], name, *full[40:]]]
        monkeypatch.setattr(terminals, "logins", lambda: iter(found))
        monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
        # It ends: the time that pytest gives a test is far less than a full terminal's.
        terminals.tell("It is taken back.")
        assert os.read(master, 100) == b"\r\r\nIt is taken back.\r\r\n"
    finally:
        os.close(master)
        os.close(slave)


def test_whoever_is_logged_in_a_hundred_times_hides_nobody_else(
    full: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = os.openpty()
    try:
        found = [Terminal(Path(each), ATTACKER) for each in full]
        found.append(Terminal(Path(os.ttyname(slave)), os.geteuid()))
        monkeypatch.setattr(terminals, "logins", lambda: iter(found))
        monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
        terminals.tell("It is taken back.")
        os.set_blocking(master, False)
        assert os.read(master, 100) == b"\r\r\nIt is taken back.\r\r\n"
    finally:
        os.close(master)
        os.close(slave)


def test_what_is_told_breaks_no_word_and_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = os.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
        found = [Terminal(Path(os.ttyname(slave)), os.geteuid())]
        monkeypatch.setattr(terminals, "logins", lambda: iter(found))
        monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
        terminals.tell("It is taken back unless somebody types: wizard --keep")
        assert os.read(master, 200) == (
            b"\r\r\nIt is taken back unless somebody types:\r\r\nwizard --keep\r\r\n"
        )
    finally:
        os.close(master)
        os.close(slave)


def test_what_has_its_terminal_to_itself_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = os.openpty()
    try:
        found = [Terminal(Path(os.ttyname(slave)), os.geteuid())]
        monkeypatch.setattr(terminals, "logins", lambda: iter(found))
        monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
        with open(slave, "w", closefd=False) as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            with streams.to_itself():
                terminals.tell("It is kept.")
            terminals.tell("It is taken back.")
        os.set_blocking(master, False)
        assert os.read(master, 100) == b"\r\r\nIt is taken back.\r\r\n"
    finally:
        os.close(master)
        os.close(slave)


def test_two_sessions_over_one_connection_are_both_told(processes: Processes) -> None:
    processes.add(3, "sshd-session: root@pts/3,pts/4", ROOT, 2)
    assert processes.told() == {
        Terminal(Path("/dev/pts/3"), ROOT),
        Terminal(Path("/dev/pts/4"), ROOT),
    }


def test_the_terminal_of_another_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "file"
    victim.write_text("whole")
    master, slave = os.openpty()
    try:
        found = [
            Terminal(Path(os.ttyname(slave)), ATTACKER),
            Terminal(victim, os.geteuid()),
            Terminal(tmp_path / "nothing", os.geteuid()),
        ]
        monkeypatch.setattr(terminals, "logins", lambda: iter(found))
        monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
        terminals.tell("It is taken back.")
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 100)
        assert victim.read_text() == "whole"
    finally:
        os.close(master)
        os.close(slave)


def test_nobody_reads_it_twice_where_wall_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "utmp").touch()
    monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
    monkeypatch.setattr(terminals, "logins", lambda: pytest.fail("nobody is looked for"))
    terminals.tell("It is taken back.")


def test_people_are_told_once_what_was_held_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []

    class Lock:
        def __enter__(self) -> None:
            happened.append("held")

        def __exit__(self, *_: object) -> None:
            happened.append("let go")

    monkeypatch.setattr(guard, "announce", lambda _system, text: happened.append(text))
    with pytest.raises(OSError), guard.announcing(object()) as say, Lock():  # type: ignore[arg-type]
        say("It is kept.")
        raise OSError
    assert happened == ["held", "let go", "It is kept."]


def test_each_terminal_is_told_once_in_the_order_of_the_logins(processes: Processes) -> None:
    for number, terminal in ((100, 1), (9, 2), (20, 1), (10, 3)):
        program = "sshd" if number == 9 else "sshd-session"
        processes.add(number, f"{program}: root@pts/{terminal}", ROOT, 2, program)
    (processes.proc / "self").mkdir()
    found = [each.path.name for each in terminals.logins(processes.proc, Path("/dev"))]
    assert found == ["2", "3", "1"]


def test_whose_login_it_is_the_program_of_root_s_parent_says(processes: Processes) -> None:
    processes.add(4, "sshd-session: somebody [priv]", ROOT, 2)
    processes.add(5, "sshd-session: somebody@pts/5", USER, 4)
    # Its parent runs another program, is nobody's own, or has ended.
    processes.add(6, "sshd-session: somebody@pts/6", USER, 2)
    processes.add(7, "sshd-session: other [priv]", USER, 2)
    processes.add(8, "sshd-session: other@pts/8", USER, 7)
    processes.add(9, "sshd-session: gone@pts/9", USER, 99)
    # What has ended by then has no program.
    processes.add(10, "sshd-session: somebody@pts/10", USER, 4)
    (processes.proc / "10/exe").unlink()
    # A login whose title is not at its beginning is none, and one without a terminal neither.
    processes.add(11, "x sshd-session: root@pts/11", ROOT, 2)
    processes.add(12, "sshd-session: root@tty1", ROOT, 2)
    processes.add(13, "vim sshd-session: root@pts/13", ROOT, 2, "vim")
    assert processes.told() == {Terminal(Path("/dev/pts/5"), USER)}


def test_so_many_terminals_of_one_user_are_told_and_all_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int]] = []

    def write(terminal: Terminal, text: str) -> None:
        assert text == "It is over."
        told.append((terminal.path.name, terminal.uid))
        # One that cannot be written to hinders no other.
        raise OSError(5, "Input/output error")

    found = [Terminal(Path(f"/dev/pts/{number}"), USER) for number in range(70)]
    found += [Terminal(Path("/dev/pts/70"), ROOT)]
    monkeypatch.setattr(terminals, "logins", lambda: iter(found))
    monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
    monkeypatch.setattr(terminals, "_write", write)
    terminals.tell("It is over.")
    assert told == [*((str(number), USER) for number in range(64)), ("70", ROOT)]


def test_a_link_is_not_followed_to_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = os.openpty()
    try:
        link = tmp_path / "link"
        link.symlink_to(os.ttyname(slave))
        monkeypatch.setattr(terminals, "logins", lambda: iter([Terminal(link, os.geteuid())]))
        monkeypatch.setattr(terminals, "_UTMP", tmp_path / "utmp")
        terminals.tell("It is taken back.")
        os.set_blocking(master, False)
        with pytest.raises(BlockingIOError):
            os.read(master, 100)
        # Nothing that was opened stays open.
        before = len(list(Path("/proc/self/fd").iterdir()))
        monkeypatch.setattr(
            terminals,
            "logins",
            lambda: iter([Terminal(Path(os.ttyname(slave)), os.geteuid())] * 3),
        )
        terminals.tell("größer")
        assert "größer".encode() in os.read(master, 100)
        assert len(list(Path("/proc/self/fd").iterdir())) == before
    finally:
        os.close(master)
        os.close(slave)
