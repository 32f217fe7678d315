"""Running processes, from /proc, which every user may read."""

from collections.abc import Iterator
from pathlib import Path

from wizard.detect.looking import read_if_there

PROC = Path("/proc")


def processes_named(name: str, proc: Path = PROC) -> Iterator[Path]:
    """Yield the folder of each process whose command name is ``name`` (proc(5), ``comm``)."""
    for folder in proc.iterdir():
        if folder.name.isdigit() and (read_if_there(folder / "comm") or "").rstrip("\n") == name:
            yield folder


def process_named(name: str, proc: Path = PROC) -> Path | None:
    """Return the folder of one such process, or None."""
    return next(processes_named(name, proc), None)


def arguments(process: Path) -> tuple[str, ...]:
    """Return the words a process was started with."""
    return tuple((read_if_there(process / "cmdline") or "").split("\0")[:-1])
