"""One step that cannot be taken back, whatever it meets, keeps none of the others."""

import copy
import os
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import claimant, deployment
from tests.made_up_system import MadeUpSystem, difference
from tests.unit.test_compose_read import merges, nested_by_aliases, nested_in_keys
from wizard import cli, session
from wizard.platform.errors import ExitCode, StepFailed
from wizard.platform.files import temporary_beside
from wizard.platform.system import RealSystem, Result
from wizard.record import tables
from wizard.record.record import Record, State, StepRecord, StepState
from wizard.record.store import Store
from wizard.record.toml_text import dumps, loads
from wizard.run import guard, journal, start, worker
from wizard.run.cancelled import Cancelled
from wizard.session import Session
from wizard.steps import kinds
from wizard.steps.before import Before
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.sysctl import Sysctl

Table = dict[str, Any]


@dataclass
class Applied:
    """A host that a run has changed."""

    system: MadeUpSystem
    store: Store
    before: dict[str, str]
    path: str

    def record(self) -> Record:
        found = self.store.load()
        assert found is not None
        return found

    def spoil(self, kind: str, damage: Callable[[Table], None]) -> Table:
        """Damage what the record says of a step, and return the record as it was."""
        whole = tomllib.loads(self.store.path.read_text())
        table = copy.deepcopy(whole)
        damage(next(step for step in table["steps"] if step["kind"] == kind))
        self.put(table)
        return whole

    def put(self, table: Table) -> None:
        # The step's own tables come as they are.
        steps = [StepRecord(**step) for step in table["steps"]]
        self.store.path.write_text(dumps(Record(**(table | {"steps": steps}))))

    def mend(self, whole: Table) -> None:
        """Let the steps say again what they said, and leave how they stand."""
        table = tomllib.loads(self.store.path.read_text())
        for step, was in zip(table["steps"], whole["steps"], strict=True):
            step |= {key: was[key] for key in ("kind", "parameters", "before", "undo", "choices")}
        self.put(table)

    def changed(self) -> set[str]:
        """What of the host is not as it was: by the kinds of steps that answer for it."""
        return {claimant(key) for key in difference(self.before, self.system.snapshot())}


@pytest.fixture
def applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Applied:
    made = deployment(made_up_hosts.debian13())
    system, store = copy.deepcopy(made.system), Store(tmp_path / "state")
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(journal, "LAST_SAVES", (0.0,))
    monkeypatch.setattr(Session, "root", True)
    monkeypatch.setattr(session, "state_directory", lambda: store.directory)
    monkeypatch.setattr(session, "RealSystem", lambda: system)
    monkeypatch.setattr(worker, "RealSystem", lambda: system)
    monkeypatch.setattr(worker, "Store", lambda: store)
    monkeypatch.setattr(Cancelled, "listen", lambda self: None)
    monkeypatch.setattr(guard, "choose", lambda *_: guard.Unguarded())
    monkeypatch.setattr(guard, "announce", lambda *_: None)
    monkeypatch.setattr(worker, "REST", 0.0)
    store.prepare()
    before, plan = system.snapshot(), made.plan()
    record = journal.begin(plan, {}, store)
    journal.apply(plan, record, system, store, lambda: False)
    assert record.state is State.APPLIED
    return Applied(system, store, before, made.path)


def _set(*path: str | int, to: Any) -> Callable[[Table], None]:
    def damage(step: Table) -> None:
        place: Any = step
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return damage


def _without(*path: str | int) -> Callable[[Table], None]:
    def damage(step: Table) -> None:
        place: Any = step
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]

    return damage


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(200):
        value = [value]
    return value


DAMAGES: dict[str, tuple[str, Callable[[Table], None]]] = {
    "live values that are no pairs": ("sysctl", _set("before", "live", to=[["a"]])),
    "no live values": ("sysctl", _without("before", "live")),
    "a parameter missing": ("sysctl", _without("parameters", "values")),
    "a parameter of another form": ("sysctl", _set("parameters", "values", to="abc")),
    "a parameter too many": ("sysctl", _set("parameters", "more", to=1)),
    "a file without its text": ("compose-file", _without("before", "files", 0, "text")),
    "a file with a text that is a number": (
        "compose-file",
        _set("before", "files", 0, "text", to=3),
    ),
    "a file that was there and was not": (
        "compose-file",
        _set("before", "files", 0, "exists", to=False),
    ),
    "no file": ("compose-file", _set("before", "files", to=[])),
    "files that are none": ("compose-file", _set("before", "files", to=[1, "a"])),
    "no state of before": ("compose-file", _set("before", to={})),
    "a state of before that is nested deep": ("compose-file", _set("before", to={"files": deep()})),
    "another file": ("compose-file", _set("before", "files", 0, "path", to="/etc/other")),
    "containers that are no three words": ("attach", _set("parameters", "containers", to=[["a"]])),
    "a network that is a number": ("docker-network", _set("parameters", "network", to=7)),
    "no parameters": ("docker-network", _set("parameters", to={})),
    "a kind that nobody knows": ("ip6tables", _set("kind", to="teleport")),
    "no tables": ("ip6tables", _without("before", "tables")),
    "a unit with no path": ("systemd-unit", _set("parameters", "path", to=["a"])),
}
every_damage = pytest.mark.parametrize(
    ("kind", "damage"), DAMAGES.values(), ids=[name.replace(" ", "-") for name in DAMAGES]
)

# What stays keeps what it stands on: a container its network, a unit its rules.
STANDS_ON = {
    "attach": {"docker-network", "sysctl"},
    "compose-file": {"docker-network", "sysctl"},
    "docker-network": {"sysctl"},
    "filter-service": {"ip6tables"},
    "systemd-unit": {"ip6tables"},
}


def others_are_back(applied: Applied, kind: str, record: Record) -> None:
    """See that only one step, and what stands under it, is on the host, and that this is said."""
    allowed = {kind, *STANDS_ON.get(kind, ())}
    assert applied.changed() <= allowed
    hindered = [step for step in record.steps if step.left]
    for said in (each for step in hindered for each in step.left):
        assert "By hand: " in said or "stay" in said, said
        assert "has a fault" not in said
    assert record.state in (State.UNDO_INCOMPLETE, State.ROLLBACK_INCOMPLETE)
    assert {step.state for step in record.steps} == {StepState.KEPT, StepState.UNDONE}
    assert journal.EXIT_CODES[record.state] == ExitCode.ROLLBACK_INCOMPLETE


@every_damage
def test_undo_takes_the_others_back_and_goes_on_once_the_record_is_mended(
    applied: Applied,
    kind: str,
    damage: Callable[[Table], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = applied.spoil(kind, damage)
    ended: list[int] = []

    class Ran:
        log, unit = applied.store.directory / "apply.log", ""

        def poll(self) -> int:
            return ended[-1]

    def run(_store: Store, *words: str, **_how: object) -> Ran:
        ended.append(worker.main(words))
        return Ran()

    monkeypatch.setattr(start, "start", run)
    assert cli.main(["--undo", "--yes"]) == ExitCode.ROLLBACK_INCOMPLETE
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    assert "has a fault" not in said.err + said.out
    assert "Left on this host, and why:" in said.out
    assert "wizard --undo tries that again" in said.out
    others_are_back(applied, kind, applied.record())
    assert cli.main(["--status"]) == ExitCode.DONE
    assert applied.record().left[0] in capsys.readouterr().out

    # Nothing more is done while the cause is there, and all of it once it has gone.
    left = applied.system.snapshot()
    assert cli.main(["--undo", "--yes"]) == ExitCode.ROLLBACK_INCOMPLETE
    assert applied.system.snapshot() == left
    applied.mend(whole)
    assert cli.main(["--undo", "--yes"]) == ExitCode.DONE
    assert applied.record().state is State.UNDONE
    assert difference(applied.before, applied.system.snapshot()) == set()


@every_damage
def test_the_guard_takes_the_others_back_too(
    applied: Applied, kind: str, damage: Callable[[Table], None]
) -> None:
    record = applied.record()
    record.state = State.UNCONFIRMED
    applied.store.save(record)
    applied.spoil(kind, damage)
    assert worker.main(("revert", record.id, "early")) == ExitCode.DONE
    assert worker.main(("revert", record.id)) == ExitCode.DONE
    ended = applied.record()
    others_are_back(applied, kind, ended)
    assert ended.state is State.ROLLBACK_INCOMPLETE
    assert "restarted before somebody said keep" in ended.error


@pytest.mark.parametrize("error", [RecursionError(), MemoryError(), KeyError("a"), OSError(5, "b")])
@pytest.mark.parametrize("where", ["compare", "take_back"])
def test_whatever_a_step_raises_the_others_are_taken_back(
    applied: Applied, error: Exception, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    for step in (ComposeFile, DockerNetwork, Sysctl):
        with monkeypatch.context() as patch:
            patch.setattr(step, where, broken)
            assert worker.main(("undo",)) == ExitCode.ROLLBACK_INCOMPLETE
        if step is ComposeFile:
            others_are_back(applied, step.kind, applied.record())
    assert worker.main(("undo",)) == ExitCode.DONE
    assert difference(applied.before, applied.system.snapshot()) == set()


BOMBS = {
    "aliases in aliases": nested_by_aliases(1500),
    "aliases in keys": nested_in_keys(500),
    "merges": merges(2000),
    "services that extend one another": "services:\n  s0: {image: x}\n"
    + "".join(f"  s{n}: {{extends: s{n - 1}}}\n" for n in range(1, 3000)),
    "not YAML": "[" * 5000,
    "nothing": "",
}


@pytest.mark.parametrize("added", [False, True], ids=["alone", "below ours"])
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_whatever_a_compose_file_says_the_others_are_taken_back(
    applied: Applied, bomb: str, added: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    now = applied.system.files[applied.path]
    theirs = replace(now, text=f"{now.text}{bomb}" if added else bomb)
    applied.system.files[applied.path] = theirs
    assert cli.main(["--undo"]) == ExitCode.REFUSED  # It only looks, for want of --yes.
    code = worker.main(("undo",))
    assert "has a fault" not in capsys.readouterr().err
    assert applied.changed() <= {"compose-file", "docker-network", "sysctl"}
    if code == ExitCode.ROLLBACK_INCOMPLETE:
        assert applied.system.files[applied.path] == theirs
        assert applied.path in "".join(applied.record().left)
        applied.system.files[applied.path] = now
        code = worker.main(("undo",))
    assert code == ExitCode.DONE
    assert applied.changed() <= {"compose-file"}


def test_a_service_that_was_commented_out_keeps_nothing_and_its_lines_are_said(
    applied: Applied,
) -> None:
    now = applied.system.files[applied.path]
    start, end = now.text.index("  sidekiq:"), now.text.index("\nnetworks:")
    commented = "".join(f"#{line}" for line in now.text[start:end].splitlines(keepends=True))
    theirs = replace(now, text=now.text[:start] + commented + now.text[end:])
    applied.system.files[applied.path] = theirs
    assert worker.main(("undo",)) == ExitCode.ROLLBACK_INCOMPLETE
    assert applied.changed() == {"compose-file"}
    text = applied.system.files[applied.path].text
    assert [line for line in text.splitlines() if "mastodon_ipv6" in line] == [
        "#      - mastodon_ipv6"
    ]
    assert "“#      - mastodon_ipv6”" in "".join(applied.record().left)
    lines = text.splitlines(keepends=True)
    without = "".join(line for line in lines if line != "#      - mastodon_ipv6\n")
    applied.system.files[applied.path] = replace(now, text=without)
    assert worker.main(("undo",)) == ExitCode.DONE


# On real files: what the owner of the folder may put there.


class Files(RealSystem):
    """The files of this computer, and an engine that answers and knows nothing."""

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        return Result(0, "")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def full_folder(path: Path) -> None:
    path.mkdir()
    (path / "file").write_text("theirs\n")


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Record]]:
    """A file that a step has written, and another step's besides; both on this file system."""
    monkeypatch.setattr(journal, "LAST_SAVES", (0.0,))
    places = [tmp_path / "site" / "compose.yaml", tmp_path / "other" / "compose.yaml"]
    entries = []
    for number, path in enumerate(places, 1):
        path.parent.mkdir()
        path.write_text("services: {web: {image: x}}\n")
        before = Files().read(str(path))
        assert before is not None
        after = replace(before, text="services: {web: {image: x, networks: [six]}}\n")
        step = ComposeFile(str(path), after, ("web",), str(path.parent), (str(path),), (), before)
        entries.append(
            StepRecord(
                number,
                step.kind,
                step.title,
                StepState.DONE,
                [],
                step.parameters(),
                list(step.undo_lines(Before(files=()))),
                tables.written(step.capture(Files())),
            )
        )
        step.apply(Files(), lambda line: None)
    record = Record("a run", State.APPLIED, "", "", {}, {}, entries)
    yield places[1], loads(dumps(record))


@pytest.mark.parametrize("obstacle", [fifo, folder, full_folder, dangling])
def test_what_stands_under_our_temporary_name_keeps_nothing_from_being_put_back(
    written: tuple[Path, Record], obstacle: Callable[[Path], None], tmp_path: Path
) -> None:
    path, record = written
    obstacle(temporary_beside(path))
    journal.take_back(record, Files(), Store(tmp_path), State.UNDOING)
    assert (record.state, record.left) == (State.UNDONE, [])
    assert path.read_text() == "services: {web: {image: x}}\n"
    if obstacle is full_folder:
        assert (temporary_beside(path) / "file").read_text() == "theirs\n"


@pytest.mark.parametrize("obstacle", [fifo, folder, full_folder, dangling])
def test_what_stands_in_the_place_of_a_file_stays_and_the_others_are_taken_back(
    written: tuple[Path, Record], obstacle: Callable[[Path], None], tmp_path: Path
) -> None:
    path, record = written
    path.unlink()
    obstacle(path)
    journal.take_back(record, Files(), Store(tmp_path), State.UNDOING)
    assert record.state is State.UNDO_INCOMPLETE
    assert [bool(step.left) for step in record.steps] == [False, True]
    assert str(path) in record.left[0]
    other = path.parent.parent / "site" / "compose.yaml"
    assert other.read_text() == "services: {web: {image: x}}\n"
    # They take it away again.
    if path.is_dir():
        for inner in path.iterdir():
            inner.unlink()
        path.rmdir()
    else:
        path.unlink()
    written_anew = kinds.step(record.steps[1].kind, record.steps[1].parameters)
    assert isinstance(written_anew, ComposeFile)
    path.write_text(written_anew.after.text)
    journal.take_back(record, Files(), Store(tmp_path), State.UNDOING)
    assert (record.state, record.left) == (State.UNDONE, [])
    assert path.read_text() == "services: {web: {image: x}}\n"


def test_a_step_that_never_ends_well_is_said_with_its_commands(applied: Applied) -> None:
    record = applied.record()
    entry = next(step for step in record.steps if step.kind == "docker-network")
    entry.parameters = {}
    journal.take_back(record, applied.system, applied.store, State.UNDOING)
    assert entry.left == [
        f"“{entry.title}” could not be taken back: The record of this step is damaged, or another "
        "wizard's: parameters.network is missing. By hand: docker network rm mastodon_ipv6"
    ]
    with pytest.raises(StepFailed, match="does not say what"):
        applied_file = next(step for step in record.steps if step.kind == "compose-file")
        step = kinds.step(applied_file.kind, applied_file.parameters)
        step.compare(applied.system, Before(files=()))
