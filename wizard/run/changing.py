"""What a change does: the difference between what a run set up and what other answers want."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Network

from wizard import __version__
from wizard.answers import answers_file
from wizard.answers.choices import Choices, Proxy
from wizard.describe import in_words
from wizard.host.host import Host, Unknown
from wizard.noticed import moved_ports
from wizard.plan.planning import Plan
from wizard.platform.errors import Refused
from wizard.platform.system import System
from wizard.prefix import unit as prefix_unit
from wizard.record import tables
from wizard.record.record import GENERATION, Record, StepState, now
from wizard.record.repair_store import RepairStore
from wizard.record.store import Store
from wizard.run import change_order, journal, repairing, set_ups
from wizard.run.change_order import Around, Made
from wizard.run.each_step import goes_back_to
from wizard.run.ground import Ground, not_in_effect
from wizard.steps import kinds
from wizard.steps.actions import WriteFile
from wizard.steps.attach import Attach
from wizard.steps.base import Step, StepOf
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.firewalld import Firewalld
from wizard.steps.others import Other
from wizard.steps.package import Package
from wizard.steps.parts import Condition
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import SystemdUnit
from wizard.steps.withdraw import Withdraw

_GO_ON = (Package, Firewalld, Sysctl)
"""What stays where the network is made anew."""

_INTERRUPTED = (
    "The network is taken away and made anew: for some seconds the containers that have IPv6 are "
    "without it, and connections over IPv6 end, as do those over IPv4 that go out through that "
    "network (before Docker 28). Published ports move twice, and for about a tenth of a second "
    "each time nothing answers there."
)

_RENUMBERED = (
    "The containers get new public addresses. For some seconds each has the old one and the new "
    "one, and then the new one alone: connections over IPv6 that are open by then end, as do those "
    "over IPv4 that go out through that network (before Docker 28). Published ports move twice, "
    "and for about a tenth of a second each time nothing answers there. What names an old address, "
    "such as an AAAA record or a rule of a firewall outside, has to name the new one."
)

FIRST_BACK = (
    "A change of the set-up is not settled: keep it with wizard --keep, or take it back with "
    "wizard --undo --yes, which goes back to the set-up as it was. Nothing was changed."
)


@dataclass(frozen=True)
class Change:
    """What is done, and what the run is made of afterwards."""

    plan: Plan
    """What goes, and what comes."""
    whole: Plan
    """As a plan of these answers would be on this host without the run."""
    kept: tuple[int, ...]
    """For each step of the whole the number of that of the run that it goes on with, or 0."""
    host: Host
    """The host as it would be without the run."""
    without: System
    """The same, for what steps look at themselves; only its files."""
    beside: tuple[Other, ...] = ()
    new_first: bool = False
    """Whether what comes stands beside what goes until that has gone."""

    def result(self, run: Record, change: Record, host: Host) -> Record:
        """Return the record of the run as it reads once every step of the change is done."""
        old = {entry.number: entry.before for entry in run.steps}
        new = [
            (kinds.step(entry.kind, entry.parameters), entry.before)
            for entry in change.steps
            if entry.kind != Withdraw.kind
        ]
        steps = []
        for number, (step, kept) in enumerate(zip(self.whole.steps, self.kept, strict=True), 1):
            found = old.get(kept) or next(
                before for each, before in new if _place(each) == _place(step)
            )
            if isinstance(step, ComposeFile) and not kept:
                # Without our lines, and with what others have written since.
                found = tables.written(step.capture(self.without))
            if isinstance(step, Sysctl):
                found = tables.written(step.of_its_own(step.before_from(found)))
            entry = replace(journal.planned(number, step), state=StepState.DONE, before=found)
            entry.undo = list(step.undo_lines(goes_back_to(entry, step, self.beside)))
            steps.append(entry)
        return replace(
            run,
            choices=answers_file.to_table(self.whole.choices),
            digest=self.whole.digest,
            host=in_words(host),
            steps=steps,
            finished=now(),
            wizard=__version__,
            generation=GENERATION,
        )


def in_force(runs: Store, choices: Choices) -> Record:
    """Return the record of the run that answers are for, which can be changed.

    Raises:
        Refused: there is none, it is not kept yet, or something else waits for an answer.
    """
    if choices.project is None:
        raise Refused("The answers name no project, so it is not known which set-up to change.")
    run = repairing.in_force(set_ups.chosen(runs, choices.project))
    if RepairStore(runs.directory).open is not None:
        raise Refused(repairing.WAITS)
    if set_ups.unsettled_change(runs) is not None:
        raise Refused(FIRST_BACK)
    obstacle = set_ups.why_not_change(runs.records(), run)
    if obstacle:
        raise Refused(f"Nothing was changed. {obstacle}")
    return run


def change_of(ground: Ground, choices: Choices, system: System, lacking: bool = False) -> Change:
    """Return the change of a run to other answers; the host is only read.

    Args:
        ground: What it begins with.
        choices: The answers.
        system: The host, for what the steps look at themselves.
        lacking: Whether something may be missing of what is made anew in any case.

    Raises:
        Refused: a step of the run is not in effect, something stands on what would go, or there is
            no plan for these answers.
    """
    run, made, beside, without = ground.run, ground.made, ground.beside, ground.system
    renumbers = _renumbers(answers_file.from_table(run.choices), choices)
    for each in made:
        # What stands beside it for a while would be taken for what is missing.
        if not _may_go(each, lacking and not renumbers):
            raise Refused(not_in_effect(each.sentence, run))
    alone = _beside_itself(ground.host, made) if renumbers else ground.host
    whole = ground.plan(choices, alone)
    partly = renumbers or _is_part(made, whole)
    pairs = [_same(each, made, partly) for each in whole.steps]
    goes_on = {each.number for each in pairs if each is not None}
    goes = [each for each in reversed(made) if each.number not in goes_on]
    comes = [step for step, pair in zip(whole.steps, pairs, strict=True) if pair is None]
    if partly and not renumbers:
        goes, comes = _connections(goes, comes)
    in_order = change_order.new_first if renumbers else change_order.old_first
    around = Around(set_ups.name_of(run), system, without, beside)
    steps = tuple(in_order(goes, comes, around))
    if renumbers:
        goes = change_order.at_last(goes, comes, around)
    _check_needed(goes, system, [each.path for each in comes if isinstance(each, ComposeFile)])
    # What joins and leaves by a change is not what joins by a plan of its own.
    noticed = list(moved_ports.notices(whole.steps))
    if renumbers or not partly:
        first: tuple[str, ...] = (_RENUMBERED if renumbers else _INTERRUPTED,)
    else:
        first = moved_ports.notices([*comes, *(each.step for each in goes)])
        noticed += _noticed(ground)
    notices = (*first, *(each for each in whole.notices if each not in noticed))
    return Change(
        plan=replace(whole, steps=steps, notices=notices),
        whole=whole,
        kept=tuple(
            _number(step, pair, made) for step, pair in zip(whole.steps, pairs, strict=True)
        ),
        host=alone,
        without=without,
        beside=beside,
        new_first=renumbers,
    )


def _noticed(ground: Ground) -> tuple[str, ...]:
    """Return what people have noticed of the run already; nothing where that cannot be told."""
    try:
        return ground.plan(answers_file.from_table(ground.run.choices)).notices
    except Refused:
        return ()


def check_obstacles(change: Change, system: System) -> None:
    """Look, before anything is touched, whether every step finds what it was planned for.

    What comes in the place of something that goes is looked at as far as its files.

    Raises:
        HostChanged: one does not; the message says which and why.
        Refused: a command that must succeed beforehand failed.
    """
    replaced = [kinds.KINDS[each.of] for each in change.plan.steps if isinstance(each, Withdraw)]
    journal.check_each(
        change.plan.steps, partial(_obstacle, change, replaced, system), change.without
    )


def _obstacle(
    change: Change, replaced: Sequence[type[Step]], system: System, step: Step
) -> str | None:
    if isinstance(step, Withdraw) and (change.new_first or step.of == Sysctl.kind):
        # What comes in its place looks at the file.
        return None
    if change.new_first or isinstance(step, Withdraw | Sysctl):
        return step.obstacle(system)
    if any(_stands_where(step, kind) for kind in replaced):
        return StepOf.obstacle(step, change.without)
    return step.obstacle(change.without)


def _stands_where(step: Step, kind: type[Step]) -> bool:
    """Return whether a step makes what one of a kind did, such as the chain of our own."""
    return isinstance(step, kind) or issubclass(kind, type(step))


def _may_go(each: Made, lacking: bool) -> bool:
    """Return whether a step is as it was left, or something is missing and that matters not."""
    gone = each.state == Condition.MISSING and not isinstance(each.step, _GO_ON)
    return each.in_effect or (lacking and gone)


def _beside_itself(alone: Host, made: Sequence[Made]) -> Host:
    """Return the host on which the IPv4 subnet of what goes is not free yet."""
    if isinstance(alone.prefixes_in_use, Unknown):
        return alone
    networks = (each.step for each in made if isinstance(each.step, DockerNetwork))
    subnets = (IPv4Network(each.ipv4_subnet) for each in networks if each.ipv4_subnet)
    return replace(alone, prefixes_in_use=(*alone.prefixes_in_use, *subnets))


def _renumbers(old: Choices, new: Choices) -> bool:
    """Return whether containers get other public addresses, on a network beside the old one.

    With ndppd they do not: what else stands in its file is told apart by the one rule of a set-up.
    """
    beside = (
        old.prefix is not None
        and new.prefix is not None
        and not old.prefix.overlaps(new.prefix)
        and old.network != new.network
        and old.bridge != new.bridge
    )
    same = replace(new, prefix=old.prefix, network=old.network, bridge=old.bridge)
    public = new.mode.addresses.public and new.proxy is not Proxy.NDPPD
    return beside and public and same == old


def _is_part(made: Sequence[Made], whole: Plan) -> bool:
    """Return whether the network and all that it stands on goes on as it is."""
    pairs = [_same(each, made) for each in whole.steps]
    differing = [step for step, pair in zip(whole.steps, pairs, strict=True) if pair is None]
    differing += [each.step for each in made if each not in pairs]
    return all(map(_stands_beside, differing))


def _stands_beside(step: Step) -> bool:
    """Return whether a step can come or go while the network stays."""
    follows = isinstance(step, SystemdUnit) and step.path == prefix_unit.PATH
    return follows or isinstance(step, Attach | ComposeFile | Sysctl)


def _same(step: Step, made: Sequence[Made], partly: bool = True) -> Made | None:
    """Return the step of the run that leaves the same on the host, and goes on.

    Where the network is made anew, all that stands on it or filters it is, so that it is closed
    before there is anything behind it; and so is what would keep forwarding on that Docker
    switched on for it, and undo switches off.
    """
    if not (partly or isinstance(step, _GO_ON)):
        return None
    there = (each for each in made if each.in_effect)
    return next((each for each in there if _leaves(each.step) == _leaves(step)), None)


def _leaves(step: Step) -> tuple[object, ...]:
    """Return what a step leaves on a host."""
    files = {each.path: each.after for each in step.actions() if isinstance(each, WriteFile)}
    return step.kind, files, step.objects()


def _place(step: Step) -> tuple[object, ...]:
    """Return what tells a step from every other of the same plan."""
    files = tuple(each.path for each in step.actions() if isinstance(each, WriteFile))
    return step.kind, files


def _connections(goes: Sequence[Made], comes: Sequence[Step]) -> tuple[list[Made], list[Step]]:
    """Leave the containers on the network that are meant to be on it before and after."""
    old = [each.step for each in goes if isinstance(each.step, Attach)]
    new = [each for each in comes if isinstance(each, Attach)]
    return (
        [
            replace(each, step=step)
            for each in goes
            for step in (_less(each.step, new) if isinstance(each.step, Attach) else [each.step])
        ],
        [
            step
            for each in comes
            for step in (_less(each, old) if isinstance(each, Attach) else [each])
        ],
    )


def _less(step: Attach, others: Sequence[Attach]) -> list[Attach]:
    """Return a step for the containers that no other one connects in the same way."""
    theirs = {run.line for each in others for run in each.actions()}
    places = [at for at, each in enumerate(step.actions()) if each.line not in theirs]
    if not places:
        return []
    services = {step.containers[at][2] for at in places}
    return [
        replace(
            step,
            containers=tuple(step.containers[at] for at in places),
            addresses=tuple(step.addresses[at] for at in places) if step.addresses else (),
            published=tuple(each for each in step.published if each in services),
        )
    ]


def _check_needed(goes: Sequence[Made], system: System, changing: Iterable[str]) -> None:
    """Make sure that nothing stands on what goes; ``changing`` are files that do not by then.

    Raises:
        Refused: something does.
    """
    gone_by_then = set(changing)
    for each in goes:
        if isinstance(each.step, Sysctl):
            continue
        for found in each.step.compare(system, each.before, gone_by_then):
            if found.needed:
                needed = found.needed.replace("wizard --undo", "wizard --change")
                raise Refused(f"{needed} Nothing was changed.")
            gone_by_then.update((found.name, *found.goes_with_it))


def _number(step: Step, pair: Made | None, made: Sequence[Made]) -> int:
    """Return the number of the step of the run whose memory of the host goes on."""
    if pair is None and isinstance(step, Attach):
        pair = next((each for each in made if isinstance(each.step, Attach)), None)
    return 0 if pair is None else pair.number
