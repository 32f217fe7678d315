"""What a run does when it is stopped, and when a look or a record fails beside its steps."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up_deployments import Deployment, deployment
from tests.unit.test_guard import waiting
from wizard.platform.errors import Refused, StepFailed
from wizard.record.record import State, StepState
from wizard.record.store import Store
from wizard.run import journal, window
from wizard.steps.sysctl import Sysctl


@pytest.fixture
def made() -> Deployment:
    return deployment()


@pytest.mark.parametrize("after", [0, 1, 99])
def test_a_stop_is_heard_before_every_step_and_after_the_last(
    made: Deployment, store: Store, after: int
) -> None:
    before, plan = made.system.snapshot(), made.plan()
    answers = [False] * min(after, len(plan.steps))

    def cancelled() -> bool:
        return not answers or answers.pop() is not False

    record = journal.begin(plan, {}, store)
    journal.apply(plan, record, made.system, store, cancelled, lambda *_: pytest.fail("kept"))
    assert record.state is State.ROLLED_BACK
    last = after >= len(plan.steps)
    assert record.error == (
        "It was cancelled after the last step."
        if last
        else "It was cancelled before the next step."
    )
    assert sum(each.state is StepState.UNDONE for each in record.steps) == min(
        after, len(plan.steps)
    )
    assert made.system.snapshot() == before


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(5, "Input/output error", "/etc/x"),
         "/etc/x could not be read or written: Input/output error. Nothing was changed."),
        (StepFailed("docker failed."), "docker failed. Nothing was changed."),
    ],
)  # fmt: skip
def test_a_look_that_fails_before_anything_is_changed_says_so(
    made: Deployment, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def broken(*_: object) -> str:
        raise error

    monkeypatch.setattr(Sysctl, "obstacle", broken)
    with pytest.raises(Refused) as refused:
        journal.check_obstacles(made.plan(), made.system)
    assert str(refused.value) == words


@pytest.mark.parametrize("error", [MemoryError(), RecursionError()])
def test_a_record_that_does_not_fit_into_memory_is_one_that_was_not_written(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    record = journal.begin(made.plan(), {}, store)
    assert journal.save_if_possible(record, store) is None

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(Store, "save", broken)
    complaint = journal.save_if_possible(record, store)
    assert complaint is not None
    assert complaint.filename == str(store.path)
    assert complaint.strerror == "Cannot allocate memory"


def test_where_the_kernel_names_no_boot_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(window, "_BOOT", tmp_path / "none")
    assert window.boot() == ""


def test_only_what_waits_has_seconds_to_answer(made: Deployment, store: Store) -> None:
    record = waiting(made, store)
    left = window.seconds_to_answer(record)
    assert left is not None
    assert 50 < left <= 60
    for state in set(State) - {State.UNCONFIRMED}:
        assert window.seconds_to_answer(replace(record, state=state)) is None


@pytest.mark.parametrize("early", [False, True])
def test_the_record_says_that_it_goes_back_before_the_first_step_does(
    made: Deployment, store: Store, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    record = waiting(made, store)
    noted: list[tuple[State, str]] = []

    def look(*_: object) -> tuple[str, ...]:
        there = store.load()
        assert there is not None
        noted.append((there.state, there.finished))
        return ()

    for kind in {type(step) for step in made.plan().steps}:
        monkeypatch.setattr(kind, "undo", look)
        monkeypatch.setattr(kind, "undo_early", look, raising=False)
    monkeypatch.setattr("wizard.steps.kinds.needs_docker", lambda kind: not early)
    record.finished = "2026-01-01T00:00:00Z"
    back = journal.take_back_early if early else journal.take_back
    back(record, made.system, store, State.ROLLING_BACK)
    assert set(noted) == {(State.ROLLING_BACK, "")}
    assert len(noted) == len(record.steps)
    there = store.load()
    assert there is not None
    assert there.state is record.state
    for each in (there, record):
        states = {step.state for step in each.steps}
        assert states == {StepState.UNDOING if early else StepState.UNDONE}
