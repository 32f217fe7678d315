import errno
import fcntl
import os
import signal
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from wizard.platform import files
from wizard.platform.files import read_regular, temporary_beside, write_durably
from wizard.platform.system import RealSystem


def test_a_file_is_read_whole_with_octets_that_are_no_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a\xff" * 100_000)
    assert read_regular(file) == "a\udcff" * 100_000
    (tmp_path / "link").symlink_to(file)
    assert read_regular(tmp_path / "link") == "a\udcff" * 100_000


def test_files_of_the_kernel_are_read_though_they_call_their_size_0() -> None:
    assert read_regular(Path("/proc/sys/kernel/ostype")) == "Linux\n"
    assert "Uid:" in read_regular(Path("/proc/self/status"))


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("fifo", "endless", "."):
        with pytest.raises(OSError, match="not a regular file"):
            read_regular(tmp_path / name)


def test_the_system_opens_nothing_before_it_knows_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, int]] = []
    real = os.open

    def watched(path: str, flags: int, *rest: int, **more: int) -> int:
        opened.append((os.fspath(path), flags))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", watched)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "nowhere").symlink_to("/nonexistent")
    for name in ("fifo", "device", "."):
        with pytest.raises(OSError, match="not a regular file"):
            RealSystem().read(str(tmp_path / name))
    assert len(opened) == 3
    assert all(flags & os.O_PATH for _path, flags in opened)
    with pytest.raises(OSError, match="a link that leads nowhere"):
        RealSystem().read(str(tmp_path / "nowhere"))
    assert RealSystem().read(str(tmp_path / "none")) is None


def test_a_file_that_is_too_large_is_given_up(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("12345")
    assert read_regular(file, largest=5) == "12345"
    with pytest.raises(OSError, match="too large"):
        read_regular(file, largest=4)
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    with pytest.raises(OSError, match="too large"):
        read_regular(file)


def test_files_of_the_kernel_that_are_too_large_are_given_up_though_they_call_their_size_0() -> (
    None
):
    with pytest.raises(OSError, match="too large"):
        read_regular(Path("/proc/self/maps"), 100)


def test_who_holds_a_lease_on_a_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    path = tmp_path / "docker-compose.yml"
    path.write_text("services: {}\n", "utf-8")
    with path.open("r+b") as file:
        # By itself the signal that tells of it ends the process (fcntl(2)).
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        with pytest.raises(BlockingIOError):
            read_regular(path)


def written(path: Path, text: str = "new\n", mode: int = 0o640) -> None:
    write_durably(path, text, mode, os.geteuid(), os.getegid())


def test_a_power_cut_at_any_instant_leaves_the_old_file_or_the_whole_new_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_text("old\n", "utf-8")
    on_disk: list[tuple[int, bool]] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        on_disk.append((os.fstat(descriptor).st_ino, path.read_text("utf-8") == "new\n"))

    monkeypatch.setattr(os, "fsync", noted)
    written(path)
    # The file before it takes the place of the old one, and then the folder that says so.
    assert on_disk == [(path.stat().st_ino, False), (tmp_path.stat().st_ino, True)]


def test_after_a_power_cut_a_file_that_was_removed_is_not_there_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_text("old\n", "utf-8")
    on_disk: list[tuple[int, bool]] = []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: on_disk.append((os.fstat(descriptor).st_ino, path.exists()))
    )
    RealSystem().remove(str(path))
    assert on_disk == [(tmp_path.stat().st_ino, False)]


def test_a_file_has_its_owner_and_mode_before_anybody_can_find_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    chown, replace = os.fchown, os.replace
    owners: list[tuple[int, int]] = []
    modes: list[int] = []

    def owned(descriptor: int, uid: int, gid: int) -> None:
        owners.append((uid, gid))
        chown(descriptor, uid, gid)

    def replaced(source: str, target: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        assert owners
        modes.append(os.stat(source, dir_fd=src_dir_fd).st_mode & 0o7777)
        replace(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "fchown", owned)
    monkeypatch.setattr(os, "replace", replaced)
    # To give a file away takes these bits from its mode (chown(2)).
    written(path, mode=0o6750)
    assert owners == [(os.geteuid(), os.getegid())]
    assert modes == [0o6750]
    assert path.stat().st_mode & 0o7777 == 0o6750


@pytest.mark.parametrize("there", ["full", "a folder"])
def test_where_a_file_cannot_be_written_nothing_is_left_beside_it(
    there: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    if there == "full":
        path.write_text("old\n", "utf-8")

        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
    else:
        path.mkdir()
    with pytest.raises(OSError, match=r"space|directory"):
        written(path)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.is_dir() or path.read_text("utf-8") == "old\n"


def test_a_folder_where_it_is_written_first_holds_nothing_up(tmp_path: Path) -> None:
    path = tmp_path / "file"
    theirs = temporary_beside(path)
    theirs.mkdir()
    written(path)
    assert path.read_text("utf-8") == "new\n"
    assert sorted(tmp_path.iterdir()) == sorted([path, theirs])


def test_a_link_that_appears_where_it_is_written_first_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, others = tmp_path / "file", tmp_path / "others"
    others.write_text("others'\n", "utf-8")
    removed, links = files.unlink, [temporary_beside(path)]

    def removing(name: str, folder: int) -> None:
        removed(name, folder)
        # The next instant the owner of the folder puts a link there.
        for link in links:
            link.symlink_to(others)
        links.clear()

    monkeypatch.setattr(files, "unlink", removing)
    with pytest.raises(FileExistsError):
        written(path)
    assert others.read_text("utf-8") == "others'\n"
    assert not path.exists()


def test_a_folder_that_becomes_a_link_on_the_way_is_not_entered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs, others = tmp_path / "theirs", tmp_path / "others"
    theirs.mkdir()
    others.mkdir()
    look = files._link

    def looking(name: str, folder: int) -> tuple[int, str] | None:
        found = look(name, folder)
        if name == theirs.name and not theirs.is_symlink():
            theirs.rmdir()
            theirs.symlink_to(others)
        return found

    monkeypatch.setattr(files, "_link", looking)
    with pytest.raises(OSError, match=os.strerror(errno.ENOTDIR)):
        written(theirs / "file")
    assert list(others.iterdir()) == []


def test_links_that_lead_round_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        written(tmp_path / "one")


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK])
def test_no_file_takes_the_place_of_a_device(
    kind: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "disk"
    path.write_text("", "utf-8")
    status, inode = os.stat, path.stat().st_ino

    # Only root can make one.
    def device(name: str, **options: object) -> object:
        found = status(name, **options)  # type: ignore[arg-type]
        if found.st_ino != inode:
            return found
        return SimpleNamespace(st_mode=kind | 0o660)

    monkeypatch.setattr(os, "stat", device)
    with pytest.raises(PermissionError, match="device"):
        written(path)
    assert path.read_bytes() == b""
