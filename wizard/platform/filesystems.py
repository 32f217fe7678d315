"""Which paths lie on a disk of this host, so that to look there neither hangs nor takes long."""

import os
import re
from pathlib import PurePosixPath

MOUNTS = "/proc/self/mounts"

_NEAR = re.compile(r"(?:bcachefs|btrfs|exfat|ext[234]|f2fs|jfs|overlay|tmpfs|vfat|xfs|zfs)")


def is_near(path: str, mounts: str) -> bool:
    """Return whether a path lies on such a disk, by its name alone: it is not looked at.

    A server that is gone lets whoever looks wait without end (nfs(5), ``hard``).

    Args:
        path: It, absolute; links on the way are not followed.
        mounts: What the kernel says is mounted where (proc(5)); what says nothing is no hindrance.
    """
    place = PurePosixPath(os.path.normpath(path))
    near, longest = True, 0
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = PurePosixPath(unescaped(fields[1]))
        # The last one mounted at a place lies over those before.
        if place.is_relative_to(point) and len(point.parts) >= longest:
            near, longest = _NEAR.fullmatch(fields[2]) is not None, len(point.parts)
    return near


def unescaped(field: str) -> str:
    """Return a path that the kernel tells of, in which it writes blanks as octal (proc(5))."""
    return re.sub(r"\\([0-7]{3})", lambda one: chr(int(one[1], 8)), field)
