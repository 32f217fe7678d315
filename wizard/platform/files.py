"""Writes files as root in folders that may belong to others, whole or not at all."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

_MOST_LINKS = 40
"""As the kernel has it (path_resolution(7))."""

_LARGEST = 16 * 1024 * 1024
"""Octets of the largest file that is read whole."""

_PIECE = 1 << 16

_NULL = os.makedev(1, 3)
"""/dev/null (the kernel's admin-guide/devices.txt)."""


class Masked(OSError):
    """A link to /dev/null is in the place of a file: somebody wants nothing to be read there."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EINVAL, "it is masked by a link to /dev/null", path)


def read_regular(path: Path, largest: int = _LARGEST) -> str:
    """Return the text of a regular file, as :func:`regular` does."""
    return regular(path, largest)[0]


def regular(path: Path, largest: int = _LARGEST, follow: bool = True) -> tuple[str, os.stat_result]:
    """Return the text and the status of a regular file; nothing else is ever opened for reading.

    A FIFO would wait for a writer, a device may act on being opened, and some have no end. What
    is not UTF-8 becomes lone surrogates. Without ``follow`` a link is no regular file.

    Raises:
        Masked: it is a link to /dev/null.
        OSError: it is not there, closed to this user, no regular file, or larger than ``largest``.
    """
    too_large = OSError(errno.EFBIG, "it is too large for what it should be", os.fspath(path))
    # O_PATH opens nothing (open(2)); the link below /proc leads to the very file looked at.
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    try:
        status = os.fstat(handle)
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == _NULL:
            raise Masked(os.fspath(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", os.fspath(path))
        if status.st_size > largest:
            raise too_large
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(f"/proc/self/fd/{handle}", flags), "rb", buffering=0) as file:
            # Piece by piece: files of the kernel's own call their size 0, and some have no room
            # for much at once (fs/proc/proc_sysctl.c).
            octets = bytearray()
            while len(octets) <= largest and (piece := file.read(_PIECE)):
                octets += piece
    finally:
        os.close(handle)
    if len(octets) > largest:
        raise too_large
    return octets.decode("utf-8", "surrogateescape"), status


def write_durably(path: Path, text: str, mode: int, uid: int, gid: int) -> None:
    """Write a file so that a crash at any instant leaves the old one or the new one.

    Raises:
        OSError: the disk is full or read-only, or a directory is missing; the old file stays.
    """
    with place(path) as (folder, name):
        temporary = temporary_beside(Path(name)).name
        try:
            unlink(temporary, folder)
        except IsADirectoryError:
            # Whoever owns the folder could otherwise keep a file from being put back.
            temporary += f".{os.urandom(4).hex()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(temporary, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
                os.fchown(file.fileno(), uid, gid)
                os.fchmod(file.fileno(), mode)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            unlink(temporary, folder)
            raise
        os.fsync(folder)


def temporary_beside(path: Path) -> Path:
    """Return where :func:`write_durably` writes first: always the same, so that it can be found."""
    return path.with_name(f".{path.name}.docker-ipv6-wizard")


@contextmanager
def place(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the folder that holds a file, opened, and the file's name in it; links are followed.

    Whoever owns a folder can put a link in it at any instant, so every step is taken from the
    folder before, and a link counts only if it is root's or of the owner of where it leads.

    Raises:
        OSError: there is no such folder, a link on the way cannot be trusted, or it leads to a
            device, whose place is not for files.
    """
    folder = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rest, owners = list(reversed(path.absolute().parts[1:])), set[int]()
        name, links = rest.pop(), 0
        while True:
            target = _link(name, folder)
            if target is not None:
                owner, words = target
                owners.add(owner)
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
                parts = PurePath(words).parts
                if parts and parts[0] == "/":
                    folder, parts = _entered(folder, "/"), parts[1:]
                rest += reversed(parts)
            elif not rest:
                break
            else:
                folder = _entered(folder, name)
            name = rest.pop() if rest else "."
        if name in (".", ".."):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if owners - {0, os.fstat(folder).st_uid}:
            raise PermissionError(
                errno.EPERM,
                "a link on the way belongs to somebody who could not write there",
                str(path),
            )
        if _is_device(name, folder):
            raise PermissionError(errno.EPERM, "a device is in its place", str(path))
        folder = _entered(folder, ".", os.O_RDONLY)
        yield folder, name
    finally:
        os.close(folder)


def _entered(folder: int, name: str, kind: int = os.O_PATH) -> int:
    inner = os.open(name, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | kind, dir_fd=folder)
    os.close(folder)
    return inner


def _is_device(name: str, folder: int) -> bool:
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def _link(name: str, folder: int) -> tuple[int, str] | None:
    """Return the owner and the target of a link, or None where there is none."""
    try:
        descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISLNK(status.st_mode):
            return None
        return status.st_uid, os.readlink("", dir_fd=descriptor)
    finally:
        os.close(descriptor)


def unlink(name: str, folder: int) -> None:
    """Remove a file of an opened folder; one that is not there is no error."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
