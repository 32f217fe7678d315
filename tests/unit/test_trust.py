"""Who could have changed a file: its owner, its group, everybody, and those of its folders."""

import grp
import os
import pwd
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from wizard.program import trust
from wizard.program.trust import Doubted

ME = frozenset({0, os.geteuid()})
SOMEBODY = 4321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "file"
    path.parent.mkdir(mode=0o755)
    path.write_text("")
    path.chmod(0o644)
    return path


def doubt(path: Path, owners: frozenset[int] = ME) -> Doubted | None:
    """What is said of a file, which is then not read either."""
    try:
        trust.check([path], owners)
    except Doubted as doubted:
        with pytest.raises(Doubted):
            trust.read(path, owners)
        return doubted
    return None


def advice(path: Path, home: Path) -> str:
    doubted = doubt(path)
    return doubted.advice(home) if doubted else ""


def test_a_file_of_ones_own_is_not_doubted(file: Path) -> None:
    assert doubt(file) is None
    # What is not there cannot be changed, and what is behind a file neither.
    assert doubt(file.parent / "nothing") is None
    assert doubt(file / "nothing") is None


@pytest.mark.parametrize("which", ["the file", "its folder"])
def test_everybody_who_can_write_is_doubted(file: Path, which: str) -> None:
    place = file if which == "the file" else file.parent
    place.chmod(place.stat().st_mode | 0o002)
    # All of the wizard's own folder at once, and of others no more than is needed.
    assert f"chmod -R o-w {place}" in advice(file, file.parent)
    assert f"chmod o-w {place}" in advice(file, file.parent / "elsewhere")


@needs_root
@pytest.mark.parametrize("which", ["the file", "its folder"])
def test_another_owner_is_doubted_unless_it_is_who_called_sudo(file: Path, which: str) -> None:
    place = file if which == "the file" else file.parent
    os.chown(place, SOMEBODY, -1)
    assert f"chown -R root: {place}" in advice(file, file.parent)
    # A home is not to be given away.
    assert "chown" not in advice(file, file.parent / "elsewhere")
    assert doubt(file, ME | {SOMEBODY}) is None


def test_who_called_sudo_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "4321")
    assert SOMEBODY in trust.trusted_owners()
    assert SOMEBODY not in trust.root()
    monkeypatch.setenv("SUDO_UID", "root")
    assert trust.trusted_owners() == ME


@needs_root
def test_a_group_is_doubted_if_somebody_else_is_in_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(file, 0, SOMEBODY)
    file.chmod(0o664)
    # A group that no file names may have any member.
    assert "chmod -R g-w" in advice(file, file.parent)
    monkeypatch.setattr(grp, "getgrgid", lambda number: grp.struct_group(["own", "x", number, []]))
    everybody = [pwd.struct_passwd(["root", "x", 0, SOMEBODY, "", "/root", "/bin/sh"])]
    monkeypatch.setattr(pwd, "getpwall", lambda: everybody)
    assert doubt(file) is None
    everybody.append(pwd.struct_passwd(["eve", "x", 1234, SOMEBODY, "", "/", "/bin/sh"]))
    assert "chmod -R g-w" in advice(file, file.parent)
    # Whoever has it as one group of several is in it as well.
    everybody[-1] = pwd.struct_passwd(["eve", "x", 1234, 1234, "", "/", "/bin/sh"])
    assert doubt(file) is None
    of_eve = grp.struct_group(["own", "x", SOMEBODY, ["eve"]])
    monkeypatch.setattr(grp, "getgrgid", lambda number: of_eve)
    assert "chmod -R g-w" in advice(file, file.parent)


@needs_root
def test_who_may_write_by_an_access_control_list_is_doubted(file: Path) -> None:
    # acl(5), as the kernel takes it (include/uapi/linux/posix_acl_xattr.h): tag, rights, who.
    entries = [(1, 6, -1), (2, 6, SOMEBODY), (4, 4, -1), (16, 6, -1), (32, 4, -1)]
    octets = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *each) for each in entries)
    try:
        os.setxattr(file, "system.posix_acl_access", octets)
    except OSError:
        pytest.skip("this file system has no access control lists")
    assert "access control list" in str(doubt(file))


def test_a_link_is_followed_to_where_it_leads(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    assert doubt(link) is None
    (tmp_path / "relative").symlink_to("folder/../link")
    assert doubt(tmp_path / "relative") is None
    file.parent.chmod(0o777)
    assert doubt(link) is not None
    assert doubt(tmp_path / "relative") is not None


@needs_root
def test_a_link_is_its_owner_s_to_lead_elsewhere(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    os.lchown(link, SOMEBODY, -1)
    assert doubt(link) is not None


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match="symbolic links"):
        trust.check([tmp_path / "one"], ME)


def test_a_folder_with_restricted_deletion_is_root_s_alone_to_doubt(file: Path) -> None:
    file.parent.chmod(0o1777)
    assert (doubt(file) is None) == (os.geteuid() == 0)


@needs_root
def test_in_such_a_folder_of_another_its_owner_can_put_anything(file: Path) -> None:
    os.chown(file.parent, SOMEBODY, -1)
    file.parent.chmod(0o1777)
    assert "Everybody on this host" in str(doubt(file, ME | {SOMEBODY}))


@needs_root
def test_files_of_a_project_that_belong_to_a_third_person_are_named(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for each in (folder, elsewhere):
        each.mkdir()
    file, led = folder / "compose.yml", folder / "led.yml"
    file.write_text("")
    (elsewhere / "compose.yml").write_text("")
    led.symlink_to(elsewhere / "compose.yml")
    assert trust.of_others([file, led], folder) == ()
    # Who owns the folder may own what is in it.
    for each in (folder, file):
        os.chown(each, 1234, -1)
    assert trust.of_others([file, led], folder) == ()
    # Whoever has the folder to which a link leads can put another file there.
    os.chown(elsewhere, SOMEBODY, -1)
    (said,) = trust.of_others([file, led], folder)
    assert said.startswith(f"{elsewhere} belongs to the user {SOMEBODY}")
    os.chown(file, SOMEBODY, -1)
    assert [each.split()[0] for each in trust.of_others([file, led], folder)] == [
        str(file),
        str(elsewhere),
    ]


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(OSError, match="not a regular file"):
        trust.read(tmp_path / "pipe", ME)


def foreign_file(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)
    os.chown(path, SOMEBODY, -1)


def foreign_link(path: Path, text: str) -> None:
    foreign_file(path, text)
    path.rename(path.with_name("theirs"))
    path.symlink_to("theirs")


def foreign_folder(path: Path, text: str) -> None:
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.mkdir()
    path.write_text(text)
    os.chown(path.parent, SOMEBODY, -1)


@needs_root
@pytest.mark.parametrize("swap", [foreign_file, foreign_link, foreign_folder])
def test_what_is_read_is_what_was_looked_at(
    file: Path, monkeypatch: pytest.MonkeyPatch, swap: Callable[[Path, str], None]
) -> None:
    """Whatever is opened last, another file in its place is never what is read."""
    original = os.open
    for number in range(len(file.parts) + 2):
        file.write_text("root's")
        calls = 0

        def swapping(path: str, *args: object, at: int = number, **more: object) -> int:
            nonlocal calls
            if calls == at:
                calls += 1
                swap(file, "theirs")
            calls += 1
            return original(path, *args, **more)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(os, "open", swapping)
            try:
                read = trust.read(file, ME).octets
            except Doubted:
                read = b""
        assert read in (b"", b"root's")
        for left in sorted(file.parents[1].rglob("*"), reverse=True):
            left.rmdir() if left.is_dir() and not left.is_symlink() else left.unlink()
        file.parent.mkdir(exist_ok=True)
