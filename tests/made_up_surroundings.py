"""What is around a run on a made-up host: PID 1 with its timers, a clock, a disk, and death.

Everything that the core does to the host, the record or the guard passes a moment, and at one of
them something may happen: the process is killed, the thing fails, or somebody else does something.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from tests.made_up_system import MadeUpSystem
from wizard.platform import files
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.system import FileState, Result
from wizard.record.record import Record
from wizard.record.store import RESERVED, Store
from wizard.run import window
from wizard.run.guard import Guard


class Killed(BaseException):
    """SIGKILL: no handler of an ordinary error may see it."""


class Moments:
    """Counts what can be interrupted, and lets one thing happen at one of these places."""

    def __init__(self) -> None:
        self.number = 0
        self._at = 0
        self._happens: Callable[[], bool] = lambda: False

    def plan(self, at: int, happens: Callable[[], bool]) -> None:
        """Begin to count; ``happens`` returns whether what is about to be done fails."""
        self.number, self._at, self._happens = 0, at, happens

    def __call__(self) -> bool:
        """Return whether what is about to be done fails."""
        self.number += 1
        return self.number == self._at and self._happens()


class Clock:
    """Stands in for the module ``time`` where the window is counted."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.boot = "boot 1"

    def monotonic(self) -> float:
        return self.now


class Host(MadeUpSystem):
    """A made-up host on a disk that can be full, with the programs that the guard asks."""

    def __init__(self, made: MadeUpSystem, moments: Moments) -> None:
        super().__init__()
        vars(self).update(vars(made))
        self.moments = moments
        self.disk: Disk | None = None
        self.touching = ""
        """The file that is written or removed right now: nobody can come between any more."""
        self.watch = self._pass

    def _pass(self, number: int) -> None:
        self.fail_at = {number} if self.moments() else ()

    def write(self, path: str, state: FileState) -> None:
        if self.disk is not None:
            self.disk.need(len(state.text), path)
        super().write(path, state)

    def _change_file(self, path: str, change: Callable[[], object]) -> None:
        self.touching = path
        try:
            super()._change_file(path, change)
        finally:
            self.touching = ""

    def _dispatch(self, argv: list[str], stdin: str = "") -> Result:
        match argv:
            case ["systemctl", "is-system-running"]:
                return Result(0, "running\n")
            case ["timeout", "5", "docker", "version", *_]:
                return Result(0, "20.10.24\n")
            case ["timeout", "5", "setpriv", _, "wall", _] | ["ps", *_]:
                return Result(0, "")
        return super()._dispatch(argv, stdin)


class Disk:
    """Holds the record, the space that is set aside, the host's files, and junk of others."""

    CAPACITY = 4 << 20

    def __init__(self, store: Store, host: Host, moments: Moments) -> None:
        self._store, self._host, self._moments = store, host, moments
        self.junk = 0

    @property
    def free(self) -> int:
        own = (*self._store.directory.glob("runs/*/record.toml"), self._store.padding)
        used = sum(path.stat().st_size for path in own if path.exists())
        used += sum(len(state.text) for state in self._host.files.values())
        return max(0, self.CAPACITY - self.junk - used)

    def fill(self) -> None:
        self.junk += self.free

    def need(self, octets: int, path: str) -> None:
        if octets > self.free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    def write(self, path: Path, text: str, mode: int, uid: int, gid: int) -> None:
        """Stand in for the function that writes the record; it may fail before or after."""
        self._pass(path)
        self.need(len(text), str(path))
        files.write_durably(path, text, mode, uid, gid)
        self._pass(path)

    def allocate(self, descriptor: int, _offset: int, octets: int) -> None:
        """Stand in for posix_fallocate(3)."""
        self.need(octets, "reserved-space")
        os.ftruncate(descriptor, RESERVED)

    def _pass(self, path: Path) -> None:
        if self._moments():
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


class Pid1(Guard):
    """A guard that PID 1 holds; ``due`` says that its unit is about to be started."""

    coverage = ""

    def __init__(self, clock: Clock, moments: Moments) -> None:
        self._clock, self._moments = clock, moments
        self.run: str | None = None
        """Which run the units on the host are for; None where there are none."""
        self.ends: dict[str, float] = {}
        self.due = False
        self._marks = 0

    def arm(self, record: Record) -> None:
        try:
            self._pass()
            self.run = record.id
            self._pass()
            self.count_down(window.seconds_left(record))
        except StepFailed as error:
            self.disarm()
            raise Refused("The guard cannot be armed.") from error

    def count_down(self, seconds: float) -> str:
        self._pass()
        self._marks += 1
        self.ends[f"mark {self._marks}"] = self._clock.now + seconds
        self._moments()
        return f"mark {self._marks}"

    def forget_all_but(self, mark: str) -> None:
        for each in list(self.ends):
            if each != mark:
                self._moments()
                del self.ends[each]

    def disarm(self) -> None:
        self.forget_all_but("")
        self._moments()
        self.run, self.due = None, False

    def died(self) -> None:
        """A process of a unit was killed: its unit, or the guard's own, starts the guard."""
        self.due = self.run is not None

    def look(self) -> None:
        """Let the timers end whose time is over; such a timer is gone."""
        over = [mark for mark, end in self.ends.items() if end <= self._clock.now]
        for mark in over:
            del self.ends[mark]
        self.due = self.run is not None and (self.due or bool(over))

    def restart(self) -> None:
        """Boot: transient timers are gone, and enabled units are started."""
        self.ends.clear()
        self.due = self.run is not None

    def _pass(self) -> None:
        if self._moments():
            raise StepFailed("systemd-run failed.")
