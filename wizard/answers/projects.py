"""The Compose project that the answers name, and its services."""

from wizard.answers.choices import Choices
from wizard.host.host import ComposeProject, Host, Unknown
from wizard.platform.text import clean_line


def find_project(choices: Choices, host: Host) -> ComposeProject | str:
    """Return the chosen Compose project, or a sentence that says why there is none."""
    if isinstance(host.projects, Unknown):
        return f"The Compose projects of this host are not known. {host.projects.reason}"
    for project in host.projects:
        if project.name == choices.project:
            return project if project.is_there else " ".join(project.doubts)
    if not host.choosable_projects:
        return (
            "No Compose project runs on this host. Start it once with Compose, so that its "
            "containers exist, and then start the wizard again."
        )
    if choices.project is None:
        return "Choose the Compose project whose containers should have IPv6."
    return f"There is no Compose project called {clean_line(choices.project)} on this host."


def check_services(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why the project and services cannot be used, or None."""
    project = find_project(choices, host)
    if isinstance(project, str):
        return project
    if not choices.services:
        return "No service is ticked: tick at least one that should reach the IPv6 internet."
    return None
