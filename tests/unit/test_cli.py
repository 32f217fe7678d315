"""Every verb from the command line to its exit code, on a made-up host and a folder of its own."""

import errno
import json
import os
import subprocess
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from screens import app as screens_app
from tests import made_up_hosts
from tests.made_up_deployments import Deployment, deployment
from tests.made_up_system import difference, failing
from tests.unit.test_judgement import GOOD, SILENT
from tests.unit.test_losses import with_web
from wizard import at_hand, cli, session, verbs
from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.host import detectors
from wizard.host import look as looks
from wizard.host.host import Host, Unknown
from wizard.plan import planning
from wizard.platform.errors import ExitCode, Refused
from wizard.platform.system import FileState, Result
from wizard.platform.text import clean_line
from wizard.program import program
from wizard.record.record import Record, State
from wizard.record.store import Store
from wizard.rehearsal.rehearse import ROUTERS
from wizard.run import (
    apply_run,
    change_run,
    checking,
    guard,
    journal,
    lock,
    repair_run,
    reversible,
    start,
    window,
    worker,
)
from wizard.run.cancelled import Cancelled
from wizard.run.process import Progress
from wizard.session import Session
from wizard.verification import verification
from wizard.verification.judgement import Judgement, judge
from wizard.verification.verification import Verification
from wizard.verification.way_out import WayOut

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("no_terminal")


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("DOCKER_IPV6_WIZARD_TRACEBACK", raising=False)


@dataclass
class Ended:
    """A process that is over."""

    code: int
    log: Path
    unit: str = ""

    def poll(self) -> int:
        return self.code


@dataclass
class Here:
    """A made-up host to which every verb speaks, and where its record is."""

    made: Deployment
    store: Store
    before: dict[str, str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    return stand(deployment(), tmp_path, monkeypatch)


def stand(made: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """Let every verb speak to a made-up host."""
    folder = tmp_path / "state"
    place = Here(made, Store(folder), made.system.snapshot())
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(journal, "LAST_SAVES", (0.0,))
    monkeypatch.setattr(Session, "root", True)
    monkeypatch.setattr(session, "state_directory", lambda: folder)
    # Whatever the wizard left on the machine that the tests run on is nothing to them.
    monkeypatch.setattr(at_hand, "DIRECTORY", tmp_path / "state-of-root")
    monkeypatch.setattr(session, "RealSystem", lambda: made.system)
    monkeypatch.setattr(worker, "RealSystem", lambda: made.system)
    monkeypatch.setattr(worker, "Store", lambda *_: Store(folder))
    monkeypatch.setattr(Cancelled, "listen", lambda self: None)
    monkeypatch.setattr(guard, "choose", lambda *_: guard.Unguarded())
    monkeypatch.setattr(guard, "announce", lambda *_: None)
    monkeypatch.setattr(reversible, "check_places", lambda plan: None)
    monkeypatch.setattr(Verification, "look", lambda self: {})
    monkeypatch.setattr(WayOut, "faults", lambda self: ())
    judged(monkeypatch, judge([GOOD], Choices(), []))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    detects(monkeypatch, made.host)

    def run(store: Store, *arguments: str, say: Callable[[str], None]) -> Ended:
        """Do the work of the process that a session starts, before it is looked at."""
        path = store.new_log()
        with path.open("w") as log, monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", log)
            code = worker.main(arguments)
        return Ended(code, path)

    monkeypatch.setattr(start, "start", run)
    return place


def judged(monkeypatch: pytest.MonkeyPatch, found: Judgement | Refused) -> None:
    """Let whoever asks whether it works be told this."""

    def tell(*_: object) -> Judgement:
        if isinstance(found, Refused):
            raise found
        return found

    monkeypatch.setattr(checking, "check", tell)


def detects(monkeypatch: pytest.MonkeyPatch, host: Host) -> None:
    monkeypatch.setattr(looks, "look", lambda *_, **__: host)
    monkeypatch.setattr(detectors, "detect", lambda *_, **__: host)
    for run in (apply_run, change_run, repair_run):
        monkeypatch.setattr(run, "look", lambda *_, **__: host)


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Wizard = Callable[..., Said]


@pytest.fixture
def wizard(capsys: pytest.CaptureFixture[str]) -> Wizard:
    def run(*arguments: str | Path) -> Said:
        try:
            code = cli.main([str(each) for each in arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        assert "\x1b" not in said.out + said.err
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def answers(here: Here, tmp_path: Path) -> Path:
    path = tmp_path / "answers.toml"
    path.write_text(answers_file.dumps(here.made.choices))
    return path


def untouched(here: Here) -> bool:
    return not difference(here.before, here.made.system.snapshot())


def test_a_run_and_its_undo_by_the_command_line_alone(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    done = wizard("--apply", "--yes", "--answers", answers)
    assert done.code == 0, done
    assert "  done          Create the Docker network" in done.out
    assert "The run is applied." in done.out
    assert not untouched(here)

    status = wizard("--status")
    assert status.code == 0
    assert str(here.store.path) in status.out
    table = json.loads(wizard("--status", "--json").out)
    assert table["state"] == "applied"
    assert {step["state"] for step in table["steps"]} == {"done"}

    again = wizard("--apply", "--yes", "--answers", answers)
    assert again.code == ExitCode.REFUSED

    asked = wizard("--undo")
    assert asked.code == ExitCode.REFUSED
    assert "Take back: Create the Docker network" in asked.out
    assert "wizard --undo --yes takes this back" in asked.err
    assert not untouched(here)

    undone = wizard("--undo", "--yes")
    assert undone.code == 0
    assert "The run is undone." in undone.out
    assert untouched(here)

    assert wizard("--undo", "--yes").code == ExitCode.REFUSED
    # The next run does not overwrite the record of this one.
    assert wizard("--apply", "--yes", "--answers", answers).code == 0
    assert len(list(here.store.directory.glob("record-*.toml"))) == 1


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (judge([GOOD], Choices(), [], ["After the next boot it is lost."]), ExitCode.DONE),
        (judge([SILENT], Choices(), []), ExitCode.NOT_PASSING),
        (judge([GOOD], Choices(), ["A step is not in effect."]), ExitCode.NOT_AS_SET_UP),
    ],
    ids=["works", "does not pass", "differs"],
)
def test_every_verb_says_the_same_of_whether_it_works(
    here: Here,
    wizard: Wizard,
    answers: Path,
    monkeypatch: pytest.MonkeyPatch,
    found: Judgement,
    code: ExitCode,
) -> None:
    judged(monkeypatch, found)
    applied = wizard("--apply", "--yes", "--answers", answers)
    checked, status = wizard("--check"), wizard("--status")
    assert (applied.code, checked.code, status.code) == (code, code, ExitCode.DONE)
    for said in (applied, checked, status):
        for sentence in (found.words, *found.faults, *found.foreseen):
            assert sentence in said.out
    as_values = json.loads(wizard("--check", "--json").out)
    (only,) = as_values.pop("set-ups")
    assert (only.pop("project"), bool(only.pop("id"))) == ("mastodon", True)
    assert only == as_values
    assert as_values == json.loads(json.dumps(found.as_values()))
    assert json.loads(wizard("--status", "--json").out)["check"] == as_values


def test_what_cannot_be_looked_at_is_not_known(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(monkeypatch, Refused("Docker does not answer."))
    words = "Whether IPv6 works in the containers is not known. Docker does not answer."
    applied = wizard("--apply", "--yes", "--answers", answers)
    assert applied.code == ExitCode.DONE
    status = wizard("--status")
    assert words in applied.out
    assert words in status.out
    assert json.loads(wizard("--status", "--json").out)["check"] == words
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    assert words not in wizard("--status").out


def test_a_run_that_fails_is_rolled_back_and_exits_with_3(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    with failing(here.made.system, {11}, half_done=False):
        said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.ROLLED_BACK
    assert "made to fail" in said.out
    assert "The run is rolled back." in said.out
    assert untouched(here)


def test_a_rollback_that_is_not_complete_exits_with_4_and_says_what_is_left(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    with failing(here.made.system, range(10, 100), half_done=False):
        said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.ROLLBACK_INCOMPLETE
    assert "By hand:" in said.out
    assert wizard("--undo", "--yes").code == 0
    assert untouched(here)


def test_undo_that_keeps_somebody_s_work_exits_with_4(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    wizard("--apply", "--yes", "--answers", answers)
    here.made.system.files[here.made.path] = replace(
        here.made.system.files[here.made.path],
        # Another service of theirs joins our network.
        text=here.made.system.files[here.made.path].text.replace(
            "  db:\n", "  mine:\n    image: x:1\n    networks: [mastodon_ipv6]\n  db:\n", 1
        ),
    )
    said = wizard("--undo", "--yes")
    assert said.code == ExitCode.ROLLBACK_INCOMPLETE
    assert "has been changed by somebody else since" in said.out


def test_one_choice_for_all_that_somebody_changed_by_the_command_line(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    wizard("--apply", "--yes", "--answers", answers)
    files, sysctls = here.made.system.files, "/etc/sysctl.d/zz-docker-ipv6-wizard.conf"
    applied = here.made.system.snapshot()
    files[sysctls] = replace(files[sysctls], text="# mine\n")
    mine = replace(files[here.made.path], text=files[here.made.path].text + "# mine\n")
    files[here.made.path] = mine

    asked = wizard("--undo", "--changed", "ours")
    assert asked.code == ExitCode.REFUSED
    assert "Stays in force: Change docker-compose.yml" in asked.out
    assert files[here.made.path] == mine
    kept = wizard("--undo", "--yes", "--changed", "ours")
    assert kept.code == ExitCode.ROLLBACK_INCOMPLETE
    assert "Left on this host, and why:\n  - " in kept.out
    assert "is undone, except for what is listed here." in kept.out
    left = difference(applied, here.made.system.snapshot())
    assert not {f"file {here.made.path}", f"file {sysctls}"} & left
    # What was chosen to stay is the wizard's, so another run waits for its undo.
    assert "Take it back first" in wizard("--apply", "--yes", "--answers", answers).err
    assert "is undone, except for what is listed here." in wizard("--status").out
    # The same once more does the same; without the choice, all goes.
    again = wizard("--undo", "--yes", "--changed", "ours")
    assert (again.code, left) == (
        ExitCode.ROLLBACK_INCOMPLETE,
        difference(applied, here.made.system.snapshot()),
    )
    assert wizard("--undo", "--yes").code == 0
    assert untouched(here)


def test_what_an_undo_says_are_sentences_without_codes(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    wizard("--apply", "--yes", "--answers", answers)
    files, path = here.made.system.files, here.made.path
    files[path] = replace(files[path], text=files[path].text + "# mine\n")
    # The units and what comes after them cannot be taken back.
    with failing(here.made.system, range(5, 100), half_done=False):
        said = wizard("--undo", "--yes", "--changed", "ours")
    told = said.out.split("Left on this host, and why:\n")[1] + wizard("--status").out
    left = [line for line in told.splitlines() if line.startswith("  - ")]
    assert len(left) > 2
    for line in left:
        sentence, _by_hand, _commands = line.partition(" By hand: ")
        assert sentence.endswith("."), line
        assert sentence.count(path) <= 1, line
        assert "status 1" not in line
        assert "in this record" not in line
    for code in ("undo incomplete", " kept  ", "undone  ", "undoing"):
        assert code not in said.out + told
    assert "taken back  " in said.out


def test_the_original_for_all_that_somebody_changed_leaves_the_host_as_it_was(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    wizard("--apply", "--yes", "--answers", answers)
    system = here.made.system
    system.files[here.made.path] = replace(system.files[here.made.path], text="services: {}\n")
    system.networks["mastodon_ipv6"].labels.clear()
    for container in system.containers.values():
        container.networks.pop("mastodon_ipv6", None)
    said = wizard("--undo", "--yes", "--changed", "original")
    assert said.code == 0, said
    assert untouched(here)
    assert wizard("--undo", "--changed", "mine").code == ExitCode.REFUSED


def test_a_choice_that_cannot_be_noted_changes_nothing(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wizard("--apply", "--yes", "--answers", answers)
    system = here.made.system
    system.files[here.made.path] = replace(system.files[here.made.path], text="services: {}\n")
    after = system.snapshot()

    def full(self: Store, record: Record) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "save", full)
        said = wizard("--undo", "--yes", "--changed", "original")
    assert said.code == ExitCode.REFUSED
    assert "nothing was changed" in said.err
    assert not difference(after, system.snapshot())


def test_a_host_that_changed_since_exits_with_5(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(here.made.host, engine=made_up_hosts.debian14().engine)
    monkeypatch.setattr(apply_run, "look", lambda: other)
    said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.HOST_CHANGED
    assert "another plan would be made now" in said.out
    assert untouched(here)


@pytest.mark.parametrize("happens", ["edited", "removed", "no file any more"])
def test_a_compose_folder_that_changes_after_the_preview_is_left_as_it_is(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch, happens: str
) -> None:
    system, path, read = here.made.system, here.made.path, here.made.system.read
    changed = dict[str, str]()

    def look(*_: object) -> Host:
        """Look at the host for the apply, and let somebody be quicker than that."""
        file = system.files[path]
        if happens == "edited":
            system.files[path] = replace(file, text=f"{file.text}# theirs\n")
        elif happens == "removed":
            del system.files[path]
        else:

            def refuse(name: str) -> FileState | None:
                if name == path:
                    raise OSError(errno.EINVAL, "It is a pipe")
                return read(name)

            monkeypatch.setattr(system, "read", refuse)
        changed.update(system.snapshot())
        return here.made.host

    monkeypatch.setattr(apply_run, "look", look)
    said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code in (ExitCode.HOST_CHANGED, ExitCode.REFUSED), said
    assert not difference(changed, system.snapshot())


def test_a_second_run_at_the_same_time_exits_with_6(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    here.store.prepare()
    with lock.held(here.store.lock):
        said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.LOCKED
    assert "Another run of the wizard is at work" in said.out
    assert untouched(here)


def test_a_disk_that_is_full_at_the_start_is_refused(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, 1)
    said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.REFUSED
    assert "cannot be written: No space left on device. Nothing was changed." in said.out
    assert untouched(here)


def test_a_disk_that_fills_up_and_stays_full_is_rolled_back_and_said_so(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        full_disk(patched, 12)
        said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.ROLLED_BACK
    assert "The run is rolled back, but" in said.out
    assert "The run is applying" not in said.out
    assert untouched(here)
    assert wizard("--undo", "--yes").code == 0
    assert json.loads(wizard("--status", "--json").out)["state"] == "undone"


def full_disk(monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    save, count = Store.save, 0

    def saved(self: Store, record: Record) -> None:
        nonlocal count
        count += 1
        if count >= first:
            raise OSError(28, "No space left on device", str(self.path))
        save(self, record)

    monkeypatch.setattr(Store, "save", saved)


def test_a_fault_of_the_process_that_applies_is_said_in_a_sentence(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("never thought of")

    monkeypatch.setattr(journal, "check_obstacles", broken)
    said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.UNEXPECTED
    assert "The wizard has a fault: KeyError: 'never thought of'." in said.out
    # What a report needs is in the log.
    (log,) = here.store.directory.glob("*.log")
    assert "Traceback" in log.read_text()
    assert untouched(here)


def test_it_is_said_what_is_done_before_there_is_a_record(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[Progress] = []

    class Running:
        def __init__(self, log: Path) -> None:
            self.log = log

        def poll(self) -> None:
            return None

    def look(_verification: Verification) -> dict[str, object]:
        (log,) = here.store.directory.glob("*.log")
        opened = Session(here.store)
        opened._process.worker = Running(log)  # type: ignore[assignment]
        followed.append(opened.progress())
        return {}

    monkeypatch.setattr(Verification, "look", look)
    said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.DONE
    # It is looked at again once all steps are done.
    progress, last = followed
    assert progress.record is None
    # Both are done at the same time.
    assert progress.doing in (
        "Checking that nothing is in the way of the steps, or of taking them back …",
        "Looking at all that this host and its containers have now …",
    )
    assert last.record is not None
    assert last.doing == verification.CHECKING


@pytest.mark.parametrize("seconds", ["5", "100000"])
def test_a_window_that_leaves_no_time_or_too_much_is_refused_before_anything(
    here: Here, wizard: Wizard, answers: Path, seconds: str
) -> None:
    said = wizard("--apply", "--yes", "--answers", answers, "--window", seconds)
    assert said.code == ExitCode.REFUSED
    assert untouched(here)
    assert here.store.load() is None


def test_apply_without_yes_changes_nothing_and_says_how(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    said = wizard("--apply", "--answers", answers)
    assert said.code == ExitCode.REFUSED
    assert "wizard --apply --yes" in said.err
    assert untouched(here)


def test_what_stops_answering_over_ipv6_has_to_be_accepted_by_its_name(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = with_web(here.made.host)
    detects(monkeypatch, host)
    said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.REFUSED
    assert "[::]:3000/tcp (web)" in said.err
    assert f"below [choices] in {answers}" in said.err
    assert untouched(here)

    # The process that applies does not rely on who started it.
    plan = planning.plan(host, here.made.choices, here.made.inputs)
    kept = answers.parent / "others.toml"
    kept.write_text(answers.read_text())
    assert worker.main(["apply", str(kept), plan.digest]) == ExitCode.REFUSED
    assert untouched(here)

    (line,) = [each for each in said.err.splitlines() if each.startswith("accepted = ")]
    answers.write_text(f"{answers.read_text()}{line}\n")
    assert wizard("--apply", "--yes", "--answers", answers).code == ExitCode.DONE
    assert tomllib.loads(here.store.path.read_text())["choices"]["accepted"] == ["[::]:3000/tcp"]
    assert wizard("--undo", "--yes").code == ExitCode.DONE
    assert untouched(here)


def test_an_answer_for_another_port_accepts_nothing(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detects(monkeypatch, with_web(here.made.host))
    answers.write_text(f'{answers.read_text()}accepted = ["[::]:4000/tcp"]\n')
    said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.REFUSED
    assert "in place of accepted" in said.err
    assert 'accepted = ["[::]:3000/tcp", "[::]:4000/tcp"]' in said.err
    assert untouched(here)


def test_an_ordinary_user_can_look_but_not_change(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "root", False)
    said = wizard("--apply", "--yes", "--answers", answers)
    assert said.code == ExitCode.REFUSED
    assert "Only root can change this host. Nothing was changed." in said.err
    assert wizard("--plan", "--answers", answers).code == 0
    assert wizard("--detect").code == 0
    assert wizard("--status").code == 0
    assert untouched(here)
    made = list[None]()
    monkeypatch.setattr(program, "install", lambda: made.append(None))
    said = wizard("--install-program")
    assert (said.code, made) == (ExitCode.REFUSED, [])
    assert "Only root can change this host" in said.err


def test_an_ordinary_user_takes_nothing_back(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wizard("--apply", "--yes", "--answers", answers).code == 0
    applied = here.made.system.snapshot()
    monkeypatch.setattr(Session, "root", False)
    said = wizard("--undo", "--yes")
    assert said.code == ExitCode.REFUSED
    assert "Only root can change this host. Nothing was changed." in said.err
    assert not difference(applied, here.made.system.snapshot())


def test_an_ordinary_user_is_told_that_only_root_can_read_what_was_done(
    here: Here, wizard: Wizard, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here.store.directory.parent / "state-of-root").mkdir()
    monkeypatch.setattr(Session, "root", False)
    assert wizard("--plan", "--answers", answers).code == 0
    assert wizard("--detect").code == 0
    said = wizard("--status")
    assert said.code == ExitCode.REFUSED
    assert "Only root can read what the wizard did" in said.err
    assert untouched(here)


def test_the_plan_is_printed_as_a_script_and_nothing_is_changed(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    said = wizard("--plan", "--answers", answers)
    assert said.code == 0
    assert said.out.startswith("#!/bin/sh\n")
    assert "docker network create" in said.out
    assert untouched(here)
    # Without answers it is the plan for what the wizard proposes.
    proposed = wizard("--plan")
    assert proposed.code == 0
    assert "mastodon_ipv6" in proposed.out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has format None"),
        ("format = 1\n[choices]\nprefix = 'fe80::/64'\nproject='mastodon'\n", "is link-local"),
        ("format = 1\n[choices]\nproject = 'gone'\n", "no Compose project called gone"),
        ("\udce9", "cannot be read as answers"),
    ],
)
def test_answers_that_cannot_be_used_are_refused(
    here: Here, wizard: Wizard, tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    for verb in ("--plan", "--apply"):
        said = wizard(verb, "--answers", path)
        assert said.code == ExitCode.REFUSED
        assert sentence in said.err
    assert untouched(here)


@pytest.mark.parametrize("path", ["/nowhere/answers.toml", "/", "/dev/null", "/nowhere/\x1b[2J"])
def test_an_answers_file_that_is_not_there_is_refused(
    here: Here, wizard: Wizard, path: str
) -> None:
    said = wizard("--plan", "--answers", path)
    assert said.code == ExitCode.REFUSED
    assert "cannot be read as answers" in said.err


@pytest.mark.parametrize("text", ["", "garbage", "format = 9\n"])
def test_a_record_that_cannot_be_read_is_refused_by_every_verb_that_needs_it(
    here: Here, wizard: Wizard, answers: Path, text: str
) -> None:
    here.store.prepare()
    here.store.path.write_text(text)
    for words in (["--status"], ["--undo", "--yes"], ["--check"], ["--apply", "--yes"]):
        said = wizard(*words, "--answers", answers)
        assert said.code == ExitCode.REFUSED, words
        assert "Nothing was changed." in said.err
    assert here.store.path.read_text() == text
    assert untouched(here)


@pytest.mark.parametrize("words", [["--undo"], ["--undo", "--yes"], ["--check"]])
def test_without_a_record_there_is_nothing_to_do(
    here: Here, wizard: Wizard, words: list[str]
) -> None:
    said = wizard(*words)
    assert said.code == ExitCode.REFUSED
    assert said.err.startswith("There is nothing to")


def test_without_a_record_the_status_says_so(here: Here, wizard: Wizard) -> None:
    assert wizard("--status") == Said(0, "The wizard has done nothing on this host.\n", "")
    assert wizard("--status", "--json").out == "null\n"


def test_a_target_that_is_no_address_is_refused(here: Here, wizard: Wizard) -> None:
    for target in ("192.0.2.1", "example.org", "\x1b[2J", "fe80::1::"):
        said = wizard("--check", "--target", target)
        assert said.code == ExitCode.REFUSED
        assert "is not an IPv6 address, such as" in said.err
        assert said.err.rstrip().endswith("Nothing was changed.")


def test_the_target_that_is_named_is_whom_the_plan_means(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    said = wizard("--plan", "--answers", answers, "--target", "2001:db8:ffff::53")
    assert said.code == 0
    assert "whether 2001:db8:ffff::53 answers" in said.out.replace("\n# ", " ")


def test_the_host_is_told_in_words_and_as_json(here: Here, wizard: Wizard) -> None:
    assert "Debian GNU/Linux 12" in wizard("--detect").out
    assert json.loads(wizard("--detect", "--json").out)["debian"]["version"] == 12


def test_what_is_in_the_way_is_named_by_its_cause_and_explained(
    here: Here, wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    detects(monkeypatch, made_up_hosts.no_docker())
    (problem,) = json.loads(wizard("--detect", "--json").out)["problems"]
    assert problem["cause"] == "docker-not-installed"
    planned = wizard("--plan", "--json")
    assert planned.code == ExitCode.REFUSED
    assert json.loads(planned.out) == {"problems": [problem]}
    assert "wizard --explain docker-not-installed" in wizard("--plan").err
    explained = wizard("--explain", problem["cause"])
    assert explained.code == ExitCode.DONE
    assert problem["sentence"] in " ".join(explained.out.split())
    assert "\n  apt install docker.io docker-compose\n" in explained.out
    assert "not in the way on this host now" in wizard("--explain", "podman").out
    unknown = wizard("--explain", "gremlins\x1b[2J")
    assert unknown.code == ExitCode.REFUSED
    assert "wizard --explain without a name" in unknown.err


def test_the_list_of_pages_needs_no_look_at_the_host(
    wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*_: object, **__: object) -> Host:
        raise AssertionError("nobody is asked")

    monkeypatch.setattr(detectors, "detect", look)
    said = wizard("--explain")
    assert said.code == ExitCode.DONE
    assert "docker-not-installed  Docker is not installed" in said.out


def test_a_plan_as_json_has_its_steps_with_their_commands(
    here: Here, wizard: Wizard, answers: Path
) -> None:
    said = wizard("--plan", "--json", "--answers", answers)
    assert said.code == ExitCode.DONE
    table = json.loads(said.out)
    made = here.made.plan()
    assert table["problems"] == []
    assert table["digest"] == made.digest
    assert [each["title"] for each in table["steps"]] == [step.title for step in made.steps]
    assert [tuple(each["commands"]) for each in table["steps"]] == [
        step.commands for step in made.steps
    ]
    assert untouched(here)


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        (made_up_hosts.no_docker(), "Docker is not installed on this host"),
        (made_up_hosts.not_root(), "closed to this user"),
        (made_up_hosts.debian12(projects=()), "No Compose project runs on this host"),
        (made_up_hosts.debian12(projects=Unknown("Docker hangs.")), "Docker hangs."),
    ],
)
def test_a_host_without_what_is_needed_is_refused(
    here: Here, wizard: Wizard, monkeypatch: pytest.MonkeyPatch, host: Host, sentence: str
) -> None:
    detects(monkeypatch, host)
    for words in (["--plan"], ["--apply", "--yes"]):
        said = wizard(*words)
        assert said.code == ExitCode.REFUSED
        assert sentence in said.err
    assert wizard("--detect").code == 0


@pytest.mark.parametrize("words", [[], ["--resume"]])
def test_the_screens_are_refused_where_there_is_no_terminal(
    here: Here, wizard: Wizard, words: list[str]
) -> None:
    said = wizard(*words)
    assert said.code == ExitCode.REFUSED
    assert "needs a terminal" in said.err
    assert "ssh -t" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["--nonsense"],
        ["nonsense"],
        ["--undo", "--apply"],
        ["--status", "--check"],
        ["--answers"],
        ["--rehearse", "--debian", "11"],
        ["--rehearse", "--debian", "trixie"],
        ["--rehearse", "--router", "cheap"],
        ["--rehearse"],  # No terminal.
        ["--stat"],
    ],
)
def test_arguments_that_make_no_sense_exit_with_2(wizard: Wizard, words: list[str]) -> None:
    said = wizard(*words)
    assert said.code == 2
    assert "Nothing was changed." in said.err
    assert said.out == ""


@pytest.mark.parametrize("router", ROUTERS)
def test_every_kind_of_router_can_be_named(wizard: Wizard, router: str) -> None:
    assert "A rehearsal needs a terminal" in wizard("--rehearse", "--router", router).err


@pytest.mark.parametrize("more", [["--router", "routed"], ["--debian", "12"]])
def test_nothing_is_removed_where_a_machine_is_described(
    wizard: Wizard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    monkeypatch.setenv("DOCKER_IPV6_WIZARD_CACHE", str(tmp_path))
    (tmp_path / "debian-12-0").mkdir()
    said = wizard("--rehearse", "--clean", *more)
    assert said.code == 2
    assert "do nothing with it" in said.err
    assert (tmp_path / "debian-12-0").is_dir()


@pytest.mark.parametrize(
    ("words", "option", "belongs"),
    [
        (["--status", "--window", "5", "--target", "nonsense"], "--window", "--apply"),
        (["--status", "--target", "nonsense"], "--target", "--check"),
        (["--window", "300"], "--window", "--apply"),
        (["--detect", "--target", "2001:db8::1"], "--target", "--plan"),
        (["--keep", "--json"], "--json", "--status"),
        (["--explain", "--json"], "--json", "--status"),
        (["--keep", "--yes"], "--yes", "--undo"),
        (["--apply", "--yes", "--changed", "keep"], "--changed", "--undo"),
        (["--check", "--answers", "/x"], "--answers", "--apply"),
        (["--undo", "--teller", "2001:db8::1"], "--teller", "--check"),
        (["--status", "--debian", "12"], "--debian", "--rehearse"),
        (["--check", "--router", "none"], "--router", "--rehearse"),
    ],
)
def test_an_option_that_does_nothing_with_the_verb_is_refused(
    here: Here, wizard: Wizard, words: list[str], option: str, belongs: str
) -> None:
    said = wizard(*words)
    assert said.code == ExitCode.REFUSED
    assert said.err.startswith(f"{option} does nothing with ")
    assert belongs in said.err
    assert said.out == ""
    assert not here.store.directory.exists()


@pytest.mark.parametrize("verb", ["--keep", "--status", "--check", "--undo", "--detect", "--plan"])
def test_asking_makes_nothing_on_a_host_where_the_wizard_has_done_nothing(
    here: Here, wizard: Wizard, verb: str
) -> None:
    assert wizard(verb).code in (ExitCode.DONE, ExitCode.REFUSED)
    assert not here.store.directory.exists()
    assert untouched(here)


def test_a_fault_is_said_in_a_sentence_and_exits_with_1(
    here: Here, wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(as_json: bool) -> str:
        raise ZeroDivisionError("by \x1b[2J zero")

    monkeypatch.setattr(verbs, "detect", broken)
    said = wizard("--detect")
    assert said.code == ExitCode.UNEXPECTED
    assert said.err.startswith(r"The wizard has a fault: ZeroDivisionError: by \x1b[2J zero.")


def test_a_stop_by_the_keyboard_says_that_a_run_goes_on(
    here: Here, wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(as_json: bool) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(verbs, "detect", stopped)
    said = wizard("--detect")
    assert said.code == ExitCode.UNEXPECTED
    assert "continues" in said.err


def test_the_exit_codes_are_the_numbers_that_scripts_rely_on() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "UNEXPECTED": 1,
        "REFUSED": 2,
        "ROLLED_BACK": 3,
        "ROLLBACK_INCOMPLETE": 4,
        "HOST_CHANGED": 5,
        "LOCKED": 6,
        "NOT_PASSING": 7,
        "NOT_AS_SET_UP": 8,
    }


def test_every_state_that_a_run_can_end_in_has_an_exit_code() -> None:
    assert set(journal.EXIT_CODES) == {state for state in State if not state.moving}


def test_a_run_whose_process_died_is_told_as_such(here: Here, wizard: Wizard) -> None:
    here.store.prepare()
    journal.begin(here.made.plan(), {}, here.store)
    said = wizard("--status").out
    assert "Its process has died. wizard --undo takes back what it had begun." in said
    progress = Session().progress()
    assert progress.ended == ExitCode.UNEXPECTED
    assert "wizard --undo" in progress.complaint


def real(*arguments: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, "-m", "wizard", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": "/nonexistent"},
    )


@pytest.mark.parametrize(("words", "code"), [([], 2), (["--nonsense"], 2), (["--version"], 0)])
def test_the_real_program_exits_without_a_traceback(words: list[str], code: int) -> None:
    done = real(*words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("elsewhere", ["stdin", "stdout", "stderr", "nothing"])
def test_the_screens_open_where_all_three_streams_are_a_terminal(
    here: Here, wizard: Wizard, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    monkeypatch.setattr(screens_app, "run_app", lambda *_: ExitCode.NOT_PASSING)
    without = wizard("--undo")
    monkeypatch.setenv("TERM", "xterm")
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda name=name: name != elsewhere)
    if elsewhere == "nothing":
        assert wizard().code == wizard("--undo").code == ExitCode.NOT_PASSING
        return
    said = wizard()
    assert said.code == ExitCode.REFUSED
    assert "with nothing led elsewhere by <, >, 2> or |" in " ".join(said.err.split())
    assert wizard("--undo").code == without.code != ExitCode.NOT_PASSING


def test_where_standard_error_is_closed_no_screen_opens(
    here: Here, wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screens_app, "run_app", lambda *_: ExitCode.NOT_PASSING)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", None)
    assert wizard().code == ExitCode.REFUSED


def test_help_names_every_verb_and_loads_nothing_heavy() -> None:
    done = real("--help", python=("-X", "importtime"))
    assert done.returncode == 0
    for verb in ("resume", "undo", "check", "status", "detect", "plan", "apply", "rehearse"):
        assert f"--{verb}" in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "wizard.cli" in loaded
    for heavy in ("textual", "rich", "docker", "pyroute2", "yaml", "subprocess", "asyncio"):
        assert not any(each == heavy or each.startswith(f"{heavy}.") for each in loaded), heavy
    ours = {each for each in loaded if each.startswith(("wizard", "screens"))}
    assert ours <= {
        "wizard",
        "wizard.__main__",
        "wizard.arguments",
        "wizard.cli",
        "wizard.platform",
        "wizard.platform.errors",
        "wizard.platform.streams",
        "wizard.platform.variables",
        "wizard.printing",
    }


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], ExitCode.DONE),
        (["--version"], ExitCode.DONE),
        (["--explain"], ExitCode.DONE),
        (["--detect", "--yes"], ExitCode.REFUSED),
    ],
)
def test_where_nobody_reads_any_more_the_exit_code_says_the_same(
    words: list[str], code: ExitCode, unbuffered: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "wizard", *words],
            cwd=ROOT,
            stdout=writing,
            stderr=writing if code else subprocess.PIPE,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr or "") == (code, "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "code"), [("--version", 0), ("--explain", 0), ("--explain nonsense", 2), ("--ask", 2)]
)
def test_with_streams_that_are_closed_the_exit_code_says_the_same(
    closed: str, words: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    line = f"exec {sys.executable} -m wizard {words} {closed}"
    done = subprocess.run(
        ["sh", "-c", line], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert done.returncode == code, done.stderr
    assert b"fault" not in done.stderr


def test_what_cannot_be_written_is_said_and_is_no_success() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "wizard", "--explain"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == ExitCode.UNEXPECTED
    assert "cannot be written: No space left on device." in done.stderr
    assert "fault" not in done.stderr


def test_status_promises_no_taking_back_that_should_have_been(
    here: Here, answers: Path, wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    wizard("--apply", "--yes", "--window", "60", "--answers", answers)
    assert "It is taken back at" in wizard("--status").out
    monkeypatch.setattr(window, "boot", lambda: "another")
    said = wizard("--status").out
    assert "It is taken back at" not in said
    assert "wizard --undo" in said


def test_a_guard_that_cannot_work_rests_before_it_is_started_again(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr(worker, "_rest", lambda cancelled: rests.append(worker.REST))
    here.store.prepare()
    here.store.path.write_text("garbage")
    here.store.path.chmod(0o600)
    for words, rested in ((["run"], 1), (["run", "now"], 1), (["run", "early"], 1)):
        assert worker.main(["revert", *words]) == ExitCode.REFUSED
        assert len(rests) == rested


VERBS = (
    ("--detect",),
    ("--detect", "--json"),
    ("--plan",),
    ("--plan", "--json"),
    ("--explain",),
    ("--explain", "no-way-out"),
    ("--apply",),
    ("--apply", "--yes"),
    ("--status",),
    ("--status", "--json"),
    ("--check",),
    ("--check", "--json"),
    ("--keep",),
    ("--resume",),
    ("--undo",),
    ("--undo", "--yes"),
    ("--status",),
)
ESCAPES = "\x1b[2J\x1b]0;owned\x07\u202e\u200f\u2028\x9b31m\r[bold]"


@pytest.mark.parametrize("fails", [False, True], ids=["Docker works", "Docker fails"])
def test_no_verb_lets_what_the_host_says_command_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wizard: Wizard, fails: bool
) -> None:
    host = made_up_hosts.hostile_names()
    assert not isinstance(host.projects, Unknown)
    project = host.projects[1]
    # Compose takes no service of such a name.
    web = replace(project.containers[0], service="web")
    project = replace(project, files=project.files[:1], containers=(web,))
    host = replace(host, projects=(project,))
    text = 'services:\n  web:\n    image: "\\e[2Jmastodon"\n    labels: {"a\\e": "\\x9b"}\n'
    here = stand(deployment(host, text, services=("web",)), tmp_path, monkeypatch)
    answers = tmp_path / "answers.toml"
    answers.write_text(answers_file.dumps(here.made.choices))
    judged(
        monkeypatch,
        Refused(f"Docker said {clean_line(ESCAPES)}.") if fails else judge([GOOD], Choices(), []),
    )
    system, run = here.made.system, here.made.system.run

    def refuse(argv: Sequence[str], stdin: str = "") -> Result:
        """Refuse the network, with words that attack."""
        return Result(1, ESCAPES) if tuple(argv[1:3]) == ("network", "create") else run(argv, stdin)

    if fails:
        monkeypatch.setattr(system, "run", refuse)
    codes = []
    for words in VERBS:
        named = ("--answers", answers) if words[0] in ("--plan", "--apply") else ()
        said = wizard(*words, *named)
        codes.append((*words, said.code))
        commanding = {
            each
            for each in said.out + said.err
            if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") and each not in "\n\t"
        }
        assert not commanding, words
        if "--json" in words and said.out:
            json.loads(said.out)
    assert ("--apply", "--yes", ExitCode.ROLLED_BACK if fails else ExitCode.DONE) in codes
    assert untouched(here)
