"""What every kind of step is: a frozen value with a preview, an apply, an undo and a check."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

from wizard.platform.errors import Refused, StepFailed
from wizard.platform.system import System
from wizard.platform.text import clean
from wizard.record import tables
from wizard.steps import actions, step_files
from wizard.steps.actions import Action, CopyProgram, Diff, MakeDirectory, Run, WriteFile
from wizard.steps.before import Before
from wizard.steps.comparing import (
    NOTHING_DECIDED,
    Comparison,
    Decisions,
    Found,
)
from wizard.steps.objects import Object
from wizard.steps.others import Other
from wizard.steps.parts import Part, of_file, of_object
from wizard.steps.step_files import StepFiles

Report = Callable[[str], None]
"""Takes one line of what a command said."""


AnyBefore = TypeVar("AnyBefore", bound=Before)


@dataclasses.dataclass(frozen=True)
class StepOf(ABC, Generic[AnyBefore]):
    """One kind of change with its parameters, and what it has to find to be taken back."""

    kind: ClassVar[str]

    before_kind: ClassVar[type[Before]] = Before
    """What it finds; the same as in the brackets of its base."""

    needs_docker: ClassVar[bool] = True
    """Whether taking it back needs Docker, or another service, to run: not so early at boot."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it does, in one sentence without a full stop."""

    @property
    @abstractmethod
    def reason(self) -> str:
        """Why it is needed, for somebody who knows little of IPv6."""

    @abstractmethod
    def actions(self) -> tuple[Action, ...]:
        """The commands and file changes, in order; what the preview shows and the apply does."""

    def among(self, others: Sequence[Other]) -> Self:
        """Return the step as it is beside what other set-ups put into the same things."""
        return self

    def found_first(self, before: AnyBefore, others: Sequence[Other]) -> AnyBefore:
        """Return what it found as that was before the first of the set-ups."""
        return before

    def goes_back_to(self, before: AnyBefore, others: Sequence[Other]) -> AnyBefore:
        """Return what its undo leaves behind: what it found, with what the others need."""
        return before

    @abstractmethod
    def check(self, system: System) -> str | None:
        """Return a sentence that says what is not in effect, or None where all is."""

    def objects(self) -> tuple[Object, ...]:
        """Return what it leaves on the host besides files, each with its value."""
        return ()

    def parts(
        self, system: System, before: AnyBefore, known: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[Part, ...]:
        """Return, at a later time, how each thing that it left stands, and what puts it back.

        Args:
            system: The host, which is only read.
            before: What :meth:`capture` returned.
            known: Texts that the wizard itself wrote besides, by the path of the file.

        Raises:
            StepFailed: a command that looks failed.
            OSError: a file cannot be read.
        """
        old = {each.path: each.state for each in before.files}
        texts = known or {}
        return (
            *(
                of_file(system, each, old.get(each.path), texts.get(each.path, ()))
                for each in self.actions()
                if isinstance(each, WriteFile)
            ),
            *(of_object(system, each, self.originals(before)) for each in self.objects()),
        )

    def renewed(self, system: System, before: AnyBefore) -> AnyBefore:
        """Return what to remember of the host where the step is made for other names by now.

        Args:
            system: The host, which is only read.
            before: What was there before the wizard.
        """
        return before

    def originals(self, before: AnyBefore) -> Mapping[str, str] | None:
        """Return the values that objects had before the wizard, by their names.

        None where nothing tells a value of before from one that somebody gave an object since.
        """
        return None

    @abstractmethod
    def undo_lines(self, before: AnyBefore) -> tuple[str, ...]:
        """Return the commands with which a person takes the step back by hand."""

    @abstractmethod
    def compare(
        self, system: System, before: AnyBefore, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare every object that the step left with what is there now; the host is only read.

        Args:
            system: The host.
            before: What :meth:`capture` returned.
            gone_by_then: The names of what is still there and will be gone by the time of the undo.

        Raises:
            StepFailed: a command that looks failed.
            OSError: a file cannot be read.
        """

    def undo(
        self,
        system: System,
        before: AnyBefore,
        report: Report,
        decisions: Decisions = NOTHING_DECIDED,
    ) -> tuple[str, ...]:
        """Take the step back, as far as it is there, and return a sentence for each thing left.

        What :meth:`compare` finds is what it goes by. A second call does nothing.

        Args:
            system: The host.
            before: What :meth:`capture` returned.
            report: Takes what is done, line by line.
            decisions: What becomes of what somebody changed; theirs is kept where nothing is said.

        Raises:
            StepFailed: a command that takes it back failed.
        """
        found = self.compare(system, before)
        for each in found:
            if each.comparison is Comparison.GONE and each.words:
                report(f"# {each.words}")
        return self.take_back(system, before, report, found, decisions)

    @abstractmethod
    def take_back(
        self,
        system: System,
        before: AnyBefore,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Do what :meth:`undo` says with what was found."""

    def leave_files(self, system: System, before: AnyBefore) -> None:
        """Put its files alone as an undo leaves them where nobody has decided anything."""
        found = self.our_files.compare(system, before)
        self.our_files.undo(system, before, found, NOTHING_DECIDED)

    def undo_early(
        self,
        system: System,
        before: AnyBefore,
        report: Report,
        decisions: Decisions = NOTHING_DECIDED,
    ) -> tuple[str, ...]:
        """Take back, early at boot, what would take effect during the boot."""
        return self.undo(system, before, report, decisions)

    @property
    def commands(self) -> tuple[str, ...]:
        """The exact commands, one a line; first those that only check."""
        checks = (
            f"# checked before anything is changed: {command.line}"
            for command in self.preconditions()
        )
        return (*map(clean, checks), *actions.lines(self.actions()))

    @property
    def diffs(self) -> tuple[Diff, ...]:
        """What changes in files."""
        return actions.diffs(self.actions())

    def preconditions(self) -> tuple[Run, ...]:
        """Commands that change nothing and must succeed before the first step is applied."""
        return ()

    def obstacle(self, system: System) -> str | None:
        """Return a sentence that says why the host is not as the plan expects, or None."""
        for action in self.actions():
            if (
                isinstance(action, WriteFile)
                and step_files.read(system, action.path) != action.before
            ):
                return f"{clean(action.path)} has changed since the plan was made."
        return None

    def refusal(self, system: System) -> str | None:
        """Run the preconditions, and return what the first that fails says, or None."""
        return run_checks(self, self.preconditions(), system)

    @abstractmethod
    def capture(self, system: System) -> AnyBefore:
        """Return what must be known to take the step back; the host is only read.

        Raises:
            StepFailed: a command that looks failed.
            OSError: a file cannot be read.
        """

    def apply(self, system: System, report: Report) -> None:
        """Do the actions in order and stop at the first that fails.

        Raises:
            StepFailed: a command ended with a status other than 0, or a file could not be written.
        """
        self.apply_actions(system, self.actions(), report)

    def apply_actions(self, system: System, chosen: Sequence[Action], report: Report) -> None:
        """Do some of the actions in order, as :meth:`apply` does all of them."""
        for action in chosen:
            match action:
                case Run():
                    run(system, action, report)
                case CopyProgram():
                    continue
                case MakeDirectory():
                    step_files.changed(action.path, partial(system.make_directory, action.path))
                case WriteFile():
                    if step_files.read(system, action.path) != action.before:
                        raise StepFailed(f"{action.path} has changed since the plan was made.")
                    if action.before == action.after:
                        continue
                    step_files.changed(
                        action.path, partial(system.write, action.path, action.after)
                    )

    @property
    def our_files(self) -> StepFiles:
        """The files that it writes."""
        written = tuple(each for each in self.actions() if isinstance(each, WriteFile))
        return StepFiles(written, self.without_ours)

    def without_ours(self, before: str, after: str, now: str) -> str | None:
        """Return a file's text without what the step put in, or None where that is not certain."""
        return None

    def parameters(self) -> dict[str, object]:
        """Return the step's fields as a table for TOML; a field that is None is left out."""
        return tables.written(self)

    @classmethod
    def from_parameters(cls, table: Mapping[str, object]) -> Self:
        """Return the step that :meth:`parameters` described.

        Raises:
            Refused: the table does not fit the step; the message says where.
        """
        return _fitting(cls, table, "parameters")

    @classmethod
    def before_from(cls, table: Mapping[str, object]) -> AnyBefore:
        """Return what :meth:`capture` found, from the table in which the record has it.

        Raises:
            Refused: the table does not fit; the message says where.
        """
        return cast("AnyBefore", _fitting(cls.before_kind, table, "before"))


Step = StepOf[Any]
"""A step of any kind."""


Kind = TypeVar("Kind")


def _fitting(kind: type[Kind], table: Mapping[str, object], place: str) -> Kind:
    try:
        return tables.read(kind, table, place)
    except tables.Unfit as unfit:
        raise Refused(
            f"The record of this step is damaged, or another wizard's: {clean(str(unfit))}."
        ) from unfit


def run_checks(step: Step, checks: Sequence[Run], system: System) -> str | None:
    """Run commands that change nothing, and return what the first that fails says, or None."""
    for command in checks:
        result = system.run(command.argv, command.stdin)
        if result.status != 0:
            said = " ".join(result.output.split()) or "It printed nothing."
            return f"{step.title} cannot be done. {clean(command.line)} failed: {said.rstrip('.')}."
    return None


def run(system: System, action: Run, report: Report) -> str:
    """Run a command, report it with its output, and return the output.

    Raises:
        StepFailed: it ended with a status other than 0.
    """
    report(f"$ {action.line}")
    result = system.run(action.argv, action.stdin)
    if result.output.strip():
        report(result.output.rstrip())
    if result.status != 0:
        last = (result.output.strip().splitlines() or ["it printed nothing"])[-1].rstrip(".")
        raise StepFailed(f"The command “{action.line}” failed: {last}.")
    return result.output
