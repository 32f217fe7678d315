"""From the answers to a plan: the Compose files that were read, and the plan that was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from textual.dom import DOMNode

from screens.background import Renewed
from screens.waiting import Then, Waiting
from wizard.answers.choices import Choices
from wizard.platform.later import later
from wizard.tasks import Task

with later():
    from wizard import describe
    from wizard.answers import proposals
    from wizard.host import host as hosts
    from wizard.modes import plan_inputs as files
    from wizard.plan import planning


class Answers(Protocol):
    """Where a draft finds what it is made from, and whom it tells that it has changed."""

    changed: Callable[[], None]
    host: hosts.Host | None
    choices: Choices

    @property
    def task(self) -> Task:
        """What the answers are given for."""

    @property
    def project(self) -> hosts.ComposeProject | None:
        """The project of the answers, where there is one."""

    @property
    def no_project(self) -> str | None:
        """Why there is none, in a sentence."""

    def propose(self, choices: Choices) -> None:
        """Take answers that nobody gave."""


@dataclass(frozen=True)
class _Given:
    """What a plan is made from."""

    host: hosts.Host
    choices: Choices
    inputs: files.PlanInputs


class _Read(NamedTuple):
    """A project, and its files as they were read."""

    project: hosts.ComposeProject
    inputs: files.PlanInputs


class Draft:
    """Reads files and makes plans; each takes seconds for large files."""

    def __init__(self, owner: DOMNode, answers: Answers) -> None:
        """Take what threads belong to, and the answers."""
        self._answers = answers
        self.inputs: files.PlanInputs | None = None
        """The files of the project, once they are read."""
        self.complaint = ""
        """Why they cannot be read; empty otherwise."""
        self.plan: planning.Plan | None = None
        self._read: hosts.ComposeProject | None = None
        self._waiting = Waiting()
        self._reading: Renewed[hosts.ComposeProject, _Read] = Renewed(
            owner, "Reading the Compose files", self._sources_of, self._was_read, self._was_not_read
        )
        self._planning: Renewed[_Given, tuple[_Given, planning.Plan]] = Renewed(
            owner, "Making the plan", self._plan_of, self._was_made, self._was_not_made
        )

    @property
    def fits(self) -> bool:
        """Whether the plan is one for the answers as they are now."""
        return self.plan is not None and self.plan.choices == self._answers.choices

    def forget(self) -> None:
        """Have all read and made anew when it is next needed: the host was looked at anew."""
        self.forget_files()
        self.plan = None

    def forget_files(self) -> None:
        """Have the files read again when they are next needed."""
        self.inputs, self._read, self.complaint = None, None, ""

    def read(self) -> None:
        """Read the files of the project, unless that was done or is being done."""
        project = self._answers.project
        if project is None or self._read == project:
            return
        self.forget_files()
        self._read = project
        self._reading.ask(project)

    def make(self, then: Then, *, again: bool = False) -> None:
        """Make the plan from the answers as they will be when it is made, and tell how that went.

        ``again`` reads the files again before; they are read where they have not been, too.
        """
        self._waiting.add(then)
        if again or self.complaint:
            self.forget_files()
        self._go_on()

    def _go_on(self) -> None:
        """Make the plan, or first read what it is made from, unless something is in the way."""
        host, project = self._answers.host, self._answers.project
        problems = describe.problems(host, self._answers.choices) if host else ()
        if host is None or project is None or problems:
            said = " ".join(each.sentence for each in problems)
            self._was_not_made(said or self._answers.no_project or "")
            return
        self.read()
        if self.complaint:
            self._was_not_made(self.complaint)
        elif self.inputs is not None:
            self._planning.ask(_Given(host, self._answers.choices, self.inputs))

    def _sources_of(self, project: hosts.ComposeProject) -> _Read:
        return _Read(project, self._answers.task.read(project))

    def _was_read(self, made: _Read) -> None:
        project, inputs = made
        answers = self._answers
        if project == self._read:
            self.inputs = inputs
            choices = answers.choices
            if not choices.services:
                choices = proposals.tick(choices, inputs.services, answers.host)
            answers.propose(proposals.untick_unknown(choices, inputs.services))
        self._read_ended()

    def _was_not_read(self, complaint: str) -> None:
        if self._read is not None:
            self.complaint = complaint
        self._read_ended()

    def _read_ended(self) -> None:
        if self._waiting:
            self._go_on()
        self._answers.changed()

    def _plan_of(self, given: _Given) -> tuple[_Given, planning.Plan]:
        return given, self._answers.task.plan(given.host, given.choices, given.inputs)

    def _was_made(self, made: tuple[_Given, planning.Plan]) -> None:
        given, plan = made
        answers = self._answers
        same = given.host is answers.host and given.inputs is self.inputs
        if not same or given.choices != answers.choices:
            self._go_on()
            return
        self.plan = plan
        self._waiting.tell(None)

    def _was_not_made(self, complaint: str) -> None:
        self.plan = None
        self._waiting.tell(complaint)
