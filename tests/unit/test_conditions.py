"""How the steps of a run stand: in order, in words, with their causes, and beside others."""

from dataclasses import replace

import pytest

from tests.unit.test_repair import Kept, lose_network, reverted
from wizard.platform.system import FileState
from wizard.record.record import StepState
from wizard.record.store import Store
from wizard.run import causes, conditions
from wizard.run.causes import Cause
from wizard.run.conditions import NOT_KNOWN, StepCondition
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.others import Other
from wizard.steps.parts import Condition
from wizard.steps.sysctl import Sysctl


@pytest.fixture
def kept(store: Store) -> Kept:
    return Kept("private", store)


def test_a_step_is_told_with_its_cause_before_what_to_type() -> None:
    step = StepCondition(3, "Make it", "x", Condition.MISSING, "It is gone. Type this.")
    assert step.sentence == "Step 3, “Make it”: It is gone. Type this."
    cause = Cause("It was removed.", "Docker says so.")
    told = replace(step, cause=cause)
    assert told.sentence == (
        "Step 3, “Make it”: It was removed. Docker says so. It is gone. Type this."
    )
    assert replace(told, state=Condition.IN_EFFECT).sentence == ""
    assert told.as_values() == {
        "number": 3,
        "title": "Make it",
        "kind": "x",
        "state": "missing",
        "words": "It is gone. Type this.",
        "cause": "It was removed.",
        "evidence": "Docker says so.",
    }
    assert step.as_values()["cause"] is step.as_values()["evidence"] is None


def test_the_steps_that_have_begun_stand_in_their_order(kept: Kept) -> None:
    kept.record.steps[2].state = StepState.UNDONE
    kept.record.steps[0].title = "Let\nthe kernel"
    found = conditions.conditions(kept.record, kept.host, kept.system)
    numbers = [each.number for each in kept.record.steps if each.number != 3]
    assert [each.number for each in found] == numbers
    assert [each.kind for each in found] == [
        each.kind for each in kept.record.steps if each.number != 3
    ]
    assert {each.state for each in found} == {"in effect"}
    assert {each.words for each in found} == {""}
    assert found[0].title == r"Let\nthe kernel"
    assert all(each.step is not None and each.parts for each in found)


def test_for_what_is_in_effect_no_cause_is_looked_for(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def cause(parts: list[object], *_: object) -> Cause:
        asked.append(parts[0].name)  # type: ignore[attr-defined]
        return Cause("It was removed.", "Docker says so.")

    monkeypatch.setattr(conditions, "cause_of", cause)
    lose_network(kept.system)
    found = conditions.conditions(kept.record, kept.host, kept.system)
    missing = [each for each in found if each.state == Condition.MISSING]
    assert len(asked) == len(missing)
    assert {type(each.step) for each in missing} >= {DockerNetwork}
    assert all(each.cause == Cause("It was removed.", "Docker says so.") for each in missing)
    assert all(each.cause is None for each in found if each not in missing)
    # What several parts of a step say is said once.
    for each in missing:
        sentences = [part.words for part in each.parts if part.words]
        assert each.words == " ".join(dict.fromkeys(sentences))
    assert callable(causes.cause_of)


def test_what_could_not_be_looked_at_is_not_known_and_says_why(kept: Kept) -> None:
    entry = kept.record.steps[0]
    entry.title, entry.kind = "Let\nit", "of another release"
    first, *others = conditions.conditions(kept.record, kept.host, kept.system)
    assert (first.number, first.title, first.kind) == (1, r"Let\nit", "of another release")
    assert first.state == NOT_KNOWN
    assert first.words.endswith("Use the wizard that wrote the record.")
    assert (first.step, first.parts, first.cause) == (None, (), None)
    assert {each.state for each in others} == {"in effect"}


def test_a_file_as_it_is_without_ours_is_missing_and_of_nobody_s_making(kept: Kept) -> None:
    reverted(kept.system)
    (entry,) = [each for each in kept.record.steps if each.kind == Sysctl.kind]
    step = Sysctl.from_parameters(entry.parameters)
    theirs = replace(step, values=(("net.ipv6.conf.eth9.accept_ra", "2"),))
    other = Other("another", Sysctl.kind, theirs, step.before_from(entry.before))

    def state(*beside: Other, text: str) -> str:
        kept.system.files[step.path] = FileState(text)
        found = conditions.conditions(kept.record, kept.host, kept.system, beside)
        return next(each.state for each in found if each.kind == Sysctl.kind)

    both = step.among([other])
    left = both.goes_back_to(step.before_from(entry.before), [other])
    (file,) = left.files
    assert file.state is not None
    assert state(other, text=both.text) == Condition.IN_EFFECT
    # As an undo of ours would leave it beside the other, and as it was before that came.
    assert state(other, text=file.state.text) == Condition.MISSING
    assert state(other, text=step.text) == Condition.MISSING
    assert state(other, text="# somebody's own\n") == Condition.CHANGED
    assert state(text=step.text) == Condition.IN_EFFECT
    assert state(text=file.state.text) == Condition.CHANGED
