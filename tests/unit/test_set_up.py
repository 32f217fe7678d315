"""No file of the folder that one stands in, and no variable of Python's, is run as root."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from wizard import __version__
from wizard.platform.errors import WizardError
from wizard.rehearsal import installation

ROOT = Path(__file__).parents[2]
# What the set-up starts, and what these import or Python looks for by itself.
NAMES = (
    "venv", "pip", "ensurepip", "compileall", "sitecustomize", "usercustomize", "wizard",
    "screens", "pytest", "site", "os", "re", "types", "logging", "json", "argparse", "theirs",
)  # fmt: skip


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that needs no packages, so that its set-up needs no index and little time."""
    place = tmp_path_factory.mktemp("checkout")
    for name in ("bin", ".ci"):
        shutil.copytree(ROOT / name, place / name)
    for folder in ("screens", "lock"):
        (place / folder).mkdir()
    shutil.copytree(ROOT / "wizard", place / "wizard")
    # Everything of Debian's is there.
    (place / "debian").mkdir()
    for name, words in {
        "dpkg-query": 'shift 2; for package; do echo "$package installed"; done',
        "apt-get": "exit 1",
    }.items():
        stub = place / "debian" / name
        stub.write_text(f"#!/bin/sh\n{words}\n")
        stub.chmod(0o755)
    for name in ("wizard", "test"):
        (place / "lock" / f"{name}.txt").write_text("")
    return place


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("bin/wizard --version", f"wizard {__version__}"),
        # There is no package at all, which is how far these can come.
        ("bin/test", "tests/beside.py': [Errno 2]"),
        (".ci/run", "ruff: not found"),
    ],
)
def test_what_lies_where_one_stands_is_not_run(
    tmp_path: Path, checkout: Path, command: str, said: str
) -> None:
    run, folder = tmp_path / "run", tmp_path / "folder"
    folder.mkdir()
    run.mkdir()
    for name in NAMES:
        (folder / f"{name}.py").write_text(f"open({str(run / name)!r}, 'w')\n")
    theirs, settings = tmp_path / "theirs", tmp_path / "pip.conf"
    theirs.write_text(f"#!/bin/sh\ntouch {run}/python\n")
    theirs.chmod(0o755)
    settings.write_text(f"[global]\npython = {theirs}\n")
    program, *words = command.split()
    # One set-up is enough for all of them: it is the same, and takes seconds.
    made, other = checkout / ".venv", checkout / ".venv-test"
    if made.exists() and not other.exists():
        other.symlink_to(made)
    environment = dict(os.environ) | {
        "PATH": f"{checkout / 'debian'}:{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "PYTHONHOME": str(folder),
        "PYTHONUSERBASE": str(folder),
        "PYTHONPYCACHEPREFIX": str(folder),
        "PYTHONSTARTUP": str(folder / "theirs.py"),
        "PYTHONWARNINGS": "error::theirs.Warning",
        "PYTHONBREAKPOINT": "theirs.run",
        "PYTHONINSPECT": "1",
        "PIP_PYTHON": str(theirs),
        "PIP_CONFIG_FILE": str(settings),
        "PIP_NO_INDEX": "1",
    }
    done = subprocess.run(
        [str(checkout / program), *words],
        cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        timeout=120,
    )  # fmt: skip
    assert [path.name for path in run.iterdir()] == []
    assert said in done.stdout + done.stderr
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.py" for name in NAMES)


# What a shell has started before it reads the first line that takes a variable away.
BEFORE = {"sh", "dash", "readlink", "dirname", "env", "sed"}


def told_the_loader(said: Path) -> set[str]:
    """Return the programs that the dynamic loader started as a variable says (ld.so(8))."""
    text = "".join(path.read_text(errors="replace") for path in said.iterdir())
    return {Path(name).name for name in re.findall(r"initialize program: (\S+)", text)}


def test_what_the_loader_is_told_reaches_nothing_that_is_started(
    tmp_path: Path, checkout: Path
) -> None:
    said, mark, theirs = tmp_path / "said", tmp_path / "was-run", tmp_path / "theirs.sh"
    said.mkdir()
    theirs.write_text(f"touch {mark}\n")
    environment = dict(os.environ) | {
        "PATH": f"{checkout / 'debian'}:{os.environ['PATH']}",
        "LD_PRELOAD": str(tmp_path / "theirs.so"),
        "LD_AUDIT": str(tmp_path / "theirs.so"),
        "LD_LIBRARY_PATH": str(tmp_path),
        "LD_DEBUG": "files",
        "LD_DEBUG_OUTPUT": str(said / "of"),
        "GCONV_PATH": str(tmp_path),
        "GLIBC_TUNABLES": "glibc.malloc.check=3",
        "BASH_ENV": str(theirs),
        "ENV": str(theirs),
        "IFS": "/",
        "PYTHONINSPECT": "1",
        "PIP_NO_INDEX": "1",
    }
    done = subprocess.run(
        [str(checkout / "bin/wizard"), "--version"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        timeout=120,
    )  # fmt: skip
    assert done.stdout == f"wizard {__version__}\n", done.stderr
    assert "sh" in told_the_loader(said), "the attack does not reach the first program"
    assert told_the_loader(said) <= BEFORE
    assert not mark.exists()


def test_for_practice_machines_nothing_is_run_from_there_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "was-run"
    for name in ("pip", "runpy", "types"):
        (tmp_path / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "none"))
    monkeypatch.setenv("DOCKER_IPV6_WIZARD_CACHE", str(tmp_path / "cache"))
    with pytest.raises(WizardError, match="No matching distribution"):
        installation.wheels()
    assert not mark.exists()


@pytest.mark.thorough
def test_a_package_that_is_not_the_locked_one_is_not_installed(
    tmp_path: Path, checkout: Path
) -> None:
    place, name = tmp_path / "checkout", "theirs-1.0-py3-none-any.whl"
    shutil.copytree(checkout, place, ignore=shutil.ignore_patterns(".venv*"), symlinks=True)
    with ZipFile(tmp_path / name, "w") as wheel:
        for file, text in {
            "theirs.py": "",
            "theirs-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n",
            "theirs-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
            "theirs-1.0.dist-info/RECORD": "",
        }.items():
            wheel.writestr(file, text)
    right = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    environment = dict(os.environ) | {
        "PATH": f"{place / 'debian'}:{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
    }
    for hashes, status in (
        (f" --hash=sha256:{'0' * 64}", 2),
        ("", 2),
        (f" --hash=sha256:{right}", 0),
    ):
        (place / "lock" / "wizard.txt").write_text(f"theirs==1.0{hashes}\n")
        done = subprocess.run(
            [str(place / "bin/wizard"), "--version"],
            env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        installed = bool(list(place.glob(".venv/lib/python3*/site-packages/theirs.py")))
        assert installed == (status == 0)
