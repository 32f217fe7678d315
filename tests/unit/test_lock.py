import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lines import PATIENCE, Lines
from wizard.platform.errors import ExitCode, Locked
from wizard.run import lock

HOLDER = """
import sys, time
from pathlib import Path
from wizard.run import lock
with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        try:
            assert Lines(process).next() == "held"
            yield process
        finally:
            process.kill()


def test_a_second_run_is_refused_while_the_first_holds_the_lock(path: Path) -> None:
    with lock.held(path):
        assert lock.is_held(path)
        with pytest.raises(Locked) as locked, lock.held(path):
            pytest.fail("two runs at once")
        assert locked.value.exit_code is ExitCode.LOCKED
        assert f"(process {os.getpid()})" in str(locked.value)
        assert lock.is_held(path)
    assert not lock.is_held(path)


def test_the_lock_of_another_process_is_seen_and_named(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    assert lock.is_held(path)
    with pytest.raises(Locked, match=rf"\(process {holder.pid}\).*Nothing was changed"):
        lock.held(path).__enter__()


def test_the_lock_is_free_once_its_holder_was_killed(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait(PATIENCE)
    assert not lock.is_held(path)
    with lock.held(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_the_lock_is_let_go_of_when_its_run_fails(path: Path) -> None:
    with pytest.raises(KeyError), lock.held(path):
        raise KeyError
    assert not lock.is_held(path)
    assert path.exists()


def test_a_program_that_a_run_starts_does_not_inherit_the_lock(path: Path) -> None:
    with lock.held(path):
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
    try:
        assert not lock.is_held(path)
    finally:
        child.communicate(timeout=PATIENCE)


def test_nobody_holds_a_lock_that_is_not_there(path: Path) -> None:
    assert not lock.is_held(path)
    assert not path.exists()


def test_looking_at_the_lock_does_not_take_it(path: Path) -> None:
    with lock.held(path):
        pass
    for _ in range(3):
        assert not lock.is_held(path)
    with lock.held(path):
        assert path.stat().st_mode & 0o777 == 0o600


def test_who_holds_the_lock_for_an_instant_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.touch()
    other = os.open(path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_SH)
    monkeypatch.setattr(time, "sleep", lambda _seconds: fcntl.flock(other, fcntl.LOCK_UN))
    with lock.held(path):
        pass
    os.close(other)


def test_two_who_look_at_the_lock_do_not_take_each_other_for_its_holder(path: Path) -> None:
    path.touch()
    with path.open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not lock.is_held(path)


def test_a_lock_names_its_holder_of_now_and_none_of_before(path: Path) -> None:
    path.write_text("12345678901234567890\n")
    assert lock.holder(path) is None
    with lock.held(path):
        assert lock.holder(path) == os.getpid()
    assert lock.holder(path) is None


def test_a_lock_is_never_what_a_link_leads_to(path: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    path.symlink_to(theirs)
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)), lock.held(path):
        pytest.fail("it was taken")
    assert theirs.read_text() == "theirs"
