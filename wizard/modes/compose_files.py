"""The steps that change the files of a Compose project, so that its services join the network."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv6Address

from wizard.answers.choices import Choices, Placement
from wizard.answers.projects import project_of, reads_override
from wizard.compose.edit import key_of
from wizard.compose.placing import beside, in_place
from wizard.compose.project import Project
from wizard.compose.read import ParsedFile
from wizard.host.compose_generations import makes_networks
from wizard.host.host import Host, Unknown
from wizard.modes import plan_inputs
from wizard.modes.plan_inputs import PlanInputs
from wizard.platform.errors import Refused
from wizard.platform.system import FileState
from wizard.platform.text import clean_line
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork


def with_compose_files(
    host: Host,
    choices: Choices,
    read: PlanInputs,
    made: DockerNetwork,
    addresses: Mapping[str, IPv6Address] | None = None,
) -> tuple[DockerNetwork, tuple[ComposeFile, ...]]:
    """Return the network, and a step for each Compose file that has to change, in their order.

    Where every Compose of the host can, it makes the network itself from then on, and the network
    carries the labels by which Compose takes it for its own. Else the file names one that is made
    outside Compose.

    Raises:
        Refused: the shape of a file does not let it be changed safely.
    """
    if read.project is None:
        raise Refused("The Compose files have to be read first.")
    _check_keys(host, read.project)
    declared = made.declaration() if makes_networks(host.compose) else None
    fixed = {service: str(address) for service, address in (addresses or {}).items()}
    path = plan_inputs.target(choices, read)
    if choices.placement is Placement.OVERRIDE:
        project = project_of(host, choices)
        if not reads_override(project):
            why = project.named_by or "the project was started with files that were named to it"
            raise Refused(
                f"Compose would not read an override file by itself here, because {why}. Choose "
                "to change the file in place."
            )
        before = read.files.get(path)
        existing = before.text.encode("utf-8", "surrogateescape") if before else None
        changed = {
            path: beside(
                read.project,
                choices.services,
                choices.network,
                path,
                existing,
                declaration=declared,
                addresses=fixed,
            )
        }
    elif path not in read.compose_paths:
        raise Refused(
            f"{clean_line(path)} is not a Compose file of {clean_line(choices.project or '')}. "
            "Nothing was changed. Choose one of the files that the project was started with."
        )
    else:
        changed = in_place(
            read.project,
            choices.services,
            choices.network,
            path,
            declaration=declared,
            addresses=fixed,
        )
    if declared is not None:
        made = replace(made, compose_key=_key(read.project, changed, choices.network))
    return made, _steps(host, choices, read, changed)


def _check_keys(host: Host, project: Project) -> None:
    """Make sure that no key stands twice where Compose 2 alone would read it.

    Raises:
        Refused: one does. Compose 1 takes the last one, as was seen with 1.29.2; 2.26.1 and 2.40.3
            do not read such a file.
    """
    if isinstance(host.compose, Unknown) or host.compose.v1 is not None:
        return
    for part in project.parts:
        for key, first, other in part.file.document.twice:
            raise Refused(
                f"{part.file.name} has the key “{key}” twice, in lines {first} and {other}, which "
                "Compose 2 does not read. Nothing was changed. Take one of the two lines out, and "
                "try again."
            )


def _key(project: Project, changed: Mapping[str, ParsedFile], network: str) -> str:
    """Return the key of the network once the files are changed so."""
    others = [part.file for part in project.parts if part.path not in changed]
    return key_of([*others, *changed.values()], network) or ""


def _steps(
    host: Host, choices: Choices, read: PlanInputs, changed: Mapping[str, ParsedFile]
) -> tuple[ComposeFile, ...]:
    given, compose = read.given_paths, host.compose
    # A new file belongs to whom the old one belongs.
    owner = read.files[given[0]]
    steps: list[ComposeFile] = []
    for path, file in changed.items():
        text, before = file.raw.decode("utf-8", "surrogateescape"), read.files.get(path)
        if before is not None and before.text == text:
            continue
        state = before or owner
        added = path not in read.compose_paths
        steps.append(
            ComposeFile(
                path=path,
                before=before,
                after=FileState(text, state.mode, state.uid, state.gid),
                services=_joining(choices, read, changed, path),
                directory=str(project_of(host, choices).directory),
                files=(*given, path) if added else given,
                compose_commands=() if isinstance(compose, Unknown) else compose.commands,
                follows=bool(steps),
                variables=read.variables,
            )
        )
    return tuple(steps)


def _joining(
    choices: Choices, read: PlanInputs, changed: Mapping[str, ParsedFile], path: str
) -> tuple[str, ...]:
    """Return the chosen services that join the network by the new text of a file."""
    if len(changed) == 1 or read.project is None:
        return choices.services
    old = next(part.file.meaning for part in read.project.parts if part.path == path)
    new = changed[path].meaning
    return tuple(
        name
        for name in choices.services
        if name in new.services
        and (name not in old.services or new.services[name].networks != old.services[name].networks)
    )
