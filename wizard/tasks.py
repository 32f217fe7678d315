"""What answers are given for: a set-up that is made, or one that stands and is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from wizard.answers.choices import Choices
from wizard.platform.errors import HostChanged, Refused
from wizard.platform.later import later
from wizard.record.record import Record
from wizard.session import Session

with later():
    from wizard.answers import answers_file
    from wizard.host import host as hosts
    from wizard.modes import plan_inputs
    from wizard.plan import planning
    from wizard.run import ground, set_ups

AS_IT_IS = "The set-up is as these answers want it already, so there is nothing to change."


ONLY_ROOT = "Only root can change a set-up. Start again with sudo."


class Task(Protocol):
    """From a host and answers to a plan, and to the run of it."""

    @property
    def changed(self) -> Record | None:
        """The record of the set-up that is changed, if one is."""

    def host(self, found: hosts.Host) -> hosts.Host:
        """Return the host as the answers are checked against it."""

    def read(self, project: hosts.ComposeProject) -> plan_inputs.PlanInputs:
        """Read the files of a project, as the plan will find them.

        Raises:
            Refused: one cannot be read or is not a Compose file.
        """

    def plan(
        self, host: hosts.Host, choices: Choices, read: plan_inputs.PlanInputs
    ) -> planning.Plan:
        """Make the plan.

        Raises:
            Refused: why there is none.
        """

    def why_not(self, project: str | None) -> str | None:
        """Return why nothing can be applied now for a project, in a sentence, or None."""

    def check(self, plan: planning.Plan) -> None:
        """Look whether the plan can be applied as it is; the host is only read.

        Raises:
            WizardError: it cannot, and why.
        """

    def start(self, plan: planning.Plan, seconds: int) -> Session | None:
        """Start applying, and return the session that follows it where it is not the host's own.

        Without an answer within ``seconds`` it is taken back.

        Raises:
            Refused: it cannot be started.
        """


class SettingUp:
    """A set-up is made."""

    changed = None

    def __init__(self, session: Session) -> None:
        self._session = session

    def host(self, found: hosts.Host) -> hosts.Host:
        """Return the host as it is."""
        return found

    def read(self, project: hosts.ComposeProject) -> plan_inputs.PlanInputs:
        """Read the files as they are."""
        return self._session.read_project(project)

    def plan(
        self, host: hosts.Host, choices: Choices, read: plan_inputs.PlanInputs
    ) -> planning.Plan:
        """Plan all of it."""
        return self._session.plan(host, choices, read)

    def why_not(self, project: str | None) -> str | None:
        """Ask whether another run is in the way."""
        return self._session.why_not_apply(project)

    def check(self, plan: planning.Plan) -> None:
        """Look at what every step finds."""
        self._session.check_plan(plan)

    def start(self, plan: planning.Plan, seconds: int) -> None:
        """Start it, and follow it as the run of this host."""
        self._session.start_apply(plan, ask=True, seconds=seconds)


class Changing:
    """A set-up that stands is changed: its own objects and lines are not in the way."""

    def __init__(self, session: Session, changed: Record) -> None:
        """Take the record of a run that is kept."""
        self._session, self.changed = session, changed

    @property
    def answers(self) -> Choices:
        """The answers that the set-up was made with.

        Raises:
            Refused: the record does not say.
        """
        return answers_file.from_table(self.changed.choices)

    def host(self, found: hosts.Host) -> hosts.Host:
        """Return the host without the set-up, and no project but the one that it is for."""
        alone = ground.host_without(found, self.changed)
        if isinstance(alone.projects, hosts.Unknown):
            return alone
        its_own = tuple(each for each in alone.projects if each.name == self.changed.project)
        return replace(alone, projects=its_own)

    def read(self, project: hosts.ComposeProject) -> plan_inputs.PlanInputs:
        """Read the files as they would be without the set-up."""
        return self._session.read_without(project, self.changed)

    def plan(
        self, host: hosts.Host, choices: Choices, read: plan_inputs.PlanInputs
    ) -> planning.Plan:
        """Plan the difference, for the host as it is now."""
        return self._session.change(choices).plan

    def why_not(self, project: str | None) -> str | None:
        """Ask whether another run is in the way."""
        if not self._session.root:
            return ONLY_ROOT
        if self._session.is_running():
            return set_ups.AT_WORK
        return None

    def check(self, plan: planning.Plan) -> None:
        """Plan it once more: it must be what was shown."""
        if not plan.steps:
            raise Refused(AS_IT_IS)
        if self._session.change(plan.choices).plan.digest != plan.digest:
            raise HostChanged(
                "This host has changed since the preview was made. Look at it once more."
            )

    def start(self, plan: planning.Plan, seconds: int) -> Session:
        """Start it, and follow it beside the run that it changes."""
        return self._session.start_change(plan, seconds)
