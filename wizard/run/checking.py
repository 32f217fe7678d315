"""Looks whether the run on this host does what it was set up for: packets, steps, the next boot."""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv6Address

from wizard.answers import answers_file, firewalls
from wizard.answers.choices import Choices
from wizard.answers.prefixes import first_subnet
from wizard.answers.projects import project_of
from wizard.boot import outlook
from wizard.host import filtering
from wizard.host.host import Container, Host, Unknown
from wizard.host.obstacle import Obstacle
from wizard.host.published import Published, hears, published
from wizard.inward import closed as inward
from wizard.inward.closed import InputRules
from wizard.modes.registry import behaviour_of
from wizard.modes.shared import chosen_containers
from wizard.platform.asked_once import asked_once
from wizard.platform.system import System
from wizard.platform.text import clean_line
from wizard.probes import another_machine, report
from wizard.probes.another_machine import Found, Place
from wizard.probes.report import ContainerReport, ContainerTarget, Question
from wizard.record import earlier_releases
from wizard.record.record import Record
from wizard.run import dropped_ports, flushed_rules, renewing
from wizard.run.conditions import StepCondition, conditions
from wizard.steps.closed_ports import ClosedPorts
from wizard.steps.networks import inspect
from wizard.steps.others import Other
from wizard.verification.judgement import Judgement, judge

_PORT = 443
"""The TCP port that is tried on the target."""

_ANYWHERE = IPv6Address("::")
"""Where a port is published that strangers may reach over IPv6."""

_TELLER_PORT = 80
"""The TCP port on which a host that tells its visitors their address is asked."""


def check(
    record: Record,
    host: Host,
    system: System,
    target: IPv6Address | None = None,
    teller: IPv6Address | None = None,
    other: str | None = None,
    beside: Sequence[Other] = (),
    halfway: str = "",
) -> Judgement:
    """Look from inside the containers that a run gave IPv6, and judge what was found.

    Args:
        record: The record of the run.
        host: The host as it is now.
        system: The same, for what the steps look at themselves.
        target: Whom to ask; the target of the run's own answers unless it is given.
        teller: A host that tells its visitors their address on TCP port 80.
        other: Another machine, as ssh takes it, that tries what comes in.
        beside: The steps of the other set-ups that are in force, as of today.
        halfway: What is said in place of all that differs (:mod:`wizard.run.halfway`).

    Raises:
        Refused: the project of the run is not on the host any more, or cannot be seen.
    """
    choices = answers_file.from_table(record.choices)
    system = asked_once(system)
    steps = conditions(record, host, system, beside)
    reports = _reports(host, choices, target or choices.target, teller)
    states, asked = tuple(each.as_values() for each in steps), [_asked(choices, target)]
    foreseen = outlook.look().sentences
    if halfway:
        return judge(reports, choices, (halfway,), foreseen, (), states, asked)
    closed = _closed(host, steps, system)
    lost = dropped_ports.told(host, choices, system, closed)
    inwards = _inwards(
        host, choices, system, other, lambda port: closed(port) or port.of_host in lost
    )
    saved = system.run(("ip6tables-save",)).output
    flushed = tuple(flushed_rules.told(record, host, choices, saved))
    differing = (
        *behaviour_of(choices.mode).deviations(host, choices),
        *renewing.told(record, host, system, beside),
        *(each.sentence for each in steps if each.sentence),
        *_idle(host, choices),
        *flushed,
        *(each.sentence for each in _stopping(host, choices, "" if flushed else saved)),
        *inwards.silent,
    )
    notes = (
        *lost.values(),
        *inwards.notes,
        *_unheard(host, choices),
        *_of_sources(reports),
        *_beforehand(host, choices),
        *earlier_releases.faults(record),
    )
    return judge(reports, choices, differing, foreseen, notes, states, asked)


def _stopping(host: Host, choices: Choices, saved: str) -> Iterator[Obstacle]:
    """Yield every chain that stops packets, whoever made it.

    What a flush stops needs no other words than that of itself, and no other lines to type.
    """
    yield from firewalls.forward_chains(host, choices)
    yield from firewalls.firewalld(host, choices)
    yield from firewalls.of_ip6tables(saved, host, choices)


def _reports(
    host: Host, choices: Choices, target: IPv6Address, teller: IPv6Address | None
) -> tuple[ContainerReport, ...]:
    targets = [
        ContainerTarget(container.name, container.pid)
        for container in project_of(host, choices).containers
        if container.running and container.service in choices.services
    ]
    way = report.host_way(target, port=_PORT)
    question = Question(
        prefix=first_subnet(choices.prefix) if choices.prefix else None,
        target=target,
        target_port=None if report.answers_echo_alone(way) else _PORT,
        address_service=(teller, _TELLER_PORT) if teller else None,
        accepts_host=way.accepts,
        host=way.outward,
    )
    return report.check(targets, question)


def _inwards(
    host: Host,
    choices: Choices,
    system: System,
    other: str | None,
    closed: Callable[[Published], bool],
) -> Found:
    """Let another machine try what should come in, or say that nobody tried it."""
    places = _places(host, choices, system, closed)
    if not places:
        return Found()
    if other is not None:
        return another_machine.ask(system, other, places)
    return Found(
        notes=(
            f"From outside should answer: {another_machine.in_words(places)}. That was not "
            "tried. wizard --check --from ADDRESS has another computer of yours try it, over ssh.",
        )
    )


def _closed(
    host: Host, steps: Sequence[StepCondition], system: System
) -> Callable[[Published], bool]:
    """Return what tells whether a published port of this host is closed to strangers."""
    kept = {
        port for each in steps if isinstance(each.step, ClosedPorts) for port in each.step.ports
    }
    # What Docker forwards passes INPUT by, so that only what was set up for it closes it.
    forwards = not isinstance(host.engine, Unknown) and host.engine.manages_ip6tables
    rules = InputRules() if forwards else inward.read(system)
    uplink = "" if isinstance(host.uplink, Unknown) else host.uplink.interface

    def is_closed(port: Published) -> bool:
        return port.of_host in kept or rules.closes(uplink, port) is True

    return is_closed


def _places(
    host: Host, choices: Choices, system: System, closed: Callable[[Published], bool]
) -> list[Place]:
    """Return what should answer strangers: containers, or else ports that the host publishes."""
    running = {each.name: each for each in chosen_containers(host, choices)}
    if choices.mode.addresses.public:
        opened = dict(behaviour_of(choices.mode).opens(host, choices).ports)
        found = inspect(system, choices.network) or {}
        return [
            Place(name, address, tuple(_tcp(opened.get(name, ()), running[name])))
            for each in (found.get("Containers") or {}).values()
            if (name := str(each.get("Name"))) in running
            and (address := str(each.get("IPv6Address") or "").partition("/")[0])
        ]
    if isinstance(host.uplink, Unknown) or not host.uplink.addresses:
        return []
    own = str(host.uplink.addresses[0].interface.ip)
    ports = {
        each.host_port
        for container in running.values()
        for each in _tcp_ports(container)
        if each.address == _ANYWHERE and _is_heard(container, each) and not closed(each)
    }
    return [Place("This host", own, tuple(sorted(ports)), echo=False)] if ports else []


def _tcp(opened: Sequence[str], container: Container) -> Iterator[int]:
    """Yield the TCP ports that a container publishes itself among those that are open on it."""
    for each in sorted({port.port for port in _tcp_ports(container) if _is_heard(container, port)}):
        if f"{each}/tcp" in opened:
            yield each


def _tcp_ports(container: Container) -> Iterator[Published]:
    return (port for port in published(container) if port.protocol == "tcp")


def _is_heard(container: Container, port: Published) -> bool:
    """Return whether somebody in it hears visitors who come over IPv6, or may."""
    return container.listeners is None or hears(container.listeners, "tcp", port.port, 6)


def _unheard(host: Host, choices: Choices) -> Iterator[str]:
    """Yield a sentence for each published port on which IPv6 ends at nobody."""
    for container in chosen_containers(host, choices):
        ports = {
            each.port
            for each in _tcp_ports(container)
            if each.address == _ANYWHERE and not _is_heard(container, each)
        }
        for each in sorted(ports):
            yield (
                f"In {clean_line(container.name)} nobody listens on TCP port {each} over IPv6, so "
                "visitors over IPv6 are refused there."
            )


def _idle(host: Host, choices: Choices) -> tuple[str, ...]:
    """Return a sentence for each chosen service of which no container runs."""
    running = {each.service for each in project_of(host, choices).containers if each.running}
    return tuple(
        f"No container of {clean_line(service)} runs, so nothing was looked at there."
        for service in choices.services
        if service not in running
    )


def _beforehand(host: Host, choices: Choices) -> Iterator[str]:
    """Yield what an upgrade of Docker will mean for what is set up now."""
    engine = host.engine
    if isinstance(engine, Unknown) or engine.release >= filtering.ROUTED_GATEWAY:
        return
    hidden = "public addresses are hidden behind this host" * choices.mode.addresses.public
    yield (
        "After an upgrade to Docker 27 or later type wizard --repair: until then "
        f"{hidden or 'rules stand there twice'}."
    )


def _asked(choices: Choices, target: IPv6Address | None) -> str:
    """Return what was asked on the internet."""
    return f"Asked was {target or choices.target}, by an echo request and on TCP port {_PORT}: " + (
        "you named it." if target else "it is the target in the answers of this run."
    )


def _of_sources(reports: tuple[ContainerReport, ...]) -> Iterator[str]:
    """Yield what to do where it is not known by which address others see a container."""
    if any(each.translated is None for each in reports):
        yield (
            "By which address others see some of the containers is not known: this host's "
            "kernel does not say. If you know a host that tells its visitors their address on "
            "TCP port 80, name it: wizard --check --teller ADDRESS"
        )
