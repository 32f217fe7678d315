"""A run that stopped half way: a check says so, and never that a repair would help."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.made_up_deployments import Deployment, deployment
from tests.unit.test_judgement import GOOD
from wizard.boot import outlook
from wizard.platform.errors import ExitCode
from wizard.platform.local_time import local_time
from wizard.probes import report
from wizard.probes.findings import Finding
from wizard.record.record import Record, State
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import halfway, journal, lock
from wizard.session import Session

HALF = {
    State.APPLYING: "takes back what is left",
    State.ROLLING_BACK: "takes back what is left",
    State.UNDOING: "takes back what is left",
    State.ROLLBACK_INCOMPLETE: "tries that again",
    State.UNDO_INCOMPLETE: "tries that again",
}


@pytest.fixture
def made() -> Deployment:
    return deployment()


@pytest.fixture
def kept(made: Deployment, store: Store) -> Record:
    record = journal.begin(made.plan(), {}, store)
    journal.apply(made.plan(), record, made.system, store, lambda: False)
    return record


def in_state(record: Record, store: Store, state: State) -> Record:
    record.state = state
    store.save(record)
    return record


@pytest.mark.parametrize("state", State)
def test_it_is_said_what_it_is_and_what_goes_on_with_it(
    kept: Record, store: Store, state: State
) -> None:
    said = halfway.told(store, in_state(kept, store, state))
    if state not in HALF:
        assert said == ""
        return
    begins = f"The run of {local_time(kept.started)} for mastodon is {state.words}"
    assert said.startswith(begins)
    assert f"wizard --undo mastodon {HALF[state]}" in said
    assert "--keep" not in said and "--repair" not in said


def test_of_one_that_is_at_work_nobody_is_told_to_take_it_back(kept: Record, store: Store) -> None:
    in_state(kept, store, State.UNDOING)
    with lock.held(store.lock):
        said = halfway.told(store, kept)
    assert "is being undone right now" in said
    assert "--undo" not in said


@pytest.mark.parametrize("state", State)
def test_a_change_that_stopped_is_the_set_up_s(kept: Record, store: Store, state: State) -> None:
    repairs = RepairStore(store.directory)
    repairs.save(replace(kept, id="change", changes=kept.id, state=state))
    said = halfway.told(store, kept)
    if state in HALF and state.in_force:
        assert said.startswith(f"The change of {local_time(kept.started)} of mastodon is")
        assert "wizard --undo mastodon" in said
    else:
        assert said == ""
    # Another set-up's is nothing of this one.
    assert halfway.told(store, replace(kept, id="other")) == ""


def test_a_check_says_that_alone_of_what_its_steps_lack(
    made: Deployment, kept: Record, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = report.HostWay(Finding(True, "reply"), Finding(True, "connected"), Finding(True, ""))
    monkeypatch.setattr(outlook, "look", lambda: SimpleNamespace(sentences=()))
    monkeypatch.setattr(report, "host_way", lambda *_, **__: way)
    monkeypatch.setattr(report, "check", lambda *_: (GOOD,))
    monkeypatch.setattr(Session, "root", True)
    session = Session(store, made.system)
    monkeypatch.setattr(session, "look", lambda: made.host)
    (unit,) = [path for path in made.system.files if path.endswith("wizard-filter.service")]
    del made.system.files[unit]
    assert any("is not there any more" in each for each in session.judge().differing)
    in_state(kept, store, State.UNDOING)
    found = session.judge()
    assert found.differing == (halfway.told(store, kept),)
    assert found.code is ExitCode.NOT_AS_SET_UP
    assert "--repair" not in found.as_text()
    # The table still says how each step stands.
    assert {each["state"] for each in found.steps} > {"missing"}
