"""What cannot be taken back is found before anything is changed, and named with its reason."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_up_deployments import deployment
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.system import FileState
from wizard.record import tables
from wizard.run import reversible
from wizard.steps.mend import Mend, Rewrite
from wizard.steps.sysctl import Sysctl

made = deployment()
TITLE = made.plan().steps[0].title


def cannot(title: str, why: str) -> str:
    return (
        f"Nothing was changed, because one step could not be taken back: {title} ({why}). Fix "
        "this, and start again."
    )


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (StepFailed("Nobody\x1b knows."), "Nobody\\x1b knows."),
        (OSError(5, "Input/output error"), "[Errno 5] Input/output error"),
        (KeyError("a"), "'a'"),
        (ValueError("It is none."), "It is none."),
    ],
)
@pytest.mark.parametrize("place", ["capture", "undo_lines"])
def test_what_a_step_meets_when_it_looks_is_said(
    monkeypatch: pytest.MonkeyPatch, place: str, error: Exception, why: str
) -> None:
    def broken(*_: object) -> None:
        raise error

    plan = made.plan()
    reversible.check_steps(plan, made.system)
    monkeypatch.setattr(Sysctl, place, broken)
    with pytest.raises(Refused) as refused:
        reversible.check_steps(plan, made.system)
    assert str(refused.value) == cannot(TITLE, why)


@pytest.mark.parametrize("lost", ["the step", "what it found"])
def test_what_the_record_would_not_hold_is_said(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    if lost == "the step":
        monkeypatch.setattr(Sysctl, "from_parameters", staticmethod(lambda _: "another"))
    else:
        real = tables.written
        seen: list[object] = []

        def written(before: Any) -> dict[str, object]:
            seen.append(before)
            return real(before) if len(seen) <= len(made.plan().steps) else {}

        monkeypatch.setattr(tables, "written", written)
    with pytest.raises(Refused) as refused:
        reversible.check_steps(made.plan(), made.system)
    assert str(refused.value) == cannot(TITLE, "the record would not hold all of it")


def writing(*paths: Path) -> Plan:
    files = tuple(Rewrite(str(each), FileState("x"), None) for each in paths)
    step = Mend(1, "It", "It is gone.", files=files)
    return replace(made.plan(), steps=(step,))


def test_a_place_is_looked_at_where_its_link_leads_as_far_as_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, link = tmp_path / "there\n", tmp_path / "link"
    there.mkdir()
    link.symlink_to(there)
    looked: list[tuple[Path, int]] = []
    closed: list[Path] = []

    def access(path: Path, mode: int) -> bool:
        looked.append((path, mode))
        return path not in closed

    monkeypatch.setattr(os, "access", access)
    plan = writing(link / "a.conf", tmp_path / "x" / "y" / "b.conf")
    reversible.check_places(plan)
    assert looked == [(there, os.W_OK), (tmp_path, os.W_OK)]
    closed.append(there)
    with pytest.raises(Refused) as refused:
        reversible.check_places(plan)
    shown = str(there).replace("\n", "\\n")
    assert str(refused.value) == cannot(plan.steps[0].title, f"{shown} cannot be written")
