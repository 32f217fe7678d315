"""Old systems of practice machines are nobody's to run programs from but root's."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wizard.platform.errors import WizardError
from wizard.rehearsal import cache

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as somebody else")
NOBODY = 65534


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody may look into, as one made by an earlier release is."""
    # On a disk: where temporary files are in memory, no set-uid program has its rights.
    made = Path(tempfile.mkdtemp(dir="/var/tmp"))
    made.chmod(0o755)
    place = made / "cache"
    place.mkdir(mode=0o755)
    (place / "debian-12.lock").touch()
    monkeypatch.setenv("DOCKER_IPV6_WIZARD_CACHE", str(place))
    yield place
    shutil.rmtree(made)


def runs_as_nobody(program: Path) -> bool:
    try:
        done = subprocess.run([str(program)], user=NOBODY, group=NOBODY, extra_groups=())
    except PermissionError:
        return False
    return done.returncode == 0


def test_an_ordinary_user_reaches_no_program_in_it(folder: Path) -> None:
    program = folder / "true"
    shutil.copy("/bin/true", program)
    program.chmod(0o4755)
    assert runs_as_nobody(program)
    assert cache.folder() == folder
    assert not runs_as_nobody(program)
    assert folder.stat().st_mode & 0o777 == 0o700


WHO = """
import os, sys
os.setgid({nobody}), os.setuid({nobody})
os.execv(sys.argv[1], [sys.argv[1], "-u"])
"""


def who(program: str) -> str:
    """Return as whom a program acts that an ordinary user starts."""
    script = WHO.format(nobody=NOBODY)
    run = [sys.executable, "-I", "-S", "-c", script, program]
    done = subprocess.run(run, capture_output=True, text=True)
    return done.stdout.strip() or done.stderr.strip().rpartition("\n")[2]


def test_a_set_uid_program_of_an_old_system_gives_an_ordinary_user_nothing(folder: Path) -> None:
    system = folder / "debian-12-0" / "usr" / "bin"
    system.mkdir(parents=True)
    program = system / "id"
    shutil.copy("/usr/bin/id", program)
    program.chmod(0o4755)
    assert who(str(program)) == "0"
    # A machine of that system, with a process that an ordinary user of this computer may look at.
    inside = f"mount --bind {folder}/debian-12-0 /mnt; exec chroot --userspec={NOBODY} / sleep 600"
    machine = subprocess.Popen(["unshare", "--mount", "/bin/sh", "-ec", inside])
    try:
        until = time.monotonic() + 30
        mounted = f"/proc/{machine.pid}/root/mnt/usr/bin/id"
        while who(mounted) != str(NOBODY):
            assert time.monotonic() < until, who(mounted)
            time.sleep(0.05)
        cache.folder()
        assert "PermissionError" in who(str(program))
        # The kernel gives no rights by a mount of another namespace (mnt_may_suid).
        assert who(mounted) == str(NOBODY)
    finally:
        machine.kill()
        machine.wait(30)


def test_a_folder_that_is_missing_is_closed_from_the_first(folder: Path) -> None:
    shutil.rmtree(folder)
    cache.folder()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_somebody_else_is_not_used(folder: Path) -> None:
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(WizardError, match="belongs to somebody else"):
        cache.folder()


def test_a_folder_with_other_things_is_neither_used_nor_closed_nor_removed(folder: Path) -> None:
    (folder / "debian-12.lock").unlink()
    (folder / "photos").mkdir()
    (folder / "photos" / "one").write_text("theirs")
    for attempt in (cache.folder, cache.clean):
        with pytest.raises(WizardError, match="holds other things"):
            attempt()
    assert [path.name for path in folder.rglob("*")] == ["photos", "one"]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_all_of_it_can_be_removed_but_for_what_is_in_use(folder: Path) -> None:
    def make(place: Path) -> None:
        (place / "file").write_text("kept")

    places = [cache.kept(name, "1", make) for name in ("debian-12", "debian-13", "wheels")]
    running = folder / "machines/practice-1"
    running.mkdir(parents=True)
    with cache.locked("debian-13"):
        assert cache.clean() == (places[1], running.parent)
        assert not places[0].exists() and not places[2].exists()
        assert (places[1] / "file").read_text() == "kept" and running.is_dir()
    assert cache.clean() == (running.parent,)
    running.rmdir()
    assert cache.clean() == ()
    assert not folder.exists()


def test_what_another_start_makes_is_waited_for_and_said(folder: Path) -> None:
    text = (
        "from wizard.rehearsal import cache\n"
        "cache.kept('debian-12', '1', lambda place: print('making', flush=True) or input())\n"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "making\n"
        said = []

        def waits(line: str) -> None:
            said.append(line)
            assert maker.stdin is not None
            maker.stdin.write("\n")
            maker.stdin.flush()

        place = cache.kept("debian-12", "1", lambda _place: pytest.fail("made twice"), waits)
    finally:
        maker.kill()
        maker.wait(30)
    assert place == folder / "debian-12-1" and place.is_dir()
    assert len(said) == 1
