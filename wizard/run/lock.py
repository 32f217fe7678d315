"""One run at a time: a lock that the kernel lets go of when its holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wizard.platform.errors import Locked

_POLL = 0.02
"""Seconds between two tries; flock(2) itself knows no limit of time."""


@contextmanager
def held(path: Path, wait: float = 0.35) -> Iterator[None]:
    """Hold the lock; the file stays, for removing it would let two runs hold two locks.

    Args:
        path: The lock.
        wait: How many seconds to wait for another to let go; whoever only looks at the lock has
            it for an instant.

    Raises:
        Locked: another run holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            _take(descriptor, time.monotonic() + wait)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise Locked(
                f"Another run of the wizard is at work (process {holder or 'unknown'}). Nothing "
                "was changed. Wait until it has ended; wizard --status shows how far it is."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(path: Path) -> int | None:
    """Return the process that holds the lock, or None where none does."""
    if not is_held(path):
        return None
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _take(descriptor: int, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
        else:
            return
        time.sleep(_POLL)


def is_held(path: Path) -> bool:
    """Return whether a run holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
