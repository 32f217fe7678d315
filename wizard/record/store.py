"""The folder that holds the record, its lock, its logs and the answers."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from wizard.platform.errors import Refused
from wizard.platform.files import read_regular, regular, write_durably
from wizard.platform.later import later
from wizard.record.record import Record, State

with later():
    from wizard.record import forgetting, toml_text

DIRECTORY = Path("/var/lib/docker-ipv6-wizard")

RESERVED = 1 << 20
"""Octets that are set aside for the record and for the files that are put back."""

RUNS = "runs"
"""The folder with a folder for each run, called as the run is, in which its record is."""

_LOGS = 5
"""How many logs of workers are kept."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the kernel says where no space is left (errno(3))."""


def state_directory() -> Path:
    """Return where the record and the answers are: /var/lib for root, the home folder otherwise."""
    if os.geteuid() == 0:
        return DIRECTORY
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "docker-ipv6-wizard"


class Store:
    """The folder that holds the records, their lock, logs and the answers; root's alone.

    Of one run where it is named, and else of the one that is at hand: which waits for an answer or
    moves, else the newest that is in force, else the newest.
    """

    def __init__(self, directory: Path = DIRECTORY, run: str = "") -> None:
        self.directory = directory
        self._run = run
        self._single = directory / "record.toml"
        """Where releases before several runs could be at a time have their only one."""
        self.lock = directory / "lock"
        self.guard = directory / "guard-lock"
        """Held by the process that guards a run where there is no systemd."""
        self.answers = directory / "answers.toml"
        self.wanted = directory / "wanted.toml"
        """The answers that a change is made for; those of the set-up stay where they are."""
        self.progress = directory / "place"
        self.padding = directory / "reserved-space"

    @property
    def path(self) -> Path:
        """Where the record of the run is, or would be."""
        if self._run:
            return self._place(self._run)
        try:
            at_hand = self._at_hand()
        except Refused:
            at_hand = None
        if at_hand is not None:
            return self._place(at_hand.id)
        found = [*self._places(), *self._folders()]
        return found[-1] if found else self._single

    def of(self, run: str) -> "Store":
        """Return the same folder for one run."""
        return Store(self.directory, run)

    def records(self) -> tuple[Record, ...]:
        """Return every record that is kept, the oldest run first.

        Raises:
            Refused: one cannot be read, is not whole, or could have been written by others.
        """
        found = [self._read(place) for place in self._places()]
        return tuple(sorted(filter(None, found), key=lambda record: record.id))

    def _folders(self) -> list[Path]:
        """Return where the record of each run is, or was about to be."""
        try:
            folders = sorted(each for each in (self.directory / RUNS).iterdir() if each.is_dir())
        except OSError:
            return []
        return [each / self._single.name for each in folders]

    def _places(self) -> list[Path]:
        alone = stands_alone(self._single)
        folders = [each for each in self._folders() if os.path.lexists(each)]
        copied = alone and any(self._is_of(self._single, each.parent.name) for each in folders)
        return [*([self._single] if alone and not copied else []), *folders]

    def _place(self, run: str) -> Path:
        folder = self.directory / RUNS / run / self._single.name
        # The guard that an earlier release has armed looks for its record where that left it. Where
        # a backup has followed the link, what is there was written once and says what was then.
        if os.path.lexists(folder) or self._single.is_symlink():
            return folder
        return self._single if self._is_of(self._single, run) else folder

    def _is_of(self, place: Path, run: str) -> bool:
        try:
            record = self._read(place)
        except Refused:
            return False
        return record is not None and record.id == run

    def latest(self) -> Record | None:
        """Return the record of the run that moves or waits for an answer, or else of the newest.

        Raises:
            Refused: a record cannot be read.
        """
        return self._newest(lambda state: state.is_open)

    def _at_hand(self) -> Record | None:
        return self._newest(lambda state: state.is_open, lambda state: state.in_force)

    def _newest(self, *wanted: Callable[[State], bool]) -> Record | None:
        """Return the newest of the first that are wanted and there, or else the newest of all."""
        records = self.records()
        chosen = [*([each for each in records if of(each.state)] for of in wanted), records]
        return next((each[-1] for each in chosen if each), None)

    def new_log(self) -> Path:
        """Make an empty log for one worker, and let go of all but the newest of before.

        Each has its own, for who starts one does not hold the lock: another may be at work.

        Raises:
            OSError: the disk is full or read-only.
        """
        # Here, for what it imports in turn takes longer than to say how the records stand.
        import tempfile

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
        if not self._run:
            return self._at_hand()
        record = self._read(self._place(self._run))
        if record is None:
            # One that cannot be read may be the one that is looked for.
            self.records()
        return record

    def _read(self, path: Path) -> Record | None:
        try:
            self._check_folder()
            text, status = regular(path, follow=False)
            folders = [path.parent.lstat(), path.parent.parent.lstat()]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(
                f"{path} cannot be read: {error.strerror}. Nothing was changed. Find out why, "
                "and start again: it says what was done on this host."
            ) from error
        below = folders if path != self._single else []
        if not all(map(_is_only_ours, [status, *below])):
            raise Refused(
                f"{path} belongs to somebody else, or can be written by others, "
                "so what it says cannot be trusted. Nothing was changed. Find out why, move it "
                "away, and start again."
            )
        return toml_text.loads(text, str(path))

    def save(self, record: Record) -> None:
        """Write the record whole or not at all, and make it durable.

        Where the disk is full, the reserved space is given up for it. Of a run that is over it has
        no text of a file any more: a Compose file may hold passwords, and undo alone needs it.

        Raises:
            OSError: the disk is full or read-only; the record before stays.
        """
        path = self._place(record.id)
        text, owner = toml_text.dumps(forgetting.fit_to_keep(record)), (os.geteuid(), os.getegid())
        try:
            self._write(path, text, owner)
        except OSError as error:
            if error.errno not in FULL or not self.release():
                raise
            self._write(path, text, owner)

    def _write(self, path: Path, text: str, owner: tuple[int, int]) -> None:
        is_new = path != self._single and not path.parent.is_dir()
        if is_new:
            _make_folders(path)
        write_durably(path, text, 0o600, *owner)
        if is_new:
            self._lead_to(path)

    def _lead_to(self, path: Path) -> None:
        """Let the place of the only record of earlier releases lead to the newest one.

        An earlier release does not follow it, and so never takes this host for one without a run.
        """
        if stands_alone(self._single):
            return
        link = self.directory / f".{self._single.name}.link"
        with suppress(OSError):
            link.unlink(missing_ok=True)
            link.symlink_to(path.relative_to(self.directory))
            link.replace(self._single)

    def intend(self, record: Record) -> None:
        """Note what the record of a run will say once a change of it is kept.

        Raises:
            OSError: the disk is full or read-only.
        """
        owner = (os.geteuid(), os.getegid())
        write_durably(self._upcoming(record.id), toml_text.dumps(record), 0o600, *owner)

    def intended(self, run: str) -> Record | None:
        """Return what was noted so, or None where nothing was.

        Raises:
            Refused: it cannot be read.
        """
        return self._read(self._upcoming(run))

    def take_over(self, run: str) -> None:
        """Let the record of a run say what was noted; once done, there is nothing more to do."""
        with suppress(FileNotFoundError):
            self._upcoming(run).replace(self._place(run))
            with suppress(OSError):
                _make_durable(self._place(run).parent)

    def forget_intended(self, run: str) -> None:
        """Remove what was noted, for the run stays as it was."""
        with suppress(OSError):
            self._upcoming(run).unlink(missing_ok=True)

    def _upcoming(self, run: str) -> Path:
        return self.directory / RUNS / run / "changed.toml"

    def move_on(self) -> None:
        """Give the record of a release that had one alone the place that it would have today.

        Not while its run is open: a program of that release may still look for it where it is.
        """
        record = None if self._single.is_symlink() else self._read(self._single)
        if record is None:
            return
        place = self.directory / RUNS / record.id / self._single.name
        if os.path.lexists(place):
            # What a backup left there; see :meth:`_place`.
            self._single.unlink()
        elif record.state.is_open:
            return
        else:
            _make_folders(place)
            self._single.rename(place)
            _make_durable(place.parent)
        self._lead_to(place)

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

    def archive(self, run: str) -> None:
        """Put the record of an ended run aside, so that it is none of those that are kept.

        Those of earlier releases have texts of files in them, which go.
        """
        place = self._place(run)
        place.rename(self.directory / f"record-{run}.toml")
        if place != self._single:
            self.forget_intended(run)
            place.parent.rmdir()
        for path in self.directory.glob("record-*.toml"):
            # One that cannot be read is none of ours, or for a person to look at.
            with suppress(Refused, OSError):
                kept = toml_text.loads(read_regular(path), str(path))
                fit = toml_text.dumps(forgetting.without_texts_of_files(kept))
                if fit != toml_text.dumps(kept):
                    write_durably(path, fit, 0o600, os.geteuid(), os.getegid())


def stands_alone(single: Path) -> bool:
    """Return whether there is an only record, and not what leads to one of several.

    In this order, for a worker may put the link there meanwhile: what was not there has no record.
    """
    return os.path.lexists(single) and not leads_to_runs(single)


def leads_to_runs(single: Path) -> bool:
    """Return whether the place of an only record leads to one of several; see :class:`Store`."""
    try:
        return single.readlink().parts[:1] == (RUNS,)
    except OSError:
        return False


def _make_folders(place: Path) -> None:
    """Make the folder of a run, and that of all runs."""
    for folder in (place.parent.parent, place.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
        _make_durable(folder.parent)


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_only_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022
