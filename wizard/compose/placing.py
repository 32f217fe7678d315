"""In which files of a project its services get a network: each in the file where it stands."""

from collections.abc import Mapping, Sequence

from wizard.compose.edit import add_network
from wizard.compose.joining import joined
from wizard.compose.override import override
from wizard.compose.project import Project
from wizard.compose.read import ParsedFile, parse_part
from wizard.compose.yaml_source import Content
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line


def in_place(
    project: Project,
    services: Sequence[str],
    network: str,
    preferred: str,
    *,
    declaration: Mapping[str, Content] | None = None,
    addresses: Mapping[str, str] | None = None,
) -> dict[str, ParsedFile]:
    """Return every file in which a service stands with its new text, by its path.

    They are in the order in which they can be written one by one: the first declares the network
    if none does yet.

    Args:
        project: What was read of the project.
        services: The services that get the network.
        network: Its name in Docker.
        preferred: The file that is changed for a service that stands in several.
        declaration: As for :func:`add_network`.
        addresses: As for :func:`add_network`.

    Raises:
        Refused: as :func:`add_network`; or a service stands in no file.
    """
    chosen: dict[int, list[str]] = {}
    for service in services:
        chosen.setdefault(_place(project, service, preferred), []).append(service)
    files, made = [part.file for part in project.parts], dict[str, ParsedFile]()
    for number in sorted(chosen, key=lambda each: (not project.parts[each].given, each)):
        before = files[number]
        text = add_network(
            before,
            chosen[number],
            network,
            beside=files[:number],
            later=files[number + 1 :],
            declaration=declaration,
            addresses={
                name: address
                for name, address in (addresses or {}).items()
                if name in chosen[number]
            },
        )
        files[number] = before.with_content(text)
        made[project.parts[number].path] = files[number]
    _spare_others(project, made, services)
    return made


def beside(
    project: Project,
    services: Sequence[str],
    network: str,
    path: str,
    existing: bytes | None,
    *,
    declaration: Mapping[str, Content] | None = None,
    addresses: Mapping[str, str] | None = None,
) -> ParsedFile:
    """Return the override file at a path with its new text; Compose reads it after all others.

    Raises:
        Refused: as :func:`override`.
    """
    others = [part.file for part in project.parts if part.path != path]
    text = override(
        others,
        services,
        network,
        existing,
        name=path,
        declaration=declaration,
        addresses=addresses,
    )
    return parse_part(text, path)


def _place(project: Project, service: str, preferred: str) -> int:
    """Return the number of the file in which a service gets the network.

    The preferred one if it stands there, else the last that names networks of it, else the first;
    never one whose networks a later file takes away.
    """
    found = joined([part.file.meaning for part in project.parts], service)
    if found is None:
        raise Refused(
            f"There is no service {clean_line(service)} in {_names(project)}. Nothing was changed. "
            "Choose among the services that the project has."
        )
    parts = project.parts
    by_name = [each for each in found.places if parts[each].path == preferred]
    naming = [
        each
        for each in found.places
        if parts[each].file.meaning.services[service].networks is not None
    ]
    return (by_name or naming[-1:] or list(found.places))[0]


def _spare_others(
    project: Project, made: Mapping[str, ParsedFile], services: Sequence[str]
) -> None:
    others = project.bystanders({path: file.raw for path, file in made.items()}, services)
    if others:
        shared = clean_line(", ".join(others))
        # One that was chosen already would be on the default network as well.
        too = "" if set(others) & set(services) else f", or choose {shared} as well"
        raise Refused(
            f"{shared} takes settings from a file that would be changed (by extends), so what is "
            "added there would be added to it too. Nothing was changed. Put the network into an "
            f"override file instead{too}."
        )


def _names(project: Project) -> str:
    return clean_line(", ".join(part.path for part in project.parts))
