"""What a step of a run would be today: the uplink may have another name, containers be new ones."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wizard.answers.choices import Choices
from wizard.answers.projects import project_if_any
from wizard.host.host import Host, Unknown
from wizard.modes.shared import chosen_containers
from wizard.record.record import Record
from wizard.steps import kinds
from wizard.steps.attach import Attach
from wizard.steps.base import Step
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.package import Package


def renamed(record: Record, host: Host) -> tuple[str, str] | None:
    """Return the name that the uplink had when a run was made, and the one that it has now.

    None where it has the same, or where an interface of the old name is still there.
    """
    old = re.match(r"(\S+) ", record.host.get("IPv6 uplink", ""))
    if old is None or isinstance(host.uplink, Unknown) or isinstance(host.interfaces, Unknown):
        return None
    new = host.uplink.interface
    return None if old[1] == new or old[1] in host.interfaces else (old[1], new)


def adapted(step: Step, record: Record, host: Host, choices: Choices) -> Step:
    """Return the step as it would be made today."""
    if isinstance(step, Attach):
        return _with_containers_of_today(step, host, choices)
    names = renamed(record, host)
    if names is None or isinstance(step, ComposeFile | DockerNetwork | Package):
        return step
    return kinds.step(step.kind, _with_name(step.parameters(), *names))


def _with_containers_of_today(step: Attach, host: Host, choices: Choices) -> Attach:
    if project_if_any(host, choices) is None:
        return replace(step, containers=(), addresses=())
    fixed = dict(zip((each[2] for each in step.containers), step.addresses, strict=False))
    running = chosen_containers(host, choices)
    return replace(
        step,
        containers=tuple((each.id, each.name, each.service) for each in running),
        addresses=tuple(fixed.get(each.service, "") for each in running) if fixed else (),
    )


def _with_name(table: Mapping[str, object], old: str, new: str) -> dict[str, object]:
    """Return parameters in which an interface has another name, as sysctl(8) writes it too."""
    spelled = ((old, new), (old.replace(".", "/"), new.replace(".", "/")))

    def inner(value: object) -> object:
        if isinstance(value, dict):
            return {key: inner(each) for key, each in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [inner(each) for each in value]
        if isinstance(value, str):
            for before, after in spelled:
                value = re.sub(rf"(?<![\w-]){re.escape(before)}(?![\w-])", after, value)
        return value

    return {key: inner(value) for key, value in table.items()}
