"""Installs the wizard in practice machines as a person does: a checkout that sets itself up.

The machines reach no package index, so what ``bin/wizard`` fetches waits for them in a folder. What
it made is kept as two layers for the machines' file systems: one for each release with all but the
wizard's own source, and one for each state of the source.
"""

import hashlib
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import wizard
from wizard.platform.errors import WizardError
from wizard.platform.text import clean_line
from wizard.rehearsal import cache
from wizard.rehearsal.progress import Progress, silent

PLACE = Path("/opt/docker-ipv6-wizard")
"""Where a machine has the checkout."""
PYTHON = PLACE / ".venv/bin/python"
PROGRAM = Path("/usr/local/bin/wizard")
WHEELS = Path("/opt/wheels")
"""Where a machine that sets up an installation itself sees what it would fetch."""
PIP_CONFIGURATION = f"[global]\nno-index = true\nfind-links = {WHEELS}\n"

# Raised when the way of making the layers changes, so that they are made anew.
_EDITION = 2

_PYTHONS = "3.11", "3.13", "3.14"
"""Those of Debian 12, 13 and 14."""
_PACKAGES = ("wizard", "screens")
# Without a checkout, as where the wizard was installed from a wheel, this stands in its place.
_PROGRAM_ALONE = f"""#!/bin/sh
export PYTHONSAFEPATH=1 PYTHONPATH={PLACE}
exec {PYTHON} -m wizard "$@"
"""
# As bin/environment has it.
_LOCKED = "--quiet --disable-pip-version-check --require-hashes --only-binary=:all: --requirement"
_SET_UP_ALONE = f"python3 -m venv {PLACE}/.venv; {PYTHON} -m pip install {_LOCKED} {PLACE}/needed"


def layers(release: int, lower: Path, progress: Progress = silent) -> tuple[Path, ...]:
    """Return the layers that hold the wizard, the upper one first, made where they are missing.

    Args:
        release: The Debian release.
        lower: Its root file system.
        progress: Is given a line for every stage.

    Raises:
        WizardError: What the wizard needs could not be fetched, or not set up.
    """
    around, own = _around(), {name: _source() / name for name in _PACKAGES}
    fetched = wheels(progress)

    def make_environment(folder: Path) -> None:
        progress(f"Setting up the wizard for Debian {release}: about half a minute.")
        _set_up(folder, (lower,), around | own, fetched)
        for name in own:
            _run(["rm", "-r", str(folder / PLACE.relative_to("/") / name)])

    recipe = [_EDITION, lower.name, fetched.name, *_digests(around)]
    environment = cache.kept(
        f"environment-{release}", cache.key(recipe), make_environment, progress
    )

    def make_source(folder: Path) -> None:
        _set_up(folder, (environment, lower), own, fetched)

    recipe = [environment.name, *_digests(own)]
    return cache.kept(f"source-{release}", cache.key(recipe), make_source, progress), environment


def wheels(progress: Progress = silent) -> Path:
    """Return a folder of all that pip fetches for the wizard, for every Python of a release.

    Raises:
        WizardError: It could not be fetched.
    """

    def make(folder: Path) -> None:
        progress("Fetching what the wizard itself needs.")
        for python in _PYTHONS:
            words = [
                # Isolated: where this was typed there may be a pip.py of somebody else's.
                sys.executable, "-I", "-m", "pip", "download", *_LOCKED.split(), str(_lock()),
                "--dest", str(folder), "--no-deps", "--implementation=cp",
                f"--platform=manylinux2014_{platform.machine()}", f"--python-version={python}",
            ]  # fmt: skip
            _run(words, "See that pip reaches its package index and try again.")

    return cache.kept("wheels", cache.key([_EDITION, _lock().read_text()]), make, progress)


def _lock() -> Path:
    """Return the list of what is installed, with hashes: the checkout's, or that of the wheel."""
    checkout = _source() / "lock" / "wizard.txt"
    return checkout if checkout.is_file() else Path(__file__).with_name("lock.txt")


def _source() -> Path:
    return Path(wizard.__file__).resolve().parent.parent


def _around() -> dict[str, Path]:
    """Return the files of the checkout around its packages, by name."""
    source = _source()
    names = ("bin", "lock")
    return {name: source / name for name in names if (source / "bin" / "wizard").is_file()
            and (source / name).exists()}  # fmt: skip


def _digests(places: dict[str, Path]) -> list[str]:
    found = []
    for name, place in places.items():
        files: Iterable[Path] = sorted(place.rglob("*")) if place.is_dir() else (place,)
        for file in files:
            if file.is_file() and file.suffix != ".pyc":
                digest = hashlib.sha256(file.read_bytes()).hexdigest()
                found.append(f"{name}/{file.relative_to(place)} {digest}")
    return found


def _set_up(folder: Path, lower: tuple[Path, ...], places: dict[str, Path], fetched: Path) -> None:
    """Copy parts of a checkout into a layer, and let bin/wizard there do what it does at a start.

    All mounts are gone with the mount namespace that they are made in.
    """
    copied = "".join(f"cp -R '{place}' 'root{PLACE}/{name}'\n" for name, place in places.items())
    below = ":".join(map(str, lower))
    alone = "bin" not in _around()
    set_up = _SET_UP_ALONE if alone else f"{PLACE}/bin/wizard --version"
    script = f"""
        mount -t tmpfs practice "$1"
        cd "$1"
        mkdir upper work root
        mount -t overlay -o lowerdir={below},upperdir=upper,workdir=work practice root
        mkdir -p root{PLACE} root{WHEELS}
        mount --bind {fetched} root{WHEELS}
        mount -t proc proc root/proc
        mount --rbind /dev root/dev
        printf '%s' "$2" > root/etc/pip.conf
        {copied}
        find root{PLACE} -name __pycache__ -prune -exec rm -r '{{}}' +
        cp "$3" root{PLACE}/needed
        chown -R 0:0 root{PLACE}
        test -x root{PLACE}/.venv/bin/python || chroot root /usr/bin/env -i \
            PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 /bin/sh -ec '{set_up}'
        chroot root python3 -m compileall -q {PLACE}/wizard {PLACE}/screens
        rm root{PLACE}/needed
        mkdir -p "$4{PLACE.parent}" "$4{PROGRAM.parent}"
        cp -a upper{PLACE} "$4{PLACE.parent}/"
    """
    words = ["unshare", "--mount", "--propagation=private", "/bin/sh", "-ec", script, "sh"]
    scratch = folder / "scratch"
    scratch.mkdir()
    _run([*words, str(scratch), PIP_CONFIGURATION, str(_lock()), str(folder)])
    scratch.rmdir()
    program = folder / PROGRAM.relative_to("/")
    if alone:
        program.write_text(_PROGRAM_ALONE)
        program.chmod(0o755)
    else:
        program.symlink_to(PLACE / "bin" / "wizard")


def _run(words: list[str], advice: str = "Fix what it says and try again.") -> None:
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        said = clean_line((done.stderr.strip() or done.stdout.strip()).rpartition("\n")[2])
        raise WizardError(
            f"The wizard could not be installed in a practice machine: {said}. Nothing was "
            f"changed. {advice}"
        )
