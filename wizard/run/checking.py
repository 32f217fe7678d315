"""Looks whether the run on this host does what it was set up for: packets, steps, the next boot."""

from ipaddress import IPv6Address

from wizard.answers import answers_file
from wizard.answers.choices import Choices
from wizard.answers.prefixes import first_subnet
from wizard.answers.projects import project_of
from wizard.boot import outlook
from wizard.host.host import Host
from wizard.modes.registry import behaviour_of
from wizard.platform.system import System
from wizard.platform.text import clean_line
from wizard.probes import report
from wizard.probes.report import ContainerReport, ContainerTarget, Question
from wizard.record import earlier_releases
from wizard.record.record import Record
from wizard.run.conditions import conditions
from wizard.verification.judgement import Judgement, judge

_PORT = 443
"""The TCP port that is tried on the target."""

_TELLER_PORT = 80
"""The TCP port on which a host that tells its visitors their address is asked."""


def check(
    record: Record,
    host: Host,
    system: System,
    target: IPv6Address | None = None,
    teller: IPv6Address | None = None,
) -> Judgement:
    """Look from inside the containers that a run gave IPv6, and judge what was found.

    Args:
        record: The record of the run.
        host: The host as it is now.
        system: The same, for what the steps look at themselves.
        target: Whom to ask; the target of the run's own answers unless it is given.
        teller: A host that tells its visitors their address on TCP port 80.

    Raises:
        Refused: the project of the run is not on the host any more, or cannot be seen.
    """
    choices = answers_file.from_table(record.choices)
    steps = conditions(record, host, system)
    reports = _reports(host, choices, target or choices.target, teller)
    differing = (
        *behaviour_of(choices.mode).deviations(host, choices),
        *(each.sentence for each in steps if each.sentence),
        *_idle(host, choices),
    )
    notes = (*_notes(reports, choices, target), *earlier_releases.faults(record))
    states = tuple(each.as_values() for each in steps)
    return judge(reports, choices, differing, outlook.look().sentences, notes, states)


def _reports(
    host: Host, choices: Choices, target: IPv6Address, teller: IPv6Address | None
) -> tuple[ContainerReport, ...]:
    targets = [
        ContainerTarget(container.name, container.pid)
        for container in project_of(host, choices).containers
        if container.running and container.service in choices.services
    ]
    question = Question(
        prefix=first_subnet(choices.prefix) if choices.prefix else None,
        target=target,
        target_port=None if report.answers_echo_alone(target, _PORT) else _PORT,
        address_service=(teller, _TELLER_PORT) if teller else None,
    )
    return report.check(targets, question)


def _idle(host: Host, choices: Choices) -> tuple[str, ...]:
    """Return a sentence for each chosen service of which no container runs."""
    running = {each.service for each in project_of(host, choices).containers if each.running}
    return tuple(
        f"No container of {clean_line(service)} runs, so nothing was looked at there."
        for service in choices.services
        if service not in running
    )


def _notes(
    reports: tuple[ContainerReport, ...], choices: Choices, target: IPv6Address | None
) -> tuple[str, ...]:
    """Return what was asked, and what was not tried."""
    notes = [
        f"Asked was {target or choices.target}, by an echo request and on TCP port {_PORT}: "
        + ("you named it." if target else "it is the target in the answers of this run.")
    ]
    if any(each.translated is None for each in reports):
        notes.append(
            "By which address others see some of the containers is not known: this host's "
            "kernel does not say. If you know a host that tells its visitors their address on "
            "TCP port 80, name it: wizard --check --teller ADDRESS"
        )
    return (*notes, *behaviour_of(choices.mode).untried)
