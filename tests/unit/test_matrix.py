"""The table of the matrix of faults says what was run, and what failed."""

from pathlib import Path

import pytest

from tests.machines.matrix import Matrix, NotReached


def test_a_whole_matrix_goes_on_after_a_cell_that_failed_and_names_it(tmp_path: Path) -> None:
    matrix = Matrix(whole=True, file=tmp_path / "table")
    with matrix.cell("kill -9", "applying", "rename 1"):
        pass
    with matrix.cell("kill -9", "undoing", "rename 2"):
        raise AssertionError("it is between")
    with matrix.cell("ENOSPC", "applying", "write 3"):
        raise NotReached
    assert matrix.file is not None
    table = matrix.file.read_text()
    assert table == matrix.table()
    assert table.splitlines()[1].split() == ["kill", "-9", "1/1", "0/1", "1/2"]
    assert "FAILED kill -9, undoing, rename 2:\n    AssertionError: it is between" in table
    assert "ENOSPC" not in table


def test_a_sample_fails_at_once() -> None:
    matrix = Matrix()
    with pytest.raises(AssertionError), matrix.cell("kill -9", "applying", "rename 1"):
        raise AssertionError
    with pytest.raises(NotReached), matrix.cell("kill -9", "applying", "rename 2"):
        raise NotReached


def test_places_are_picked_by_their_part_of_the_row() -> None:
    assert Matrix().pick(range(10), 0.0, 0.5, 1.0) == [0, 5, 9]
    assert Matrix(whole=True, every=4).pick(range(10), 0.5) == [0, 4, 8]
