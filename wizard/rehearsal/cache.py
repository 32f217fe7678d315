"""The folder that keeps what is costly to make for practice machines, and how it stays whole."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wizard.platform import filesystems
from wizard.platform.errors import WizardError
from wizard.rehearsal.progress import Progress, silent

RUNNING = "machines"
"""The folder of what practice machines that run have written."""

_TAG = "CACHEDIR.TAG"
_SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55"
"""What a folder bears of which all may be removed (https://bford.info/cachedir/)."""

_UNUSED = 24 * 3600.0
"""Seconds after which something that nobody has asked for is removed when its like is made."""


def folder() -> Path:
    """Return the cache's folder, made where it is missing, and closed to everybody else.

    Whole systems lie in it, with programs that run as root whoever starts them, and nobody
    updates them.

    Raises:
        WizardError: it belongs to somebody else, or holds other things.
    """
    path = Path(os.environ.get("DOCKER_IPV6_WIZARD_CACHE") or "/var/cache/docker-ipv6-wizard")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = path.resolve()
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise WizardError(
            f"{path} belongs to somebody else, so no practice machine is made in it. Nothing was "
            "changed. Move it away and start again."
        )
    tag = path / _TAG
    if not tag.exists():
        # Earlier releases left no tag, and a lock for each system in every cache.
        if any(path.iterdir()) and not any(path.glob("debian-*.lock")):
            raise WizardError(
                f"{path} holds other things, and what is kept for practice machines is removed "
                "whole. Nothing was changed. Let DOCKER_IPV6_WIZARD_CACHE name an empty folder, or "
                "one that is not there yet."
            )
        tag.write_text(f"{_SIGNATURE}\n# Practice machines of docker-ipv6-wizard.\n")
    if status.st_mode & 0o077:
        path.chmod(0o700)
    return path


def key(recipe: object) -> str:
    """Return a short digest of a recipe: the same for the same recipe, whatever made it."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]


@contextlib.contextmanager
def locked(name: str, progress: Progress = silent) -> Iterator[None]:
    """Hold one named lock of the cache; a second holder, in any process, says so and waits."""
    with (folder() / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"Another start makes {name}, too. Waiting until it is there …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def kept(name: str, digest: str, make: Callable[[Path], None], progress: Progress = silent) -> Path:
    """Return the cached folder of that name and digest, made first if it is not there.

    It is made beside its place and renamed whole, so that a build that was killed is never taken
    for a finished one. Other digests of the same name go once nobody has asked for them for a day,
    for another checkout may take turns with this one, unless a mount still uses them.

    Args:
        name: What it is, such as ``debian-12``.
        digest: The recipe's digest, from :func:`key`.
        make: Fills the empty folder it is given.
        progress: Is told where another process makes it.
    """
    place = folder() / f"{name}-{digest}"
    if place.is_dir():
        os.utime(place)
        return place
    with locked(name, progress):
        if place.is_dir():
            return place
        for leftover in folder().glob(f".{name}.*"):
            remove(leftover)
        building = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder()))
        try:
            building.chmod(0o755)
            make(building)
            building.rename(place)
        except BaseException:
            remove(building)
            raise
        for other in folder().glob(f"{name}-*"):
            stale = other.is_dir() and time.time() - other.stat().st_mtime > _UNUSED
            if other != place and stale and not _used(other):
                remove(other)
    return place


def clean() -> tuple[Path, ...]:
    """Remove all that is kept, and return what is left because a practice machine uses it.

    Raises:
        WizardError: Something is mounted there and cannot be unmounted.
    """
    left = []
    for place in sorted(each for each in folder().iterdir() if each.is_dir()):
        busy = _used(place) or _is_made(place) or (place.name == RUNNING and any(place.iterdir()))
        if busy:
            left.append(place)
        else:
            remove(place)
    if not left:
        remove(folder())
    return tuple(left)


def _is_made(place: Path) -> bool:
    """Return whether another process makes this very thing, or may be about to."""
    name = place.name.removeprefix(".").rpartition("." if place.name.startswith(".") else "-")[0]
    lock = folder() / f"{name or place.name}.lock"
    if not lock.exists():
        return False
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def mounts_under(path: Path) -> list[Path]:
    """Return the mount points at or under path, the newest first (proc_pid_mountinfo(5))."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        point = Path(filesystems.unescaped(line.split()[4]))
        if point == path or path in point.parents:
            found.append(point)
    return found[::-1]


def remove(path: Path) -> None:
    """Remove a folder with everything in it, never crossing into something mounted there.

    Raises:
        WizardError: Something is mounted under it and cannot be unmounted.
    """
    for point in mounts_under(path):
        subprocess.run(["umount", "--lazy", str(point)], stderr=subprocess.DEVNULL)
    if left := mounts_under(path):
        raise WizardError(
            f"{left[0]} is still mounted, so {path} was left alone. Unmount it with "
            f"umount {left[0]} and then remove {path}."
        )
    shutil.rmtree(path, ignore_errors=True)


def _used(path: Path) -> bool:
    text = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    return str(path) in text
