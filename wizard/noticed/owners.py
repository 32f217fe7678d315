"""A tool that writes the Compose files of the project itself, and what it does to the change."""

from wizard.answers.choices import Choices, Placement
from wizard.answers.projects import project_of
from wizard.compose.owners import owner_of, said_of
from wizard.host.known import KnownHost


def notices(host: KnownHost, choices: Choices) -> tuple[str, ...]:
    """Return what becomes of the change where a tool owns the files; nothing where none does."""
    owner = owner_of(project_of(host, choices).files)
    if owner is None:
        return ()
    return (said_of(owner, beside=choices.placement is Placement.OVERRIDE),)
