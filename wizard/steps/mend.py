"""Puts back what is missing of a step that was applied earlier; one such step for each of them."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from wizard.platform.errors import Refused, StepFailed
from wizard.platform.files import Masked
from wizard.platform.system import FileState, System, is_stopping
from wizard.platform.text import clean_line
from wizard.steps import objects
from wizard.steps.actions import Action, CopyProgram, MakeDirectory, Run, WriteFile
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Comparison, Decisions, Found, Treatment, treatments
from wizard.steps.objects import Object

_UNITS = "/etc/systemd/system"


@dataclass(frozen=True)
class Rewrite:
    """A file that is put back; without ``before`` it is not there, or something masks it."""

    path: str
    after: FileState
    before: FileState | None = None


@dataclass(frozen=True)
class Setting:
    """An object that is put back, from one value to another; without a value it is not there."""

    kind: str
    name: str
    found: str | None = None
    wanted: str | None = None

    @property
    def now(self) -> Object:
        """As the plan found it."""
        return Object(self.kind, self.name, self.found)

    @property
    def then(self) -> Object:
        """As it is put back."""
        return Object(self.kind, self.name, self.wanted)


@dataclass(frozen=True, kw_only=True)
class MendBefore(Before):
    """Every object as it was before it was put back."""

    objects: tuple[Object, ...]


@dataclass(frozen=True)
class Mend(StepOf[MendBefore]):
    """Put files and objects of one step back; its undo leaves them as they were before that."""

    kind: ClassVar[str] = "mend"
    before_kind: ClassVar[type[Before]] = MendBefore

    number: int
    """Of the step in the run that it mends."""
    what: str
    """The title of that step."""
    words: str
    """What is not in effect, and why."""
    masks: tuple[Setting, ...] = ()
    folders: tuple[str, ...] = ()
    """Folders that are made where there are none."""
    files: tuple[Rewrite, ...] = ()
    settings: tuple[Setting, ...] = ()
    restart: tuple[str, ...] = ()
    """Units that go on with what they read before, unless they are started anew."""
    asked: tuple[Run, ...] = ()
    """Commands that change nothing and must succeed beforehand."""
    starts_copy: bool = False
    """Whether a unit among them starts the wizard's own copy."""

    @property
    def title(self) -> str:
        """What it does."""
        return f"Put back step {self.number}, “{self.what}”"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return self.words

    def actions(self) -> tuple[Action, ...]:
        """Masks away, then the files, then every object from what it is to what it is to be."""
        return (
            *(command for each in self.masks for command in objects.setting(each.now, each.then)),
            *([CopyProgram()] if self.starts_copy else []),
            *map(MakeDirectory, self.folders),
            *(WriteFile(each.path, each.before, each.after) for each in self.files),
            *self._reload,
            *(
                command
                for each in self.settings
                for command in objects.setting(each.now, each.then)
            ),
            *(Run(("systemctl", "restart", each)) for each in self.restart),
        )

    @property
    def _reload(self) -> tuple[Run, ...]:
        touched = (*(each.path for each in self.files), *(each.name for each in self.masks))
        ours = any(str(PurePath(each).parent) == _UNITS for each in touched)
        return (Run(("systemctl", "daemon-reload")),) if ours else ()

    def preconditions(self) -> tuple[Run, ...]:
        """What the step itself asks beforehand."""
        return self.asked

    def obstacle(self, system: System) -> str | None:
        """Everything must be as the plan found it."""
        for each in self.files:
            if _read(system, each.path) != each.before:
                return f"{clean_line(each.path)} has changed since the plan was made."
        for setting in (*self.masks, *self.settings):
            if objects.now(system, setting.then).value != setting.found:
                return f"{clean_line(setting.name)} has changed since the plan was made."
        return None

    def check(self, system: System) -> str | None:
        """Look whether everything is as it was to be."""
        for each in self.files:
            now = _read(system, each.path)
            if now is None or now.text != each.after.text:
                return f"{clean_line(each.path)} is not as it was written."
        for setting in (*self.masks, *self.settings):
            if objects.now(system, setting.then) != setting.then:
                return f"{clean_line(setting.name)} is not as it was put back."
        return None

    def capture(self, system: System) -> MendBefore:
        """Every object, and the files, as they are."""
        return MendBefore(
            files=tuple(FileBefore.of(each.path, _read(system, each.path)) for each in self.files),
            objects=tuple(objects.now(system, each.then) for each in (*self.masks, *self.settings)),
        )

    def undo_lines(self, before: MendBefore) -> tuple[str, ...]:
        """Set every object as it was, and put the files back."""
        masks, others = self._old(before)
        return (
            *(command.fed for old, new in others for command in objects.setting(new, old)),
            *self.our_files.undo_lines(before),
            *(command.line for old, new in masks for command in objects.setting(new, old)),
            *(command.line for command in self._reload),
        )

    def compare(
        self, system: System, before: MendBefore, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare every object and file with what was put back."""
        masks, others = self._old(before)
        return (
            *(self._compared(system, old) for old, _new in others),
            *self.our_files.compare(system, before),
            *(self._compared(system, old) for old, _new in masks),
        )

    @staticmethod
    def _compared(system: System, old: Object) -> Found:
        as_before = objects.now(system, old) == old
        comparison = Comparison.GONE if as_before else Comparison.UNCHANGED
        return Found(old.shown, comparison)

    def take_back(
        self,
        system: System,
        before: MendBefore,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Set every object as it was, put the files back, and mask again what was masked."""
        masks, others = self._old(before)
        todo = treatments(found, decisions)
        left: list[str] = []
        for old, _new in others:
            # At shutdown systemd stops units itself, after Docker, which in turn waits for us.
            if old.kind == "unit" and is_stopping(system):
                continue
            if todo.get(old.shown) is Treatment.BACK:
                left += set_back(system, old, report)
        kept = self.our_files.undo(system, before, found, decisions)
        for old, _new in masks:
            if todo.get(old.shown) is Treatment.BACK:
                left += set_back(system, old, report)
        again = () if is_stopping(system) else self.restart
        for command in (*self._reload, *(Run(("systemctl", "restart", each)) for each in again)):
            run(system, command, report)
        return (*left, *kept)

    def _old(
        self, before: MendBefore
    ) -> tuple[list[tuple[Object, Object]], list[tuple[Object, Object]]]:
        """Return the masks, and the other objects, as they were and as put back, newest first."""
        new = [each.then for each in (*self.masks, *self.settings)]
        if len(new) != len(before.objects):
            raise Refused("The record does not say what was there before this step.")
        pairs = list(zip(before.objects, new, strict=True))
        split = len(self.masks)
        return pairs[:split][::-1], pairs[split:][::-1]


def set_back(system: System, old: Object, report: Report) -> Iterator[str]:
    """Set an object as it was; yield why where that fails, so that others are set all the same."""
    for command in objects.setting(objects.now(system, old), old):
        try:
            run(system, command, report)
        except StepFailed as failed:
            yield str(failed)


def _read(system: System, path: str) -> FileState | None:
    try:
        return system.read(path)
    except Masked:
        return None
