"""The Compose project that the answers name, and its services."""

from wizard.answers.choices import Choices
from wizard.compose.override import picks_up_override
from wizard.compose.owners import owner_of
from wizard.host.host import ComposeProject, Host, Unknown
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line


def project_of(host: Host, choices: Choices) -> ComposeProject:
    """Return the chosen Compose project.

    Raises:
        Refused: there is none that can be used.
    """
    if isinstance(host.projects, Unknown):
        raise Refused(f"The Compose projects of this host are not known. {host.projects.reason}")
    for project in host.projects:
        if project.name == choices.project:
            if not project.is_there:
                raise Refused(" ".join(project.doubts))
            return project
    if not host.choosable_projects:
        raise Refused(
            "No Compose project runs on this host. Start it once with Compose, so that its "
            "containers exist, and then start the wizard again."
        )
    if choices.project is None:
        raise Refused("Choose the Compose project whose containers should have IPv6.")
    raise Refused(f"There is no Compose project called {clean_line(choices.project)} on this host.")


def reads_override(project: ComposeProject) -> bool:
    """Return whether Compose reads an override file by itself whenever the project is started."""
    owner = owner_of(project.files)
    named = project.named_by is not None or (owner is not None and owner.names_files)
    return picks_up_override(project.files, project.directory) and not named


def written_over_by(project: ComposeProject) -> str | None:
    """Return who may write over a change to the project's own files, in words; None for nobody."""
    owner = owner_of(project.files)
    if owner is not None and owner.rewrites:
        return f"{owner.name} writes it anew with every deployment"
    return "It is kept in git, so an update could collide with that" if project.in_git else None


def project_if_any(host: Host, choices: Choices) -> ComposeProject | None:
    """Return the chosen Compose project, or None where there is none that can be used."""
    try:
        return project_of(host, choices)
    except Refused:
        return None


def check_services(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why the project and services cannot be used, or None."""
    try:
        project_of(host, choices)
    except Refused as refused:
        return str(refused)
    if not choices.services:
        return "No service is ticked: tick at least one that should reach the IPv6 internet."
    return None
