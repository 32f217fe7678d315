"""The answer that a run waits for: keep it, give me more time, or take it back now."""

from __future__ import annotations

from collections.abc import Callable

from wizard.answers.choices import Choices
from wizard.at_hand import RecordsAtHand
from wizard.platform.later import later
from wizard.platform.system import System
from wizard.record.record import Record
from wizard.record.store import Store

with later():
    from wizard.run import guard, process, revert, window


class AwaitedAnswer:
    """What one person may answer a run that waits, and how long that has time."""

    def __init__(
        self,
        store: Store,
        system: System,
        records: RecordsAtHand,
        starter: Callable[[], process.RunProcess],
    ) -> None:
        """Take where the record is, the host, whose records they are, and what starts a process."""
        self._store, self._system, self._records, self._starter = store, system, records, starter

    def keep(self) -> Record:
        """Keep the run that waits for an answer, and end its guard.

        Raises:
            Refused: there is nothing to keep, or the person is not root.
            TooLate: the run was taken back; the message says why.
            Locked: a run is at work.
        """
        self._records.need_root()
        return revert.keep(self._system, self._store, self._guard)

    def extend(self, seconds: int | None = None) -> Record:
        """Begin the time for an answer anew; as long as the last one if no seconds are given.

        Raises:
            Refused: nothing waits for an answer, or the person is not root.
            TooLate: the run was taken back.
            Locked: a run is at work.
        """
        self._records.need_root()
        record = self._records.at_hand()
        wanted = seconds or (record.window if record else 0) or Choices.window
        return revert.extend(self._store, self._guard, wanted)

    def revert_now(self) -> None:
        """Start taking back the run that waits for an answer, without waiting for the end.

        Raises:
            Refused: there is none, or the person is not root.
        """
        self._records.need_root()
        self._starter().start("revert", self._records.to_take_back().id, "now")

    def seconds_left(self) -> float | None:
        """Return the seconds until the run is taken back, or None where none waits for an answer.

        Raises:
            Refused: the record cannot be read.
        """
        record = self._records.at_hand()
        return window.seconds_to_answer(record) if record is not None else None

    def ends(self, record: Record) -> str:
        """Return when the time of a run is over by this host's clock, as RFC 3339 writes it."""
        return window.ends(record)

    def guard_coverage(self) -> str:
        """Return what the guard of this host does not cover, or an empty text for nothing."""
        return self._guard.coverage

    @property
    def _guard(self) -> guard.Guard:
        return guard.choose(self._system, self._store)
