"""Puts the wizard itself within reach of practice machines: its source and what it imports.

The machines have Python 3.11, 3.13 and 3.14, so only what is pure Python will do.
"""

import importlib.metadata
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import wizard
from wizard.errors import Refused, WizardError
from wizard.rehearsal import cache
from wizard.text import clean_line

DISTRIBUTION = "docker-ipv6-wizard"
# Where a machine has them.
PLACE = Path("/opt/docker-ipv6-wizard")
COMPILED = Path("/var/cache/practice-python")
PROGRAM = Path("/usr/local/bin/wizard")

PROGRAM_TEXT = f"""#!/bin/sh
PYTHONPATH={PLACE}/source:{PLACE}/library
PYTHONPYCACHEPREFIX={COMPILED}
PYTHONSAFEPATH=1
export PYTHONPATH PYTHONPYCACHEPREFIX PYTHONSAFEPATH
exec python3 -m wizard "$@"
"""


def library(progress: Callable[[str], None] = lambda line: None) -> Path:
    """Return a folder of all that the wizard imports, fetched first if it is not in the cache.

    Raises:
        Refused: The wizard is not installed, so what it needs is not known.
        WizardError: It could not be fetched.
    """
    try:
        listed = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise Refused(
            f"{DISTRIBUTION} is not installed for this Python, so what a practice machine must "
            "have is not known. Install it, for example with pip install --editable . in its "
            "folder, and try again."
        ) from error
    needed = sorted(requirement for requirement in listed if "extra ==" not in requirement)

    def make(folder: Path) -> None:
        progress("Fetching what the wizard itself needs.")
        done = subprocess.run(
            [
                sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                "--no-compile", "--target", str(folder), "--only-binary=:all:",
                "--platform=any", "--implementation=py", "--abi=none", "--python-version=3.11",
                *needed,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )  # fmt: skip
        if done.returncode:
            detail = clean_line(done.stderr.strip().rpartition("\n")[2])
            raise WizardError(
                f"pip could not fetch what the wizard needs in a practice machine: {detail}. "
                "Nothing was changed. See that pip reaches its package index and try again."
            )

    return cache.kept("library", cache.key(needed), make)


def binds(progress: Callable[[str], None] = lambda line: None) -> dict[Path, Path]:
    """Return the folders of this computer that a machine needs, by where it needs them."""
    source = Path(wizard.__file__).resolve().parent.parent
    found = {PLACE / "library": library(progress)}
    for package in ("wizard", "screens"):
        if (source / package).is_dir():
            found[PLACE / "source" / package] = source / package
    return found


def compiled() -> Path:
    """Return the folder that keeps compiled modules from one machine to the next.

    Python names a file for its version and writes it whole, so all machines may share it.
    """
    folder = cache.folder() / "compiled"
    folder.mkdir(exist_ok=True)
    return folder
