"""The record of a repair, beside that of the run which it mends."""

from dataclasses import replace
from pathlib import Path

from wizard.platform.errors import Refused
from wizard.platform.later import later
from wizard.record.record import Record, State, StepRecord
from wizard.record.store import DIRECTORY, Store

with later():
    from wizard.record import forgetting


class RepairStore(Store):
    """The same folder, lock and logs, and a record of its own; those of the runs are not touched.

    So a repair that nobody keeps is taken back without a word in the record of the run, by which
    undo finds its way to what was there before the wizard. There is one on a host at a time,
    whichever set-up it mends. A change of a run is kept in the same place, in the same way; what
    the record of the run will say then waits beside that, and takes its place when this one is
    kept.
    """

    def __init__(self, directory: Path = DIRECTORY, run: str = "") -> None:
        super().__init__(directory, run)
        self._single = directory / "repair.toml"
        self.padding = directory / "reserved-space-of-a-repair"

    def of(self, run: str) -> "RepairStore":
        """Return the same for one repair."""
        return RepairStore(self.directory, run)

    def load(self) -> Record | None:
        """Read the record, or return None where there is none, or that of another repair.

        Raises:
            Refused: it cannot be read, is not whole, or could have been written by others.
        """
        record = self._read(self._single)
        if record is not None and record.changes and record.state is State.APPLIED:
            # Who wrote that may have died before the next instant.
            Store(self.directory).take_over(record.changes)
        return record if record is not None and self._run in ("", record.id) else None

    def put_aside(self) -> None:
        """Put the record of the last repair or change aside, to make room for the next.

        Raises:
            Refused: it cannot be read.
            OSError: the folder cannot be written.
        """
        record = self.load()
        if record is not None:
            self.archive(record.id)

    def _place(self, run: str) -> Path:
        return self._single

    def _folders(self) -> list[Path]:
        return []

    def save(self, record: Record) -> None:
        """Write it as any record; of a repair that is kept, the run's own has what undo needs.

        Raises:
            OSError: the disk is full or read-only; the record before stays.
        """
        saved = record
        if record.state is State.APPLIED:
            steps = [
                replace(
                    step,
                    # What Compose was asked is such a text too.
                    parameters=forgetting.without_texts(step.parameters) | _unasked(step),
                    before=forgetting.without_texts(step.before),
                )
                for step in record.steps
            ]
            saved = replace(record, steps=steps)
        super().save(saved)
        runs = Store(self.directory)
        if record.changes and record.state is State.APPLIED:
            runs.take_over(record.changes)
        elif record.changes and not record.state.in_force:
            runs.forget_intended(record.changes)

    @property
    def open(self) -> Record | None:
        """The record of a repair that waits for an answer, is at work, or died at it; or None.

        Raises:
            Refused: the record cannot be read.
        """
        record = self.load()
        return record if record is not None and record.state.is_open else None


def _unasked(step: StepRecord) -> dict[str, object]:
    return {"asked": []} if "asked" in step.parameters else {}


def store_of(run: str, store: Store) -> Store:
    """Return where the record of a run by this name is: it may be a repair.

    Raises:
        Refused: the record of the last repair cannot be read, and it is none of the others.
    """
    repairs = RepairStore(store.directory)
    try:
        return store if repairs.of(run).load() is None else repairs
    except Refused:
        if store.of(run).load() is None:
            raise
        return store
