"""The copy that PID 1 starts: whole, its own, the same whoever calls, and gone when not needed."""

import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from wizard import __version__
from wizard.platform.errors import Refused
from wizard.program import program, trust

ROOT = Path(__file__).parents[2]
EVE = 4321
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


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


def test_without_its_compiled_parts_it_reads_as_another_python_would(folder: Path) -> None:
    program.install()
    for path in folder.rglob("*.so"):
        path.unlink()
    words = "from wizard.compose.builder import LOADER; print(LOADER.__name__, LOADER.__module__)"
    paths = [str(folder / "current"), str(folder / "current/library")]
    tried = f"import sys; sys.path[:0] = {paths!r}; {words}"
    done = subprocess.run([program.PYTHON, "-I", "-c", tried], capture_output=True, text=True)
    assert done.stdout == "SafeLoader yaml.loader\n", done.stderr


def test_it_holds_all_that_the_engine_needs_and_the_screens_do_not() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {each.partition(">")[0].partition("=")[0] for each in named}
    assert set(program.PACKAGES) == names - {"textual"}


def test_what_is_done_is_said_before_each_part_that_takes_a_while(folder: Path) -> None:
    there = list[tuple[str, bool, bool]]()

    def say(words: str) -> None:
        whole = any(each.name == "run.py" for each in folder.glob(".*/*"))
        there.append((words, whole, (folder / "current").exists()))

    program.install(say)
    assert [facts for _words, *facts in there] == [[False, False], [False, False], [True, False]]
    assert len({words for words, *_facts in there}) == len(there)
    del there[:]
    program.install(say)
    # Nothing is copied anew, and nothing else is said to be.
    assert [facts for _words, *facts in there] == [[False, True]]


def test_the_copy_starts_by_itself_from_anywhere(folder: Path, tmp_path: Path) -> None:
    program.install()
    said = started("wizard", "--version")
    assert said.stdout.startswith("wizard "), said.stderr
    # Everything that it imported is its own or Python's.
    found = started("wizard.ndp", "--help")
    assert found.returncode == 0, found.stderr
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
    with (changed / "platform" / "errors.py").open("a") as file:
        file.write("# Another release.\n")
    monkeypatch.setattr(program, "_package", lambda: changed)
    program.install()
    second = (folder / "current").resolve()
    assert second != first
    assert "# Another release." in (second / "wizard" / "platform" / "errors.py").read_text()
    # What was started from the one before may still import more of it.
    assert (first / "run.py").is_file()


def test_a_backup_that_followed_the_link_to_the_copy_is_in_nobody_s_way(folder: Path) -> None:
    program.install()
    place = (folder / "current").resolve()
    (folder / "current").unlink()
    shutil.copytree(place, folder / "current")
    program.install()
    assert (folder / "current").readlink() == Path(place.name)
    assert {each.name for each in folder.iterdir()} == {place.name, "current", "origin"}


def test_a_copy_that_breaks_off_leaves_the_one_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.install()
    before = (folder / "current").resolve()
    monkeypatch.setattr(program, "_identity", lambda files: "another")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
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
    (broken / "run" / "worker.py").write_text("import nothing_of_this_name\n")
    monkeypatch.setattr(program, "_package", lambda: broken)
    with pytest.raises(Refused, match="nothing_of_this_name"):
        program.install()
    assert not (program.FOLDER / "current").exists()


def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the core's sources, as if this very process had been started from there."""
    package = tmp_path / "checkout" / "wizard"
    shutil.copytree(ROOT / "wizard", package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(program, "_package", lambda: package)
    return package


@pytest.mark.parametrize("which", ["root", "package", "module"])
def test_what_everybody_can_change_is_not_copied(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    package = checkout(tmp_path, monkeypatch)
    place = {
        "root": package.parent,
        "package": package,
        "module": package / "platform" / "text.py",
    }[which]
    place.chmod(place.stat().st_mode | 0o002)
    with pytest.raises(Refused, match="Everybody on this host can write"):
        program.install()
    assert not folder.exists()


@needs_root
@pytest.mark.parametrize("which", ["root", "module", "import path", "interpreter", "home"])
def test_what_an_ordinary_user_owns_is_copied_only_for_that_user_s_sudo(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    package = checkout(tmp_path, monkeypatch)
    home = tmp_path / "home"
    home.mkdir()
    python = home / "python3"
    python.symlink_to("/usr/bin/python3")
    if which == "import path":
        monkeypatch.setattr(sys, "path", [*sys.path, str(home)])
    if which in ("interpreter", "home"):
        monkeypatch.setattr(sys, "executable", str(python))
    theirs = {
        "root": package.parent,
        "module": package / "platform" / "text.py",
        "interpreter": python,
    }
    os.lchown(theirs.get(which, home), EVE, -1)
    with pytest.raises(Refused, match=f"belongs to the user {EVE}"):
        program.install()
    assert not folder.exists()

    monkeypatch.setenv("SUDO_UID", str(EVE))
    if which != "module":
        assert program._gathered()
        return
    program.install()
    # What PID 1 starts is root's all the same.
    owners = {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}
    assert owners == {0}
    trust.check(folder.rglob("*"), frozenset({0}))


@needs_root
@pytest.mark.parametrize("which", ["folder", "interpreter"])
def test_what_pid_1_starts_is_root_s_whoever_called_sudo(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setenv("SUDO_UID", str(EVE))
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, EVE, -1)
    if which == "folder":
        folder.parent.symlink_to(home)
    else:
        (home / "python3").symlink_to("/usr/bin/python3")
        monkeypatch.setattr(program, "PYTHON", str(home / "python3"))
    with pytest.raises(Refused, match="not be root's alone"):
        program.install()
    assert not folder.exists()


@needs_root
def test_a_copy_that_somebody_else_could_change_since_is_not_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_gathered", dict)
    monkeypatch.setattr(program, "_identity", lambda files: "made")
    made = folder / f"{__version__}-made"
    made.mkdir(mode=0o700, parents=True)
    os.chown(made, EVE, -1)
    with pytest.raises(Refused, match="not be root's alone"):
        program.install()
    assert not (folder / "current").is_symlink()


@needs_root
def test_what_is_swapped_while_it_is_copied_does_not_get_in(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = checkout(tmp_path, monkeypatch)
    victim, original = package / "platform" / "text.py", trust.read
    before = victim.read_bytes()

    def swapped(path: Path, owners: frozenset[int]) -> trust.Trusted:
        found = original(path, owners)
        # The next instant somebody has put another in its place, when all was looked at.
        if path == victim:
            victim.unlink()
            victim.write_text("raise SystemExit('theirs')\n")
            os.chown(victim, EVE, -1)
        return found

    monkeypatch.setattr(trust, "read", swapped)
    program.install()
    assert (folder / "current" / "wizard" / "platform" / "text.py").read_bytes() == before
    with pytest.raises(Refused):
        program.install()
    assert started("wizard", "--version").returncode == 0


def test_it_sees_nothing_that_is_installed_for_the_host_s_python(folder: Path) -> None:
    program.install()
    (folder / "current" / "tell.py").write_text("import sys; print(*sys.path, sep='\\n')")
    said = started("tell").stdout.splitlines()
    own, others = said[:2], [path for path in said[2:] if "packages" in path]
    place = (folder / "current").resolve()
    assert own == [str(place), str(place / "library")]
    assert others == []


def test_a_changed_library_makes_another_copy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.install()
    first = (folder / "current").resolve()
    original = trust.read

    def changed(path: Path, owners: frozenset[int]) -> trust.Trusted:
        found = original(path, owners)
        is_it = path.match("docker/errors.py")
        return found._replace(octets=found.octets + b"# Patched.\n") if is_it else found

    monkeypatch.setattr(trust, "read", changed)
    program.install()
    second = (folder / "current").resolve()
    assert second != first
    assert (second / "library/docker/errors.py").read_bytes().endswith(b"# Patched.\n")


def test_a_copy_from_which_a_process_runs_stays_through_any_number_of_upgrades(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.install()
    first = (folder / "current").resolve()
    # It waits for a line, as a service waits for news, and then imports more.
    words = "input(); import wizard.ndp.service; print('it goes on')\n"
    process = subprocess.Popen(
        [*program.command("code"), "-q"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write("print('it runs')\n")
        process.stdin.flush()
        while "it runs" not in process.stdout.readline():
            assert process.poll() is None
        # Others need not be able to start.
        monkeypatch.setattr(program, "_check_starts", lambda building: None)
        monkeypatch.setattr(program, "_gathered", dict)
        for name in ("second", "third"):
            monkeypatch.setattr(program, "_identity", lambda files, name=name: name)
            program.install()
        kept = {path.name for path in folder.iterdir() if path.is_dir() and not path.is_symlink()}
        assert kept == {first.name, f"{__version__}-second", f"{__version__}-third"}
        said, _ = process.communicate(f"{words}\n", timeout=60)
        assert "it goes on" in said
    finally:
        process.kill()
        process.wait()
    monkeypatch.setattr(program, "_identity", lambda files: "fourth")
    program.install()
    assert not first.exists()


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


def test_it_stays_while_a_unit_may_start_it(folder: Path, tmp_path: Path) -> None:
    program.install()
    units = tmp_path / "units"
    units.mkdir()
    unit = units / "docker-ipv6-wizard-ndp.service"
    unit.write_text("")
    program.remove()
    assert (program.FOLDER / "current" / "run.py").is_file()
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
