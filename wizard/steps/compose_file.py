"""The Compose file, so that containers join the network again whenever Compose makes them anew."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import ClassVar

from wizard.compose.left import lines_left
from wizard.compose.off_network import off_network
from wizard.compose.removal import declared_networks, without_addition, without_most
from wizard.compose.whereabouts import moved
from wizard.platform.errors import StepFailed
from wizard.platform.reverse_edit import without_edit
from wizard.platform.system import FileState, System
from wizard.platform.text import clean_line
from wizard.steps.actions import Action, Run, WriteFile
from wizard.steps.base import Report, StepOf, run_checks
from wizard.steps.before import Before
from wizard.steps.comparing import Comparison, Decisions, Found
from wizard.steps.parts import Condition, Part

_AS_WRITTEN = "--no-interpolate"
"""The option by which Compose leaves variables as they are written, from 1.25 on."""

_NOT_FETCHED = "remote resource is disabled"
"""What Compose says of an include of another host that it was told not to fetch."""


@dataclass(frozen=True)
class ComposeFile(StepOf[Before]):
    """Write one file of a Compose project; every line that was there stays as it is."""

    kind: ClassVar[str] = "compose-file"
    needs_docker: ClassVar[bool] = False

    path: str
    after: FileState
    services: tuple[str, ...]
    directory: str
    files: tuple[str, ...]
    """The files of the project in Compose's order, this one among them."""
    compose_commands: tuple[tuple[str, ...], ...]
    """How each installed generation of Compose is started."""
    before: FileState | None = None
    follows: bool = False
    """Whether another file of the project is changed before this one."""
    variables: tuple[str, ...] = ()
    """The files of variables that Compose is given in the place of the folder's ``.env``."""

    @property
    def title(self) -> str:
        """What it does."""
        names = clean_line(", ".join(self.services))
        verb = "Create" if self.before is None else "Change"
        join = "joins" if len(self.services) == 1 else "join"
        return f"{verb} {clean_line(PurePath(self.path).name)}: {names} {join} the new network"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        when = "right after" if self._is_included else "before it is written"
        return (
            "When Compose recreates a container, it joins the networks that the file names. "
            f"Compose is asked {when if self._is_checked_late else 'beforehand'} "
            "whether it takes the result."
        )

    @property
    def _is_included(self) -> bool:
        """Whether another file includes it, so that Compose reads it only where it is."""
        return self.path not in self.files

    @property
    def _is_checked_late(self) -> bool:
        """Whether Compose can be asked only once files before it have their new text."""
        return self.follows or self._is_included

    def preconditions(self) -> tuple[Run, ...]:
        """Compose's own check of the new text, by each generation that is installed.

        A file that is changed after another one, or that another one includes, is checked only
        once the other has its new text.
        """
        return () if self._is_checked_late else self._checks(self.after.text)

    def _checks(self, text: str) -> tuple[Run, ...]:
        named = [
            word
            for file in self.files
            for word in ("-f", "/dev/stdin" if file == self.path else file)
        ]
        given = [word for file in self.variables for word in ("--env-file", file)]
        words = ("--project-directory", self.directory, *given, *named, "config", "--quiet")
        stdin = "" if self._is_included else text
        return tuple(Run((*command, *words), stdin) for command in self.compose_commands)

    def refusal(self, system: System) -> str | None:
        """Ask each generation of Compose that takes the file as it is whether it takes the new one.

        One that does not, for want of a variable or because it is the other generation, says
        nothing about the change.
        """
        checks = self.preconditions()
        said = self._refused(system, checks)
        # Only then, for Compose takes long: who takes the new one would take part in any case.
        if said is None:
            return None
        taking = self._taking(system, self.before, checks)
        said = self._refused(system, taking)
        if said is None or taking is not checks:
            return said
        return (
            f"{said} Without the change it is not taken either. If the project needs variables "
            f"that are set where you start it, write them into {clean_line(self.directory)}/.env "
            "as well, and start again."
        )

    def _refused(self, system: System, checks: Sequence[Run]) -> str | None:
        said = run_checks(self, checks, system)
        if said and _NOT_FETCHED in said:
            said = (
                f"{said} The project includes a file of another host, which Compose would fetch as "
                "root before you have said yes, and anew at each “up”, so that nobody knows what "
                "it will say then. Nothing was changed. Keep a copy of that file on this host, "
                "include the copy, and start again."
            )
        return said

    def _taking(
        self, system: System, old: FileState | None, checks: Sequence[Run]
    ) -> Sequence[Run]:
        """Return the checks by those who take the file as it is; these themselves if nobody does.

        Variables that the file cannot do without may be set where Compose is started, and nowhere
        else. Then each looks at it without them.
        """
        without = [Run((*each.argv, _AS_WRITTEN), each.stdin) for each in checks]
        for asked in (checks, without):
            found = [each for each in asked if self._takes(system, old, each)]
            if found:
                return found
        return checks

    def _takes(self, system: System, old: FileState | None, check: Run) -> bool:
        """Return whether what a check asks is so today; of a file that is new, without it."""
        argv = list(check.argv)
        if old is None:
            name = "/dev/stdin" if check.stdin else self.path
            at = argv.index(name)
            del argv[at - 1 : at + 1]
            if "-f" not in argv:
                return False
        return system.run(argv, old.text if old and check.stdin else "").status == 0

    @property
    def commands(self) -> tuple[str, ...]:
        """The checks, each where it is made, and the writing."""
        if not self._is_checked_late:
            return super().commands
        when = "right after" if self._is_included else "right before"
        checks = [
            f"# checked {when}: {clean_line(each.line)}" for each in self._checks(self.after.text)
        ]
        lines = super().commands
        return (*lines, *checks) if self._is_included else (*checks, *lines)

    def apply(self, system: System, report: Report) -> None:
        """Write it; Compose is asked now where that could not be done beforehand.

        Raises:
            StepFailed: Compose does not take the result, or the file could not be written.
        """
        late = self._is_checked_late
        new = self._checks(self.after.text)
        checks = self._taking(system, self.before, new) if late else ()
        if not self._is_included:
            self._ask(system, checks)
        super().apply(system, report)
        if self._is_included:
            self._ask(system, checks)

    def _ask(self, system: System, checks: Sequence[Run]) -> None:
        refusal = self._refused(system, checks)
        if refusal:
            raise StepFailed(refusal)

    def actions(self) -> tuple[Action, ...]:
        """One file."""
        return (WriteFile(self.path, self.before, self.after),)

    def check(self, system: System) -> str | None:
        """Compare the text."""
        now = system.read(self.path)
        if now is None or now.text != self.after.text:
            return f"{clean_line(self.path)} is not as it was written."
        return None

    def parts(
        self, system: System, before: Before, known: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[Part, ...]:
        """Look for the lines that were added, wherever the file is, whatever is beside them.

        A service that does not name the network any more would be without it once Compose makes its
        container anew.
        Where they are gone and others have changed, they are put between those of today, if
        taking them out again gives the same file.
        """
        there, before = self._where_it_is(system, before)
        (part,) = super(ComposeFile, there).parts(system, before, known)
        return (there._between_others(system, part),)

    def _between_others(self, system: System, part: Part) -> Part:
        if part.condition is Condition.IN_EFFECT:
            return part
        now = system.read(self.path)
        if now is None or self.before is None:
            # A file of theirs that is not there was taken away by somebody.
            theirs = self.before is not None
            return replace(part, condition=Condition.CHANGED, file=None) if theirs else part
        old, ours = self.before.text, self.after.text
        off = off_network(old, ours, now.text)
        if not off and without_addition(old, ours, now.text) not in (None, now.text):
            return Part(self.path)
        text = without_edit(ours, old, now.text)
        can_be_put_in = text is not None and without_addition(old, ours, text) == now.text
        if part.condition is Condition.CHANGED and text is not None and can_be_put_in:
            words = f"What the wizard added to {clean_line(self.path)} is not there any more."
            file = WriteFile(self.path, now, replace(now, text=text))
            part = Part(self.path, Condition.MISSING, words, file=file)
        elif off:
            names = clean_line(", ".join(off))
            words = f"{part.words} In it, these do not join the network any more: {names}."
            part = replace(part, words=words)
        if part.file is None or self._is_included:
            return replace(part, asked=())
        asked: Sequence[Run] = self._checks(part.file.after.text)
        if self._refused(system, asked):
            asked = self._taking(system, now, asked)
        return replace(part, asked=tuple(asked))

    def capture(self, system: System) -> Before:
        """The files that it writes."""
        return Before(files=self.our_files.capture(system))

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """Put the file back."""
        return self.our_files.undo_lines(before)

    def compare(
        self, system: System, before: Before, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare the file, wherever it is now."""
        there, before = self._where_it_is(system, before)
        return there._compared(system, before)

    def _where_it_is(self, system: System, before: Before) -> tuple["ComposeFile", Before]:
        """Return the step as if it had been done where the file is now, and what it found there.

        A folder may have been given another name since. Where it is not clear which file it was,
        this is the step as it is.
        """
        if system.read(self.path) is not None:
            return self, before
        old = next((each for each in before.files if each.path == self.path), None)
        text = None if old is None else old.text
        found = [
            path
            for key in declared_networks(text, self.after.text)
            for path in moved(system, self.path, key)
            if self._holds_ours(system, path, text)
        ]
        if old is None or len(found) != 1:
            return self, before
        return replace(self, path=found[0]), Before(files=(replace(old, path=found[0]),))

    def _holds_ours(self, system: System, path: str, before: str | None) -> bool:
        """Return whether what was added stands in a file and can be taken out of it."""
        now = system.read(path)
        if now is None or before is None:
            return now is not None and now.text == self.after.text
        return without_addition(before, self.after.text, now.text) not in (None, now.text)

    def _compared(self, system: System, before: Before) -> tuple[Found, ...]:
        return tuple(
            self._with_rest(system, before, each) for each in self.our_files.compare(system, before)
        )

    def _with_rest(self, system: System, before: Before, found: Found) -> Found:
        """Say line by line what cannot be told apart from what somebody changed."""
        now = system.read(self.path)
        old = next((each.text for each in before.files if each.path == found.name), None) or ""
        if found.comparison is not Comparison.CHANGED or now is None:
            return found
        free = self.without_ours(old, self.after.text, now.text)
        left = lines_left(old, self.after.text, now.text if free is None else free)
        if left:
            words = "What the wizard put in and cannot be told apart from that with certainty stays"
            return replace(found, rest=f"{words}: {', '.join(left)}.")
        if free is None:
            why = "What the wizard added cannot be told apart from that with certainty."
            return replace(found, words=f"{found.words} {why}")
        return found

    def without_ours(self, before: str, after: str, now: str) -> str | None:
        """Take out the lines that were added, or as many as can be, and leave those of others."""
        free = without_addition(before, after, now)
        return without_most(before, after, now) if free is None else free

    def take_back(
        self,
        system: System,
        before: Before,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Put the file back, or take only the lines that were added out of it."""
        there, before = self._where_it_is(system, before)
        return there.our_files.undo(system, before, found, decisions)
