from dataclasses import replace
from pathlib import Path

import pytest

from wizard.host.host import Earlier
from wizard.host.looking import CannotTell
from wizard.host.parts.earlier import detect
from wizard.record.record import Record, State, StepRecord, StepState
from wizard.record.toml_text import dumps


def test_no_record_is_no_earlier_run(tmp_path: Path) -> None:
    assert detect(tmp_path) == ()
    assert detect(tmp_path / "no folder") == ()


def test_state_and_start_are_read_and_the_rest_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "record.toml"
    path.write_text('format = 99\nstate = "applied"\nstarted = "2026-11-01T06:00:00Z"\n')
    assert detect(tmp_path) == (Earlier(path, "applied", "2026-11-01T06:00:00Z", True),)


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
    (found,) = detect(tmp_path)
    assert found.in_the_way is in_the_way
    if state in set(State):
        assert replace(record, state=State(state)).in_the_way is in_the_way


@pytest.mark.parametrize("steps", ["7", "[7]", "[{choices = 7}]", '[{choices = {a = ["ours"]}}]'])
def test_steps_that_are_damaged_hinder_no_look(tmp_path: Path, steps: str) -> None:
    path = tmp_path / "record.toml"
    path.write_text(f'state = "undo incomplete"\nstarted = "2026"\nsteps = {steps}\n')
    (found,) = detect(tmp_path)
    assert not found.in_the_way


def test_what_a_record_says_cannot_move_the_cursor(tmp_path: Path) -> None:
    path = tmp_path / "record.toml"
    path.write_text('state = "\\u001b[2J"\nstarted = 2026-11-01T06:00:00Z\n')
    (found,) = detect(tmp_path)
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
        detect(tmp_path)


def test_a_dangling_link_is_not_taken_for_no_record(tmp_path: Path) -> None:
    path = tmp_path / "record.toml"
    path.symlink_to(tmp_path / "gone")
    with pytest.raises(CannotTell, match="cannot be read"):
        detect(tmp_path)


def test_each_record_is_read_and_the_link_to_the_newest_is_no_record(tmp_path: Path) -> None:
    text = 'state = "{}"\nstarted = "{}"\n[choices]\nproject = "{}"\nnetwork = "{}"\n'
    rows = (("applied", "2026-11-02", "b", "b6"), ("undone", "2026-11-01", "a", "a6"))
    for name, row in zip("xy", rows, strict=True):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "record.toml").write_text(text.format(*row))
    (tmp_path / "record.toml").symlink_to("runs/x/record.toml")
    found = detect(tmp_path)
    assert [(each.state, each.started, each.project, each.network) for each in found] == [
        rows[1],
        rows[0],
    ]


def test_a_copy_in_the_place_of_what_leads_to_a_record_is_no_second_run(tmp_path: Path) -> None:
    text = 'id = "x"\nstate = "{}"\nstarted = "2026-11-01"\n'
    (tmp_path / "runs/x").mkdir(parents=True)
    (tmp_path / "record.toml").write_text(f"# From a backup.\n{text.format('applied')}")
    (tmp_path / "runs/x/record.toml").write_text(f"# Ours.\n{text.format('undone')}")
    assert [each.state for each in detect(tmp_path)] == ["undone"]
