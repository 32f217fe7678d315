"""Reads a Compose file: what it says, and its text for an edit."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wizard.compose.document import Document, load
from wizard.compose.meaning import FileMeaning, meaning
from wizard.compose.services import Service, project_services
from wizard.platform.errors import Refused


@dataclass(frozen=True, eq=False)
class ComposeFile:
    """A Compose file that was read and understood.

    Attributes:
        name: How it is called in sentences; cleaned.
        document: Its text, and the tree with places in the text.
        meaning: What it says about networks.
        services: Its services in the file's order, judged by this file alone.
    """

    name: str
    document: Document = field(repr=False)
    meaning: FileMeaning = field(repr=False)
    services: tuple[Service, ...]

    @property
    def raw(self) -> bytes:
        """The file's content, to the byte."""
        return self.document.raw

    @property
    def newline(self) -> str:
        r"""How the file ends its lines: ``\n`` or ``\r\n``."""
        return self.document.newline

    @property
    def included(self) -> tuple[str, ...]:
        """Sentences about parts of the project that are in files this one names."""
        if "include" not in self.meaning.others:
            return ()
        return (
            f"{self.name} includes other Compose files; services that only stand there are not "
            "listed.",
        )


def parse(data: bytes, name: str) -> ComposeFile:
    """Understand a Compose file's content.

    Args:
        data: The content.
        name: How the file is called in sentences, such as its path.

    Raises:
        Refused: Not YAML, or not a Compose file with services (see :func:`load`).
    """
    file = parse_part(data, name)
    if not file.meaning.services:
        if file.included:
            raise Refused(
                f"{file.name} has no services of its own, only files that it includes. Nothing was "
                "changed. Choose one of those files."
            )
        raise Refused(
            f"{file.name} has no services, so there is nothing to give IPv6 to. Nothing was "
            "changed. Choose another file; a file of the first Compose format, without a "
            "“services:” line, must be brought to a later format first."
        )
    return file


def parse_part(data: bytes, name: str) -> ComposeFile:
    """Understand a file that is merged into another, and so need not have services.

    Raises:
        Refused: As :func:`parse`, but for a file without services.
    """
    document = load(data, name)
    said = meaning(document)
    return ComposeFile(document.name, document, said, project_services([said]))


def services(files: Sequence[ComposeFile]) -> tuple[Service, ...]:
    """Return the services of a project that has several files, in Compose's order of files."""
    return project_services([file.meaning for file in files])
