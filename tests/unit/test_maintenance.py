"""The verbs for a set-up that is in force, as they are typed on a made-up host."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.json_schema import faults
from tests.made_up_system import difference
from tests.unit import test_cli
from tests.unit.test_cli import Here, Wizard
from tests.unit.test_judgement import GOOD
from tests.unit.test_repair import a_rule_between, lose_network, reverted
from wizard.answers.choices import Choices
from wizard.boot import outlook
from wizard.platform.errors import ExitCode
from wizard.program import program
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore
from wizard.run import checking, watching, worker
from wizard.run.checking import check as really_check
from wizard.run.conditions import conditions
from wizard.verification.judgement import Judgement, judge

here = test_cli.here
wizard = test_cli.wizard

SCHEMA = json.loads(Path("wizard/verification/check.schema.json").read_text())


@pytest.fixture
def kept(here: Here, wizard: Wizard) -> Here:
    assert wizard("--apply", "--yes").code == ExitCode.DONE
    return here


def test_where_all_is_in_effect_there_is_nothing_to_repair(kept: Here, wizard: Wizard) -> None:
    before = kept.made.system.snapshot()
    said = wizard("--repair", "--yes")
    assert said.code == ExitCode.DONE
    assert "nothing to repair" in said.out
    assert difference(before, kept.made.system.snapshot()) == set()


def test_a_look_at_what_is_in_force_asks_each_thing_once(
    kept: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_reports", lambda *_: (GOOD,))
    monkeypatch.setattr(outlook, "look", lambda: SimpleNamespace(sentences=()))
    record = kept.store.load()
    assert record is not None
    asked = kept.made.system.ran
    asked.clear()
    found = really_check(record, kept.made.host, kept.made.system)
    assert [each["state"] for each in found.steps] == ["in effect"] * len(record.steps)
    assert ("docker", "network", "inspect") in {each[:3] for each in asked}
    assert sorted(asked) == sorted(set(asked))


def test_what_is_missing_is_shown_as_a_script_and_put_back_by_yes(
    kept: Here, wizard: Wizard
) -> None:
    applied = kept.made.system.snapshot()
    lose_network(kept.made.system)
    reverted(kept.made.system)
    lost = kept.made.system.snapshot()
    shown = wizard("--repair")
    assert shown.code == ExitCode.REFUSED
    assert "docker network create" in shown.out and "set -eu" in shown.out
    # Just what is missing.
    assert "sysctl --write" not in shown.out and "ip6tables" not in shown.out
    assert difference(lost, kept.made.system.snapshot()) == set()
    assert wizard("--repair", "--yes").code == ExitCode.DONE
    assert difference(applied, kept.made.system.snapshot()) == set()
    # Of a repair that is kept nobody needs the texts of files any more.
    assert "external_network:" not in RepairStore(kept.store.directory).path.read_text()
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    assert difference(kept.before, kept.made.system.snapshot()) == set()


def test_after_a_repair_the_whole_run_is_judged_and_not_what_was_put_back(
    kept: Here, wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []
    really = checking.check

    def check_and_note(record: Record, *words: Any) -> Judgement:
        judged.append(record.id)
        return really(record, *words)

    monkeypatch.setattr(checking, "check", check_and_note)
    lose_network(kept.made.system)
    assert wizard("--repair", "--yes").code == ExitCode.DONE
    run = kept.store.load()
    assert run is not None
    assert judged == [run.id]


def test_a_repair_that_fails_ends_with_three_and_the_run_stays(kept: Here, wizard: Wizard) -> None:
    lose_network(kept.made.system)
    lost = kept.made.system.snapshot()
    kept.made.system.changes, kept.made.system.fail_at = 0, (3,)
    assert wizard("--repair", "--yes").code == ExitCode.ROLLED_BACK
    assert difference(lost, kept.made.system.snapshot()) == set()
    record = kept.store.load()
    assert record is not None
    assert record.state is State.APPLIED


def test_a_repair_waits_for_keep_and_another_one_is_refused(kept: Here, wizard: Wizard) -> None:
    lose_network(kept.made.system)
    said = wizard("--repair", "--yes", "--window", "60")
    assert said.code == ExitCode.DONE
    assert ", the repair is taken back." in said.out
    assert "everything is taken back" not in said.out
    assert RepairStore(kept.store.directory).open is not None
    assert "A repair of" in wizard("--status").out
    assert "unless you type" in json.loads(wizard("--status", "--json").out)["repair"]
    lose_network(kept.made.system)
    assert wizard("--repair", "--yes").code == ExitCode.REFUSED
    assert wizard("--keep").code == ExitCode.DONE
    assert RepairStore(kept.store.directory).open is None
    assert json.loads(wizard("--status", "--json").out)["repair"] is None
    assert wizard("--keep").code == ExitCode.REFUSED


def test_the_guard_takes_a_repair_back_and_not_the_run(kept: Here, wizard: Wizard) -> None:
    lose_network(kept.made.system)
    lost = kept.made.system.snapshot()
    assert wizard("--repair", "--yes", "--window", "60").code == ExitCode.DONE
    repair, run = RepairStore(kept.store.directory).load(), kept.store.load()
    assert repair is not None and run is not None
    assert worker.main(["revert", repair.id, "now"]) == ExitCode.DONE
    assert difference(lost, kept.made.system.snapshot()) == set()
    assert kept.store.load() == run
    assert wizard("--keep").code == ExitCode.REFUSED


def test_an_undo_of_the_run_ends_a_repair_that_waits(kept: Here, wizard: Wizard) -> None:
    lose_network(kept.made.system)
    assert wizard("--repair", "--yes", "--window", "60").code == ExitCode.DONE
    repair = RepairStore(kept.store.directory).load()
    assert repair is not None
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    assert worker.main(["revert", repair.id]) == ExitCode.DONE
    assert difference(kept.before, kept.made.system.snapshot()) == set()


def test_what_somebody_changed_is_left_and_said_unless_ours_is_typed(
    kept: Here, wizard: Wizard
) -> None:
    applied = kept.made.system.snapshot()
    a_rule_between(kept.made.system)
    theirs = kept.made.system.snapshot()
    said = wizard("--repair", "--yes")
    assert said.code == ExitCode.NOT_AS_SET_UP
    assert "--changed ours" in said.out
    assert difference(theirs, kept.made.system.snapshot()) == set()
    assert wizard("--repair", "--yes", "--changed", "original").code == ExitCode.REFUSED
    assert wizard("--repair", "--yes", "--changed", "ours").code == ExitCode.DONE
    assert difference(applied, kept.made.system.snapshot()) == set()


@pytest.mark.parametrize("words", [("--repair",), ("--watch", "on")])
def test_without_a_run_there_is_nothing_to_look_after(
    here: Here, wizard: Wizard, words: tuple[str, ...]
) -> None:
    assert wizard(*words).code == ExitCode.REFUSED
    assert difference(here.before, here.made.system.snapshot()) == set()


def test_it_is_watched_until_the_undo(
    kept: Here, wizard: Wizard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(watching, "MESSAGE", tmp_path / "motd")
    monkeypatch.setattr(program, "install", lambda: None)
    assert wizard("--watch", "on").code == ExitCode.DONE
    assert watching.is_on(kept.made.system)
    said = wizard("--undo")
    assert watching.NAME in said.out
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    assert difference(kept.before, kept.made.system.snapshot()) == set()


def test_a_report_is_one_private_file_masked_on_request(
    kept: Here, wizard: Wizard, tmp_path: Path
) -> None:
    said = wizard("--report")
    assert said.code == ExitCode.DONE
    path = tmp_path / "docker-ipv6-report.txt"
    assert str(path) in said.out
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    for title in ("This host", "Run", "Plan", "Check", "Journal"):
        assert f"== {title} ==" in text
    prefix = re.findall(r"\bfd[0-9a-f]{2}:[0-9a-f:]+", text)[0]
    assert wizard("--report", "--masked").code == ExitCode.DONE
    assert prefix not in path.read_text()
    assert wizard("--status", "--masked").code == ExitCode.REFUSED


def test_what_check_prints_fits_its_schema(kept: Here) -> None:
    lose_network(kept.made.system)
    record = kept.store.load()
    assert record is not None
    record.steps[0].parameters = {}
    steps = [each.as_values() for each in conditions(record, kept.made.host, kept.made.system)]
    assert {each["state"] for each in steps} == {"in effect", "missing", "not known"}
    found = judge([GOOD], Choices(), ["It is gone."], ["A loss."], ["A note."], steps)
    said = json.loads(json.dumps(found.as_values()))
    assert list(faults(SCHEMA, said)) == []
    said["steps"][0]["state"] = "fine"
    del said["steps"][1]["cause"]
    assert list(faults(SCHEMA, said)) == ["$.steps[0].state is 'fine'", "$.steps[1] lacks cause"]
