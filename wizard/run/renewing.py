"""Why a set-up does not fit the host of today, and the repair that plans it anew.

Such a repair is a change (:mod:`wizard.run.changing`) to the answers that the host of today asks
for, which are mostly those that the set-up was made from.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace

from wizard.answers import answers_file, moved_prefix
from wizard.answers.choices import Choices
from wizard.host.host import Engine, Host, Unknown
from wizard.host.parts import docker_engine
from wizard.platform.errors import Refused
from wizard.platform.system import System
from wizard.platform.text import clean, clean_line
from wizard.record.record import Record
from wizard.run import changing, repairing, set_ups
from wizard.run.ground import Ground, ground_of
from wizard.run.repairing import Repair
from wizard.steps.base import Step
from wizard.steps.closed_ports import ClosedPorts
from wizard.steps.comparing import Resolution
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.others import Other
from wizard.steps.sysctl import Sysctl


@dataclass(frozen=True)
class Renewal:
    """Why a set-up does not fit the host of today, and what it is changed to."""

    ground: Ground
    """What such a change begins with."""
    reasons: tuple[str, ...]
    """Each in sentences, with the evidence."""
    moved: str = ""
    """The one among them that the provider gave another prefix."""
    answers: Choices | None = None
    """None where there are none that would do."""


def renewal_of(
    record: Record, host: Host, system: System, beside: Sequence[Other] = ()
) -> Renewal | None:
    """Return why a run that is kept has to be planned anew, or None; the host is only read.

    ``beside`` are the steps of the other set-ups that are in force, as of today.
    """
    choices = answers_file.from_table(record.choices)
    moved = moved_prefix.moved(choices, host)
    engines = _engines(record, host)
    if moved is None and engines is None:
        return None
    try:
        ground = ground_of(record, host, system, beside)
    except Refused:
        # The step that could not be looked at says so itself.
        return None
    engine = _does_otherwise(ground, choices, *engines) if engines else ""
    reasons = tuple(reason for reason in (engine, moved.sentence if moved else "") if reason)
    if not reasons:
        return None
    answers = moved_prefix.renumbered(choices, host) if moved else choices
    return Renewal(ground, reasons, moved.sentence if moved else "", answers)


def _engines(record: Record, host: Host) -> tuple[Engine, Engine] | None:
    """Return the Docker that a run was made for and that of today, where they differ."""
    if isinstance(host.engine, Unknown):
        return None
    words = record.host.get(docker_engine.PART.label, "")
    earlier = docker_engine.earlier(words, host.engine)
    if earlier is None or earlier == host.engine:
        return None
    return earlier, host.engine


def _does_otherwise(ground: Ground, choices: Choices, earlier: Engine, now: Engine) -> str:
    """Return what the Docker of today does otherwise than an earlier one, in sentences.

    The steps are those for the host of today but for Docker, so that nothing else counts; and
    steps alone, for what Docker has made by now may stand in the way of a plan for another.
    """
    begin = (
        f"Docker {clean_line(now.version)} runs now, and this was set up for Docker "
        f"{clean_line(earlier.version)}."
    )
    hosts = (replace(ground.host, engine=each) for each in (earlier, now))
    filters = any(step.kind == Ip6tables.kind for step in ground.run.steps)
    try:
        steps = [ground.steps(choices, each) for each in hosts]
        differing = tuple(_differing(*steps, filters=filters))
    except Refused:
        return ""
    return " ".join((begin, *differing)) if differing else ""


def _why(refused: Refused) -> str:
    return str(refused).removesuffix(" Nothing was changed.")


def _differing(before: Sequence[Step], now: Sequence[Step], *, filters: bool) -> Iterator[str]:
    """Yield what another Docker does otherwise of what a set-up stands on, in sentences.

    ``filters`` is whether the set-up has rules of its own, which with the earlier Docker may hang
    on a policy that is another one by now.
    """
    old, new = ({step.kind: step for step in steps} for steps in (before, now))
    for kind, step in old.items():
        later = new.get(kind)
        match step:
            case DockerNetwork() if isinstance(later, DockerNetwork):
                if step.options != later.options:
                    yield (
                        "What lets a network have addresses of its own is fixed when it is made, "
                        f"and {clean_line(step.network)} was made for the earlier one."
                    )
            case Sysctl() if _forwards(step) and not _forwards(later):
                yield (
                    "It switches IPv6 forwarding on itself, and where nothing did that before it, "
                    "closes FORWARD to all but containers. Until now the wizard's file did, and "
                    "that goes: from the next boot on, whatever else this host passes on needs "
                    "rules of its own in DOCKER-USER."
                )
            case Ip6tables() if filters and later is None and not isinstance(step, ClosedPorts):
                yield (
                    "It makes the packet filter rules for IPv6 itself, so the wizard's stand "
                    "there twice."
                )
    for kind, step in new.items():
        if isinstance(step, ClosedPorts) and kind not in old:
            yield (
                "It lets in from outside what this host's own rules (INPUT) close: "
                f"{clean_line(', '.join(step.ports))}."
            )
        elif isinstance(step, Ip6tables) and kind == Ip6tables.kind and not filters:
            yield "It makes no packet filter rules for IPv6, so those of the wizard are needed."
        elif isinstance(step, Sysctl) and _forwards(step) and not _forwards(old.get(kind)):
            yield "It does not switch IPv6 forwarding on by itself."


def _forwards(step: object) -> bool:
    return isinstance(step, Sysctl) and step.forwards


def told(
    record: Record, host: Host, system: System, beside: Sequence[Other] = ()
) -> tuple[str, ...]:
    """Return for a person why a run does not fit the host of today, and what to type.

    That the provider gave another prefix is said by the mode itself.
    """
    found = renewal_of(record, host, system, beside)
    if found is None:
        return ()
    what = f"wizard --repair {set_ups.argument_of(record)} makes anew what differs."
    return tuple(clean(f"{each} {what}") for each in found.reasons if each != found.moved)


def repair_of(
    record: Record,
    host: Host,
    system: System,
    changed: Resolution = Resolution.KEEP,
    beside: Sequence[Other] = (),
    done: Container[str] = (),
) -> Repair:
    """Return the repair of a run: anew where it does not fit the host of today, else what it lacks.

    Where it cannot be made anew yet, what it lacks is put back first. The arguments are those of
    :func:`wizard.run.repairing.repair_of`.
    """
    made = repairing.repair_of(record, host, system, changed, beside, done)
    found = renewal_of(record, host, system, beside)
    if found is None:
        return made
    why = " ".join(found.reasons)
    if found.answers is None:
        return _with_remark(made, found, why)
    try:
        plan = changing.change_of(found.ground, found.answers, system, lacking=True).plan
    except Refused as refused:
        return _with_remark(made, found, f"{why} Not made anew yet. {_why(refused)}")
    plan = replace(plan, notices=(*found.reasons, *plan.notices))
    return replace(made, plan=plan, left=(), moved=found.moved, answers=found.answers)


def _with_remark(made: Repair, found: Renewal, remark: str) -> Repair:
    plan = replace(made.plan, remarks=(*made.plan.remarks, clean(remark)))
    return replace(made, plan=plan, moved=found.moved)
