import os
from pathlib import Path

import pytest

from wizard.host.processes import Process, number_in, process, trusted


def make(proc: Path, pid: int, uid: int = 0, numbers: str = "7", name: str = "dockerd") -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "status").write_text(f"Name:\t{name}\nUid:\t1000\t{uid}\t0\t0\nNSpid:\t{numbers}\n")
    (folder / "comm").write_text(f"{name}\n")
    (folder / "cmdline").write_text("/usr/sbin/dockerd\0--debug\0")


def test_this_very_process_is_found_with_its_words() -> None:
    found = process(os.getpid())
    assert found is not None
    assert (found.uid, found.own) == (os.geteuid(), True)
    assert found.words


def test_a_process_is_trusted_by_its_user_and_its_namespace_and_its_name(tmp_path: Path) -> None:
    make(tmp_path, 7)
    expected = Process("dockerd", 0, own=True, words=("/usr/sbin/dockerd", "--debug"))
    assert trusted(7, "dockerd", proc=tmp_path) == expected
    assert trusted(7, "dhcpcd", proc=tmp_path) is None
    make(tmp_path, 8, uid=1000)
    assert trusted(8, "dockerd", proc=tmp_path) is None
    assert trusted(8, "dockerd", {0, 1000}, proc=tmp_path) is not None
    make(tmp_path, 9, numbers="9\t1")
    assert trusted(9, "dockerd", proc=tmp_path) is None
    assert trusted(10, "dockerd", proc=tmp_path) is None
    assert trusted(0, "dockerd", proc=tmp_path) is None


def test_a_process_of_another_network_is_not_trusted(tmp_path: Path) -> None:
    make(tmp_path, 7)
    for name, network in (("self", "net:[1]"), ("7", "net:[2]")):
        (tmp_path / name / "ns").mkdir(parents=True)
        (tmp_path / name / "ns/net").symlink_to(network)
    assert trusted(7, "dockerd", proc=tmp_path) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="makes files of root's and of others")
def test_a_number_counts_only_from_where_root_alone_can_write(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    file = folder / "pid"
    file.write_text("221\n")
    assert number_in(file) == 221
    os.chown(file, 1000, 1000)
    assert number_in(file) == 0
    os.chown(file, 0, 0)
    file.chmod(0o666)
    assert number_in(file) == 0
    file.chmod(0o644)
    folder.chmod(0o777)
    assert number_in(file) == 0
    folder.chmod(0o755)
    file.write_text("-1\n")
    assert number_in(file) == 0
    file.unlink()
    assert number_in(file) == 0
    file.symlink_to(tmp_path / "theirs")
    (tmp_path / "theirs").write_text("7")
    os.lchown(file, 1000, 1000)
    assert number_in(file) == 0
