"""The one way in which the core reads and changes a host: commands and whole files."""

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wizard.platform import alone, variables
from wizard.platform.errors import StepFailed
from wizard.platform.files import place, regular, unlink, write_durably
from wizard.platform.text import clean

COMMAND_TIMEOUT = 120.0
"""Seconds after which a command counts as hanging."""

DOCKER_TIMEOUT = 60.0
"""The same for docker, which waits for a Docker that hangs, as long as it does."""

PACKAGE_TIMEOUT = 1800.0
"""The same for apt-get: killed half way it leaves dpkg for the person to mend."""

NOT_THERE = 127
"""The status of a command whose program is not on the host."""


@dataclass(frozen=True)
class Result:
    """How a command ended. ``output`` is standard output and error together, cleaned."""

    status: int
    output: str


@dataclass(frozen=True)
class FileState:
    """A regular file as it is or should be: text, permission bits and owner."""

    text: str
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


class System(Protocol):
    """A host that can be read and changed; the real one, or a made-up one in tests."""

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        """Run a command and return how it ended; a command that hangs has status 124."""
        ...

    def read(self, path: str) -> FileState | None:
        """Return a file, or None where there is none."""
        ...

    def write(self, path: str, state: FileState) -> None:
        """Write a file whole or not at all, with its mode and owner."""
        ...

    def why_not_write(self, path: str) -> str | None:
        """Return why a file may never be written where others lead it to, or None."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        ...

    def make_directory(self, path: str) -> None:
        """Make a directory; one that is there is no error."""
        ...

    def remove_directory(self, path: str) -> None:
        """Remove an empty directory; one that is not there or not empty stays as it is."""
        ...

    def remove_nft_table(self, name: str) -> None:
        """Remove an empty IPv6 table that the nft ``ip6tables`` made."""
        ...


class RealSystem:
    """This host."""

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        """Run a command in the C locale, without a terminal."""
        # Here, for to say how the records stand no command is run, and nothing takes longer.
        import subprocess

        seconds = _timeout(argv)
        try:
            done = subprocess.run(
                argv,
                input=stdin.encode("utf-8", "surrogateescape"),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                env=variables.for_commands(os.environ),
            )
        except subprocess.TimeoutExpired as expired:
            output = (expired.stdout or b"").decode("utf-8", "surrogateescape")
            return Result(124, clean(f"{output}\nStopped after {seconds:.0f} seconds."))
        except FileNotFoundError as error:
            return Result(NOT_THERE, clean(f"{argv[0]}: {error.strerror}"))
        except OSError as error:
            return Result(126, clean(f"{argv[0]}: {error.strerror}"))
        return Result(done.returncode, clean(done.stdout.decode("utf-8", "surrogateescape")))

    def read(self, path: str) -> FileState | None:
        """Return a regular file; links are followed.

        Raises:
            Masked: a link to /dev/null is in its place.
            OSError: it is there but cannot be read, or is not a regular file.
        """
        try:
            text, status = regular(Path(path))
        except FileNotFoundError:
            if Path(path).is_symlink():
                raise OSError(errno.ENOENT, "it is a link that leads nowhere", path) from None
            return None
        return FileState(text, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)

    def write(self, path: str, state: FileState) -> None:
        """Write beside the file, make it durable, and rename it over the file a link leads to."""
        write_durably(Path(path), state.text, state.mode, state.uid, state.gid)

    def why_not_write(self, path: str) -> str | None:
        """Look at every link on the way, and at what is in its place."""
        try:
            with place(Path(path)):
                return None
        except PermissionError as error:
            return error.strerror
        except OSError:
            return None

    def remove(self, path: str) -> None:
        """Remove a file and make that durable."""
        with place(Path(path)) as (folder, name):
            unlink(name, folder)
            os.fsync(folder)

    def make_directory(self, path: str) -> None:
        """Make a directory that everybody may read."""
        Path(path).mkdir(mode=0o755, exist_ok=True)

    def remove_directory(self, path: str) -> None:
        """Remove a directory if it is empty."""
        try:
            Path(path).rmdir()
        except OSError:
            return

    def remove_nft_table(self, name: str) -> None:
        """Ask the kernel over netlink: the nft program is not on every host, and ip6tables cannot.

        Raises:
            StepFailed: the kernel refused.
        """
        import socket

        alone.without_its_rest("pyroute2")
        from pyroute2.netlink.exceptions import NetlinkError
        from pyroute2.nftables.main import NFTables

        try:
            with NFTables(nfgen_family=socket.AF_INET6) as nftables:
                nftables.table("del", name=name)
        except NetlinkError as error:
            raise StepFailed(f"The empty table {name} could not be removed: {error}.") from error


def is_stopping(system: System) -> bool:
    """Return whether the host is shutting down (systemctl(1), is-system-running)."""
    return system.run(("systemctl", "is-system-running")).output.strip() == "stopping"


def _timeout(argv: Sequence[str]) -> float:
    if "apt-get" in argv:
        return PACKAGE_TIMEOUT
    return DOCKER_TIMEOUT if argv[0] == "docker" else COMMAND_TIMEOUT
