"""The files that a step writes: as they were, how they stand, and how they are put back."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

from wizard.platform.errors import Refused, StepFailed
from wizard.platform.files import Masked
from wizard.platform.system import FileState, System
from wizard.platform.text import clean
from wizard.program import switched_off
from wizard.steps import actions
from wizard.steps.actions import WriteFile
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Comparison, Decisions, Found, Treatment, left_of, treatments


@dataclasses.dataclass(frozen=True)
class StepFiles:
    """The files of one step."""

    written: tuple[WriteFile, ...]
    without_ours: Callable[[str, str, str], str | None]
    """As :meth:`wizard.steps.base.StepOf.without_ours`."""

    def capture(self, system: System) -> tuple[FileBefore, ...]:
        """Return the files that are written, as they are."""
        return tuple(FileBefore.of(each.path, system.read(each.path)) for each in self.written)

    def compare(self, system: System, before: Before) -> tuple[Found, ...]:
        """Compare the files that the step wrote, the last one first."""
        wanted = {each.path: each.after for each in self.written}
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
            return Found(path, Comparison.GONE, switched_off.stays(path)), None
        return self._compare_file(path, old, ours, now), now

    def _compare_file(
        self, path: str, old: FileState | None, ours: FileState, now: FileState | None
    ) -> Found:
        shown, texts = clean(path), [each.text if each else None for each in (old, now)]
        if texts[0] == texts[1]:
            as_before = "is not there any more" if old is None else "is already as it was before"
            return Found(path, Comparison.GONE, f"{shown} {as_before}.")
        back = actions.difference(path, texts[1], texts[0])
        if texts[1] == ours.text:
            return Found(path, back=back)
        done = "removed by somebody else." if now is None else "changed by somebody else since."
        free = self.without_ours(old.text, ours.text, now.text) if old and now else None
        return Found(
            path,
            Comparison.CHANGED,
            f"{shown} has been {done}",
            changed=actions.difference(path, ours.text, texts[1]),
            ours_out=None if free is None else actions.difference(path, texts[1], free),
            back=back,
        )

    def undo(
        self, system: System, before: Before, found: Sequence[Found], decisions: Decisions
    ) -> tuple[str, ...]:
        """Do with each of the files that the step wrote what is found and decided."""
        kept: list[str] = []
        by_name, todo = {each.name: each for each in found}, treatments(found, decisions)
        wanted = {each.path: each.after for each in self.written}
        for file in reversed(before.files):
            path, old = file.path, file.state
            if path not in by_name:
                continue
            ours = wanted[path]
            again, now = self._compare_now(system, path, old, ours)
            if by_name[path].comparison is not again.comparison:
                raise StepFailed(f"{path} was changed this very moment, so it was left as it is.")
            match todo[path]:
                case Treatment.BACK if old is None:
                    changed(path, partial(system.remove, path))
                case Treatment.BACK if old is not None:
                    changed(path, partial(system.write, path, _with_rights(old, ours, now)))
                case Treatment.OURS_OUT if old is not None and now is not None:
                    free = self.without_ours(old.text, ours.text, now.text)
                    if free is not None and free != now.text:
                        state = dataclasses.replace(now, text=free)
                        changed(path, partial(system.write, path, state))
                case Treatment.OURS:
                    changed(path, partial(system.write, path, _with_rights(ours, ours, now)))
            kept += left_of([by_name[path]], found, decisions)
        return tuple(kept)

    def undo_lines(self, before: Before) -> tuple[str, ...]:
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


def read(system: System, path: str) -> FileState | None:
    """Return a file that is to be written, as it is now.

    Raises:
        Refused: it cannot be read.
    """
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
