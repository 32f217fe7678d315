"""The record of a repair, beside that of the run which it mends."""

from dataclasses import replace
from pathlib import Path

from wizard.record.forgetting import without_texts
from wizard.record.record import Record, State
from wizard.record.store import DIRECTORY, Store


class RepairStore(Store):
    """The same folder, lock and logs, and a record of its own; the run's own is not touched.

    So a repair that nobody keeps is taken back without a word in the record of the run, by which
    undo finds its way to what was there before the wizard.
    """

    def __init__(self, directory: Path = DIRECTORY) -> None:
        super().__init__(directory)
        self.path = directory / "repair.toml"
        self.padding = directory / "reserved-space-of-a-repair"

    def save(self, record: Record) -> None:
        """Write it as any record; of a repair that is kept, the run's own has what undo needs.

        Raises:
            OSError: the disk is full or read-only; the record before stays.
        """
        if record.state is State.APPLIED:
            steps = [
                replace(
                    step,
                    # What Compose was asked is such a text too.
                    parameters=without_texts(step.parameters) | {"asked": []},
                    before=without_texts(step.before),
                )
                for step in record.steps
            ]
            record = replace(record, steps=steps)
        super().save(record)

    @property
    def waits(self) -> bool:
        """Whether a repair waits for an answer, or one is at work or died at it.

        Raises:
            Refused: the record cannot be read.
        """
        record = self.load()
        return record is not None and (record.state is State.UNCONFIRMED or record.state.moving)


def store_of(run: str, store: Store) -> Store:
    """Return where the record of a run by this name is: it may be a repair.

    Raises:
        Refused: the record of the last repair cannot be read.
    """
    repairs = RepairStore(store.directory)
    record = repairs.load() if repairs.path.exists() else None
    return repairs if record is not None and record.id == run else store
