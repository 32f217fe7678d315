"""What a change begins with: a run as it stands, and the host as it would be without it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from wizard.answers.choices import Choices
from wizard.answers.projects import project_of
from wizard.host.host import ComposeProject, Host, Unknown
from wizard.host.known import known
from wizard.host.own_objects import without_ours
from wizard.modes import plan_inputs
from wizard.modes.plan_inputs import PlanInputs
from wizard.modes.registry import behaviour_of
from wizard.plan import planning
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.system import System
from wizard.platform.with_files import WithFiles
from wizard.record.record import Record
from wizard.run import set_ups
from wizard.run.change_order import Made
from wizard.run.conditions import conditions
from wizard.run.each_step import begun, goes_back_to, in_words
from wizard.steps.base import Step
from wizard.steps.others import Other


@dataclass(frozen=True)
class Ground:
    """A run as it stands, and the host as it would be without it."""

    run: Record
    made: tuple[Made, ...]
    host: Host
    system: System
    """For what steps look at themselves; only its files are without the run."""
    beside: tuple[Other, ...]
    """The steps of the other set-ups that are in force, as of today."""

    def plan(self, choices: Choices, host: Host | None = None) -> Plan:
        """Return the plan of answers for the host without the run, or for another in its place.

        Raises:
            Refused: there is none; the message says why.
        """
        host = host or self.host
        return planning.plan(host, choices, self._read(project_of(host, choices)))

    def steps(self, choices: Choices, host: Host) -> tuple[Step, ...]:
        """Return the steps that answers have on another host, whatever stands in their way there.

        Raises:
            Refused: they cannot be told.
        """
        read = self._read(project_of(host, choices))
        return behaviour_of(choices.mode).mode_plan(known(host), choices, read).steps

    def read(self, project: ComposeProject) -> PlanInputs:
        """Return the files of a project as they would be without the run.

        Raises:
            Refused: a step of the run is not in effect, or a file is no Compose file.
        """
        for each in self.made:
            if not each.in_effect:
                raise Refused(not_in_effect(each.sentence, self.run))
        return self._read(project)

    def _read(self, project: ComposeProject) -> PlanInputs:
        return plan_inputs.read_project(self.system, project, self.beside)


def ground_of(run: Record, host: Host, system: System, beside: Sequence[Other] = ()) -> Ground:
    """Return what a change of a run begins with; the host is only read.

    Args:
        run: The record of the run, which is kept.
        host: The host as it is.
        system: The same, for what the steps look at themselves.
        beside: The steps of the other set-ups that are in force, as of today.

    Raises:
        Refused: a step of the run could not be looked at.
    """
    entries = {entry.number: entry for entry in begun(run)}
    made = []
    for each in conditions(run, host, system, beside):
        if each.step is None:
            raise Refused(not_in_effect(each.sentence, run))
        before = goes_back_to(entries[each.number], each.step, beside)
        made.append(Made(each.number, each.step, before, each.state, each.sentence))
    without = WithFiles(system)
    for one in reversed(made):
        try:
            one.step.leave_files(without, one.before)
        except (StepFailed, OSError) as error:
            raise Refused(f"{in_words(error)} Nothing was changed.") from error
    return Ground(run, tuple(made), host_without(host, run), without, tuple(beside))


def host_without(host: Host, run: Record) -> Host:
    """Return the host without a run."""
    alone = without_ours(host, run.project)
    if isinstance(alone.earlier, Unknown):
        return alone
    return replace(
        alone, earlier=tuple(each for each in alone.earlier if each.project != run.project)
    )


def not_in_effect(sentence: str, run: Record) -> str:
    """Return why a run cannot be changed of which a step is not in effect, as the sentence says."""
    argument = set_ups.argument_of(run)
    return (
        f"{sentence} The set-up for {set_ups.name_of(run)} can be changed once it is as it was "
        f"left: put that right with wizard --repair {argument}, or take it back with wizard --undo "
        f"{argument}. Nothing was changed."
    )
