"""Takes everything back unless somebody says "keep": held by PID 1, outside every terminal."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from wizard.platform import variables
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.files import temporary_beside
from wizard.platform.system import FileState, System
from wizard.program import program
from wizard.record.record import Record
from wizard.record.store import Store
from wizard.run import guard_units as units
from wizard.run import lock, terminals, window

UNITS = "/etc/systemd/system"
_WANTS = {units.GUARD: "multi-user.target.wants", units.EARLY: "sysinit.target.wants"}

_OURS = units.guard((), {}).partition("\n")[0]
"""The line with which a unit of ours begins."""

_LOADED = {"LoadState": "loaded", "UnitFileState": "enabled", "NeedDaemonReload": "no"}
"""What systemd says of a unit that will be started as it was written (org.freedesktop.systemd1)."""

_LAST_CALL = 30
"""Seconds before the end at which everybody who is logged in is told once more."""

_START, _POLL = 30.0, 0.05
"""Seconds that a process of its own has to start, and between two looks at that."""


class Guard(Protocol):
    """What stands behind a run until it is kept."""

    @property
    def coverage(self) -> str:
        """What it does not cover, in a full sentence; empty where it covers everything."""
        ...

    def arm(self, record: Record) -> None:
        """Stand behind a run that has not changed anything yet.

        Raises:
            Refused: it cannot be armed, and why; nothing of it is left.
        """
        ...

    def count_down(self, seconds: float) -> str:
        """Take everything back in so many seconds; return a mark for :meth:`forget_all_but`.

        Raises:
            StepFailed: the countdown could not be started; those before go on.
        """
        ...

    def forget_all_but(self, mark: str) -> None:
        """End every countdown but one."""
        ...

    def disarm(self) -> None:
        """Leave nothing of the guard on the host; a second call does nothing."""
        ...


class Unguarded:
    """No guard: for a run that needs none."""

    coverage = "Nothing takes the change back by itself."

    def arm(self, record: Record) -> None:
        """Do nothing."""

    def count_down(self, seconds: float) -> str:
        """Do nothing."""
        return ""

    def forget_all_but(self, mark: str) -> None:
        """Do nothing."""

    def disarm(self) -> None:
        """Do nothing."""


class SystemdGuard:
    """Two units that are enabled until the run is kept, and transient timers of PID 1.

    A timer may be gone after a reboot (systemd-run(1)); the units are not.
    """

    coverage = ""

    def __init__(self, system: System, store: Store) -> None:
        self._system = system
        self._store = store

    def arm(self, record: Record) -> None:
        """Write and enable the units, and start the countdown for the apply itself."""
        _check_free()
        environment = variables.for_worker(os.environ)
        places = (self._store.directory, Path("/etc"), program.FOLDER)
        texts = {
            units.GUARD: units.guard(program.worker("revert", record.id), environment),
            units.EARLY: units.early(
                program.worker("revert", record.id, "early"), environment, places
            ),
        }
        try:
            for name, text in texts.items():
                self._system.write(f"{UNITS}/{name}", FileState(text))
                _enable(name)
            self._do("systemctl", "daemon-reload")
            mark = self._end(window.seconds_left(record))
            self._check_stands(mark)
        except (OSError, StepFailed) as error:
            self.disarm()
            raise Refused(
                f"The guard that would take the change back cannot be armed: {error} "
                "Nothing was changed. Without it a lost connection could leave this host cut off."
            ) from error

    def count_down(self, seconds: float) -> str:
        """Start a timer of PID 1, and another that tells everybody shortly before its end."""
        mark = self._end(seconds)
        if seconds > _LAST_CALL * 1.5:
            with contextlib.suppress(StepFailed):
                text = (
                    f"The change for IPv6 in containers is taken back in {_LAST_CALL} seconds, "
                    f"unless somebody types: {program.typed('--keep')}"
                )
                self._timer(f"{mark}-call", seconds - _LAST_CALL, *program.worker("tell", text))
        return mark

    def forget_all_but(self, mark: str) -> None:
        """Stop every timer of ours but those of one countdown."""
        listed = self._system.run(
            ("systemctl", "list-units", "--all", "--plain", "--no-legend", f"{units.TIMERS}*")
        )
        names = [line.split()[0] for line in listed.output.splitlines() if line.split()]
        old = [
            name
            for name in names
            if name.startswith(units.TIMERS)
            and name.endswith(".timer")
            and not (mark and name.startswith(f"{units.TIMERS}{mark}-"))
        ]
        if old:
            self._system.run(("systemctl", "stop", *old))

    def disarm(self) -> None:
        """Stop the timers and remove the units; the guard's own process may go on to its end."""
        self.forget_all_but("")
        for name, wants in _WANTS.items():
            unit = Path(UNITS, name)
            # What a process that was killed while it armed has left is beside the unit.
            for path in (Path(UNITS, wants, name), unit, temporary_beside(unit)):
                # Where /etc has become read-only they stay, and find nothing to do when started.
                with contextlib.suppress(OSError):
                    path.unlink()
        # Even if no file was there: whoever removed it may have been killed before this.
        self._system.run(("systemctl", "daemon-reload"))
        # One that could not read the record has failed, and would be listed for ever.
        self._system.run(("systemctl", "reset-failed", *_WANTS))

    def _check_stands(self, mark: str) -> None:
        """Ask systemd whether it would do what it was told.

        Raises:
            StepFailed: a unit is not loaded as it was written, or the countdown does not run.
        """
        for name in _WANTS:
            shown = self._system.run(("systemctl", "show", f"--property={','.join(_LOADED)}", name))
            said = dict(line.partition("=")[::2] for line in shown.output.splitlines())
            for key, wanted in _LOADED.items():
                if said.get(key) != wanted:
                    raise StepFailed(
                        f"systemd says that {name} has {key} {said.get(key, 'unknown')} and not "
                        f"{wanted}."
                    )
        timer = f"{units.TIMERS}{mark}-end.timer"
        if self._system.run(("systemctl", "is-active", timer)).status != 0:
            raise StepFailed(f"{timer} does not run.")

    def _end(self, seconds: float) -> str:
        mark = os.urandom(3).hex()
        self._timer(f"{mark}-end", seconds, "systemctl", "--no-block", "start", units.GUARD)
        return mark

    def _timer(self, name: str, seconds: float, *command: str) -> None:
        environment = variables.for_worker(os.environ)
        # By itself it would be up to a minute late (systemd.timer(5)).
        self._do(
            *("systemd-run", "--quiet", "--collect", f"--unit={units.TIMERS}{name}"),
            *(f"--on-active={seconds:.3f}", "--timer-property=AccuracySec=1s"),
            *(f"--setenv={key}={value}" for key, value in environment.items()),
            *("--", *command),
        )

    def _do(self, *argv: str) -> None:
        result = self._system.run(argv)
        if result.status != 0:
            said = " ".join(result.output.split()) or "It printed nothing."
            raise StepFailed(f"{argv[0]} failed: {said}")


class ProcessGuard:
    """A process of its own that watches the record, where there is no systemd."""

    coverage = (
        "This host has no systemd, so the guard is an ordinary process: it takes the change back "
        "after a lost connection and a killed wizard, but not after a reboot, a power cut, or if "
        "it is killed itself. After one of these, use wizard --undo."
    )

    def __init__(self, store: Store) -> None:
        self._store = store

    def arm(self, record: Record) -> None:
        """Start the process, and see it at work; it ends by itself once the run is settled."""
        try:
            process = subprocess.Popen(
                program.worker("watch", record.id),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                env=variables.for_commands(os.environ),
            )
        except OSError as error:
            raise Refused(
                f"The guard that would take the change back cannot be started: {error.strerror}. "
                "Nothing was changed."
            ) from error
        deadline = time.monotonic() + _START
        while lock.holder(self._store.guard) != process.pid:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise Refused(
                    "The guard that would take the change back was started, but does not run. "
                    "Nothing was changed. Without it a lost connection could leave this host cut "
                    "off."
                )
            time.sleep(_POLL)

    def count_down(self, seconds: float) -> str:
        """The process reads the record's own deadline."""
        return ""

    def forget_all_but(self, mark: str) -> None:
        """Nothing to forget."""

    def disarm(self) -> None:
        """The process sees by itself that the run is settled."""


def choose(system: System, store: Store) -> Guard:
    """Return the best guard that this host can have."""
    return SystemdGuard(system, store) if has_systemd() else ProcessGuard(store)


def has_systemd() -> bool:
    """Return whether PID 1 is systemd (sd_booted(3)) and can be asked to start things."""
    return Path("/run/systemd/system").is_dir() and shutil.which("systemd-run") is not None


def is_armed(store: Store) -> bool:
    """Return whether units of a guard are on this host, or the process of one runs."""
    return Path(UNITS, units.GUARD).exists() or lock.is_held(store.guard)


def announce(system: System, text: str) -> None:
    """Tell everybody who is logged in, but not on a terminal whose screens show it already."""
    # CAP_SYS_ADMIN is what opens a terminal that another program has to itself (ioctl_tty(2)).
    done = system.run(("timeout", "5", "setpriv", "--bounding-set=-sys_admin", "wall", text))
    if done.status == _NO_SETPRIV:
        system.run(("timeout", "5", "wall", text))
    terminals.tell(text)


_NO_SETPRIV = 127
"""How setpriv(1), or timeout(1) in its place, ends where it cannot do what it is asked."""


@contextlib.contextmanager
def announcing(system: System) -> Iterator[Callable[[str], None]]:
    """Tell everybody what is said within, once that has ended.

    So that nobody who wants the lock waits for terminals, which are others' to hold up.
    """
    texts: list[str] = []
    try:
        yield texts.append
    finally:
        for text in texts:
            announce(system, text)


def _check_free() -> None:
    """Look whether the names of the units are free, or were ours.

    Raises:
        Refused: somebody has masked such a unit, or has one of their own; nothing was touched.
    """
    for name in _WANTS:
        path = Path(UNITS, name)
        # To write to a masked unit is to write to where its link leads, which is /dev/null.
        if path.is_symlink() or (path.exists() and not path.read_text("utf-8").startswith(_OURS)):
            raise Refused(
                f"{path} is not the wizard's: somebody has masked it or put a unit of their own "
                "there, so nothing could take the change back after a lost connection. Nothing "
                f"was changed. Move it away, for example with systemctl unmask {name}."
            )


def _enable(name: str) -> None:
    link = Path(UNITS, _WANTS[name], name)
    link.parent.mkdir(mode=0o755, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(f"{UNITS}/{name}")
    descriptor = os.open(link.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
