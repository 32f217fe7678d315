"""Who holds the lock under which the wizard is set up keeps nobody waiting for ever."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def set_up(root: Path) -> subprocess.CompletedProcess[str]:
    """Set an installation up, with the ten minutes of a wait cut short to a second."""
    flock = root / "stubs" / "flock"
    flock.parent.mkdir()
    real = shutil.which("flock")
    flock.write_text(
        f'#!/bin/sh\n[ "$1" != --timeout ] || exec {real} --timeout 1 "$3"\nexec {real} "$@"\n'
    )
    flock.chmod(0o755)
    lines = (
        "set -eu",
        f"root={root}",
        '. "$root/bin/environment"',
        "need_packages() { :; }",
        'make_environment "$root/.venv" wizard',
    )
    return subprocess.run(
        ["sh", "-c", "\n".join(lines)],
        env={"PATH": f"{flock.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        # It makes a whole environment, before it finds that there is no lock.
        timeout=120,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of an installation that cannot be finished: it has no lock of packages."""
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin/environment", tmp_path / "bin")
    return tmp_path


def test_a_lock_that_is_never_let_go_of_ends_the_wait_with_a_sentence(root: Path) -> None:
    with (root / ".venv.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = set_up(root)
    assert done.returncode == 2
    waits, refuses = done.stderr.splitlines()[-2:]
    assert waits.startswith("Another start is setting up the wizard.")
    assert "lslocks" in refuses
    assert not (root / ".venv").exists()


def test_who_may_only_look_holds_nobody_up(root: Path) -> None:
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        done = set_up(root)
    finally:
        os.close(descriptor)
    assert "Another start" not in done.stderr
    assert (root / ".venv").exists()
    assert (root / ".venv.lock").stat().st_mode & 0o777 == 0o600
