"""The plan as a script: where it is saved, and the lines that no shell run by a test would miss."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up_deployments import deployment
from wizard.plan import script
from wizard.plan.planning import Plan
from wizard.plan.script_file import save
from wizard.platform.errors import Refused
from wizard.platform.system import FileState
from wizard.program import program, trust
from wizard.steps import actions
from wizard.steps.actions import CopyProgram, MakeDirectory, WriteFile
from wizard.steps.mend import Mend, Rewrite


@pytest.fixture
def plan() -> Plan:
    return deployment().plan()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "ho\nme"
    place.mkdir()
    monkeypatch.setattr(Path, "home", lambda: place)
    return place


def test_it_is_saved_for_its_owner_alone_to_run(plan: Plan, home: Path) -> None:
    path = home / "docker-ipv6-plan.sh"
    for _again in range(2):
        assert save(plan) == path
        assert path.read_text() == script.render(plan)
        status = path.stat()
        assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (
            0o700,
            os.geteuid(),
            os.getegid(),
        )
    assert list(home.iterdir()) == [path]


def test_it_is_not_saved_where_others_can_change_it(
    plan: Plan, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doubt(paths: list[Path], owners: frozenset[int]) -> None:
        assert (paths, owners) == ([home], trust.trusted_owners())
        raise trust.Doubted(home, "Somebody.")

    monkeypatch.setattr(trust, "check", doubt)
    with pytest.raises(Refused) as refused:
        save(plan)
    shown = str(home).replace("\n", "\\n")
    assert str(refused.value) == (
        f"{shown}/docker-ipv6-plan.sh was not written: others than you can change files there, and "
        "the script is run as root. Nothing was changed. Save it to a folder of your own, with "
        f"{program.typed('--plan')} > FILE."
    )
    assert list(home.iterdir()) == []


def test_where_it_cannot_be_saved_it_can_be_printed(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(Path, "home", lambda: home)
    (home / "docker-ipv6-plan.sh").mkdir()
    with pytest.raises(Refused) as refused:
        save(plan)
    assert str(refused.value) == (
        f"{home}/docker-ipv6-plan.sh cannot be written: Is a directory. Nothing was changed. Print "
        f"the script instead, with {program.typed('--plan')}."
    )


def test_each_step_begins_with_its_number_and_its_title(plan: Plan) -> None:
    text = script.render(plan).replace("\n# ", " ")
    count = len(plan.steps)
    for number, step in enumerate(plan.steps, 1):
        begin = step.reason.split()[0]
        assert f" Step {number} of {count}: {step.title}. {begin}" in text
    look = text.index("Before anything is changed: is the host still as it was?")
    assert look < text.index(f" Step 1 of {count}: ")
    # The host is looked at for every file before any of them is written.
    assert text.rindex("\nexpect /") < text.index(f" Step 1 of {count}: ")
    assert text.startswith("#!/bin/sh IPv6 for containers: ")
    assert f"whether {plan.choices.target} answers an echo request" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_where_a_service_starts_a_copy_of_the_program_the_script_makes_it_first(
    plan: Plan,
) -> None:
    (number,) = [
        place
        for place, step in enumerate(plan.steps, 1)
        if any(isinstance(each, CopyProgram) for each in step.actions())
    ]
    lines = script.render(plan).splitlines()
    install = lines.index(program.typed(program.INSTALL))
    begins = next(at for at, line in enumerate(lines) if line.startswith(f"# Step {number} of "))
    assert begins < install
    assert not any(line.startswith("put ") for line in lines[begins:install])
    assert lines.count(program.typed(program.INSTALL)) == 1


def mending(was: FileState | None, *, after: FileState | None = None) -> Mend:
    file = Rewrite("/srv/my files/x.conf", after or FileState("new\n", 0o640, 7, 8), was)
    return Mend(1, "It", "It is gone.", folders=("/srv/my files",), files=(file,))


@pytest.mark.parametrize(
    ("was", "shown"),
    [
        (None, "none"),
        (
            FileState("o\udce9\n", 0o604, 5, 6),
            f"'5:6:604 {hashlib.sha256(bytes([111, 0xE9, 10])).hexdigest()}'",
        ),
    ],
)
def test_a_file_is_expected_and_put_with_owner_mode_and_digest(
    plan: Plan, was: FileState | None, shown: str
) -> None:
    step = mending(was)
    assert any(isinstance(each, MakeDirectory) for each in step.actions())
    lines = script.render(replace(plan, steps=(step,))).splitlines()
    assert f"expect '/srv/my files/x.conf' {shown}" in lines
    assert "mkdir --parents '/srv/my files'" in lines
    at = lines.index(f"put '/srv/my files' x.conf 7:8 640 {shown} <<'END_OF_FILE'")
    assert lines[at + 1 : at + 3] == ["new", "END_OF_FILE"]


def test_a_file_that_stays_as_it_is_is_named_and_not_put(plan: Plan) -> None:
    same = FileState("new\n", 0o640, 7, 8)
    step = mending(same, after=same)
    lines = script.render(replace(plan, steps=(step,))).splitlines()
    assert not any(line.startswith("put ") for line in lines)
    file = next(each for each in step.actions() if isinstance(each, WriteFile))
    (told,) = actions.lines([file])
    assert told in lines
