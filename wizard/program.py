"""The copy of the engine that PID 1 starts: root's own, under a path that never changes.

What a unit of ours starts must be there after a reboot, after the checkout that made it was moved,
removed or upgraded, and must not depend on how it is called: systemd takes no quotes in the path of
an executable, and turns ``$`` and ``%`` into other things. So the engine and what it imports are
copied, all of it pure Python, and started by Debian's own Python, whichever that is by then.
"""

import hashlib
import importlib.metadata
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import wizard
from wizard import __version__, trust
from wizard.errors import Refused
from wizard.text import clean_line

FOLDER = Path("/var/lib/docker-ipv6-wizard/program")
PYTHON = "/usr/bin/python3"
INSTALL = "--install-program"
"""The verb that makes the copy and does nothing else."""

_CURRENT = FOLDER / "current"
_UNITS = Path("/etc/systemd/system")
_ORIGIN = FOLDER / "origin"
"""Holds the words with which a person starts the installation that made the copy."""

PACKAGES = ("docker", "pyroute2", "ruamel.yaml", "tomli-w")
"""What the engine imports beside the standard library; what these need in turn comes along."""

KEPT = ("HOME", "DOCKER_HOST", "DOCKER_CONFIG")
"""The variables that say which Docker is meant: all that a process of ours takes from another."""

_OLDEST = "3.11"
_START = '''\
"""Starts a module of the copy that this file belongs to: run.py MODULE WORDS."""

import os
import runpy
import sys

folder = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [folder, os.path.join(folder, "library")]
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
'''
_BY_HAND = f"""\
#!/bin/sh
exec {PYTHON} -I {_CURRENT}/run.py wizard "$@"
"""
# Not the name of the package beside it.
_BY_HAND_NAME = "wizard.sh"
_IMPORTED = "wizard.apply.worker", "wizard.ndp.service", "wizard.verbs"
_CHECK_SECONDS = 60


def command(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that starts a module of the copy, such as ``wizard.ndp``."""
    return (PYTHON, "-I", f"{_CURRENT}/run.py", module, *arguments)


def worker(*arguments: str) -> tuple[str, ...]:
    """Return the command that starts the process that changes the host."""
    return command("wizard.apply.worker", *arguments)


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the worker needs where nothing is inherited."""
    return {key: inherited[key] for key in KEPT if inherited.get(key)}


def typed(*arguments: str) -> str:
    """Return the line that starts the person's own installation in another terminal."""
    return f"{_origin()} {shlex.join(arguments)}"


def install() -> None:
    """Make the copy where there is none of this very wizard, and have :func:`command` start it.

    A crash at any instant leaves the copy from before, or this one whole.

    Raises:
        Refused: it cannot be made, or would not start; nothing was changed.
    """
    if is_copy():
        return
    _check_sources()
    place = FOLDER / f"{__version__}-{_identity()}"
    try:
        FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not place.is_dir():
            _make(place)
        if not (_CURRENT.is_symlink() and _CURRENT.readlink() == Path(place.name)):
            _switch_to(place)
        _write(_ORIGIN, f"{_origin()}\n")
    except OSError as error:
        # Of several files that could not be copied, the first says why.
        why = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror
        raise Refused(
            f"The wizard cannot be copied to {FOLDER}, from where systemd starts what takes a "
            f"change back: {clean_line(str(why))}. Nothing was changed. Make room on the disk, or "
            "see that it can be written, and start again."
        ) from error


def remove() -> None:
    """Remove every copy, unless a unit of ours is there that may start one."""
    if not any(_UNITS.glob("docker-ipv6-wizard*.service")):
        # A program of its own does it: this one may need a module of the copy until it has ended.
        subprocess.run(["rm", "--recursive", "--force", str(FOLDER)], check=False)


def is_installed() -> bool:
    """Return whether there is a copy to start."""
    return (_CURRENT / "run.py").is_file()


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
    return "wizard" if found else shlex.join([sys.executable, "-m", "wizard"])


def _check_sources() -> None:
    """Look whether what is copied, and run as root from then on, could be another's.

    Raises:
        Refused: somebody else can change it.
    """
    places = [Path(sys.executable), Path(PYTHON), _package(), *_package().rglob("*")]
    places += [source for each in _distributions() for source, _ in _files(each)]
    why = trust.doubt(places, trust.trusted_owners())
    if why:
        raise Refused(
            f"The wizard copies itself to {FOLDER}, from where systemd starts it as root, and "
            f"somebody else could have changed what it would copy. {why}, and start again. "
            "Nothing was changed."
        )


def _identity() -> str:
    """Return a digest of the engine's own files and of the versions of what it imports."""
    digest = hashlib.sha256(f"{_START}{_BY_HAND}".encode())
    for file in sorted(_package().rglob("*.py")):
        digest.update(f"{file.relative_to(_package())}\0".encode())
        digest.update(file.read_bytes())
    for distribution in _distributions():
        digest.update(f"{distribution.name} {distribution.version}\0".encode())
    return digest.hexdigest()[:16]


def _distributions() -> list[importlib.metadata.Distribution]:
    """Return what the engine imports, each once, with what that needs in turn.

    Raises:
        Refused: one is not installed.
    """
    found: dict[str, importlib.metadata.Distribution] = {}
    wanted, needed = list(PACKAGES), {re.sub(r"[-_.]+", "-", each) for each in PACKAGES}
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


def _files(distribution: importlib.metadata.Distribution) -> Iterator[tuple[Path, Path]]:
    """Yield each file of a package and its place in the copy; none of a package of Debian's.

    Debian's own packages list no files, and are found by Debian's Python without a copy.
    """
    for file in distribution.files or ():
        source = Path(str(distribution.locate_file(file)))
        # Compiled parts fit one Python alone; every package here has the same in Python too.
        if ".." not in file.parts and file.suffix != ".so" and source.is_file():
            yield source, Path("library", file)


def _make(place: Path) -> None:
    building = FOLDER / f".{place.name}.{secrets.token_hex(3)}"
    mask = os.umask(0o022)
    try:
        for leftover in FOLDER.glob(".*"):
            shutil.rmtree(leftover, ignore_errors=True)
        building.mkdir(mode=0o755)
        shutil.copytree(_package(), building / "wizard", copy_function=_copy)
        for distribution in _distributions():
            for source, target in _files(distribution):
                (building / target).parent.mkdir(parents=True, exist_ok=True)
                _copy(source, building / target)
        _write(building / "run.py", _START)
        _write(building / _BY_HAND_NAME, _BY_HAND)
        (building / _BY_HAND_NAME).chmod(0o755)
        _check_starts(building)
        # All of it at once: one by one a thousand files take seconds on a spinning disk.
        subprocess.run(["sync", "--file-system", str(building)], check=False)
        building.rename(place)
    finally:
        shutil.rmtree(building, ignore_errors=True)
        os.umask(mask)


def _copy(source: str | Path, target: str | Path) -> None:
    """Copy what a file holds, and when it was changed: by that Python knows what it compiled."""
    shutil.copyfile(source, target)
    status = Path(source).stat()
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _check_starts(building: Path) -> None:
    """Have Debian's Python import the copy.

    Raises:
        Refused: it does not; the message says what it said.
    """
    words = f"import sys; sys.path[:0] = sys.argv[1:]; import {', '.join(_IMPORTED)}"
    try:
        done = subprocess.run(
            [PYTHON, "-I", "-c", words, str(building), str(building / "library")],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env={},
            timeout=_CHECK_SECONDS,
        )
        said = "" if done.returncode == 0 else done.stderr.strip().rpartition("\n")[2] or "it ended"
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    if said:
        raise Refused(
            f"{PYTHON} cannot run the copy of the wizard that would take a change back: "
            f"{clean_line(said).rstrip('.')}. Nothing was changed. It must be Debian's own Python, "
            f"{_OLDEST} or later: see that the package python3 is whole, and start again."
        )


def _switch_to(place: Path) -> None:
    """Have a copy started from now on, and remove all but that one and the one before it."""
    before = _CURRENT.readlink().name if _CURRENT.is_symlink() else ""
    link = FOLDER / f".current.{secrets.token_hex(3)}"
    link.symlink_to(place.name)
    link.replace(_CURRENT)
    descriptor = os.open(FOLDER, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    # What still runs may import more of the copy that it was started from.
    for other in FOLDER.iterdir():
        if other.is_dir() and not other.is_symlink() and other.name not in (place.name, before):
            shutil.rmtree(other, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.replace(path)
