"""What every detector needs to look at the host, and the error that says it could not."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from wizard.host.obstacle import Cause
from wizard.platform import variables
from wizard.platform.files import read_regular
from wizard.platform.text import clean_line

COMMAND_TIMEOUT = 4
"""Seconds that a command of the host, or Docker, may take to answer."""

IMPORTING = threading.Lock()
"""Held while a detector imports a package with many modules.

Threads that import packages at the same time, which have modules in common, wait for each other
for ever now and then in Python before 3.11.5 (CPython issue 106176), and so on Debian 12.
"""

_SHOWN = 200
"""Characters of an error that are shown, which may hold all of an answer."""

BECOME_ROOT = "run the wizard as root or with sudo"


class CannotTell(Exception):
    """A detector found nothing out; the message says why, in full sentences."""

    def __init__(self, reason: str, cause: Cause = Cause.NOT_FOUND_OUT) -> None:
        super().__init__(reason)
        self.cause = cause


@contextmanager
def understood(who: str) -> Iterator[None]:
    """Take whatever an answer of another shape than expected leads to as nothing found out.

    Args:
        who: Whose answer it is, as the beginning of a sentence.

    Raises:
        CannotTell: The answer is of another shape, or nested too deeply.
    """
    try:
        yield
    except (
        LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError
    ) as error:  # fmt: skip
        said = clean_line(f"{type(error).__name__}: {error}")[:_SHOWN].rstrip(".")
        raise CannotTell(
            f"{who} answered with something that the wizard does not understand ({said}), so it is "
            "not relied on. Check that its release is one that the wizard knows."
        ) from error


def read(path: Path) -> str:
    """Return the text of a regular file.

    Raises:
        CannotTell: It is not there, closed to this user, no regular file, or endless.
    """
    try:
        return read_regular(path)
    except PermissionError:
        raise CannotTell(f"Only root may read {clean_line(str(path))}: {BECOME_ROOT}.") from None
    except OSError as error:
        raise CannotTell(
            f"{clean_line(str(path))} cannot be read: {clean_line(error.strerror or str(error))}."
        ) from error


def read_if_there(path: Path) -> str | None:
    """Return the text of a file, or None where it cannot be read."""
    try:
        return read(path)
    except CannotTell:
        return None


def output(command: Sequence[str]) -> str:
    """Run a command that changes nothing and return what it wrote to its standard output.

    Raises:
        CannotTell: It is not installed, failed, or took longer than ``COMMAND_TIMEOUT``.
    """
    shown = clean_line(" ".join(command))
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=COMMAND_TIMEOUT,
            env=variables.for_commands(os.environ),
        )
    except FileNotFoundError:
        raise CannotTell(f"The command {clean_line(command[0])} is not installed.") from None
    except subprocess.TimeoutExpired:
        raise CannotTell(f"“{shown}” did not end within {COMMAND_TIMEOUT} seconds.") from None
    except OSError as error:
        raise CannotTell(f"“{shown}” cannot be run: {error.strerror}.") from error
    if done.returncode:
        said = clean_line(done.stderr.strip()) or f"exit code {done.returncode}"
        raise CannotTell(f"“{shown}” failed: {said.rstrip('.')}.")
    return done.stdout


def installed(program: str) -> str | None:
    """Return the path of a program, also of one that only root has on its path."""
    return shutil.which(program, path=variables.PATH)


def is_active(unit: str) -> bool:
    """Whether a systemd unit is active.

    systemd keeps a link for each unit that is, which costs less than asking ``systemctl``.
    """
    return (Path("/run/systemd/units") / f"invocation:{unit}").is_symlink()
