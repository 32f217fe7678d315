"""The matrix of faults: which of its cells are run, and the table of how they ended."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

Place = TypeVar("Place")


class NotReached(Exception):
    """The fault was never met, so that there was no cell."""


@dataclass(frozen=True)
class Cell:
    """One fault in one phase of a run, and what it showed; ``complaint`` is empty if all held."""

    kind: str
    phase: str
    name: str
    complaint: str = ""


@dataclass
class Matrix:
    """Runs cells and keeps how they ended.

    Attributes:
        whole: Whether every cell is run, and a failing one does not keep the next from running.
        every: Of a whole row of places, every so many-th.
        file: Where the table is written after every cell, so that a run that is cut leaves one.
    """

    whole: bool = False
    every: int = 1
    file: Path | None = None
    cells: list[Cell] = field(default_factory=list)

    @property
    def failed(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.complaint]

    def pick(self, places: Sequence[Place], *sample: float) -> list[Place]:
        """Return the places to try; of a sample, those at the given parts of the row."""
        if self.whole:
            return list(places[:: self.every])
        return [places[min(int(part * len(places)), len(places) - 1)] for part in sample]

    @contextmanager
    def cell(self, kind: str, phase: str, name: str) -> Iterator[None]:
        """Run a cell: what raises in it is what did not hold."""
        try:
            yield
        except NotReached:
            if not self.whole:
                raise
        except Exception as error:
            self._note(Cell(kind, phase, name, f"{type(error).__name__}: {error}"))
            if not self.whole:
                raise
        else:
            self._note(Cell(kind, phase, name))

    def _note(self, cell: Cell) -> None:
        self.cells.append(cell)
        if self.file is not None:
            self.file.write_text(self.table())

    def table(self) -> str:
        """Return a row for each kind of fault and a column for each phase: passed of run."""
        phases = list(dict.fromkeys(cell.phase for cell in self.cells))
        kinds = list(dict.fromkeys(cell.kind for cell in self.cells))
        rows = [["fault", *phases, "all"]]
        for kind in [*kinds, "all"]:
            mine = [cell for cell in self.cells if kind in ("all", cell.kind)]
            row = [kind]
            for phase in [*phases, "all"]:
                here = [cell for cell in mine if phase in ("all", cell.phase)]
                good = sum(not cell.complaint for cell in here)
                row.append(f"{good}/{len(here)}" if here else "")
            rows.append(row)
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        lines.append(f"cells run: {len(self.cells)}, passed: {len(self.cells) - len(self.failed)}")
        for cell in self.failed:
            said = "\n    ".join(cell.complaint.splitlines())
            lines.append(f"FAILED {cell.kind}, {cell.phase}, {cell.name}:\n    {said}")
        return "\n".join(lines) + "\n"


MATRIX = pytest.StashKey[Matrix]()
"""Where pytest's configuration keeps the matrix of a run."""
