"""What a step does, as values: commands to run and files to write, in order."""

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from wizard.platform.system import FileState
from wizard.platform.text import clean
from wizard.program import program


@dataclass(frozen=True)
class Run:
    """Run one command."""

    argv: tuple[str, ...]
    stdin: str = ""

    @property
    def line(self) -> str:
        """The command as a person would type it."""
        return shlex.join(self.argv)

    @property
    def fed(self) -> str:
        """The same with what it reads, in one line."""
        if not self.stdin:
            return self.line
        text = self.stdin.replace("\\", r"\\").replace("%", "%%").replace("\n", r"\n")
        return f"printf {shlex.quote(text)} | {self.line}"


@dataclass(frozen=True)
class MakeDirectory:
    """Make a directory where there is none."""

    path: str


@dataclass(frozen=True)
class WriteFile:
    """Write a file. ``before`` is what the plan was made for; None means that there was no file."""

    path: str
    before: FileState | None
    after: FileState


@dataclass(frozen=True)
class CopyProgram:
    """Have the copy of the wizard that a unit of ours starts.

    Where the wizard itself applies a plan, it has made the copy before the first step.
    """

    line: ClassVar[str] = f"wizard {program.INSTALL}"


Action = Run | MakeDirectory | WriteFile | CopyProgram


@dataclass(frozen=True)
class Diff:
    """The difference between two versions of a file, as the lines of a unified diff, cleaned."""

    path: str
    lines: tuple[str, ...]
    heading: str = "Change in"
    """What to write above it, before the name of the file."""


def difference(path: str, before: str | None, after: str | None) -> Diff:
    """Return the unified diff of a file; None stands for a file that is not there.

    Carriage returns at line ends are left out of the lines, as every line of such a file has one.
    """
    name = str(PurePath(path)).lstrip("/")
    old = [] if before is None else before.splitlines(keepends=True)
    new = [] if after is None else after.splitlines(keepends=True)
    lines: list[str] = []
    for line in difflib.unified_diff(
        old,
        new,
        "/dev/null" if before is None else f"a/{name}",
        "/dev/null" if after is None else f"b/{name}",
    ):
        ended = line.endswith("\n")
        lines.append(clean(line.rstrip("\r\n")))
        if not ended:
            lines.append("\\ No newline at end of file")
    return Diff(clean(path), tuple(lines))


def diffs(actions: Sequence[Action]) -> tuple[Diff, ...]:
    """Return the diffs of the files that the actions write, but for those that stay as they are."""
    return tuple(
        difference(action.path, action.before.text if action.before else None, action.after.text)
        for action in actions
        if isinstance(action, WriteFile) and action.before != action.after
    )


def lines(actions: Sequence[Action]) -> tuple[str, ...]:
    """Return one line for each action, as a person would type it."""
    return tuple(_line(action) for action in actions)


def _line(action: Action) -> str:
    match action:
        case Run():
            return clean(action.fed)
        case CopyProgram():
            return clean(action.line)
        case MakeDirectory():
            return clean(f"mkdir --parents {shlex.quote(action.path)}")
        case WriteFile():
            if action.before == action.after:
                return clean(f"# {action.path} is there for another set-up, and stays as it is")
            verb = "write" if action.before is None else "change"
            return clean(f"# {verb} {action.path} (see the difference below)")
