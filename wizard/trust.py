"""Whether anybody but root, or the person who became root, could have changed a file."""

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from wizard.text import clean_line


def trusted_owners() -> frozenset[int]:
    """Return whose files may be run as root: root's, and those of whoever called sudo.

    sudo sets ``SUDO_UID`` itself (sudo(8)): who may become root by it can run anything.
    """
    caller = os.environ.get("SUDO_UID", "")
    return frozenset({0, os.geteuid(), *([int(caller)] if caller.isdecimal() else [])})


def doubt(paths: Iterable[Path], owners: frozenset[int]) -> str | None:
    """Return who could have changed one of the files, and the command against it, or None.

    Every folder on the way counts, as sshd has it for authorized_keys (sshd_config(5),
    StrictModes): whoever can write to a folder can put another file in a file's place.

    Args:
        paths: Files and folders, whose links are followed.
        owners: The numbers of those who may change them.
    """
    seen: set[Path] = set()
    for path in paths:
        real = path.resolve()
        for place in (real, *real.parents):
            if place in seen:
                break
            seen.add(place)
            why = _doubt(place, owners)
            if why:
                return why
    return None


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
                        "starts. Look into it before you go on, or give it to root with "
                        f"chown root: {clean_line(quoted)}"
                    ] = None
    return tuple(found)


def _doubt(place: Path, owners: frozenset[int]) -> str | None:
    try:
        status = place.stat()
    except FileNotFoundError:
        return None
    shown, quoted = clean_line(str(place)), shlex.quote(str(place))
    if status.st_uid not in owners:
        return (
            f"{shown} belongs to {_name(status.st_uid)}. Give it to root with "
            f"chown -R root: {quoted}"
        )
    # In such a folder nobody can take away what is not theirs (chmod(1), restricted deletion).
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX and not status.st_uid:
        return None
    if status.st_mode & stat.S_IWOTH:
        return (
            f"Everybody on this host can write to {shown}. Take that right away with "
            f"chmod -R o-w {quoted}"
        )
    if status.st_mode & stat.S_IWGRP and _members(status.st_gid) - owners:
        return (
            f"The group {_group(status.st_gid)} can write to {shown}. Take that right away with "
            f"chmod -R g-w {quoted}"
        )
    return None


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
