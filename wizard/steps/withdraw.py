"""Takes back one step of a run that goes on without it; its undo puts back what was there."""

import shlex
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from wizard.platform.errors import StepFailed
from wizard.platform.system import System, is_stopping
from wizard.platform.text import clean_line
from wizard.steps import objects
from wizard.steps.actions import Action, Diff, MakeDirectory, Run, WriteFile, difference
from wizard.steps.base import Report, Step, StepOf, run
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Comparison, Decisions, Found
from wizard.steps.mend import Rewrite, set_back
from wizard.steps.objects import Object
from wizard.steps.step_files import changed

_AGAIN = (("systemctl", "daemon-reload"), ("systemctl", "restart"), ("firewall-cmd", "--reload"))
"""How what makes others read a file begins."""


@dataclass(frozen=True, kw_only=True)
class WithdrawBefore(Before):
    """Every object as it was before it was taken back."""

    objects: tuple[Object, ...]


@dataclass(frozen=True)
class Withdraw(StepOf[WithdrawBefore]):
    """Take back what one step left, as an undo does, so that it can be put back as it was."""

    kind: ClassVar[str] = "withdraw"
    before_kind: ClassVar[type[Before]] = WithdrawBefore

    number: int
    """Of the step in the run."""
    of: str
    """The kind of that step."""
    made: dict[str, object]
    """The parameters of that step."""
    found: dict[str, object]
    """What its undo goes back to."""
    rewrites: tuple[Rewrite, ...] = ()
    """Its files, from what they are; ``after`` is what is left of them."""
    removes: tuple[FileBefore, ...] = ()
    """Its files that go, as they are."""

    @property
    def inner(self) -> Step:
        """The step that is taken back."""
        # A kind of its own among those that it stands for.
        from wizard.steps import kinds

        return kinds.step(self.of, self.made)

    @property
    def _goes_back_to(self) -> Any:  # noqa: ANN401 - of many kinds
        return self.inner.before_from(self.found)

    @property
    def title(self) -> str:
        """What it does."""
        return f"Take back step {self.number}, “{self.inner.title}”"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return (
            "The answers of today want something else in its place, or nothing. Where the change "
            "is taken back, this is put back as it is now."
        )

    def actions(self) -> tuple[Action, ...]:
        """What is left of files, and the commands with which a person takes the step back."""
        lines = self.inner.undo_lines(self._goes_back_to)
        return (
            *(
                WriteFile(each.path, each.before, each.after)
                for each in self.rewrites
                if each.before != each.after
            ),
            *(Run(tuple(shlex.split(line))) for line in lines if not line.startswith("#")),
        )

    @property
    def diffs(self) -> tuple[Diff, ...]:
        """What changes in files, those that go among them."""
        gone = (difference(each.path, each.text, None) for each in self.removes)
        return (*super().diffs, *gone)

    def obstacle(self, system: System) -> str | None:
        """Its files must be as the plan found them."""
        wanted = [(each.path, each.before) for each in self.rewrites]
        for path, state in (*wanted, *((each.path, each.state) for each in self.removes)):
            if system.read(path) != state:
                return f"{clean_line(path)} has changed since the plan was made."
        return None

    def apply(self, system: System, report: Report) -> None:
        """Undo the step.

        Raises:
            StepFailed: something of it stays.
        """
        left = self.inner.undo(system, self._goes_back_to, report)
        if left:
            raise StepFailed(" ".join(left))

    def check(self, system: System) -> str | None:
        """Look whether nothing of it is there any more; what others wrote in a file stays."""
        for each in self.inner.compare(system, self._goes_back_to):
            if each.comparison is not Comparison.GONE and not self._is_left(system, each.name):
                return f"{clean_line(each.name)} is still there. {each.needed}".rstrip()
        return None

    def _is_left(self, system: System, path: str) -> bool:
        left = next((each.after.text for each in self.rewrites if each.path == path), None)
        now = None if left is None else system.read(path)
        return now is not None and now.text == left

    def capture(self, system: System) -> WithdrawBefore:
        """Its files and objects, as they are."""
        paths = (*(each.path for each in self.rewrites), *(each.path for each in self.removes))
        return WithdrawBefore(
            files=tuple(FileBefore.of(path, system.read(path)) for path in paths),
            objects=tuple(objects.now(system, each) for each in self.inner.objects()),
        )

    def undo_lines(self, before: WithdrawBefore) -> tuple[str, ...]:
        """Put the files back, have them read, and set every object as it was."""
        gone = [replace(each, value=None) for each in before.objects]
        return (
            *(f"mkdir --parents {shlex.quote(path)}" for path in self._folders),
            *(
                f"# put back {clean_line(each.path)}: its text from before is in the record"
                for each in before.files
            ),
            *(command.line for command in self._again),
            *(
                command.fed
                for old, new in zip(gone, before.objects, strict=True)
                for command in objects.setting(old, new)
            ),
        )

    @property
    def _folders(self) -> list[str]:
        return [each.path for each in self.inner.actions() if isinstance(each, MakeDirectory)]

    @property
    def _again(self) -> list[Run]:
        runs = [each for each in self.inner.actions() if isinstance(each, Run)]
        return [each for each in runs if each.argv[:2] in _AGAIN]

    def compare(
        self, system: System, before: WithdrawBefore, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare every file and object with what it was."""
        files = [(each.path, system.read(each.path) == each.state) for each in before.files]
        things = [(each.shown, objects.now(system, each) == each) for each in before.objects]
        return tuple(
            Found(name, Comparison.GONE if as_before else Comparison.UNCHANGED)
            for name, as_before in (*files, *things)
        )

    def take_back(
        self,
        system: System,
        before: WithdrawBefore,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Put back what is not as it was: the files, and then the objects."""
        missing = {each.name for each in found if each.comparison is Comparison.UNCHANGED}
        if not missing:
            return ()
        for path in self._folders:
            changed(path, partial(system.make_directory, path))
        for each in before.files:
            if each.path not in missing:
                continue
            if each.state is None:
                changed(each.path, partial(system.remove, each.path))
            else:
                changed(each.path, partial(system.write, each.path, each.state))
        if not is_stopping(system):
            for command in self._again:
                run(system, command, report)
        return tuple(self._set_back(system, before, missing, report))

    @staticmethod
    def _set_back(
        system: System, before: WithdrawBefore, missing: Container[str], report: Report
    ) -> Iterator[str]:
        """Set each object as it was, and go on with the others where that fails."""
        for each in before.objects:
            # At shutdown systemd stops units itself, and starts them at the next boot.
            if each.shown not in missing or (each.kind == "unit" and is_stopping(system)):
                continue
            yield from set_back(system, each, report)
