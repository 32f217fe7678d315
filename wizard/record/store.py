"""The folder that holds the record, its lock, its logs and the answers."""

import errno
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from wizard.platform.errors import Refused
from wizard.platform.files import read_regular, regular, write_durably
from wizard.record.forgetting import without_texts
from wizard.record.record import Record, StepState
from wizard.record.toml_text import dumps, loads

DIRECTORY = Path("/var/lib/docker-ipv6-wizard")

RESERVED = 1 << 20
"""Octets that are set aside for the record and for the files that are put back."""

_LOGS = 5
"""How many logs of workers are kept."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the kernel says where no space is left (errno(3))."""


class Store:
    """The folder that holds the record, its lock, its log and the answers; root's alone."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self.directory = directory
        self.path = directory / "record.toml"
        self.lock = directory / "lock"
        self.guard = directory / "guard-lock"
        """Held by the process that guards a run where there is no systemd."""
        self.answers = directory / "answers.toml"
        self.place = directory / "place"
        self.padding = directory / "reserved-space"

    def new_log(self) -> Path:
        """Make an empty log for one worker, and let go of all but the newest of before.

        Each has its own, for who starts one does not hold the lock: another may be at work.

        Raises:
            OSError: the disk is full or read-only.
        """
        old = sorted(self.directory.glob("apply*.log"), key=lambda log: log.lstat().st_mtime)
        for log in old[: -_LOGS + 1]:
            log.unlink(missing_ok=True)
        old = old[-_LOGS + 1 :]
        try:
            descriptor, name = tempfile.mkstemp(".log", "apply-", self.directory)
        except OSError as error:
            if error.errno not in FULL or not old:
                raise
            # An undo must begin all the same, and this one is there.
            os.truncate(old[-1], 0)
            return old[-1]
        os.close(descriptor)
        return Path(name)

    def prepare(self) -> None:
        """Make the folder where there is none.

        Raises:
            Refused: it belongs to somebody else, is a link, or cannot be made.
        """
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_folder()
        except OSError as error:
            raise Refused(
                f"{self.directory} cannot be made: {error.strerror}. Nothing was changed. The "
                "wizard keeps its record there and does not start without one."
            ) from error

    def _check_folder(self) -> None:
        status = self.directory.lstat()
        if not (stat.S_ISDIR(status.st_mode) and _is_only_ours(status)):
            raise Refused(
                f"{self.directory} is a link, belongs to somebody else, or can be written by "
                "others. Nothing was changed. Find out why, move it away, and start again."
            )

    def load(self) -> Record | None:
        """Return the record, or None where there is none.

        Raises:
            Refused: it cannot be read, is not whole, or could have been written by others.
        """
        try:
            self._check_folder()
            text, status = regular(self.path, follow=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(
                f"{self.path} cannot be read: {error.strerror}. Nothing was changed."
            ) from error
        if not _is_only_ours(status):
            raise Refused(
                f"{self.path} belongs to somebody else, or can be written by others, "
                "so what it says cannot be trusted. Nothing was changed."
            )
        return loads(text, str(self.path))

    def save(self, record: Record) -> None:
        """Write the record whole or not at all, and make it durable.

        Where the disk is full, the reserved space is given up for it. Of a run that is over it has
        no text of a file any more: a Compose file may hold passwords, and undo alone needs it.

        Raises:
            OSError: the disk is full or read-only; the record before stays.
        """
        text, owner = dumps(_fit_to_keep(record)), (os.geteuid(), os.getegid())
        try:
            write_durably(self.path, text, 0o600, *owner)
        except OSError as error:
            if error.errno not in FULL or not self.release():
                raise
            write_durably(self.path, text, 0o600, *owner)

    def reserve(self) -> None:
        """Set space aside, so that a change can be taken back on a disk that is full by then.

        Raises:
            OSError: there is no such space.
        """
        descriptor = os.open(self.padding, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, RESERVED)
            os.fsync(descriptor)
        except OSError:
            self.release()
            raise
        finally:
            os.close(descriptor)

    def release(self) -> bool:
        """Give up the space that was set aside; return whether there was any."""
        try:
            self.padding.unlink()
        except OSError:
            return False
        return True

    def archive(self) -> None:
        """Keep an ended record under its own name, so that the next one does not overwrite it.

        Those of earlier releases have texts of files in them, which go.
        """
        record = self.load()
        if record is not None:
            self.path.rename(self.directory / f"record-{record.id}.toml")
        for path in self.directory.glob("record-*.toml"):
            # One that cannot be read is none of ours, or for a person to look at.
            with suppress(Refused, OSError):
                kept = loads(read_regular(path), str(path))
                fit = dumps(_without_texts_of_files(kept))
                if fit != dumps(kept):
                    write_durably(path, fit, 0o600, os.geteuid(), os.getegid())


def _fit_to_keep(record: Record) -> Record:
    return record if record.state.in_force else _without_texts_of_files(record)


def _without_texts_of_files(record: Record) -> Record:
    steps = [
        step
        # Of what was left on the host somebody may still take back the rest by hand.
        if step.state is StepState.KEPT
        else replace(
            step, parameters=without_texts(step.parameters), before=without_texts(step.before)
        )
        for step in record.steps
    ]
    return replace(record, steps=steps)


def _is_only_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022
