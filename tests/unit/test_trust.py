"""Who could have changed a file: its owner, its group, everybody, and those of its folders."""

import grp
import os
import pwd
from pathlib import Path

import pytest

from wizard import trust

ME = frozenset({0, os.geteuid()})
SOMEBODY = 4321


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "file"
    path.parent.mkdir(mode=0o755)
    path.write_text("")
    path.chmod(0o644)
    return path


def test_a_file_of_ones_own_is_not_doubted(file: Path) -> None:
    assert trust.doubt([file], ME) is None
    # What is not there cannot be changed.
    assert trust.doubt([file.parent / "nothing"], ME) is None


@pytest.mark.parametrize("which", ["the file", "its folder"])
def test_everybody_who_can_write_is_doubted(file: Path, which: str) -> None:
    place = file if which == "the file" else file.parent
    place.chmod(place.stat().st_mode | 0o002)
    assert f"chmod -R o-w {place}" in (trust.doubt([file], ME) or "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("which", ["the file", "its folder"])
def test_another_owner_is_doubted_unless_it_is_who_called_sudo(file: Path, which: str) -> None:
    place = file if which == "the file" else file.parent
    os.chown(place, SOMEBODY, -1)
    assert f"chown -R root: {place}" in (trust.doubt([file], ME) or "")
    assert trust.doubt([file], ME | {SOMEBODY}) is None


def test_who_called_sudo_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "4321")
    assert SOMEBODY in trust.trusted_owners()
    monkeypatch.setenv("SUDO_UID", "root")
    assert trust.trusted_owners() == ME


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_group_is_doubted_if_somebody_else_is_in_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(file, 0, SOMEBODY)
    file.chmod(0o664)
    # A group that no file names may have any member.
    assert "chmod -R g-w" in (trust.doubt([file], ME) or "")
    monkeypatch.setattr(grp, "getgrgid", lambda number: grp.struct_group(["own", "x", number, []]))
    everybody = [pwd.struct_passwd(["root", "x", 0, SOMEBODY, "", "/root", "/bin/sh"])]
    monkeypatch.setattr(pwd, "getpwall", lambda: everybody)
    assert trust.doubt([file], ME) is None
    everybody.append(pwd.struct_passwd(["eve", "x", 1234, SOMEBODY, "", "/", "/bin/sh"]))
    assert "chmod -R g-w" in (trust.doubt([file], ME) or "")


def test_a_link_is_followed_to_where_it_leads(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    file.parent.chmod(0o777)
    assert trust.doubt([link], ME) is not None


def test_a_folder_with_restricted_deletion_is_root_s_alone_to_doubt(file: Path) -> None:
    file.parent.chmod(0o1777)
    assert (trust.doubt([file], ME) is None) == (os.geteuid() == 0)
