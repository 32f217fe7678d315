"""Reads a Compose file: what it says, and its text for an edit."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from wizard.compose.document import Document, load
from wizard.compose.meaning import Extended, FileMeaning, meaning, nothing_read
from wizard.compose.nodes import MapNode
from wizard.compose.services import Service, project_services
from wizard.compose.variables import PutIn, unset
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line


@dataclass(frozen=True, eq=False)
class ParsedFile:
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
    extended: Extended = field(default=nothing_read, repr=False)
    """What the files say that its services extend."""
    put_in: PutIn = field(default=unset, repr=False)
    """Puts the project's variables into a text."""

    def with_text(self, text: str) -> "ParsedFile":
        """Return the file as it is with another text, a byte order mark left out.

        Raises:
            Refused: As :func:`parse_part`.
        """
        return self.with_content(self.document.with_text(text))

    def with_content(self, data: bytes) -> "ParsedFile":
        """Return the file as it is with another content.

        Raises:
            Refused: As :func:`parse_part`.
        """
        return parse_part(data, self.document.name, self.extended, self.put_in)

    @property
    def raw(self) -> bytes:
        """The file's content, to the byte."""
        return self.document.raw

    @property
    def newline(self) -> str:
        r"""How the file ends its lines: ``\n`` or ``\r\n``."""
        return self.document.newline


def parse(data: bytes, name: str) -> ParsedFile:
    """Understand a Compose file's content.

    Args:
        data: The content.
        name: How the file is called in sentences, such as its path.

    Raises:
        Refused: Not YAML, or not a Compose file with services (see :func:`load`).
    """
    file = parse_part(data, name)
    check_services([file])
    return file


def check_services(files: Sequence[ParsedFile]) -> None:
    """Make sure that there is something to choose from.

    Raises:
        Refused: None of the files has services.
    """
    if any(file.meaning.services for file in files):
        return
    for file in files:
        root = file.document.root
        for key, node in root.pairs.items() if root else ():
            if isinstance(node, MapNode) and node.pairs.keys() & {"image", "build"}:
                place = root.written[key][0].start if root and key in root.written else 0
                line = file.document.text.count("\n", 0, place) + 1
                raise Refused(
                    f"{file.name} is of the first Compose format: in line {line} the service "
                    f"“{clean_line(key)}” stands at the top. Its services share Docker's own "
                    "network and cannot name others, and Compose 2 does not read it. Nothing was "
                    'changed. Put a line version: "2.1" and a line services: before the '
                    "services, indent them by two spaces, start the project anew, and try again."
                )
    names = ", ".join(file.name for file in files)
    have = "has" if len(files) == 1 else "have"
    raise Refused(
        f"{names} {have} no services, so there is nothing to give IPv6 to. Nothing was changed. "
        "Choose another file."
    )


def parse_part(
    data: bytes, name: str, extended: Extended = nothing_read, put_in: PutIn = unset
) -> ParsedFile:
    """Understand a file that is merged into another, and so need not have services.

    Args:
        data: The content.
        name: How the file is called in sentences, such as its path.
        extended: What the files say that its services extend.
        put_in: Puts the project's variables into a text.

    Raises:
        Refused: As :func:`parse`, but for a file without services.
    """
    document = load(data, name)
    said = meaning(document, extended, put_in)
    return ParsedFile(document.name, document, said, project_services([said]), extended, put_in)


def services(files: Sequence[ParsedFile]) -> tuple[Service, ...]:
    """Return the services of a project that has several files, in Compose's order of files."""
    return project_services([file.meaning for file in files])
