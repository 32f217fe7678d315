"""The process that works on a run, as who started it follows it."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wizard.platform.errors import ExitCode
from wizard.program import program
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.run import guard, journal, lock, start, worker_log

_MENDING = 60.0
"""Seconds that the guard has to begin, once a process has died."""

_NOT_STARTED = "Failed to "
"""How systemd-run(1) begins what it says where it has started nothing."""

_UNITS = Path("/run")
"""Where systemd keeps the units that are made while it runs (systemd.unit(5))."""


@dataclass(frozen=True)
class Progress:
    """How far a run is. ``ended`` is None while its process runs."""

    record: Record | None
    ended: ExitCode | None
    complaint: str = ""
    """What the process said when it refused; empty otherwise."""
    doing: str = ""
    """What the process does before the first step and after the last, as far as it has said so."""


class RunProcess:
    """One process, which may not be started yet, and how far its run is."""

    def __init__(self, store: Store, say: Callable[[str], None] = lambda words: None) -> None:
        """Take where records are, and who is told in sentences what is done to start one."""
        self._store, self._say = store, say
        self.worker: start.Worker | None = None
        self._died: float | None = None
        self._before: tuple[str, ...] | None = None
        self._arguments: tuple[str, ...] = ()
        self._run: str | None = None
        """The run that it takes back; None where it applies one."""

    def start(self, *arguments: str) -> None:
        """Start it; what it takes is said in :mod:`wizard.run.worker`."""
        self._arguments = arguments
        self._run = arguments[1] if arguments[0] in ("undo", "revert") else None
        record = self._followed()
        self._before = _mark(record) if record else None
        self.worker = start.start(self._store, *arguments, say=self._say)

    def cancel(self) -> None:
        """Ask the run to stop at the next step and roll back."""
        if self.worker is not None:
            self.worker.cancel()

    def progress(self, at_hand: Callable[[], Record | None]) -> Progress:
        """Return how far the run is of the process that was started, or else that at hand.

        Raises:
            Refused: the record cannot be read.
        """
        if self.worker is None:
            return self._progress_of_another(at_hand())
        # First, so that it is never newer than the record.
        doing = worker_log.doing(self.worker.log)
        record = self._followed()
        code = self.worker.poll()
        if code is not None and self._found_no_copy(self.worker.log):
            arguments, self._arguments = self._arguments, ()
            try:
                self.worker = start.start(self._store, *arguments, say=self._say)
            except OSError as error:
                return Progress(
                    None,
                    ExitCode.UNEXPECTED,
                    "The process that changes this host could not be started once more: "
                    f"{error.strerror or error}. Nothing was changed. Try again.",
                )
            return Progress(None, None)
        if code is None:
            return Progress(record if self._is_new(record) else None, None, doing=doing)
        record = self._followed()
        if record and self._is_of_this_run(record) and journal.EXIT_CODES.get(record.state) == code:
            return Progress(record, ExitCode(code))
        seen_to = code in set(ExitCode) - {ExitCode.DONE, ExitCode.UNEXPECTED}
        if record is not None and not seen_to and (not code or self._is_new(record)):
            return self._progress_of_another(record)
        ended = ExitCode(code) if code in set(ExitCode) else ExitCode.UNEXPECTED
        return Progress(None, ended, self._last_words(self.worker.log, bool(self.worker.unit)))

    def _progress_of_another(self, record: Record | None) -> Progress:
        if lock.is_held(self._store.lock):
            return Progress(record, None)
        if record is None:
            return Progress(None, ExitCode.REFUSED, "No run of the wizard is on this host.")
        if record.state.moving and self._is_being_mended():
            return Progress(record, None)
        if record.state.moving:
            return Progress(
                record,
                ExitCode.UNEXPECTED,
                "The process that changed this host has died before its end. Take back what it "
                "began with wizard --undo.",
            )
        return Progress(record, journal.EXIT_CODES[record.state])

    def _found_no_copy(self, log: Path) -> bool:
        """Return whether the last undo took the copy along after it was found there; once."""
        said = worker_log.last_words(log)
        gone = "can't open file" in said and str(program.FOLDER) in said
        return bool(self._arguments) and gone

    def _is_being_mended(self) -> bool:
        """Return whether the guard can be expected to take over from a process that has died."""
        if not guard.is_armed(self._store):
            return False
        self._died = self._died or time.monotonic()
        return time.monotonic() - self._died < _MENDING

    def _is_of_this_run(self, record: Record | None) -> bool:
        """Whether this process wrote the record, and not a run before it."""
        return record is not None and _mark(record) != self._before

    def _is_new(self, record: Record | None) -> bool:
        undoing = record is not None and record.state is State.UNDOING
        return self._is_of_this_run(record) or undoing

    def _followed(self) -> Record | None:
        """Return the record that this process writes, if it does yet."""
        return self._store.latest() if self._run is None else self._store.of(self._run).load()

    def _last_words(self, log: Path, by_systemd: bool) -> str:
        said = worker_log.last_words(log)
        if by_systemd and said.startswith(_NOT_STARTED):
            room = f" There is no room left in {_UNITS}: make some." if _is_full(_UNITS) else ""
            return (
                "systemd did not start the process that changes this host. It says: "
                f"{said}{'' if said.endswith('.') else '.'}{room} Nothing was changed. Try again."
            )
        if not said and _is_full(self._store.directory):
            return (
                f"There is no room left on the disk that holds {self._store.directory}, and "
                "without its record the wizard changes nothing more. Make room, look at wizard "
                "--status, and take back with wizard --undo what had been begun."
            )
        return said or "The process that applies ended without a word."


def _is_full(folder: Path) -> bool:
    """Return whether a disk has no room for a file: no space, or no inode (statvfs(3))."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return not disk.f_bavail or bool(disk.f_files and not disk.f_favail)


def _mark(record: Record) -> tuple[str, ...]:
    """Return what tells a record from the same one after another process wrote it."""
    return record.id, str(record.state), record.finished
