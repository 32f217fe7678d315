"""What may be believed of a running process, from /proc, which every user may read.

Anybody can call a process what they like and give it any words, and what runs in a container is
in the host's /proc too. So a process is never looked for by its name: something that only root of
this host can have made names its number, and then the number's owner is made sure of.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path

from wizard.host.looking import read_if_there

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A running process: its command name (proc(5), ``comm``), its user, its words, its parent.

    ``own`` is whether it runs in the PID namespace and, as far as this user may see, in the
    network namespace of the wizard itself.
    """

    name: str
    uid: int
    own: bool
    words: tuple[str, ...]
    parent: int = 0
    pid: int = field(default=0, compare=False)


def process(pid: int, proc: Path = PROC) -> Process | None:
    """Return a running process by its number, or None where there is none, or it is hidden."""
    folder = proc / str(pid)
    values = dict(
        line.partition(":")[::2] for line in (read_if_there(folder / "status") or "").splitlines()
    )
    uids, numbers = values.get("Uid", "").split(), values.get("NSpid", "").split()
    if not uids:
        return None
    return Process(
        # status writes special characters of the name out, comm does not.
        name=(read_if_there(folder / "comm") or "").rstrip("\n"),
        uid=int(uids[1]),
        # One number for each PID namespace that it is in, from the reader's own inwards.
        own=len(numbers) == 1 and _same_network(folder, proc),
        words=tuple((read_if_there(folder / "cmdline") or "").split("\0")[:-1]),
        parent=int(values.get("PPid", "0")),
        pid=pid,
    )


def trusted(pid: int, name: str, uids: Container[int] = (0,), proc: Path = PROC) -> Process | None:
    """Return a process if it has this command name, is one of these users', and is not contained.

    ``pid`` must come from where only root can have written it.
    """
    found = process(pid, proc) if pid > 0 else None
    if found is None or found.name != name or found.uid not in uids or not found.own:
        return None
    return found


def number_in(file: Path) -> int:
    """Return the number in a PID file that only root can have written, or 0 where there is none."""
    try:
        folder, itself = file.parent.stat(), file.lstat()
    except OSError:
        return 0
    if any(each.st_uid or each.st_mode & 0o022 for each in (folder, itself)):
        return 0
    text = (read_if_there(file) or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _same_network(folder: Path, proc: Path) -> bool:
    try:
        return (folder / "ns/net").readlink() == (proc / "self/ns/net").readlink()
    except OSError:
        # Only root may look (namespaces(7)); the PID namespace is known to everybody.
        return True
