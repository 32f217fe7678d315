"""What root installs is what the lock has: for every Python, and by hashes."""

import importlib.metadata
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests import licences

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def entries(lock: str) -> dict[str, tuple[Requirement, tuple[str, ...]]]:
    """Each package by its name, pinned, with its hashes."""
    text = (ROOT / "lock" / f"{lock}.txt").read_text().replace("\\\n", " ")
    found: dict[str, tuple[Requirement, tuple[str, ...]]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            pinned, *hashes = line.split("--hash=")
            requirement = Requirement(pinned.strip())
            found[canonicalize_name(requirement.name)] = requirement, tuple(map(str.strip, hashes))
    return found


def wanted(lock: str) -> list[Requirement]:
    extra = PROJECT["optional-dependencies"][lock] if lock == "test" else []
    return [Requirement(each) for each in [*PROJECT["dependencies"], *extra]]


def pinned_version(requirement: Requirement) -> str:
    (only,) = requirement.specifier
    assert only.operator == "=="
    return only.version


@pytest.mark.parametrize("lock", ["wizard", "test"])
def test_every_package_is_pinned_and_hashed_and_none_says_where_it_comes_from(lock: str) -> None:
    for requirement, hashes in entries(lock).values():
        Version(pinned_version(requirement))
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes)
    text = (ROOT / "lock" / f"{lock}.txt").read_text()
    assert not re.search(r"://|^\s*-[^-]|--(?!hash=)", text, re.MULTILINE)


def test_the_tests_run_with_what_the_wizard_runs_with() -> None:
    of_tests = entries("test")
    for name, (requirement, hashes) in entries("wizard").items():
        assert str(of_tests[name][0]) == str(requirement)
        assert of_tests[name][1] == hashes


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("python", ["3.11", "3.13", "3.14"])
@pytest.mark.parametrize("lock", ["wizard", "test"])
def test_it_has_all_that_is_asked_for_and_all_that_this_needs(
    lock: str, python: str, machine: str
) -> None:
    where = {
        "python_version": python,
        "python_full_version": f"{python}.2",
        "platform_machine": machine,
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    locked = {
        name: pinned_version(requirement)
        for name, (requirement, _) in entries(lock).items()
        if requirement.marker is None or requirement.marker.evaluate(where)
    }
    asked, seen = wanted(lock), set[str]()
    while asked:
        requirement = asked.pop()
        if requirement.marker and not requirement.marker.evaluate(where):
            continue
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{requirement} is not locked: run bin/lock"
        assert requirement.specifier.contains(locked[name], prereleases=True), (
            f"{requirement} is asked for, and {locked[name]} is locked: run bin/lock"
        )
        try:
            installed = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        # What another release than the locked one needs says nothing.
        if installed.version == locked[name] and name not in seen:
            seen.add(name)
            asked += map(Requirement, installed.requires or ())
    assert {"textual", "docker", "requests"} <= seen


@pytest.mark.parametrize("changed", ["lock/wizard.txt", "bin/environment", "lock/test.txt"])
def test_an_environment_is_made_anew_for_another_lock(tmp_path: Path, changed: str) -> None:
    for name in ("bin", "lock"):
        shutil.copytree(ROOT / name, tmp_path / name)

    environment = tmp_path / "environment"
    environment.mkdir()

    def ask(question: str) -> bool:
        words = f'root={tmp_path}; . "$root/bin/environment"; {question} "{environment}" wizard'
        return subprocess.run(["sh", "-uc", words]).returncode == 0

    assert not ask("fits")
    assert ask("note")
    assert ask("fits")
    with (tmp_path / changed).open("a") as file:
        file.write("# More.\n")
    assert ask("fits") == (changed == "lock/test.txt")


def test_an_environment_that_was_moved_is_made_anew(tmp_path: Path) -> None:
    for name in ("bin", "lock"):
        shutil.copytree(ROOT / name, tmp_path / "one" / name)
    words = 'root=$PWD; . "$root/bin/environment"; {} "$root/environment" wizard'
    (tmp_path / "one" / "environment").mkdir()
    note = ["sh", "-uc", words.format("note")]
    assert subprocess.run(note, cwd=tmp_path / "one").returncode == 0
    shutil.copytree(tmp_path / "one", tmp_path / "two", symlinks=True)
    fits = ["sh", "-uc", words.format("fits")]
    assert subprocess.run(fits, cwd=tmp_path / "one").returncode == 0
    assert subprocess.run(fits, cwd=tmp_path / "two").returncode != 0


@pytest.mark.parametrize(
    ("words", "good"),
    [
        ({"License-Expression": "MIT"}, True),
        ({"License-Expression": "GPL-2.0-or-later OR Apache-2.0"}, True),
        ({"License-Expression": "GPL-3.0-only"}, False),
        ({"License-Expression": "MIT AND GPL-3.0-only"}, False),
        ({"License-Expression": "AGPL-3.0-or-later OR MIT"}, False),
        ({"Classifier": "License :: OSI Approved :: GNU Affero General Public License v3"}, False),
        ({"Classifier": "License :: OSI Approved :: BSD License", "License": "ours"}, True),
        ({"License": "Apache 2.0\nthe text"}, True),
        ({"License": "UNKNOWN"}, False),
        ({}, False),
    ],
)
def test_a_licence_that_is_not_known_or_affero_s_will_not_do(
    words: dict[str, str], good: bool
) -> None:
    told = {name: [value] for name, value in words.items()}
    assert licences.will_do(licences.licences(told)) == good
