"""What every kind of step is: a frozen value with a preview, an apply, an undo and a check."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

from wizard.platform.errors import Refused, StepFailed
from wizard.platform.files import Masked
from wizard.platform.system import FileState, System
from wizard.platform.text import clean
from wizard.program import switched_off
from wizard.record import typed
from wizard.steps import actions
from wizard.steps.actions import Action, CopyProgram, Diff, MakeDirectory, Run, WriteFile
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import (
    NOTHING_DECIDED,
    Decisions,
    Found,
    Standing,
    Verdict,
    choice_of,
    verdicts,
)
from wizard.steps.objects import Object
from wizard.steps.others import Other
from wizard.steps.parts import Part, of_file, of_object

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

    def renewed(self, before: AnyBefore, now: AnyBefore) -> AnyBefore:
        """Return what to remember of the host where the step is made for other names by now.

        Args:
            before: What was there before the wizard.
            now: What :meth:`capture` returns of the step with the new names.
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
        self, system: System, before: AnyBefore, leaving: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare every object that the step left with what is there now; the host is only read.

        Args:
            system: The host.
            before: What :meth:`capture` returned.
            leaving: The names of what is still there and will be gone by the time of the undo.

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
            if each.standing is Standing.GONE and each.words:
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
            if isinstance(action, WriteFile) and _read(system, action.path) != action.before:
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

    def capture_files(self, system: System) -> tuple[FileBefore, ...]:
        """Return the files that the step writes, as they are."""
        written = (each.path for each in self.actions() if isinstance(each, WriteFile))
        return tuple(FileBefore.of(path, system.read(path)) for path in written)

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
                    changed(action.path, partial(system.make_directory, action.path))
                case WriteFile():
                    if _read(system, action.path) != action.before:
                        raise StepFailed(f"{action.path} has changed since the plan was made.")
                    if action.before == action.after:
                        continue
                    changed(action.path, partial(system.write, action.path, action.after))

    def without_ours(self, before: str, after: str, now: str) -> str | None:
        """Return a file's text without what the step put in, or None where that is not certain."""
        return None

    def compare_files(self, system: System, before: AnyBefore) -> tuple[Found, ...]:
        """Compare the files that the step wrote, the last one first."""
        wanted = {each.path: each.after for each in self.actions() if isinstance(each, WriteFile)}
        old = {each.path: each.state for each in reversed(before.files)}
        for path in wanted:
            if path not in old:
                raise StepFailed(f"The record does not say what {path} was before.")
        return tuple(
            self._compare_now(system, path, old[path], wanted[path])[0]
            for path in old
            if path in wanted
        )

    def _compare_now(
        self, system: System, path: str, old: FileState | None, ours: FileState
    ) -> tuple[Found, FileState | None]:
        """Compare a file with what is there now, and return that too; a mask holds nothing."""
        try:
            now = system.read(path)
        except Masked:
            if old is not None:
                raise
            return Found(path, Standing.GONE, switched_off.stays(path)), None
        return self._compare_file(path, old, ours, now), now

    def _compare_file(
        self, path: str, old: FileState | None, ours: FileState, now: FileState | None
    ) -> Found:
        shown, texts = clean(path), [each.text if each else None for each in (old, now)]
        if texts[0] == texts[1]:
            as_before = "is not there any more" if old is None else "is already as it was before"
            return Found(path, Standing.GONE, f"{shown} {as_before}.")
        back = actions.difference(path, texts[1], texts[0])
        if texts[1] == ours.text:
            return Found(path, back=back)
        done = "removed by somebody else." if now is None else "changed by somebody else since."
        free = self.without_ours(old.text, ours.text, now.text) if old and now else None
        return Found(
            path,
            Standing.CHANGED,
            f"{shown} has been {done}",
            changed=actions.difference(path, ours.text, texts[1]),
            apart=None if free is None else actions.difference(path, texts[1], free),
            back=back,
        )

    def undo_files(
        self, system: System, before: AnyBefore, found: Sequence[Found], decisions: Decisions
    ) -> tuple[str, ...]:
        """Do with each of the files that the step wrote what is found and decided."""
        kept: list[str] = []
        by_name, todo = {each.name: each for each in found}, verdicts(found, decisions)
        wanted = {each.path: each.after for each in self.actions() if isinstance(each, WriteFile)}
        for file in reversed(before.files):
            path, old = file.path, file.state
            if path not in by_name:
                continue
            ours = wanted[path]
            again, now = self._compare_now(system, path, old, ours)
            if by_name[path].standing is not again.standing:
                raise StepFailed(f"{path} was changed this very moment, so it was left as it is.")
            match todo[path]:
                case Verdict.BACK if old is None:
                    changed(path, partial(system.remove, path))
                case Verdict.BACK if old is not None:
                    changed(path, partial(system.write, path, _with_rights(old, ours, now)))
                case Verdict.APART if old is not None and now is not None:
                    free = self.without_ours(old.text, ours.text, now.text)
                    if free is not None and free != now.text:
                        state = dataclasses.replace(now, text=free)
                        changed(path, partial(system.write, path, state))
                case Verdict.OURS:
                    changed(path, partial(system.write, path, _with_rights(ours, ours, now)))
            kept += left_of([by_name[path]], found, decisions)
        return tuple(kept)

    def undo_file_lines(self, before: AnyBefore) -> tuple[str, ...]:
        """Return the lines with which a person puts the files back by hand."""
        result = []
        for file in reversed(before.files):
            path = file.path
            result.append(
                actions.Run(("rm", path)).line
                if not file.exists
                else f"# put back {path}: its text from before is in the record"
            )
        return tuple(result)

    def parameters(self) -> dict[str, object]:
        """Return the step's fields as a table for TOML; a field that is None is left out."""
        return typed.written(self)

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
        return typed.read(kind, table, place)
    except typed.Unfit as unfit:
        raise Refused(
            f"The record of this step is damaged, or another wizard's: {clean(str(unfit))}."
        ) from unfit


def left_of(
    these: Sequence[Found], found: Sequence[Found], decisions: Decisions
) -> tuple[str, ...]:
    """Return what to say of those among the objects of a step that are left by its undo."""
    todo = verdicts(found, decisions)
    return tuple(
        each.left(choice_of(each, decisions))
        for each in these
        if todo[each.name] is Verdict.OURS
        or (todo[each.name] is Verdict.LEAVE and each.standing is not Standing.GONE)
        or (todo[each.name] is Verdict.APART and each.rest)
    )


def run_checks(step: Step, checks: Sequence[Run], system: System) -> str | None:
    """Run commands that change nothing, and return what the first that fails says, or None."""
    for command in checks:
        result = system.run(command.argv, command.stdin)
        if result.status != 0:
            said = " ".join(result.output.split()) or "It printed nothing."
            return f"{step.title} cannot be done. {clean(command.line)} failed: {said}"
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


def _read(system: System, path: str) -> FileState | None:
    try:
        return system.read(path)
    except Masked as error:
        raise Refused(switched_off.in_the_way(path)) from error
    except OSError as error:
        raise Refused(f"{clean(path)} cannot be read: {error.strerror}.") from error


def changed(path: str, change: Callable[[], None]) -> None:
    """Change a file or folder.

    Raises:
        StepFailed: it could not be done; the message says why.
    """
    try:
        change()
    except OSError as error:
        raise StepFailed(f"{path} could not be changed: {error.strerror}.") from error


def _with_rights(wanted: FileState, ours: FileState, now: FileState | None) -> FileState:
    """Return a file as it is to be, with the owner and mode that somebody gave it since."""
    if now is None or (now.mode, now.uid, now.gid) == (ours.mode, ours.uid, ours.gid):
        return wanted
    return dataclasses.replace(now, text=wanted.text)
