"""What one step meets hinders no other, and is said as a sentence whatever it was."""

from dataclasses import replace

import pytest

from tests.made_up_deployments import deployment
from wizard.platform.errors import Refused, StepFailed, WizardError
from wizard.platform.files import Masked
from wizard.program import switched_off
from wizard.record import tables
from wizard.record.record import Record, StepState
from wizard.record.store import Store
from wizard.run import each_step, journal
from wizard.run.each_step import Hindered, attempt, begun, goes_back_to
from wizard.steps.base import Step
from wizard.steps.others import Other
from wizard.steps.sysctl import Sysctl

FAULT = "What the record or the host says of it is not what the wizard expects"
UNIT = "/etc/systemd/system/docker-ipv6-wizard.service"


@pytest.fixture
def record(store: Store) -> Record:
    return journal.begin(deployment().plan(), {}, store)


def fails(error: Exception) -> Hindered:
    """What comes of work that ends so."""
    entry = journal.planned(1, deployment().plan().steps[0])

    def work(step: Step) -> None:
        raise error

    met = attempt(entry, work)
    assert isinstance(met, Hindered)
    return met


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (WizardError("It is\x1b[2J so."), "It is\\x1b[2J so."),
        (StepFailed("It failed."), "It failed."),
        (Masked(UNIT), switched_off.masked(UNIT)),
        (OSError(28, "No space left on device", "/x\x07"),
         "/x\\x07 could not be read or written: No space left on device."),
        (OSError(5, "Input/output error"),
         "Something that the wizard needs could not be read or written: Input/output error."),
        (OSError("why"), "Something that the wizard needs could not be read or written: why."),
        (MemoryError(), "There was not enough memory for it."),
        (RecursionError(), "What it has to read is nested too deep for the wizard."),
        (KeyError("a\x1bb"), f"{FAULT} (KeyError: 'a\\x1bb')."),
        (ValueError("\x07"), f"{FAULT} (ValueError: \\x07)."),
    ],
)  # fmt: skip
def test_whatever_is_met_is_a_sentence(error: Exception, words: str) -> None:
    assert fails(error) == Hindered(words)
    fault = FAULT in words
    assert each_step.in_words(error) == (None if fault else words)


@pytest.mark.parametrize("state", StepState)
def test_what_may_be_on_the_host_has_begun_and_the_newest_is_first(
    record: Record, state: StepState
) -> None:
    record.steps[1].state = record.steps[3].state = state
    gone = state in (StepState.PLANNED, StepState.UNDONE)
    assert [each.number for each in begun(record)] == ([] if gone else [4, 2])


def test_beside_a_step_of_which_nothing_is_known_its_like_are_not_touched(record: Record) -> None:
    sysctl, other = record.steps[0], record.steps[1]
    assert sysctl.kind == Sysctl.kind != other.kind
    damaged = Other("another", Sysctl.kind, None, None)
    assert attempt(sysctl, lambda step: step.kind, [damaged]) == Hindered(
        "The record of another is damaged at such a step, so it is not known what that set-up "
        "needs of it."
    )
    assert attempt(other, lambda step: step.kind, [damaged]) == other.kind
    plain = attempt(sysctl, lambda step: step)
    assert isinstance(plain, Sysctl)
    known = replace(damaged, step=replace(plain, values=(("net.ipv6.conf.eth9.accept_ra", "2"),)))
    # Work is done with the step as it is beside the others.
    assert attempt(sysctl, lambda step: step, [known]) == plain.among([known]) != plain


def test_a_step_that_the_record_does_not_describe_is_one_that_hinders(record: Record) -> None:
    entry = record.steps[0]
    entry.parameters = {}
    assert isinstance(attempt(entry, lambda step: step), Hindered)
    entry.kind = "of another release"
    met = attempt(entry, lambda step: step)
    assert isinstance(met, Hindered)
    assert "Use the wizard that wrote the record." in met.words


def test_an_undo_goes_back_to_what_the_record_says_and_what_others_need() -> None:
    made = deployment()
    step = next(each for each in made.plan().steps if isinstance(each, Sysctl))
    before = step.capture(made.system)
    entry = journal.planned(1, step)
    entry.before = tables.written(before)
    assert goes_back_to(entry, step, ()) == before
    others = [Other("another", step.kind, step, before)]
    both = step.among(others)
    # One of which nothing is known needs nothing that could be told.
    unknown = Other("third", step.kind, None, None)
    found = goes_back_to(entry, both, [*others, unknown])
    assert found == both.goes_back_to(before, others) != before
    entry.before = {"live": "damaged"}
    with pytest.raises(Refused):
        goes_back_to(entry, step, ())
