from pathlib import Path

import pytest

from wizard.host.host import Earlier
from wizard.host.looking import CannotTell
from wizard.host.parts.earlier import RECORD, detect
from wizard.record import store


def test_the_record_lies_where_it_is_written() -> None:
    assert RECORD.parent == store.DIRECTORY


def test_no_record_is_no_earlier_run(tmp_path: Path) -> None:
    assert detect(tmp_path / "record.toml") is None
    assert detect(tmp_path / "no folder" / "record.toml") is None


def test_state_and_start_are_read_and_the_rest_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "record.toml"
    path.write_text('format = 99\nstate = "applied"\nstarted = "2026-11-01T06:00:00Z"\n')
    assert detect(path) == Earlier(path, "applied", "2026-11-01T06:00:00Z")


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
