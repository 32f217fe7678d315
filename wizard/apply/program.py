"""How this program is started again by somebody else: its command, its environment, its places."""

import os
import shlex
import shutil
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import wizard
from wizard.errors import Refused

_KEPT = (
    "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "PYTHONPYCACHEPREFIX", "PYTHONSAFEPATH",
    "PYTHONNOUSERSITE",
)  # fmt: skip

# Emptied at a reboot (file-hierarchy(7)), or by whoever cleans up.
_PASSING = tuple(map(Path, ("/tmp", "/var/tmp", "/run", "/dev/shm")))  # noqa: S108
_PASSING_NAMES = {".cache", "cache"}


def worker(*arguments: str) -> list[str]:
    """Return the command that starts the worker of this very installation."""
    return [sys.executable, "-m", "wizard.apply.worker", *arguments]


def typed(*arguments: str) -> str:
    """Return the line that starts this very installation in another terminal of the same person."""
    checkout = _package().parent / "bin" / "wizard"
    found = shutil.which("wizard")
    if os.access(checkout, os.X_OK):
        same = found is not None and Path(found).resolve() == checkout
        words = ["wizard"] if same else [str(checkout)]
    else:
        words = ["wizard"] if found else [sys.executable, "-m", "wizard"]
    return shlex.join([*words, *arguments])


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the worker needs where nothing is inherited."""
    paths = [str(_package().parent), *inherited.get("PYTHONPATH", "").split(os.pathsep)]
    found = {key: inherited[key] for key in _KEPT if key in inherited}
    kept = dict.fromkeys(path for path in paths if path.startswith("/"))
    return found | {"PYTHONPATH": os.pathsep.join(kept)}


def places() -> tuple[Path, ...]:
    """Return the folders that must be there for the worker to start."""
    return (Path(sys.executable).parent, Path(sys.prefix), _package())


def check_stays() -> None:
    """Look whether this very program will still be there after a reboot.

    Raises:
        Refused: it runs from a place that is emptied, such as a temporary folder or a cache, or
            that everybody can write to.
    """
    for place in places():
        real = place.resolve()
        if real.is_dir() and real.stat().st_mode & stat.S_IWOTH:
            raise Refused(
                f"Everybody on this host can write to {real}, from where the wizard runs, and "
                "what takes a change back is run from there as root, after a reboot too. Nothing "
                f"was changed. Take that right away with chmod -R o-w {shlex.quote(str(real))}, "
                "and start again."
            )
        if any(real.is_relative_to(gone) for gone in _PASSING) or _PASSING_NAMES & set(real.parts):
            raise Refused(
                f"The wizard runs from {real}, which may be emptied at any time. What takes a "
                "change back after a lost connection or a reboot is the wizard itself, so it has "
                "to stay. Nothing was changed. Install it for good, for example with pipx install "
                "instead of pipx run, and start again: your answers are kept."
            )


def _package() -> Path:
    return Path(wizard.__file__).resolve().parent
