"""This host as the core has it: commands that end, files that are whole, and links of others."""

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from wizard.platform import system as platform
from wizard.platform.files import place, temporary_beside
from wizard.platform.system import FileState, RealSystem, Result, is_stopping

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
SYSTEM = RealSystem()
ME = os.geteuid(), os.getegid()


# Commands.


def test_a_command_says_how_it_ended_and_all_that_it_printed() -> None:
    assert SYSTEM.run(("sh", "-c", "echo out; echo err >&2; exit 7")) == Result(7, "out\nerr\n")


def test_a_command_gets_what_is_its_standard_input_and_nothing_else() -> None:
    assert SYSTEM.run(("cat",), "caf\udce9\n").output == r"caf\udce9" + "\n"
    assert SYSTEM.run(("cat",)) == Result(0, "")


def test_what_a_command_prints_is_cleaned() -> None:
    said = SYSTEM.run(("printf", r"\033[2Jx\377\n")).output
    assert "\x1b" not in said
    assert r"\x1b[2Jx\udcff" in said


def test_a_command_that_is_not_there_is_a_status_and_no_error() -> None:
    assert SYSTEM.run(("wizard-has-no-such-program",)) == Result(
        127, "wizard-has-no-such-program: No such file or directory"
    )


def test_a_command_speaks_english_and_sees_none_of_our_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("PYTHONSTARTUP", "/tmp/code")
    said = dict(line.partition("=")[::2] for line in SYSTEM.run(("env",)).output.splitlines())
    assert said.get("LC_ALL") == "C.UTF-8"
    assert not {"LD_PRELOAD", "PYTHONSTARTUP"} & set(said)


def test_a_command_that_hangs_is_ended_with_what_it_had_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "COMMAND_TIMEOUT", 0.5)
    begun = time.monotonic()
    result = SYSTEM.run(("sh", "-c", "echo begun; exec sleep 60"))
    assert result == Result(124, "begun\n\nStopped after 0 seconds.")
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize(
    ("argv", "seconds"),
    [
        (("docker", "ps"), platform.DOCKER_TIMEOUT),
        (("sysctl", "docker"), platform.COMMAND_TIMEOUT),
        (("env", "A=b", "apt-get", "install", "x"), platform.PACKAGE_TIMEOUT),
    ],
)
def test_each_command_has_its_time(argv: tuple[str, ...], seconds: float) -> None:
    assert platform._timeout(argv) == seconds
    assert platform.DOCKER_TIMEOUT < platform.COMMAND_TIMEOUT < platform.PACKAGE_TIMEOUT


@pytest.mark.parametrize(("said", "stops"), [("stopping\n", True), ("running\n", False)])
def test_a_host_that_shuts_down_is_known(
    said: str, stops: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RealSystem, "run", lambda self, argv, stdin="": Result(1, said))
    assert is_stopping(SYSTEM) is stops


# Files.


def test_a_file_is_written_with_its_rights_and_read_as_it_was(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    for state in (FileState("caf\udce9\r\n", 0o604, *ME), FileState("", 0o600, *ME)):
        SYSTEM.write(path, state)
        assert SYSTEM.read(path) == state
    assert (tmp_path / "file").read_bytes() == b""
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    SYSTEM.remove(path)
    SYSTEM.remove(path)
    assert SYSTEM.read(path) is None


def test_who_reads_meanwhile_sees_the_old_text_or_the_new_one(tmp_path: Path) -> None:
    file, over = tmp_path / "file", threading.Event()
    texts = "a" * 100_000, "b" * 100_000
    file.write_text(texts[0])
    seen = set[str]()

    def look() -> None:
        while not over.is_set():
            seen.add(file.read_text())

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(50):
            SYSTEM.write(str(file), FileState(texts[number % 2], 0o600, *ME))
    finally:
        over.set()
        reader.join(30)
    assert seen <= set(texts)


def test_a_link_stays_and_what_it_leads_to_is_written_and_removed(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    link, file = tmp_path / "here" / "link", tmp_path / "there" / "file"
    link.symlink_to("../there/file")
    SYSTEM.write(str(link), FileState("text\n", 0o644, *ME))
    assert link.is_symlink()
    assert file.read_text() == "text\n"
    SYSTEM.remove(str(link))
    assert link.is_symlink()
    assert not file.exists()


def test_links_in_a_circle_and_places_that_are_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    for path, number in (
        (tmp_path / "one", errno.ELOOP),
        (tmp_path / "..", errno.EISDIR),
        (tmp_path / "none" / "file", errno.ENOENT),
    ):
        with pytest.raises(OSError) as refused, place(path):
            pass
        assert refused.value.errno == number, path


@as_root
def test_a_link_counts_if_it_is_roots_or_of_the_owner_of_where_it_leads(tmp_path: Path) -> None:
    for name, owner in (("mine", 0), ("theirs", 12345), ("others", 23456)):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, owner, owner)
    for folder, target, owner, counts in (
        ("theirs", "mine", 12345, False),
        ("theirs", "others", 12345, False),
        ("theirs", "theirs", 12345, True),
        ("theirs", "mine", 0, True),
        ("mine", "theirs", 0, True),
    ):
        link = tmp_path / folder / "link"
        link.symlink_to(tmp_path / target / "file")
        os.lchown(link, owner, owner)
        case = folder, target, owner
        assert (SYSTEM.why_not_write(str(link)) is None) is counts, case
        try:
            SYSTEM.write(str(link), FileState("ours\n"))
        except PermissionError:
            assert not counts, case
            assert not (tmp_path / target / "file").exists(), case
        else:
            assert counts, case
            (tmp_path / target / "file").unlink()
        link.unlink()


def test_what_a_killed_write_left_beside_is_no_hindrance(tmp_path: Path) -> None:
    file = tmp_path / "file"
    temporary_beside(file).symlink_to("elsewhere")
    SYSTEM.write(str(file), FileState("text\n", 0o600, *ME))
    assert file.read_text() == "text\n"
    assert not (tmp_path / "elsewhere").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_folders_are_made_and_removed_again_only_while_they_are_empty(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    old = os.umask(0o022)
    try:
        SYSTEM.make_directory(str(folder))
        SYSTEM.make_directory(str(folder))
    finally:
        os.umask(old)
    assert folder.stat().st_mode & 0o777 == 0o755
    (folder / "file").write_text("")
    SYSTEM.remove_directory(str(folder))
    assert (folder / "file").exists()
    (folder / "file").unlink()
    SYSTEM.remove_directory(str(folder))
    SYSTEM.remove_directory(str(folder))
    assert not folder.exists()
