"""The copy that PID 1 starts: whole, its own, the same whoever calls, and gone when not needed."""

import os
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from wizard import program
from wizard.errors import Refused

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the one below /var/lib, and no units."""
    place = tmp_path / "state" / "program"
    monkeypatch.setattr(program, "FOLDER", place)
    monkeypatch.setattr(program, "_CURRENT", place / "current")
    monkeypatch.setattr(program, "_ORIGIN", place / "origin")
    monkeypatch.setattr(program, "_UNITS", tmp_path / "units")
    return place


def started(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        program.command(*words), capture_output=True, text=True, cwd="/", env={}, timeout=60
    )


def test_it_holds_all_that_the_engine_needs_and_the_screens_do_not() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {each.partition(">")[0].partition("=")[0] for each in named}
    assert set(program.PACKAGES) == names - {"textual"}


def test_the_copy_starts_by_itself_from_anywhere(folder: Path, tmp_path: Path) -> None:
    program.install()
    said = started("wizard", "--version")
    assert said.stdout.startswith("wizard "), said.stderr
    # Everything that it imported is its own or Python's.
    found = started("wizard.ndp", "--help")
    assert found.returncode == 0, found.stderr
    assert not any(path.suffix == ".so" for path in folder.rglob("*"))
    modes = {path.stat().st_mode & 0o022 for path in folder.rglob("*") if not path.is_symlink()}
    assert modes == {0}


def test_a_second_time_nothing_is_copied_and_another_source_is(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.install()
    first = (folder / "current").resolve()
    inode = (first / "run.py").stat().st_ino
    program.install()
    assert (folder / "current").resolve() == first
    assert (first / "run.py").stat().st_ino == inode

    changed = tmp_path / "checkout" / "wizard"
    shutil.copytree(ROOT / "wizard", changed)
    with (changed / "errors.py").open("a") as file:
        file.write("# Another release.\n")
    monkeypatch.setattr(program, "_package", lambda: changed)
    program.install()
    second = (folder / "current").resolve()
    assert second != first
    assert "# Another release." in (second / "wizard" / "errors.py").read_text()
    # What was started from the one before may still import more of it.
    assert (first / "run.py").is_file()


def test_a_copy_that_breaks_off_leaves_the_one_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.install()
    before = (folder / "current").resolve()
    monkeypatch.setattr(program, "_identity", lambda: "another")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full)
        with pytest.raises(Refused, match="No space left on device"):
            program.install()
    assert (folder / "current").resolve() == before
    assert started("wizard", "--version").returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [before.name, "current", "origin"]
    )


def test_a_copy_that_would_not_start_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "checkout" / "wizard"
    shutil.copytree(ROOT / "wizard", broken)
    (broken / "apply" / "worker.py").write_text("import nothing_of_this_name\n")
    monkeypatch.setattr(program, "_package", lambda: broken)
    with pytest.raises(Refused, match="nothing_of_this_name"):
        program.install()
    assert not program.is_installed()


def test_what_somebody_else_can_change_is_not_copied(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "checkout" / "wizard"
    package.mkdir(parents=True)
    monkeypatch.setattr(program, "_package", lambda: package)
    package.parent.chmod(0o777)
    with pytest.raises(Refused, match="Everybody on this host can write"):
        program.install()
    assert not folder.exists()


def test_the_command_is_the_same_whatever_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = program.worker("undo")
    for name, value in {
        "PYTHONPATH": "/x",
        "PATH": "/y",
        "VIRTUAL_ENV": "/z",
        "HOME": "/h",
    }.items():
        monkeypatch.setenv(name, value)
    assert program.worker("undo") == before
    assert "PYTHONPATH" not in program.environment(os.environ)


def test_it_stays_while_a_unit_may_start_it(folder: Path, tmp_path: Path) -> None:
    program.install()
    units = tmp_path / "units"
    units.mkdir()
    unit = units / "docker-ipv6-wizard-ndp.service"
    unit.write_text("")
    program.remove()
    assert program.is_installed()
    unit.unlink()
    program.remove()
    assert not folder.exists()


def test_from_the_copy_the_line_to_type_is_that_of_the_installation(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "it's $HOME" / "wizard"
    checkout.mkdir(parents=True)
    starter = checkout.parent / "bin" / "wizard"
    starter.parent.mkdir()
    starter.write_text("#!/bin/sh\n")
    starter.chmod(0o755)
    words = shlex.quote(str(starter))
    folder.mkdir(parents=True)
    (folder / "origin").write_text(f"{words}\n")
    monkeypatch.setattr(program, "_package", lambda: folder / "1" / "wizard")
    assert program.typed("--keep") == f"{words} --keep"
    # Where that was removed since, the copy itself does it.
    starter.unlink()
    assert program.typed("--keep") == f"{folder}/current/wizard.sh --keep"
