"""Which set-ups are on a host, which of them goes first, and what stands in whose way."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

import pytest

from tests.made_up_deployments import Deployment, deployment
from wizard import verbs
from wizard.answers.choices import Choices
from wizard.platform.errors import Refused
from wizard.platform.local_time import local_time
from wizard.record import tables
from wizard.record.record import Record, State, StepState
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import changing, journal, set_ups
from wizard.steps import kinds
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.sysctl import Sysctl


@pytest.fixture
def made() -> Deployment:
    return deployment()


class Records:
    """Makes records of runs whose steps are done."""

    def __init__(self, made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.repairs = store, RepairStore(store.directory)
        self._plan, self._system = made.plan(), made.system
        self._count = 0
        monkeypatch.setattr(journal, "now", self._now)

    def _now(self) -> str:
        """A second later each time, so that it is known which run is the newest."""
        self._count += 1
        return f"2026-01-01T00:00:{self._count:02d}Z"

    def run(self, project: str, state: State = State.APPLIED) -> Record:
        return self._record(self.store, project, state)

    def beside(self, project: str, state: State, changes: str = "") -> Record:
        """A repair, or a change of a run."""
        return self._record(self.repairs, project, state, changes)

    def _record(self, store: Store, project: str, state: State, changes: str = "") -> Record:
        plan = replace(self._plan, choices=replace(self._plan.choices, project=project))
        record = journal.begin(plan, {}, store, changes)
        record.state = state
        for entry, step in zip(record.steps, plan.steps, strict=True):
            entry.state = StepState.DONE
            entry.before = tables.written(step.capture(self._system))
        store.save(record)
        return record


@pytest.fixture
def records(made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch) -> Records:
    return Records(made, store, monkeypatch)


def names(found: Sequence[Record]) -> list[str]:
    return [each.project for each in found]


def test_where_there_is_none_that_is_said(store: Store) -> None:
    with pytest.raises(Refused, match="nothing to take back"):
        set_ups.chosen(store, None)


def test_a_step_of_others_is_as_it_would_be_made_today_and_as_it_was_recorded(
    records: Records, made: Deployment
) -> None:
    first, second = records.run("first"), records.run("second")
    second.host = {"IPv6 uplink": "old0 via fe80::1"}
    for entry in second.steps:
        if entry.kind == Sysctl.kind:
            entry.parameters = {"values": [["net.ipv6.conf.old0.accept_ra", "2"]]}
    records.store.of(second.id).save(second)
    (as_recorded,) = [
        each for each in set_ups.others(records.store, first.id) if each.kind == Sysctl.kind
    ]
    (today,) = [
        each
        for each in set_ups.others(records.store, first.id, host=made.host)
        if each.kind == Sysctl.kind
    ]
    assert today.step.values == (("net.ipv6.conf.eth0.accept_ra", "2"),)
    assert today.recorded == as_recorded.step
    assert as_recorded.step.values == (("net.ipv6.conf.old0.accept_ra", "2"),)


def test_the_newest_goes_first_but_before_it_what_moves_or_waits(records: Records) -> None:
    for name in ("first", "second", "third"):
        records.run(name)
    gone = records.run("gone", State.UNDONE)
    assert names(set_ups.in_force(records.store)) == ["third", "second", "first"]
    assert set_ups.chosen(records.store, None).project == "third"
    records.beside("second", State.UNCONFIRMED)
    # Nothing else begins before that is over.
    assert names(set_ups.in_force(records.store)) == ["second", "third", "first"]
    records.run("fourth", State.UNCONFIRMED)
    assert names(set_ups.in_force(records.store))[:2] == ["fourth", "second"]
    assert set_ups.chosen(records.store, "first").project == "first"
    with pytest.raises(Refused, match=r"No set-up for gone .* fourth, second, third and first"):
        set_ups.chosen(records.store, gone.project)


@pytest.mark.parametrize("project", ["mastodon", ""], ids=["a project", "none"])
def test_what_is_told_to_be_typed_names_the_set_up(records: Records, project: str) -> None:
    (record, _) = records.run(project), records.run("other")
    typed_name = set_ups.argument_of(record)
    assert set_ups.chosen(records.store, typed_name).id == record.id
    assert f"wizard --undo {typed_name} " in verbs.kept(record)


def test_what_others_need_is_of_those_in_force_and_of_none_that_goes(records: Records) -> None:
    first, second = records.run("first"), records.run("second")
    records.run("gone", State.UNDONE)
    found = set_ups.others(records.store, first.id)
    assert {each.project for each in found} == {"second"}
    # In the order in which its steps were done.
    assert [each.kind for each in found] == [each.kind for each in second.steps]
    assert all(each.step is not None and each.before is not None for each in found)
    second.steps[0].state = StepState.UNDONE
    records.store.of(second.id).save(second)
    assert len(set_ups.others(records.store, first.id)) == len(found) - 1
    assert set_ups.others_than_of(records.store, "second") == set_ups.others(
        records.store, second.id
    )


def test_a_step_whose_record_is_damaged_is_one_of_which_nothing_is_known(records: Records) -> None:
    first, second = records.run("first"), records.run("second")
    second.steps[0].parameters = {"nothing": "known"}
    records.store.of(second.id).save(second)
    found = set_ups.others(records.store, first.id)
    assert [each.step is None for each in found] == [True] + [False] * (len(found) - 1)


def test_where_a_record_cannot_be_read_whatever_may_be_shared_is_in_doubt(
    records: Records,
) -> None:
    first, second = records.run("first"), records.run("second")
    assert set_ups.beside_or_doubt(records.store, first) == set_ups.others(records.store, first.id)
    records.store.of(second.id).path.write_text("no record")
    with pytest.raises(Refused):
        set_ups.beside(records.store, first)
    doubt = set_ups.beside_or_doubt(records.store, first)
    assert {each.kind for each in doubt} == set(kinds.SHARED)
    assert {each.step for each in doubt} == {None}


def test_a_change_stands_beside_what_keeps_forwarding_on_for_its_run(records: Records) -> None:
    run, other = records.run("mastodon"), records.run("other")
    change = records.beside("mastodon", State.APPLYING, run.id)
    beside = set_ups.beside(records.repairs, change)
    assert {each.kind for each in beside if each.project == "mastodon"} == {
        Sysctl.kind,
        DockerNetwork.kind,
    }
    assert [each.kind for each in beside if each.project == "other"] == [
        each.kind for each in other.steps
    ]
    # One whose network comes before the old one goes stands beside all of that.
    (network,) = [each for each in change.steps if each.kind == DockerNetwork.kind]
    withdrawn = replace(network, kind="withdraw", parameters={"of": DockerNetwork.kind})
    assert not set_ups.makes_first(replace(change, steps=[withdrawn, network]))
    assert not set_ups.makes_first(change)
    first = replace(change, steps=[network, withdrawn])
    assert set_ups.makes_first(first)
    whole = set_ups.beside(records.repairs, first)
    assert [each.kind for each in whole if each.project == "mastodon"] == [
        each.kind for each in run.steps
    ]


def test_what_is_on_the_host_while_a_change_waits_is_what_the_run_will_say(
    records: Records,
) -> None:
    run, other = records.run("mastodon"), records.run("other")
    change = records.beside("mastodon", State.UNCONFIRMED, run.id)
    intended = replace(run, digest="of the change", steps=run.steps[:1])
    records.store.intend(intended)
    assert set_ups.as_it_stands(records.store, run).digest == "of the change"
    assert set_ups.as_it_stands(records.store, other) == other
    assert len(set_ups.others(records.store, other.id)) == 1
    # The check is of that as well, whoever's record is at hand.
    assert set_ups.to_check(records.store, run).digest == "of the change"
    assert set_ups.to_check(records.repairs, change).digest == "of the change"
    # Before its last step the host is neither, and then the run is what undo goes by.
    change.state = State.APPLYING
    records.repairs.save(change)
    assert set_ups.as_it_stands(records.store, run).digest == run.digest


def test_what_becomes_of_a_change_is_open_until_it_is_kept_or_gone(records: Records) -> None:
    run = records.run("mastodon")
    assert set_ups.unsettled_change(records.store) is None
    records.beside("mastodon", State.UNCONFIRMED)
    # A repair is none.
    assert set_ups.unsettled_change(records.store) is None
    states = {
        State.APPLYING: True,
        State.UNCONFIRMED: True,
        State.ROLLBACK_INCOMPLETE: True,
        State.ROLLED_BACK: False,
        State.APPLIED: False,
    }
    for state, is_open in states.items():
        records.repairs.put_aside()
        records.beside("mastodon", state, run.id)
        assert (set_ups.unsettled_change(records.store) is not None) is is_open, state
        # And until then there is no other.
        with pytest.raises(Refused) if is_open else nullcontext():
            assert changing.in_force(records.store, Choices(project="mastodon")).id == run.id


def test_a_repair_whose_record_cannot_be_read_is_in_nobody_s_way(records: Records) -> None:
    run = records.run("mastodon")
    records.beside("mastodon", State.UNCONFIRMED, run.id)
    assert set_ups.open_repair(records.store) is not None
    records.repairs.path.write_text("no record")
    assert set_ups.open_repair(records.store) is None
    assert set_ups.unsettled_change(records.store) is None
    assert not set_ups.another_is_open(records.store, "any")
    assert names(set_ups.in_force(records.store)) == ["mastodon"]


def test_another_run_is_open_where_one_moves_or_waits_or_a_repair_does(records: Records) -> None:
    run = records.run("mastodon", State.UNCONFIRMED)
    records.run("other")
    assert not set_ups.another_is_open(records.store, run.id)
    repair = records.beside("other", State.UNCONFIRMED)
    assert set_ups.another_is_open(records.store, run.id)
    # Where no record of a run can be read, that of the repair still can.
    records.store.of(run.id).path.write_text("no record")
    assert set_ups.another_is_open(records.store, run.id)
    assert not set_ups.another_is_open(records.store, repair.id)


def test_nothing_is_applied_beside_what_moves_waits_or_is_of_the_same_project(
    records: Records,
) -> None:
    def why_not(project: str | None, state: State, repair: Record | None = None) -> str:
        record = replace(run, state=state)
        return set_ups.why_not_apply([record], project, repair) or ""

    run = records.run("mastodon")
    assert "wizard --keep" in why_not("other", State.UNCONFIRMED)
    assert "wizard --undo" in why_not("other", State.ROLLING_BACK)
    assert why_not("other", State.APPLIED) == ""
    assert why_not(None, State.APPLIED) == ""
    assert "set up already" in why_not("mastodon", State.APPLIED)
    assert why_not("mastodon", State.UNDONE) == ""
    # A record of a release that named no project may be of any.
    nameless = replace(run, choices={**run.choices, "project": ""})
    if nameless.project == "":
        assert set_ups.why_not_apply([nameless], "other")
    repair = records.beside("other", State.UNCONFIRMED)
    assert "A repair of the set-up for other waits" in why_not("third", State.APPLIED, repair)
    moving = replace(repair, state=State.APPLYING, changes=run.id)
    assert "takes back what it had begun" in why_not("third", State.APPLIED, moving)


def test_nothing_is_taken_back_repaired_or_changed_beside_what_may_go_at_any_instant(
    records: Records,
) -> None:
    run, waiting = records.run("mastodon"), records.run("other", State.UNCONFIRMED)
    every = [run, waiting]
    for why_not in (set_ups.why_not_undo, set_ups.why_not_repair, set_ups.why_not_change):
        assert "wizard --undo other" in (why_not(every, run) or "")
        # It may go itself.
        assert why_not(every, waiting) is None
    repair = records.beside("mastodon", State.UNCONFIRMED)
    assert set_ups.why_not_undo([run], run, repair) is None
    assert "waits for an answer" in (set_ups.why_not_undo([waiting], waiting, repair) or "")


def test_what_is_in_the_way_is_named_with_what_ends_it(records: Records) -> None:
    run = records.run("mastodon")
    when = local_time(run.started)

    def of(state: State) -> Record:
        return replace(run, state=state)

    assert set_ups.why_not_apply([of(State.UNCONFIRMED)], None) == (
        f"The run of {when} for mastodon waits for an answer: keep it with wizard --keep, or let "
        "it be taken back."
    )
    for moving in (State.APPLYING, State.ROLLING_BACK, State.UNDOING):
        assert set_ups.why_not_apply([of(moving)], None) == (
            f"The run of {when} for mastodon is {moving.words} on this host. Take it back first, "
            "with wizard --undo."
        )
    assert set_ups.why_not_apply([of(State.APPLIED)], "mastodon") == (
        f"mastodon is set up already: the run of {when} is applied on this host. Change it with "
        "wizard --change, or take it back first, with wizard --undo mastodon."
    )
    other = records.run("other", State.UNCONFIRMED)
    for why_not, done in (
        (set_ups.why_not_undo, "taken back"),
        (set_ups.why_not_repair, "repaired"),
        (set_ups.why_not_change, "changed"),
    ):
        assert why_not([run, other], run) == (
            f"mastodon cannot be {done} now: the run for other is applied, and not kept yet. Keep "
            "that with wizard --keep, or take it back with wizard --undo other, and then go on."
        )
        # Of two that are kept neither is in the way of the other.
        assert why_not([run, replace(other, state=State.APPLIED)], run) is None


@pytest.mark.parametrize(
    ("changes", "what", "back"),
    [("", "repair", "the set-up with it"), ("another", "change", "what it had begun")],
)
def test_who_waits_for_what_moves_beside_a_run_is_told_what_undo_takes_back(
    records: Records, changes: str, what: str, back: str
) -> None:
    (run, repair) = records.run("third"), records.beside("other", State.APPLYING, changes)
    dead = (
        f"A {what} of the set-up for other is being applied on this host. Wait until it has ended. "
        f"If its process has died, wizard --undo other takes back {back}."
    )
    waiting = replace(repair, state=State.UNCONFIRMED)
    waits = (
        f"A {what} of the set-up for other waits for an answer: keep it with wizard --keep, or let "
        "it be taken back."
    )
    assert set_ups.kind_of(repair) == what
    for beside, sentence in ((repair, dead), (waiting, waits)):
        assert set_ups.why_not_apply([run], None, beside) == sentence
        assert set_ups.why_not_undo([run], run, beside) == sentence


def test_a_set_up_without_a_project_is_told_by_the_time_of_its_run(records: Records) -> None:
    (nameless, named) = records.run(""), records.run("mas\nto\ndon")
    assert set_ups.name_of(nameless) == f"the run of {local_time(nameless.started)}"
    assert set_ups.argument_of(nameless) == nameless.id
    assert set_ups.name_of(named) == set_ups.argument_of(named) == r"mas\nto\ndon"
    with pytest.raises(Refused) as refused:
        set_ups.chosen(records.store, "x\ny")
    assert str(refused.value) == (
        "No set-up for x\\ny is on this host. Nothing was changed. There is one for mas\\nto\\ndon "
        f"and {set_ups.name_of(nameless)}."
    )


def test_what_a_repair_of_other_steps_needs_is_as_recorded_where_it_is_not_shared(
    records: Records, made: Deployment
) -> None:
    first, second = records.run("first"), records.run("second")
    second.host = {"IPv6 uplink": "old0 via fe80::1"}
    records.store.of(second.id).save(second)
    found = set_ups.others(records.store, first.id, host=made.host)
    shared = {each.kind for each in found if each.recorded is not None}
    assert shared == {each.kind for each in found} & set(kinds.SHARED)
    assert shared


def test_there_is_something_to_check_only_where_something_is_in_force(records: Records) -> None:
    with pytest.raises(Refused, match="nothing to check"):
        set_ups.to_check(records.store, None)
    gone = records.run("gone", State.UNDONE)
    with pytest.raises(Refused, match="nothing to check"):
        set_ups.to_check(records.store, gone)
    run = records.run("mastodon")
    repair = records.beside("mastodon", State.APPLIED)
    assert set_ups.to_check(records.repairs, repair).id == run.id
