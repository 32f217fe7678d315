"""The wizard's folder is gone, and what it has set up is not: nobody says that there is nothing."""

from pathlib import Path

import pytest

from wizard import cli
from wizard.platform.errors import ExitCode
from wizard.platform.system import RealSystem
from wizard.record.record import Record, State
from wizard.record.store import DIRECTORY, Store
from wizard.run import lost_record, watching

THERE = ("systemd/system/docker-ipv6-wizard.service", "sysctl.d/zz-docker-ipv6-wizard.conf")


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "etc"
    monkeypatch.setattr(lost_record, "_ETC", place)
    for each in ("systemd/system/docker.service", "sysctl.d/99-sysctl.conf", *THERE):
        (place / each).parent.mkdir(parents=True, exist_ok=True)
        (place / each).write_text("")
    return place


def test_what_is_there_is_named_with_what_to_type(etc: Path, store: Store) -> None:
    said = lost_record.told(store)
    unit, parameters = (f"{etc / each}" for each in THERE)
    assert f"{parameters} and {unit}" in said
    assert f"systemctl disable --now docker-ipv6-wizard.service; rm {parameters} {unit};" in said
    assert f"{DIRECTORY}. Put that folder back" in said
    assert "99-sysctl" not in said and "docker.service" not in said


def test_it_is_not_said_where_there_is_a_record_or_nothing(etc: Path, store: Store) -> None:
    store.save(Record("1", State.UNDONE, "", "", {}, {}, []))
    assert lost_record.told(store) == ""
    store.archive("1")
    assert lost_record.told(store)
    for each in THERE:
        (etc / each).unlink()
    assert lost_record.told(store) == ""
    assert lost_record.or_else("Nothing is there.", store) == "Nothing is there."


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        (("--status",), ExitCode.DONE),
        (("--undo", "--yes"), ExitCode.REFUSED),
        (("--check",), ExitCode.REFUSED),
    ],
)
def test_every_verb_that_says_that_nothing_is_there_says_so(
    etc: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: tuple[str, ...],
    code: ExitCode,
) -> None:
    monkeypatch.setattr("wizard.session.state_directory", lambda: store.directory)
    assert cli.main(verb) == code
    said = " ".join("".join(capsys.readouterr()).split())
    assert "No record of the wizard is on this host, but it has set something up here" in said


def test_what_looks_after_it_says_so_at_the_login(etc: Path, store: Store) -> None:
    assert watching.what_is_wrong(store, RealSystem()) == (lost_record.told(store),)
