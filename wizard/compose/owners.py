"""Tools that write the Compose files of their projects themselves, known by where those lie.

The folders are the tools' own defaults. Whoever may put a file there can make a project look like
one of them, which changes what is proposed and said, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A tool, and what it does with a Compose file below a folder.

    Attributes:
        name: How it is called.
        folder: Where the files of its projects lie.
        names_files: Whether it gives Compose the files by their names, so that Compose looks for
            no override file.
        rewrites: Whether it writes the file anew whenever it deploys the project.
    """

    name: str
    folder: str
    names_files: bool = True
    rewrites: bool = True


OWNERS = (
    Owner("Portainer", "/data/compose"),
    Owner("Dokploy", "/etc/dokploy/compose"),
    Owner("Coolify", "/data/coolify/applications"),
    Owner("Coolify", "/data/coolify/services", names_files=False),
    Owner("Dockge", "/opt/stacks", names_files=False, rewrites=False),
)


def owner_of(files: Sequence[Path]) -> Owner | None:
    """Return the tool to which the first file of a project belongs, or None for none known."""
    for owner in OWNERS:
        if files and files[0].is_relative_to(owner.folder):
            return owner
    return None


def said_of(owner: Owner, beside: bool) -> str:
    """Return what becomes of a change to a file of this tool, in sentences.

    Args:
        owner: The tool.
        beside: Whether the change stands in an override file.
    """
    if not owner.rewrites:
        return (
            f"The file lies where {owner.name} keeps its stacks. If it is open in {owner.name} "
            "now, load it there anew before you save it, or the wizard's lines are lost."
        )
    if beside:
        return (
            f"{owner.name} writes its own file anew with every deployment, and leaves the override "
            "file beside it. Run wizard --check after the next one."
        )
    return (
        f"{owner.name} writes this file anew with every deployment. The wizard's lines are lost "
        "then, and containers that are made anew have no IPv6. Copy the lines that the preview "
        f"shows into the file as {owner.name} has it, in its editor or in the repository that it "
        "deploys, and run wizard --check after the next deployment."
    )


def why_not_there(owner: Owner) -> str:
    """Return what to do where a file of this tool is not on the host, in sentences."""
    return (
        f"It lies in the container of {owner.name}, where the wizard changes nothing. To give "
        "the project IPv6 here, save its text, which the tool's editor shows, as a file of the "
        "same name in a folder of this host, stop the project in the tool, and start it in that "
        "folder with Compose, by its old name: docker compose -p NAME up -d"
    )
