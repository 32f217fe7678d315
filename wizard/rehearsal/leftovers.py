"""Remembers what every practice machine made on this computer, and removes what the dead left.

One file an instance under ``/run``, written before a thing is made. A practice machine whose
owner was killed leaves its file behind, and the next one to start cleans up by it: only what is
recorded there, and a process only if it is still the one that was recorded.
"""

import contextlib
import fcntl
import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wizard.platform.errors import Refused
from wizard.rehearsal import cache

FOLDER = Path("/run/docker-ipv6-wizard/rehearsal")

_counter = itertools.count(1)


@dataclass(frozen=True)
class Process:
    """A process, told from a later one of the same number by when it started.

    Attributes:
        pid: Its number.
        start: When it started, in clock ticks since boot (proc_pid_stat(5), field 22).
    """

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> "Process":
        """Return the process that has this number now; start is 0 if there is none."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return cls(pid, 0)
        # The name in field 2 may hold spaces and brackets; what follows its last bracket may not.
        return cls(pid, int(stat.rpartition(")")[2].split()[19]))

    def alive(self) -> bool:
        """Tell whether it still runs."""
        if self.start == 0 or Process.of(self.pid) != self:
            return False
        stat = Path(f"/proc/{self.pid}/stat")
        try:
            return stat.read_text(errors="replace").rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    def kill(self) -> None:
        """Kill it at once, and only it; one that has gone is no error."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


@dataclass
class Instance:
    """What one practice machine made: all that has to go when it goes.

    Attributes:
        name: The instance's name, unique on this computer.
        owner: The process that made it.
        folder: The folder that holds its state.
        cgroups: The control group that its machine runs in, and its shadow if there is one.
        processes: Processes started for it outside of it.
        namespaces: Its named network namespaces.
        files: Files outside of its folder.
    """

    name: str
    owner: Process
    folder: Path
    cgroups: list[Path]
    processes: list[Process] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    @classmethod
    def new(cls) -> "Instance":
        """Return a fresh instance of this process, recorded."""
        owner = Process.of(os.getpid())
        name = f"practice-{owner.pid}-{next(_counter)}"
        instance = cls(name, owner, _machines() / name, _cgroups(name))
        instance.record()
        return instance

    @property
    def file(self) -> Path:
        """Where it is recorded."""
        return FOLDER / f"{self.name}.json"

    def record(self) -> None:
        """Write the record, whole or not at all."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), default=str, indent=1))
        new.replace(self.file)

    def add_process(self, pid: int) -> Process:
        """Record a process that was started for the instance."""
        process = Process.of(pid)
        self.processes = [known for known in self.processes if known.alive()] + [process]
        self.record()
        return process

    def remove(self) -> None:
        """Remove all that was recorded, and the record last."""
        for process in reversed(self.processes):
            process.kill()
        for group in self.cgroups:
            remove_cgroup(group)
        for namespace in self.namespaces:
            remove_namespace(namespace)
        deadline = time.monotonic() + 10
        while any(process.alive() for process in self.processes) and time.monotonic() < deadline:
            time.sleep(0.01)
        for file in self.files:
            file.unlink(missing_ok=True)
        if self.folder.exists():
            cache.remove(self.folder)
        self.file.unlink(missing_ok=True)


def remove_cgroup(group: Path) -> None:
    """Kill what runs in a control group and remove it; one that has gone is no error."""
    deadline = time.monotonic() + 10
    while group.is_dir() and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            # Since Linux 5.14. Before, what is in it ends with the machine's first process.
            (group / "cgroup.kill").write_text("1")
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
        if group.is_dir():
            time.sleep(0.01)


def remove_namespace(name: str) -> None:
    """Kill what runs in a network namespace and remove it; one that has gone is no error."""
    place = Path("/run/netns") / name
    if not place.exists():
        return
    for _ in range(1000):
        inside = subprocess.run(
            ["ip", "netns", "pids", name], capture_output=True, text=True
        ).stdout.split()
        processes = [process for process in map(Process.of, map(int, inside)) if process.alive()]
        if not processes:
            break
        for process in processes:
            process.kill()
        time.sleep(0.01)
    subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)


def reap() -> list[str]:
    """Remove what practice machines of dead owners left, and return their names."""
    reaped = []
    with _alone():
        for file in sorted(FOLDER.glob("*.json")):
            instance = _read(file)
            if instance is None or instance.owner.alive():
                continue
            instance.remove()
            reaped.append(instance.name)
        reaped += _mounted_too_late()
    return reaped


def _mounted_too_late() -> list[str]:
    """Remove what no record names any more, and return the names.

    The ``mount`` of an owner that is killed may go on, and end after its machine was removed.
    """
    machines = _machines()
    mounted = (each.relative_to(machines).parts for each in cache.mounts_under(machines))
    late = {parts[0] for parts in mounted if parts} - {each.stem for each in FOLDER.glob("*.json")}
    for name in late:
        cache.remove(machines / name)
    return sorted(late)


def _machines() -> Path:
    """Return the folder of what practice machines that run have written."""
    return cache.folder() / cache.RUNNING


def _cgroups(name: str) -> list[Path]:
    """Return the control group of that name below this process's own (cgroups(7)).

    Where the first version of control groups is in use too, systemd-nspawn gives what it starts
    a shadow of the same path in the hierarchy called systemd.
    """
    unified, shadow = None, None
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        kind, _, options = fields[fields.index("-") + 1 :]
        if kind == "cgroup2":
            unified = unified or Path(fields[4])
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            shadow = shadow or Path(fields[4])
    if unified is None:
        raise Refused(
            "This computer has no unified hierarchy of control groups (cgroup2), which the "
            "systemd of a practice machine needs. Nothing was changed. Mount it, for example with "
            "mount -t cgroup2 none /sys/fs/cgroup/unified, and try again."
        )
    own = "."
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            own = line[3:].lstrip("/")
    return [mount / own / name for mount in (unified, shadow) if mount is not None]


def _read(file: Path) -> Instance | None:
    try:
        known = json.loads(file.read_text())
        return Instance(
            known["name"],
            Process(**known["owner"]),
            Path(known["folder"]),
            [Path(group) for group in known["cgroups"]],
            [Process(**process) for process in known["processes"]],
            known["namespaces"],
            # A record of an earlier release names none.
            [Path(each) for each in known.get("files", ())],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
