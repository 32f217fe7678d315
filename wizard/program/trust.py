"""Whether anybody but root, or the person who became root, could have changed a file."""

import errno
import grp
import os
import pwd
import shlex
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import NamedTuple

from wizard.platform.text import clean_line

_MOST_LINKS = 40
"""As the kernel has it (path_resolution(7))."""

_ACL = "system.posix_acl_access"


class Doubted(Exception):
    """Somebody else could have changed a file, or can put another one in its place.

    Attributes:
        place: The file or folder that is not safe.
        who: The sentence that says who could have done it.
        change: What chmod(1) takes it away by; empty where it is the owner.
    """

    def __init__(self, place: Path, who: str, change: str = "") -> None:
        super().__init__(who)
        self.place = place
        self.who = who
        self.change = change

    def advice(self, home: Path) -> str:
        """Return the command against it, which goes through a whole folder in ``home`` alone."""
        quoted = shlex.quote(str(self.place))
        inside = "-R " if self.place.is_relative_to(home) else ""
        if self.change:
            return f"Take that right away with chmod {inside}{self.change} {quoted}"
        if inside:
            return f"Give it to root with chown -R root: {quoted}"
        return "Move the wizard to where only root can write, such as a folder in /opt"


class Trusted(NamedTuple):
    """A file as it was when nobody else could have changed it: octets, and nanoseconds."""

    octets: bytes
    changed: int


def trusted_owners() -> frozenset[int]:
    """Return whose files may be run as root: root's, and those of whoever called sudo.

    sudo sets ``SUDO_UID`` itself (sudo(8)): who may become root by it can run anything.
    """
    caller = os.environ.get("SUDO_UID", "")
    return root() | frozenset([int(caller)] if caller.isdecimal() else [])


def root() -> frozenset[int]:
    """Return who alone may change what PID 1 starts; in tests that is who runs them."""
    return frozenset({0, os.geteuid()})


def check(paths: Iterable[Path], owners: frozenset[int]) -> None:
    """Look at every place on the way to some files, as sshd does for authorized_keys.

    Whoever can write to a folder can put another file in a file's place (sshd_config(5),
    StrictModes); so can the owner of a link. What is not there counts as far as its way is.

    Args:
        paths: Files and folders, whose links are followed.
        owners: The numbers of those who may change them.

    Raises:
        Doubted: somebody else can.
        OSError: a path leads round in a circle.
    """
    for path in paths:
        try:
            with _opened(path, owners):
                pass
        except (FileNotFoundError, NotADirectoryError):
            continue


def of_others(files: Iterable[Path], folder: Path) -> tuple[str, ...]:
    """Return, in sentences, which of a folder's files are another's than root's or its owner's.

    What another owns is the file, or the folder that it lies in. Nothing is opened.
    """
    try:
        owners = {0, folder.stat().st_uid}
    except OSError:
        return ()
    found: dict[str, None] = {}
    for file in files:
        for place in (file.resolve(), file.resolve().parent):
            with suppress(OSError):
                owner = place.stat().st_uid
                if owner not in owners:
                    shown, quoted = clean_line(str(place)), shlex.quote(str(place))
                    found[
                        f"{shown} belongs to {_name(owner)}, and neither to root nor to the owner "
                        f"of {clean_line(str(folder))}: who can change it decides what Compose "
                        "starts. Look into it before you continue, or give it to root with "
                        f"chown root: {clean_line(quoted)}"
                    ] = None
    return tuple(found)


def read(path: Path, owners: frozenset[int]) -> Trusted:
    """Return what a regular file holds; what is read is the very file that was looked at.

    Raises:
        Doubted: somebody else could have changed it.
        OSError: it is not there, or is no regular file.
    """
    with _opened(path, owners) as handle:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        # O_PATH opens nothing (open(2)); the link below /proc leads to the very file looked at.
        with Path(f"/proc/self/fd/{handle}").open("rb") as file:
            return Trusted(file.read(), os.fstat(handle).st_mtime_ns)


@contextmanager
def _opened(path: Path, owners: frozenset[int]) -> Iterator[int]:
    """Yield what a path leads to, opened step by step, so that nothing is looked at twice."""
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    # A text, for to make a path at each of ten thousand places takes longer than to look at them.
    rest, shown, links = list(reversed(path.absolute().parts)), "/", 0
    here = os.open("/", flags)
    try:
        while rest:
            name = rest.pop()
            inner = os.open(name, flags, dir_fd=here)
            place = _inner(shown, name)
            try:
                status = os.fstat(inner)
                _look(place, status, inner, owners)
                if stat.S_ISLNK(status.st_mode):
                    links += 1
                    if links > _MOST_LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
                    rest += reversed(PurePath(os.readlink("", dir_fd=inner)).parts)
                else:
                    here, inner, shown = inner, here, place
            finally:
                os.close(inner)
        yield here
    finally:
        os.close(here)


def _inner(folder: str, name: str) -> str:
    """Return the path of a name in a folder, which a link may make ``..`` or the root."""
    if name == "..":
        return folder.rpartition("/")[0] or "/"
    return name if name == "/" else f"{folder.rstrip('/')}/{name}"


def _look(place: str, status: os.stat_result, handle: int, owners: frozenset[int]) -> None:
    mode = status.st_mode
    if status.st_uid not in owners:
        raise Doubted(Path(place), f"{clean_line(place)} belongs to {_name(status.st_uid)}.")
    # What a link's own bits say means nothing (symlink(7)). In a folder with restricted deletion
    # nobody can take away what is not theirs (chmod(1)).
    if stat.S_ISLNK(mode) or (stat.S_ISDIR(mode) and mode & stat.S_ISVTX and not status.st_uid):
        return
    if mode & stat.S_IWOTH:
        raise Doubted(
            Path(place), f"Everybody on this host can write to {clean_line(place)}.", "o-w"
        )
    if mode & stat.S_IWGRP:
        # With a list the bits of the group are the most that anybody on it has (acl(5)).
        if _has_list(handle):
            raise Doubted(
                Path(place),
                f"Others, by an access control list, can write to {clean_line(place)}.",
                "g-w",
            )
        if _members(status.st_gid) - owners:
            group = _group(status.st_gid)
            raise Doubted(
                Path(place), f"The group {group} can write to {clean_line(place)}.", "g-w"
            )


def _has_list(handle: int) -> bool:
    try:
        return bool(os.getxattr(f"/proc/self/fd/{handle}", _ACL))
    except OSError:
        return False


def _members(group: int) -> set[int]:
    """Return the numbers of all users of a group; of one that is not known, one that nobody has."""
    try:
        named = grp.getgrgid(group).gr_mem
    except KeyError:
        return {-1}
    everybody = pwd.getpwall()
    return {each.pw_uid for each in everybody if each.pw_gid == group or each.pw_name in named}


def _name(user: int) -> str:
    try:
        return clean_line(pwd.getpwuid(user).pw_name)
    except KeyError:
        return f"the user {user}, whom nobody knows"


def _group(group: int) -> str:
    try:
        return clean_line(grp.getgrgid(group).gr_name)
    except KeyError:
        return str(group)
