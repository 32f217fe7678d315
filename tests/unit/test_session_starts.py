"""What a session has the process do that changes the host, and for whom."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import Deployment, deployment
from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.answers.projects import project_of
from wizard.platform.asked_once import asked_once
from wizard.platform.errors import Refused
from wizard.platform.system import Result
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import journal, lock, reversible, set_ups, undoing
from wizard.run.process import RunProcess
from wizard.run.repairing import Repair
from wizard.session import Session
from wizard.steps.comparing import Resolution
from wizard.steps.compose_file import ComposeFile


@dataclass
class Here:
    """A session on a made-up host, and what processes it starts, each with where its record is."""

    session: Session
    made: Deployment
    started: list[tuple[type[Store], tuple[str, ...]]] = field(default_factory=list)

    @property
    def words(self) -> tuple[str, ...]:
        """What the last one is told."""
        return self.started[-1][1]

    def kept(self, state: State = State.APPLIED, window: int = 0) -> Record:
        record = journal.begin(self.made.plan(), {}, self.session.store)
        record.state, record.window = state, window
        self.session.store.save(record)
        return record


@pytest.fixture
def here(store: Store, monkeypatch: pytest.MonkeyPatch) -> Here:
    made = deployment()
    place = Here(Session(store, made.system), made)

    def start(self: RunProcess, *arguments: str) -> None:
        place.started.append((type(self._store), arguments))

    monkeypatch.setattr(RunProcess, "start", start)
    monkeypatch.setattr(Session, "root", True)
    monkeypatch.setattr(Session, "look", lambda self: made.host)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return place


def test_an_apply_reads_the_answers_of_the_plan_and_waits_where_somebody_is_to_answer(
    here: Here,
) -> None:
    plan = replace(here.made.plan(), choices=replace(here.made.choices, window=333))
    here.session.start_apply(plan)
    verb, answers, digest = here.words
    assert (verb, digest) == ("apply", plan.digest)
    assert answers_file.loads(Path(answers).read_text()) == plan.choices
    here.session.start_apply(plan, ask=True)
    assert here.words[3:] == ("333",)
    here.session.start_apply(plan, ask=True, seconds=60)
    assert here.words[3:] == ("60",)
    here.session.start_apply(plan, seconds=60)
    assert here.words[3:] == ("60",)


def test_what_is_done_to_start_it_is_told_whoever_follows_that(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_arguments: object, say: Callable[[str], None]) -> None:
        say("Copying …")

    monkeypatch.setattr("wizard.session.process.start.start", started)
    made, said = deployment(), list[str]()
    session = Session(store, made.system)
    session.start_apply(made.plan())
    assert said == []
    session.say = said.append
    session.start_apply(made.plan())
    session.start_change(made.plan())
    assert said == ["Copying …"] * 2


def test_a_host_is_looked_at_for_whom_it_is_to_reach(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[tuple[float, IPv6Address | None]]()
    monkeypatch.setattr(
        "wizard.session.detectors.detect", lambda _found, wait, target: asked.append((wait, target))
    )
    answers, typed = IPv6Address("2001:db8::a"), IPv6Address("2001:db8::b")
    here.session.detect()
    here.session.answers.save(replace(here.made.choices, target=answers))
    here.session.detect()
    here.session.detect(target=typed)
    here.session.detect(lambda _name, _part: None)
    assert [target for _wait, target in asked] == [None, answers, typed, answers]
    # Nobody sees what is there already, so a busy host has more time.
    assert asked[0][0] == asked[1][0] > asked[3][0]


def test_the_router_is_watched_with_whom_the_answers_name(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[list[IPv6Address]]()
    monkeypatch.setattr(
        "wizard.session.upstream.probe_upstream",
        lambda _uplink, _unused, targets: asked.append(targets),
    )
    target = IPv6Address("2001:db8::a")
    here.session.answers.save(replace(here.made.choices, target=target))
    here.session.probe_upstream(IPv6Network("2001:db8:1:2:1::/80"), made_up_hosts.debian12())
    assert asked[0][0] == target


def test_what_others_need_is_known_to_root_alone(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = list[object]()
    monkeypatch.setattr(set_ups, "others_than_of", lambda _store, name: ("others than of", name))
    monkeypatch.setattr(
        "wizard.session.plan_inputs.read_project",
        lambda _system, _project, beside: read.append(beside),
    )
    project = project_of(here.made.host, here.made.choices)
    here.session.read_project(project)
    monkeypatch.setattr(Session, "root", False)
    here.session.read_project(project)
    assert read == [("others than of", project.name), ()]


def test_what_was_chosen_for_an_undo_is_in_the_record_before_it_begins(here: Here) -> None:
    record = here.kept()
    number = record.steps[-1].number
    here.session.start_undo({number: {"thing": Resolution.ORIGINAL}})
    assert here.started == [(Store, ("undo", record.id))]
    noted = here.session.store.load()
    assert noted is not None
    assert noted.steps[-1].choices == {"thing": "original"}


def test_a_repair_has_its_record_beside_and_one_that_plans_anew_is_a_change(here: Here) -> None:
    record = here.kept()
    plan = here.made.plan()
    here.session.start_repair(Repair(plan, ()), Resolution.OURS)
    assert here.started[-1] == (RepairStore, ("repair", record.id, "ours", plan.digest))
    here.session.start_repair(Repair(plan, ()), seconds=90)
    assert here.words == ("repair", record.id, "keep", plan.digest, "90")
    followed = here.session.start_repair(Repair(plan, (), answers=plan.choices), seconds=90)
    assert isinstance(followed.store, RepairStore)
    verb, answers, *rest = here.words
    assert (verb, rest) == ("change", [plan.digest, "90"])
    assert answers_file.loads(Path(answers).read_text()) == plan.choices
    # The answers of the run are as they were, for what it is changed to may not be kept.
    assert here.session.answers.load() is None


def test_a_change_whose_answers_cannot_be_written_is_not_begun(here: Here) -> None:
    here.kept()
    here.session.store.wanted.mkdir()
    with pytest.raises(Refused, match=r"cannot be written. Nothing was changed"):
        here.session.start_change(here.made.plan())
    assert here.started == []


def test_a_change_that_is_not_settled_is_what_is_taken_back(here: Here) -> None:
    record = here.kept()
    with pytest.raises(Refused, match="nothing to take back"):
        here.session.start_change_back()
    beside = RepairStore(here.session.store.directory)
    change = journal.begin(here.made.plan(), {}, beside, record.id)
    change.state = State.UNCONFIRMED
    beside.save(change)
    here.session.start_change_back()
    assert here.started == [(RepairStore, ("revert", change.id, "now"))]


def test_back_without_waiting_is_of_the_run_that_waits(here: Here) -> None:
    with pytest.raises(Refused, match="nothing to take back"):
        here.session.awaited.revert_now()
    record = here.kept(State.UNCONFIRMED)
    here.session.awaited.revert_now()
    assert here.started == [(Store, ("revert", record.id, "now"))]


@pytest.mark.parametrize(
    ("asked", "window", "given"), [(None, 450, 450), (60, 450, 60), (None, 0, Choices.window)]
)
def test_more_time_is_as_much_as_there_was(
    here: Here, monkeypatch: pytest.MonkeyPatch, asked: int | None, window: int, given: int
) -> None:
    here.kept(State.UNCONFIRMED, window)
    extended = list[int]()
    monkeypatch.setattr(
        "wizard.awaited.revert.extend", lambda _store, _guard, seconds: extended.append(seconds)
    )
    here.session.awaited.extend(asked)
    assert extended == [given]


FOR_ROOT: dict[str, Callable[[Here], object]] = {
    "keep": lambda here: here.session.awaited.keep(),
    "more time": lambda here: here.session.awaited.extend(),
    "back": lambda here: here.session.awaited.revert_now(),
    "repair": lambda here: here.session.repair(),
    "change": lambda here: here.session.change(here.made.choices),
    "files": lambda here: here.session.read_without(
        project_of(here.made.host, here.made.choices), here.kept()
    ),
    "change back": lambda here: here.session.start_change_back(),
    "check": lambda here: here.session.judge(),
    "watch the router": lambda here: here.session.probe_upstream(
        IPv6Network("2001:db8::/80"), made_up_hosts.debian12()
    ),
}


@pytest.mark.parametrize("what", FOR_ROOT)
def test_only_root_may(here: Here, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    record = here.kept(State.APPLIED if what == "check" else State.UNCONFIRMED)
    monkeypatch.setattr(Session, "root", False)

    def touched(*_: object, **__: object) -> Any:
        raise AssertionError("It was begun.")

    monkeypatch.setattr("wizard.session.upstream.probe_upstream", touched)
    monkeypatch.setattr("wizard.session.checking.check", touched)
    with pytest.raises(Refused, match="Only root"):
        FOR_ROOT[what](here)
    assert here.started == []
    if what != "files":
        assert here.session.store.load() == record


def test_why_nothing_can_be_applied_is_said_for_who_asks(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.session.why_not_apply() is None
    with lock.held(here.session.store.lock):
        assert here.session.is_running()
        assert here.session.why_not_apply() == set_ups.AT_WORK
    monkeypatch.setattr(Session, "root", False)
    assert "cannot be kept" in str(here.session.why_not_apply())
    here.session.answers.save(here.made.choices)
    assert str(here.session.store.answers) in str(here.session.why_not_apply())


def test_the_preview_of_a_second_undo_is_of_what_the_first_leaves(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, asked = here.kept(), list[tuple[str, ...]]()
    monkeypatch.setattr(set_ups, "others", lambda _store, *but: asked.append(but))
    monkeypatch.setattr(undoing, "preview", lambda *_: None)
    here.session.undo_preview(None, first, ["another"])
    assert asked == [(first.id, "another")]


def moved(made: Deployment, path: Path) -> Any:
    """The plan of a deployment whose one file is at another place."""
    plan = made.plan()
    (step,) = [each for each in plan.steps if isinstance(each, ComposeFile)]
    return replace(plan, steps=(replace(step, path=str(path)),))


def test_a_folder_that_cannot_be_written_is_seen_before_anything_is_changed(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, opened = tmp_path / "closed", tmp_path / "opened"
    for each in (closed, opened):
        each.mkdir()
    (opened / "led").symlink_to(closed / "compose.yml")
    asked = list[Path]()

    def access(path: Path, mode: int) -> bool:
        assert mode == os.W_OK
        asked.append(path)
        return path != closed

    monkeypatch.setattr(os, "access", access)
    reversible.check_places(moved(here.made, opened / "compose.yml"))
    # What is not there yet is made in the nearest folder that is.
    reversible.check_places(moved(here.made, opened / "new" / "deep" / "compose.yml"))
    assert asked == [opened, opened]
    # What counts is where a link leads.
    for path in (closed / "compose.yml", opened / "led", closed / "new" / "compose.yml"):
        with pytest.raises(Refused, match="closed cannot be written") as refused:
            reversible.check_places(moved(here.made, path))
        assert str(refused.value).startswith("Nothing was changed")


def test_who_looks_asks_the_same_thing_once_and_changes_nothing_by_it() -> None:
    class Counting:
        def __init__(self) -> None:
            self.asked = list[tuple[tuple[str, ...], str]]()

        def run(self, argv: tuple[str, ...], stdin: str = "") -> Result:
            self.asked.append((tuple(argv), stdin))
            return Result(0, f"{len(self.asked)}")

        def read(self, path: str) -> str:
            return path

    host = Counting()
    once: Any = asked_once(host)  # type: ignore[arg-type]
    said = [once.run(("a", "b")).output for _ in range(2)]
    said += [once.run(("a", "b"), stdin).output for stdin in ("x", "y", "x")]
    assert said == ["1", "1", "2", "3", "2"]
    assert host.asked == [(("a", "b"), ""), (("a", "b"), "x"), (("a", "b"), "y")]
    assert once.read("/etc/hosts") == "/etc/hosts"
