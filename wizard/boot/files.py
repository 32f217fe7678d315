"""The files that a boot reads."""

import glob
import os
import posixpath
import stat
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from wizard.platform.files import read_regular

_LARGEST = 1 << 20


class Files(ABC):
    """Texts by absolute path. A file that is masked by a link to /dev/null has an empty text."""

    @abstractmethod
    def text(self, path: str) -> str | None:
        """Return the text of a file, or None where there is none that can be read."""

    @abstractmethod
    def glob(self, pattern: str) -> list[str]:
        """Return the paths that match a pattern (glob(7)), sorted."""

    @abstractmethod
    def changed(self, path: str) -> float:
        """Return when a file was last changed, in seconds since 1970; 0 where there is none."""

    def is_executable(self, path: str) -> bool:
        """Whether a file may be run."""
        return self.text(path) is not None


class HostFiles(Files):
    """The files of this host. ``unread`` gathers those that are there and cannot be read."""

    def __init__(self) -> None:
        self.unread: list[str] = []
        self._read: dict[str, str | None] = {}

    def text(self, path: str) -> str | None:
        """Read a regular file of a limited size, once."""
        if path not in self._read:
            self._read[path] = self._text(path)
        return self._read[path]

    def _text(self, path: str) -> str | None:
        try:
            status = os.stat(path)  # noqa: PTH116
            if stat.S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(1, 3):
                return ""
            if stat.S_ISDIR(status.st_mode):
                return None
            return read_regular(Path(path), _LARGEST)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            self.unread.append(path)
            return None

    def glob(self, pattern: str) -> list[str]:
        """Look on the disk."""
        return sorted(glob.glob(pattern))  # noqa: PTH207

    def changed(self, path: str) -> float:
        """Look on the disk."""
        try:
            return os.stat(path).st_mtime  # noqa: PTH116
        except OSError:
            return 0.0

    def is_executable(self, path: str) -> bool:
        """Look on the disk; who asks does not matter."""
        try:
            return bool(os.stat(path).st_mode & 0o111)  # noqa: PTH116
        except OSError:
            return False


def configuration(files: Files, folders: Sequence[str], suffix: str) -> list[str]:
    """Return the paths that systemd reads of several folders, in its order.

    A name in an earlier folder hides the same name in later ones, and all are read in the order
    of their names, whatever their folder (systemd's ``conf_files_list``; sysctl.d(5),
    CONFIGURATION DIRECTORIES AND PRECEDENCE).
    """
    found: dict[str, str] = {}
    for folder in folders:
        for path in files.glob(f"{folder}/*{suffix}"):
            found.setdefault(posixpath.basename(path), path)
    return [path for _name, path in sorted(found.items())]
