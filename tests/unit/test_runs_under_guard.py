"""Each kind of run from its first look to its guard's end: what was shown, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv6Network
from pathlib import Path

import pytest

from tests.made_up_deployments import deployment
from tests.made_up_system import difference
from tests.unit.test_cli import Here, stand
from tests.unit.test_guard import Remembering
from tests.unit.test_repair import lose_network
from wizard.answers.choices import Choices
from wizard.answers.projects import project_of
from wizard.modes import plan_inputs
from wizard.plan import planning
from wizard.platform.errors import HostChanged, Locked, Refused, StepFailed
from wizard.platform.local_time import local_time
from wizard.record import tables
from wizard.record.record import Record, State, StepState
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import changing, journal, lock, repairing, set_ups, watching
from wizard.run import guard as guarding
from wizard.run.apply_run import apply
from wizard.run.cancelled import Cancelled
from wizard.run.change_run import change
from wizard.run.ground import ground_of
from wizard.run.repair_run import repair
from wizard.run.undo_run import undo
from wizard.steps.comparing import Resolution
from wizard.verification.verification import Verification


class Standing(Remembering):
    """A guard that also remembers that it was armed, and what the record said by then."""

    def arm(self, record: Record) -> None:
        self.asked.append(f"arm while {record.state}")


class Runs:
    """A host on which each kind of run can be begun."""

    def __init__(self, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made, self.store, self.guard = here.made, here.store, Standing()
        self.system, self.repairs = here.made.system, RepairStore(here.store.directory)
        self.store.prepare()
        self.said: list[str] = []
        self.checked: list[object] = []
        monkeypatch.setattr(guarding, "announce", lambda _system, text: self.said.append(text))
        monkeypatch.setattr(Verification, "look", lambda _: {"port 80": "port 80"})
        monkeypatch.setattr(Verification, "check", lambda _, had, say: self.checked.append(had))

    @property
    def run(self) -> Record:
        record = self.store.load()
        assert record is not None
        return record

    @property
    def fewer(self) -> Choices:
        return replace(self.made.choices, services=self.made.choices.services[:1])

    def apply(self, seconds: int | None = None, digest: str = "") -> Record:
        return apply(
            self.made.choices,
            digest or self.made.plan().digest,
            self.system,
            self.store,
            Cancelled(),
            self.guard,
            seconds,
        )

    def change(self, seconds: int | None = None, digest: str = "") -> Record:
        ground = ground_of(self.run, self.made.host, self.system)
        made = changing.change_of(ground, self.fewer, self.system)
        return change(
            self.fewer,
            digest or made.plan.digest,
            self.system,
            self.repairs,
            Cancelled(),
            self.guard,
            seconds,
        )

    def repair(self, seconds: int | None = None, digest: str = "") -> Record:
        made = repairing.repair_of(self.run, self.made.host, self.system)
        return repair(
            self.run.id,
            Resolution.KEEP,
            digest or made.plan.digest,
            self.system,
            self.repairs,
            Cancelled(),
            self.guard,
            seconds,
        )

    def prepare(self, kind: str) -> Callable[..., Record]:
        """Bring the host to where such a run has something to do, and return what begins it."""
        if kind != "apply":
            self.apply()
            if kind == "repair":
                lose_network(self.system)
            self.guard.asked.clear()
            self.checked.clear()
        begin: Callable[..., Record] = getattr(self, kind)
        return begin


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(stand(deployment(), tmp_path, monkeypatch), monkeypatch)


each_kind = pytest.mark.parametrize("kind", ["apply", "change", "repair"])


@each_kind
def test_what_is_kept_at_once_leaves_no_guard_and_tells_nobody(runs: Runs, kind: str) -> None:
    begin = runs.prepare(kind)
    record = begin()
    assert record.state is State.APPLIED
    assert runs.guard.asked == ["arm while applying", "disarm"]
    assert runs.said == []
    # What was there before is looked for after the last step.
    assert runs.checked == [{"port 80": "port 80"}]


@each_kind
def test_what_waits_has_its_guard_until_somebody_answers_who_is_told_how(
    runs: Runs, kind: str
) -> None:
    begin = runs.prepare(kind)
    record = begin(60)
    assert record.state is State.UNCONFIRMED
    assert runs.guard.asked == ["arm while applying", "count down 60", "forget all but mark"]
    (said,) = runs.said
    assert said.startswith(
        "The change for IPv6 in containers is taken back at "
        f"{local_time(record.deadline)}, unless somebody types: "
    )
    # And meanwhile no other begins.
    for other in (runs.apply, runs.repair):
        with pytest.raises(Refused, match="Nothing was changed"):
            other(60, "any")


@each_kind
def test_what_is_not_as_it_was_before_is_taken_back_with_its_guard(
    runs: Runs, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = runs.prepare(kind)
    before = runs.system.snapshot()

    def lost(*_: object) -> None:
        raise StepFailed("Port 80 is gone.")

    monkeypatch.setattr(Verification, "check", lost)
    record = begin(60)
    assert record.state is State.ROLLED_BACK
    assert record.error == "Port 80 is gone."
    assert runs.guard.asked == ["arm while applying", "disarm"]
    assert difference(before, runs.system.snapshot()) == set()


@each_kind
def test_nothing_but_what_was_shown_is_begun_and_only_where_nobody_is_at_work(
    runs: Runs, kind: str
) -> None:
    begin = runs.prepare(kind)
    before = runs.system.snapshot()
    with pytest.raises(HostChanged):
        begin(digest="another")
    with lock.held(runs.store.lock), pytest.raises(Locked):
        begin()
    assert runs.guard.asked == []
    assert difference(before, runs.system.snapshot()) == set()


def test_another_repair_or_change_waits_for_the_answer_to_the_one_before(runs: Runs) -> None:
    runs.prepare("repair")(60)
    for other in (runs.repair, runs.change):
        with pytest.raises(Refused) as refused:
            other()
        assert str(refused.value) == repairing.WAITS
    waits = runs.repairs.load()
    assert waits is not None
    # What becomes of a change that could not be taken back whole is open as well.
    waits.state, waits.changes = State.ROLLBACK_INCOMPLETE, runs.run.id
    runs.repairs.save(waits)
    for other in (runs.repair, runs.change):
        with pytest.raises(Refused) as refused:
            other()
        assert str(refused.value) == changing.FIRST_BACK


def test_a_repair_waits_for_the_answer_to_another_run(runs: Runs) -> None:
    begin = runs.prepare("repair")
    first = runs.run
    runs.store.move_on()
    plan = replace(runs.made.plan(), choices=replace(runs.made.choices, project="other"))
    other = journal.begin(plan, {}, runs.store)
    other.state = State.UNCONFIRMED
    runs.store.save(other)
    with pytest.raises(Refused) as refused:
        repair(first.id, Resolution.KEEP, "any", runs.system, runs.repairs, Cancelled(), runs.guard)
    why = set_ups.why_not_repair(runs.store.records(), first)
    assert str(refused.value) == f"Nothing was changed. {why}"
    assert runs.guard.asked == []
    assert callable(begin)


def test_what_is_applied_anew_puts_the_record_of_the_one_before_away(runs: Runs) -> None:
    first = runs.apply()
    store = Store(runs.store.directory)
    record = store.load()
    assert record is not None
    journal.take_back(record, runs.system, store, State.UNDOING)
    second = runs.apply()
    assert second.id != first.id
    assert [each.id for each in runs.store.records()] == [second.id]


def test_a_change_that_was_shown_as_the_repair_of_what_is_missing_is_done(runs: Runs) -> None:
    runs.prepare("repair")
    wanted = replace(runs.made.choices, prefix=IPv6Network("fd00:1:2:3::/64"))
    ground = ground_of(runs.run, runs.made.host, runs.system)
    made = changing.change_of(ground, wanted, runs.system, lacking=True)
    record = change(wanted, made.plan.digest, runs.system, runs.repairs, Cancelled(), runs.guard)
    assert record.state is State.APPLIED, record.error
    assert runs.system.networks["mastodon_ipv6"].subnets[-1] == "fd00:1:2:3::/64"
    # The record of the run is that of the change by then.
    assert runs.run.choices["prefix"] == "fd00:1:2:3::/64"
    assert runs.run.id != record.id


def test_an_undo_takes_back_a_run_with_its_repair_and_its_guard(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = runs.system.snapshot()
    runs.prepare("repair")(60)
    switched: list[int] = []
    monkeypatch.setattr(watching, "switch_off", lambda _system: switched.append(1))
    runs.guard.asked.clear()
    before = runs.system.snapshot()
    with lock.held(runs.store.lock), pytest.raises(Locked):
        undo(runs.system, runs.store, runs.guard)
    assert difference(before, runs.system.snapshot()) == set()
    record = undo(runs.system, runs.store, runs.guard, "mastodon")
    assert record.state is State.UNDONE
    assert runs.guard.asked == ["disarm"]
    assert switched == [1]
    assert difference(original, runs.system.snapshot()) == set()
    waits = runs.repairs.load()
    assert waits is not None
    assert waits.state is State.APPLIED
    # And then there is nothing, with a guard or without one.
    with pytest.raises(Refused, match="nothing to take back"):
        undo(runs.system, runs.store)


def test_an_undo_of_one_leaves_the_watch_over_the_others(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = runs.apply()
    runs.store.move_on()
    plan = replace(runs.made.plan(), choices=replace(runs.made.choices, project="other"))
    other = journal.begin(plan, {}, runs.store)
    monkeypatch.setattr(watching, "switch_off", pytest.fail)
    other.state = State.UNCONFIRMED
    runs.store.save(other)
    before = runs.system.snapshot()
    with pytest.raises(Refused) as refused:
        undo(runs.system, runs.store, run=first.id)
    why = set_ups.why_not_undo(runs.store.records(), first)
    assert str(refused.value) == f"Nothing was changed. {why}"
    assert difference(before, runs.system.snapshot()) == set()
    other.state = State.APPLIED
    runs.store.save(other)
    assert undo(runs.system, runs.store, run=first.id).state is State.UNDONE


def test_an_undo_waits_for_a_change_that_is_not_settled(runs: Runs) -> None:
    runs.prepare("change")(60)
    waits = runs.repairs.load()
    assert waits is not None
    before = runs.system.snapshot()
    with pytest.raises(Refused) as refused:
        undo(runs.system, runs.store, runs.guard)
    assert str(refused.value) == changing.FIRST_BACK
    assert difference(before, runs.system.snapshot()) == set()


def test_what_is_applied_stands_beside_the_set_ups_of_others_whose_records_stay(
    runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = replace(runs.made.plan(), choices=replace(runs.made.choices, project="other"))
    other = journal.begin(plan, {}, runs.store)
    other.state = State.APPLIED
    # Of that set-up the kernel parameters alone were made.
    (entry, *_), (step, *_) = other.steps, plan.steps
    entry.state, entry.before = StepState.DONE, tables.written(step.capture(runs.system))
    step.apply(runs.system, lambda _line: None)
    runs.store.save(other)
    # As a release has it that had one alone.
    place, single = runs.store.of(other.id).path, runs.store.directory / "record.toml"
    single.unlink()
    place.rename(single)
    place.parent.rmdir()
    project = project_of(runs.made.host, runs.made.choices)
    beside = set_ups.others(runs.store)
    inputs = plan_inputs.read_project(runs.system, project, beside)
    shown = planning.plan(runs.made.host, runs.made.choices, inputs)
    assert shown.digest != runs.made.plan().digest
    runs.guard.asked.clear()
    capsys.readouterr()
    record = runs.apply(digest=shown.digest)
    assert {each.id for each in runs.store.records()} == {other.id, record.id}
    assert single.is_symlink()
    # Whoever follows it sees what takes so long before the first step.
    doing = [
        line.removeprefix("doing ").split()[0]
        for line in capsys.readouterr().err.splitlines()
        if line.startswith("doing ")
    ]
    assert doing == ["Looking", "Making", "Checking", "Looking"]
