"""In which order a change takes away what goes and makes what comes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard.platform.system import FileState, System
from wizard.platform.with_files import WithFiles
from wizard.record import tables
from wizard.steps.actions import WriteFile
from wizard.steps.base import Step
from wizard.steps.before import FileBefore
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.mend import Rewrite
from wizard.steps.others import Other
from wizard.steps.parts import Condition
from wizard.steps.sysctl import Sysctl
from wizard.steps.withdraw import Withdraw


@dataclass(frozen=True)
class Made:
    """A step of the run, as it stands today, and what its undo goes back to."""

    number: int
    step: Step
    before: Any
    state: str = Condition.IN_EFFECT
    sentence: str = ""
    """What of it is not in effect."""

    @property
    def in_effect(self) -> bool:
        """Whether all of it is, so that it can go on."""
        return self.state == Condition.IN_EFFECT


@dataclass(frozen=True)
class Around:
    """What a change is made in."""

    name: str
    """Of the set-up."""
    system: System
    without: System
    """The host with its files as they are without the run."""
    beside: Sequence[Other]
    """The steps of the other set-ups that are in force."""


def old_first(goes: Sequence[Made], comes: Sequence[Step], around: Around) -> Iterator[Step]:
    """Yield first what goes, the newest first, and then what comes.

    Kernel parameters alone change in place, as those of two set-ups beside each other: without
    forwarding for a moment the host would have to ask for its default route again.
    """
    networks = [each for each in comes if isinstance(each, DockerNetwork)]
    goes = [_with_forwarding(each, comes, around) for each in goes]
    old = next((each for each in goes if isinstance(each.step, Sysctl)), None)
    new = next((each for each in comes if isinstance(each, Sysctl)), None)
    if old is None or new is None:
        yield from (_withdrawn(each, around.system, around.without) for each in goes)
        yield from comes
        return
    both = _beside(new, [*around.beside, _other(around, old)], around.system)
    yield both
    yield from (_withdrawn(each, around.system, around.without) for each in goes if each is not old)
    yield from (step for step in comes if step is not new)
    rest = _rest(old, [*networks, new], _written([both]), around)
    if rest.actions():
        yield rest


def _with_forwarding(each: Made, comes: Sequence[Step], around: Around) -> Made:
    """Return what goes as it is where forwarding passes from the wizard to Docker, or back."""
    if isinstance(each.step, Sysctl):
        return _at_last(each, [step for step in comes if isinstance(step, DockerNetwork)], around)
    if isinstance(each.step, DockerNetwork):
        parameters = [
            Other(around.name, step.kind, step, None) for step in comes if isinstance(step, Sysctl)
        ]
        return replace(each, before=each.step.goes_back_to(each.before, parameters))
    return each


def new_first(goes: Sequence[Made], comes: Sequence[Step], around: Around) -> Iterator[Step]:
    """Yield what comes, beside what is there, and then what goes, the newest first.

    It is as with two set-ups beside each other: what both stand on is first made for both, and
    then left to the new one. A Compose file names one of the two at every instant.
    """
    old = [*around.beside, *(_other(around, each) for each in reversed(goes))]
    made = [_beside(step, old, around.system) for step in comes]
    yield from made
    written = _written(made)
    for each in goes:
        if not (isinstance(each.step, ComposeFile) and each.step.path in written):
            rest = _rest(each, comes, written, around)
            if rest.actions():
                yield rest


def _beside(step: Any, old: Sequence[Other], system: System) -> Step:  # noqa: ANN401 - of many kinds
    """Return what comes as it is made while what goes is there."""
    if isinstance(step, ComposeFile):
        return replace(step, before=system.read(step.path))
    both: Step = step.among(old)
    paths = list(_written([both]))
    if both == step or not paths:
        return both
    # Every kind that several set-ups share, and that writes a file, has this field.
    return replace(both, previous=system.read(paths[0]))  # type: ignore[call-arg]


def at_last(goes: Sequence[Made], comes: Sequence[Step], around: Around) -> list[Made]:
    """Return what goes as it is once what comes has been made beside it."""
    return [_at_last(each, comes, around) for each in goes]


def _at_last(each: Made, comes: Sequence[Step], around: Around) -> Made:
    new = [*around.beside, *(Other(around.name, step.kind, step, None) for step in comes)]
    last = each.step.among(new)
    left = each.before if last == each.step else last.goes_back_to(each.before, new)
    return replace(each, step=last, before=left)


def _rest(
    each: Made, comes: Sequence[Step], written: Mapping[str, FileState], around: Around
) -> Withdraw:
    """Return what takes a step away once what comes has been made beside it."""
    last = _at_last(each, comes, around)
    if last.step == each.step:
        return _withdrawn(each, around.system, around.without)
    return _withdrawn(
        last,
        WithFiles(around.system, written),
        WithFiles(around.system, {file.path: file.state for file in last.before.files}),
    )


def _other(around: Around, each: Made) -> Other:
    return Other(around.name, each.step.kind, each.step, each.before)


def _written(steps: Sequence[Step]) -> dict[str, FileState]:
    """Return the files that steps leave, by their paths."""
    return {
        each.path: each.after
        for step in steps
        for each in step.actions()
        if isinstance(each, WriteFile)
    }


def _withdrawn(each: Made, system: System, without: System) -> Withdraw:
    paths = [action.path for action in each.step.actions() if isinstance(action, WriteFile)]
    rewrites, removes = [], []
    for path in dict.fromkeys(paths):
        old, left = system.read(path), without.read(path)
        if left is None:
            removes.append(FileBefore.of(path, old))
        else:
            rewrites.append(Rewrite(path, left, old))
    return Withdraw(
        number=each.number,
        of=each.step.kind,
        made=each.step.parameters(),
        found=tables.written(each.before),
        rewrites=tuple(rewrites),
        removes=tuple(removes),
    )
