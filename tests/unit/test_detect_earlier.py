from dataclasses import replace
from pathlib import Path

import pytest

from wizard.host.host import Earlier
from wizard.host.looking import CannotTell
from wizard.host.parts.earlier import RECORD, detect
from wizard.record import store
from wizard.record.record import Record, State, StepRecord, StepState
from wizard.record.toml_text import dumps


def test_the_record_lies_where_it_is_written() -> None:
    assert RECORD.parent == store.DIRECTORY


def test_no_record_is_no_earlier_run(tmp_path: Path) -> None:
    assert detect(tmp_path / "record.toml") is None
    assert detect(tmp_path / "no folder" / "record.toml") is None


def test_state_and_start_are_read_and_the_rest_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "record.toml"
    path.write_text('format = 99\nstate = "applied"\nstarted = "2026-11-01T06:00:00Z"\n')
    assert detect(path) == Earlier(path, "applied", "2026-11-01T06:00:00Z", in_the_way=True)


@pytest.mark.parametrize(
    ("state", "choices", "in_the_way"),
    [
        ("applied", (), True),
        ("unconfirmed", (), True),
        ("rollback incomplete", (), True),
        ("undone", (), False),
        ("rolled back", (), False),
        ("undo incomplete", (), False),
        ("undo incomplete", ("keep", "original"), False),
        ("undo incomplete", ("keep", "ours"), True),
        ("undone", ("ours",), False),
        ("of a later release", (), True),
    ],
)
def test_a_record_is_in_the_way_of_the_host_screen_as_it_is_of_an_apply(
    tmp_path: Path, state: str, choices: tuple[str, ...], in_the_way: bool
) -> None:
    step = StepRecord(1, "sysctl", "A step", StepState.KEPT, [], {})
    step.choices = {f"thing {number}": choice for number, choice in enumerate(choices)}
    record = Record("x", State.UNDONE, "2026-11-01T06:00:00Z", "", {}, {}, [step])
    path = tmp_path / "record.toml"
    path.write_text(dumps(record).replace('state = "undone"', f'state = "{state}"', 1))
    found = detect(path)
    assert found is not None
    assert found.in_the_way is in_the_way
    if state in set(State):
        assert replace(record, state=State(state)).in_the_way is in_the_way


@pytest.mark.parametrize("steps", ["7", "[7]", "[{choices = 7}]", '[{choices = {a = ["ours"]}}]'])
def test_steps_that_are_damaged_hinder_no_look(tmp_path: Path, steps: str) -> None:
    path = tmp_path / "record.toml"
    path.write_text(f'state = "undo incomplete"\nstarted = "2026"\nsteps = {steps}\n')
    found = detect(path)
    assert found is not None
    assert not found.in_the_way


def test_what_a_record_says_cannot_move_the_cursor(tmp_path: Path) -> None:
    path = tmp_path / "record.toml"
    path.write_text('state = "\\u001b[2J"\nstarted = 2026-11-01T06:00:00Z\n')
    found = detect(path)
    assert found is not None
    assert found.state == r"\x1b[2J"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x00\xff garbage", "is damaged"),
        (b"", "has no “state”"),
        (b'state = "applied"\n', "has no “started”"),
    ],
)
def test_a_damaged_record_says_so(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "record.toml"
    path.write_bytes(content)
    with pytest.raises(CannotTell, match=why):
        detect(path)


def test_a_dangling_link_is_not_taken_for_no_record(tmp_path: Path) -> None:
    path = tmp_path / "record.toml"
    path.symlink_to(tmp_path / "gone")
    with pytest.raises(CannotTell, match="cannot be read"):
        detect(path)
