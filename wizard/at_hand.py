"""Which records a person has before them: all, or those of the project that was named."""

from collections.abc import Callable

from wizard.platform.errors import Refused
from wizard.record.record import Record
from wizard.record.store import DIRECTORY, Store
from wizard.run import set_ups

ONLY_ROOT_READS = "Only root can read what the wizard did on this host. Use sudo."


class RecordsAtHand:
    """The records of the runs on this host, for one person.

    Each method raises Refused where a record cannot be read, or root alone may read them.
    """

    def __init__(self, store: Store, root: Callable[[], bool]) -> None:
        self._store, self._root = store, root
        self.project: str | None = None
        """The project whose set-up is at hand, where the person named one."""

    def at_hand(self) -> Record | None:
        """Return the newest of the project that was named; without one, see :class:`Store`."""
        if self.project is None:
            self._need_sight()
            return self._store.load()
        found = reversed(self.all())
        return next((each for each in found if each.project == self.project), None)

    def all(self) -> tuple[Record, ...]:
        """Return the newest record of every project on this host, the oldest run first."""
        self._need_sight()
        return self._store.records()

    def in_force(self) -> tuple[Record, ...]:
        """Return those of the set-ups on this host, in the order in which undo takes them.

        Raises:
            Refused: none is of the project that was named.
        """
        self.all()
        if self.project is not None:
            return (set_ups.chosen(self._store, self.project),)
        return set_ups.in_force(self._store)

    def to_take_back(self) -> Record:
        """Return the one at hand where its run is in force, or else the set-up of the project.

        Raises:
            Refused: there is nothing to take back.
        """
        record = self.at_hand()
        if record is not None and record.state.in_force:
            return record
        if self.project is not None:
            return set_ups.chosen(self._store, self.project)
        raise Refused(set_ups.NOTHING)

    def need_root(self) -> None:
        """Make sure that the person may change the host.

        Raises:
            Refused: the person is not root.
        """
        if not self._root():
            raise Refused("Only root can change this host. Nothing was changed. Use sudo.")

    def _need_sight(self) -> None:
        if not self._root() and self._store.directory != DIRECTORY and DIRECTORY.is_dir():
            raise Refused(ONLY_ROOT_READS)
