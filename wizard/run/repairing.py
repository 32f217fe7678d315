"""What a repair does: one step for each step of the run that is not in effect any more."""

from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.describe import in_words
from wizard.host.host import Host
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused, StepFailed, WizardError
from wizard.platform.local_time import local_time
from wizard.platform.system import System
from wizard.platform.text import clean_line
from wizard.record import tables
from wizard.record.record import Record, State, StepRecord
from wizard.record.repair_store import RepairStore
from wizard.run import journal, set_ups
from wizard.run.conditions import NOT_KNOWN, StepCondition, conditions
from wizard.steps import kinds
from wizard.steps.actions import MakeDirectory, WriteFile
from wizard.steps.attach import Attach
from wizard.steps.base import Step
from wizard.steps.comparing import Resolution
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.mend import Mend, Rewrite, Setting
from wizard.steps.objects import Object
from wizard.steps.others import Other
from wizard.steps.parts import Condition, Part
from wizard.steps.systemd_unit import SystemdUnit

WAITS = (
    "A repair or a change waits for an answer already: keep it with wizard --keep, or let it be "
    "taken back. Nothing was changed."
)


@dataclass(frozen=True)
class Repair:
    """What is not in effect, what is put back of it, and what is left to the person."""

    plan: Plan
    found: tuple[StepCondition, ...]
    """Every step of the run, as it stands."""
    left: tuple[StepCondition, ...] = ()
    """Those of which something is left as it is."""
    moved: str = ""
    """What is said where the provider gave another prefix; empty where it did not."""
    answers: Choices | None = None
    """What the set-up is changed to where it does not fit the host of today any more; then the plan
    is that of the change."""

    @property
    def mended(self) -> set[int]:
        """The numbers of the steps that are put back."""
        return {step.number for step in self._steps}

    @property
    def _steps(self) -> list[Mend]:
        return [step for step in self.plan.steps if isinstance(step, Mend)]

    @property
    def done(self) -> set[str]:
        """The names of the parts that are put back."""
        files = (file.path for step in self._steps for file in step.files)
        settings = (setting.then.shown for step in self._steps for setting in step.settings)
        return {*files, *settings}


def in_force(record: Record | None) -> Record:
    """Return the record of a run that can be mended.

    Raises:
        Refused: there is none, or it is not kept yet, or on its way back.
    """
    if record is None or not record.state.in_force:
        raise Refused("There is nothing to repair: no run of the wizard is on this host.")
    if record.state is not State.APPLIED:
        name = set_ups.name_of(record)
        waits = record.state is State.UNCONFIRMED
        how = "Keep it with wizard --keep, or take it back" if waits else "Take it back"
        raise Refused(
            f"The run of {local_time(record.started)} for {name} is {record.state.words}, and only "
            f"one that is kept can be repaired. Nothing was changed. {how} with wizard --undo "
            f"{set_ups.argument_of(record)}."
        )
    return record


def give_up(store: RepairStore) -> None:
    """Note that a repair waits for nobody any more; to be called under the lock.

    Whatever that meets, it keeps nobody from taking back the run.
    """
    with suppress(WizardError, OSError):
        record = store.open
        if record is not None:
            journal.settle(record, store)


def repair_of(
    record: Record,
    host: Host,
    system: System,
    changed: Resolution = Resolution.KEEP,
    beside: Sequence[Other] = (),
    done: Container[str] = (),
) -> Repair:
    """Return the repair of a run; the host is only read.

    Args:
        record: The record of the run.
        host: The host as it is now.
        system: The same, for what the steps look at themselves.
        changed: What becomes of what somebody changed: theirs stays, or ours is put back.
        beside: The steps of the other set-ups that are in force, as of today.
        done: The names of parts that will have been put back by then, with another set-up.
    """
    found = conditions(record, host, system, beside)
    wanted = [
        (each, [part for part in _chosen(each, changed) if part.name not in done]) for each in found
    ]
    lacks_network = any(
        isinstance(each.step, DockerNetwork) and each.state != Condition.IN_EFFECT and not parts
        for each, parts in wanted
    )
    steps: list[Mend] = []
    left: list[StepCondition] = []
    for each, parts in wanted:
        waits = lacks_network and isinstance(each.step, Attach)
        made = mend(each, parts) if parts and not waits else None
        why = _in_the_way(made, system) if made else None
        if made and not why:
            steps.append(made)
        wrong = [
            part
            for part in each.parts
            if part.condition is not Condition.IN_EFFECT and part.name not in done
        ]
        if why:
            left.append(replace(each, words=f"{each.words} {why}"))
        elif each.state == NOT_KNOWN or waits or len(parts) < len(wrong):
            left.append(each)
    choices = answers_file.from_table(record.choices)
    remarks = tuple(f"Left as it is. {each.sentence}" for each in left)
    return Repair(Plan(choices, tuple(steps), remarks), found, tuple(left))


def _in_the_way(made: Mend, system: System) -> str | None:
    """Return why one step cannot be mended, which keeps none of the others from being.

    Whoever owns a Compose file decides where it leads, and whether Compose takes it.
    """
    masked = {each.name for each in made.masks}
    for file in made.files:
        # A mask goes before the file is written.
        if file.path not in masked and (why := system.why_not_write(file.path)):
            return f"{clean_line(file.path)} cannot be written: {why}."
    return made.refusal(system) if made.asked else None


def steps_of(found: Sequence[StepCondition], plan: Plan) -> Plan:
    """Return the plan with the steps of the run in place of those that mend them."""
    return replace(plan, steps=tuple(each.step for each in found if each.step is not None))


def check_mended(
    repair: Repair, record: Record, host: Host, system: System, beside: Sequence[Other] = ()
) -> None:
    """Look, after the last step, whether all that was put back is in effect.

    Raises:
        StepFailed: it is not.
    """
    for each in conditions(record, host, system, beside):
        if each.number in repair.mended and each.state == Condition.MISSING:
            raise StepFailed(f"It was put back but is not in effect. {each.sentence}")


@dataclass(frozen=True)
class Amendment:
    """What the record of a run has to remember besides, by the numbers of its steps."""

    record: Record
    steps: Mapping[int, Step]
    """The steps as they would be made today."""
    before: Mapping[int, dict[str, object]]
    whole: bool
    """Whether no other step of the run is made of what was there at its time."""

    def make(self, host: Host) -> None:
        """Let the record name what its steps are made of by now."""
        for entry in self.record.steps:
            step = self.steps.get(entry.number)
            if step is not None:
                entry.before = self.before[entry.number]
                entry.title, entry.commands = step.title, list(step.commands)
                entry.parameters = step.parameters()
                entry.undo = list(step.undo_lines(step.before_from(entry.before)))
        if self.steps and self.whole:
            self.record.host |= in_words(host)


def amendment(record: Record, repair: Repair, system: System) -> Amendment:
    """Return what to remember of a run that is mended.

    To be asked before anything is changed: of an interface that has another name by now, the
    values that it has without the wizard are those of today.
    """
    mended = [each for each in repair.found if each.number in repair.mended]
    return _amendment(record, mended, system)


def amendment_beside(
    record: Record, host: Host, system: System, beside: Sequence[Other]
) -> Amendment:
    """Return the same of another run, in whose steps the repair puts names of today as well."""
    found = conditions(record, host, system, beside)
    own = [each for each in found if each.kind not in kinds.SHARED and _is_made_anew(record, each)]
    shared = [each for each in found if each.kind in kinds.SHARED]
    return _amendment(record, shared, system, whole=not own)


def _amendment(
    record: Record, found: Sequence[StepCondition], system: System, whole: bool = True
) -> Amendment:
    steps: dict[int, Step] = {}
    remembered: dict[int, dict[str, object]] = {}
    for each in found:
        if each.step is not None and _is_made_anew(record, each):
            before = each.step.before_from(_entry(record, each).before)
            steps[each.number] = each.step
            remembered[each.number] = tables.written(each.step.renewed(system, before))
    return Amendment(record, steps, remembered, whole)


def _is_made_anew(record: Record, each: StepCondition) -> bool:
    """Return whether a step would be made of other things today; others beside it are none."""
    if each.step is None or isinstance(each.step, Attach):
        return False
    recorded = kinds.step(each.kind, _entry(record, each).parameters).among(())
    return each.step.among(()).parameters() != recorded.parameters()


def _entry(record: Record, each: StepCondition) -> StepRecord:
    return next(entry for entry in record.steps if entry.number == each.number)


def _chosen(each: StepCondition, changed: Resolution) -> list[Part]:
    return [
        part
        for part in each.parts
        if part.mendable and (part.condition is Condition.MISSING or changed is Resolution.OURS)
    ]


def mend(each: StepCondition, parts: Sequence[Part]) -> Mend:
    """Return the step that puts back some parts of a step that was found so."""
    parts = [part for part in parts if part.mendable]
    files = [part.file for part in parts if part.file is not None]
    paths = {file.path for file in files}
    found = {part.wanted: part.found for part in parts if part.wanted is not None}
    masks = [mask for part in parts for mask in part.masks]
    step = each.step
    folders = [
        action.path
        for action in (step.actions() if step else ())
        if isinstance(action, MakeDirectory) and any(path.startswith(action.path) for path in paths)
    ]
    return Mend(
        number=each.number,
        what=each.title,
        words=each.sentence.partition(": ")[2],
        masks=tuple(Setting(mask.kind, mask.name, mask.value) for mask in masks),
        folders=tuple(folders),
        files=tuple(_rewrite(file) for file in files),
        settings=tuple(_setting(now, wanted) for wanted, now in found.items()),
        restart=tuple(_restarted(each, paths, set(found))),
        asked=tuple(command for part in parts for command in part.asked),
        starts_copy=isinstance(step, SystemdUnit) and step.starts_copy,
    )


def _rewrite(file: WriteFile) -> Rewrite:
    return Rewrite(file.path, file.after, file.before)


def _setting(now: Object | None, wanted: Object) -> Setting:
    return Setting(wanted.kind, wanted.name, now.value if now else None, wanted.value)


def _restarted(each: StepCondition, paths: set[str], settings: set[Object]) -> list[str]:
    """Return the unit that runs by a file that is written anew."""
    step = each.step
    if not isinstance(step, SystemdUnit) or step.path not in paths:
        return []
    return [] if any(one.kind == "unit" for one in settings) else [step.name]
