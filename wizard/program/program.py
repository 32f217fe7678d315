"""The copy of the core that PID 1 starts: root's own, under a path that never changes.

What a unit of ours starts must be there after a reboot, after the checkout that made it was moved,
removed or upgraded, and must not depend on how it is called: systemd takes no quotes in the path of
an executable, and turns ``$`` and ``%`` into other things. So the core and what it imports are
copied, all of it there in pure Python, and started by Debian's own Python, whichever that is by
then.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import wizard
from wizard import __version__
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line
from wizard.program import trust

if TYPE_CHECKING:
    from importlib.metadata import Distribution

FOLDER = Path("/var/lib/docker-ipv6-wizard/program")
PYTHON = "/usr/bin/python3"
INSTALL = "--install-program"
"""The verb that makes the copy and does nothing else."""

_CURRENT = FOLDER / "current"
_UNITS = Path("/etc/systemd/system")
_ORIGIN = FOLDER / "origin"
"""Holds the words with which a person starts the installation that made the copy."""

PACKAGES = ("docker", "pyroute2", "PyYAML", "tomli-w")
"""What the core imports beside the standard library; what these need in turn comes along."""

_ALONE = ("-I", "-S")
"""No variables, and none of what else is installed for Debian's Python: the copy is complete."""

_OLDEST = "3.11"
_START = '''\
"""Starts a module of the copy that this file belongs to: run.py MODULE WORDS."""

import contextlib
import fcntl
import os
import runpy
import sys

folder = os.path.dirname(os.path.realpath(__file__))
# Held until this process ends: so long the copy stays, whatever is installed meanwhile.
with contextlib.suppress(OSError):
    fcntl.flock(os.open(folder, os.O_RDONLY | os.O_CLOEXEC), fcntl.LOCK_SH)
sys.path[:0] = [folder, os.path.join(folder, "library")]
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
'''
_BY_HAND = f"""\
#!/bin/sh
exec {PYTHON} {" ".join(_ALONE)} {_CURRENT}/run.py wizard "$@"
"""
# Not the name of the package beside it.
_BY_HAND_NAME = "wizard.sh"
_IMPORTED = "wizard.run.worker", "wizard.ndp.service", "wizard.maintenance", "wizard.taking_back"
_CHECK_SECONDS = 60


def command(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that starts a module of the copy, such as ``wizard.ndp``."""
    return (PYTHON, *_ALONE, f"{_CURRENT}/run.py", module, *arguments)


def worker(*arguments: str) -> tuple[str, ...]:
    """Return the command that starts the process that changes the host."""
    return command("wizard.run.worker", *arguments)


def typed(*arguments: str) -> str:
    """Return the line that starts the person's own installation in another terminal."""
    return f"{_origin()} {shlex.join(arguments)}"


def install(say: Callable[[str], None] = lambda words: None) -> None:
    """Make the copy where there is none of this very wizard, and have :func:`command` start it.

    A crash at any instant leaves the copy from before, or this one whole. ``say`` is told in a
    sentence what is done, each of which takes a noticeable time.

    Raises:
        Refused: it cannot be made, would not start, or others could change it; nothing was changed.
    """
    if is_copy():
        return
    try:
        say("Checking that nobody else could have changed the wizard's own program …")
        files = _gathered()
        place = FOLDER / f"{__version__}-{_identity(files)}"
        _check_roots_own([Path(PYTHON), FOLDER])
        FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not place.is_dir():
            _make(place, files, say)
        _check_roots_own([place])
        if not (_CURRENT.is_symlink() and _CURRENT.readlink() == Path(place.name)):
            _switch_to(place)
        _write(_ORIGIN, f"{_origin()}\n")
    except OSError as error:
        raise Refused(
            f"The wizard cannot be copied to {FOLDER}, from where systemd starts what takes a "
            f"change back: {clean_line(str(error.strerror))}. Nothing was changed. Make room on "
            "the disk, or see that it can be written, and start again."
        ) from error


def remove() -> None:
    """Remove every copy, unless a unit of ours is there that may start one."""
    if not any(_UNITS.glob("docker-ipv6-wizard*.service")):
        # A program of its own does it: this one may need a module of the copy until it has ended.
        subprocess.run(["rm", "--recursive", "--force", str(FOLDER)], check=False)


def is_copy() -> bool:
    """Return whether this very process was started from a copy."""
    return _package().is_relative_to(FOLDER.resolve())


def _package() -> Path:
    return Path(wizard.__file__).resolve().parent


def _origin() -> str:
    if is_copy():
        try:
            words = _ORIGIN.read_text(encoding="utf-8").strip()
            if shutil.which(shlex.split(words)[0]):
                return words
        except (OSError, ValueError, IndexError):
            pass
        return str(_CURRENT / _BY_HAND_NAME)
    checkout = _package().parent / "bin" / "wizard"
    found = shutil.which("wizard")
    if os.access(checkout, os.X_OK):
        same = found is not None and Path(found).resolve() == checkout
        return "wizard" if same else shlex.quote(str(checkout))
    return "wizard" if found else shlex.join([sys.executable, "-P", "-m", "wizard"])


def _gathered() -> dict[Path, trust.Trusted]:
    """Read all that is copied, by its place in the copy, with what could reach into it.

    Raises:
        Refused: somebody else could have changed it.
        OSError: it cannot be read.
    """
    owners = trust.trusted_owners()
    try:
        # What this very process imported may have been put there by whoever can change these.
        package = _package()
        imported = [Path(sys.executable), *map(Path, filter(None, sys.path)), package]
        trust.check(imported, owners)
        files = {
            Path("wizard", source.relative_to(package)): trust.read(source, owners)
            for source in sorted(package.rglob("*"))
            if source.is_file()
        }
        for distribution in _distributions():
            for source, target in _files(distribution):
                files[target] = trust.read(source, owners)
    except trust.Doubted as doubted:
        raise Refused(
            f"The wizard copies itself to {FOLDER}, from where systemd starts it as root, and "
            f"somebody else could have changed what it would copy. {doubted.who} "
            f"{doubted.advice(_package().parent)}, and start again. Nothing was changed."
        ) from doubted
    return files


def _check_roots_own(places: Iterable[Path]) -> None:
    """Look whether what PID 1 starts is root's alone, whoever called sudo.

    Raises:
        Refused: somebody else can change it.
    """
    try:
        trust.check(places, trust.root())
    except trust.Doubted as doubted:
        raise Refused(
            f"What systemd starts as root would not be root's alone. {doubted.who} "
            f"{doubted.advice(FOLDER)}, and start again. Nothing was changed."
        ) from doubted


def _identity(files: Mapping[Path, trust.Trusted]) -> str:
    """Return a digest of the copy's files, but for what Python and pip make themselves."""
    # Here, for it loads OpenSSL, and the first screen asks this module whether it is a copy.
    import hashlib

    digest = hashlib.sha256(f"{_START}{_BY_HAND}".encode())
    for target, file in sorted(files.items()):
        if target.suffix != ".pyc" and not any(
            part.endswith(".dist-info") for part in target.parts
        ):
            digest.update(f"{target}\0{len(file.octets)}\0".encode())
            digest.update(file.octets)
    return digest.hexdigest()[:16]


def _distributions() -> list[Distribution]:
    """Return what the core imports, each once, with what that needs in turn.

    Raises:
        Refused: one is not installed.
    """
    # Here, for it costs more than all else of this module.
    import importlib.metadata

    found: dict[str, Distribution] = {}
    wanted, needed = list(PACKAGES), {re.sub(r"[-_.]+", "-", each).lower() for each in PACKAGES}
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError as error:
            if name not in needed:
                continue
            raise Refused(
                f"The Python package {name}, which the wizard needs, is not installed for "
                f"{sys.executable}. Nothing was changed. Install the wizard anew."
            ) from error
        for requirement in found[name].requires or ():
            words, _, condition = requirement.partition(";")
            match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", words.strip())
            # What is needed under some condition alone is copied where pip found that it holds.
            if match and "extra" not in condition:
                wanted.append(match[0])
    return [found[name] for name in sorted(found)]


def _files(distribution: Distribution) -> Iterator[tuple[Path, Path]]:
    """Yield each file of a package and its place in the copy.

    Raises:
        Refused: it is a package of Debian's, which lists no files.
    """
    if not distribution.files:
        raise Refused(
            f"The Python package {distribution.name} was not installed by pip, so which files it "
            "has is not known, and the wizard cannot copy them. Nothing was changed. Install the "
            "wizard in a virtual environment without the system's packages."
        )
    for file in distribution.files:
        source = Path(str(distribution.locate_file(file)))
        # Compiled parts fit one Python alone. Another passes over them, for their names say which,
        # and takes what every package here has in Python too.
        if ".." not in file.parts and source.is_file():
            yield source, Path("library", file)


def _make(place: Path, files: Mapping[Path, trust.Trusted], say: Callable[[str], None]) -> None:
    say("Copying the program to where systemd starts it …")
    building = FOLDER / f".{place.name}.{os.urandom(3).hex()}"
    mask = os.umask(0o022)
    try:
        for leftover in FOLDER.glob(".*"):
            shutil.rmtree(leftover, ignore_errors=True)
        building.mkdir(mode=0o755)
        for target, file in files.items():
            made = building / target
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_bytes(file.octets)
            # By that Python knows what it compiled.
            os.utime(made, ns=(file.changed, file.changed))
        _write(building / "run.py", _START)
        _write(building / _BY_HAND_NAME, _BY_HAND)
        (building / _BY_HAND_NAME).chmod(0o755)
        say("Checking that Debian's own Python can start the copy …")
        _check_starts(building)
        # All of it at once: one by one a thousand files take seconds on a spinning disk.
        subprocess.run(["sync", "--file-system", str(building)], check=False)
        building.rename(place)
    finally:
        shutil.rmtree(building, ignore_errors=True)
        os.umask(mask)


def _check_starts(building: Path) -> None:
    """Have Debian's Python import the copy, and look where else it imports from.

    Raises:
        Refused: it does not, with what it said; or its own folders are not root's alone.
    """
    words = (
        "import sys; print(sys.executable, *sys.path, sep='\\0', end=''); "
        f"sys.path[:0] = sys.argv[1:]; import {', '.join(_IMPORTED)}; "
        # Nothing that is imported later may be missing then.
        "from wizard.platform import later; later.load()"
    )
    said, where = "", ""
    try:
        done = subprocess.run(
            [PYTHON, *_ALONE, "-c", words, str(building), str(building / "library")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env={},
            timeout=_CHECK_SECONDS,
        )
        where = done.stdout
        if done.returncode:
            said = done.stderr.strip().rpartition("\n")[2] or "it ended"
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    if said:
        raise Refused(
            f"{PYTHON} cannot run the copy of the wizard that would take a change back: "
            f"{clean_line(said).rstrip('.')}. Nothing was changed. It must be Debian's own Python, "
            f"{_OLDEST} or later: see that the package python3 is whole, and start again."
        )
    _check_roots_own(Path(each) for each in where.split("\0") if each)


def _switch_to(place: Path) -> None:
    """Have a copy started from now on, and remove all but that one and the one before it."""
    before = _CURRENT.readlink().name if _CURRENT.is_symlink() else ""
    if not before and _CURRENT.is_dir():
        # A backup that follows links has put the copy itself there.
        _CURRENT.rename(FOLDER / f"restored-{os.urandom(3).hex()}")
    link = FOLDER / f".current.{os.urandom(3).hex()}"
    link.symlink_to(place.name)
    link.replace(_CURRENT)
    descriptor = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    for other in FOLDER.iterdir():
        if other.is_dir() and not other.is_symlink() and other.name not in (place.name, before):
            _remove_unused(other)


def _remove_unused(copy: Path) -> None:
    """Remove a copy, but not one from which a process runs that may import more of it."""
    descriptor = os.open(copy, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(copy, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.replace(path)
