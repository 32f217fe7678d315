"""A YAML document: its text, and the tree of what stands where in it."""

from dataclasses import dataclass, field

from wizard.compose.builder import Builder
from wizard.compose.nodes import MapNode
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

# Larger than any Compose file anybody wrote by hand.
MAX_BYTES = 1_000_000
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, eq=False)
class Document:
    """One YAML document and its text.

    Attributes:
        name: How the file is called in sentences; cleaned.
        raw: The bytes it was made of.
        text: The same decoded, without a byte order mark; places in the tree count its characters.
        root: The top of the tree, or None for a file that holds only comments.
        end: Where the document's text ends: the end of the file, or the ``...`` before it.
        twice: Keys that stand twice in one mapping (see :class:`Builder`).
    """

    name: str
    raw: bytes
    text: str = field(repr=False)
    root: MapNode | None = field(repr=False)
    end: int
    twice: tuple[tuple[str, int, int], ...] = ()

    @property
    def newline(self) -> str:
        r"""How the file ends its lines: ``\r\n`` if its first line does, else ``\n``."""
        first = self.text.find("\n")
        return "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n"

    def column(self, place: int) -> int:
        """Return how many characters stand before a place on its line."""
        return place - (self.text.rfind("\n", 0, place) + 1)

    def with_text(self, text: str) -> bytes:
        """Return the content of the file with another text."""
        mark = _BOM if self.raw.startswith(_BOM) else b""
        return mark + text.encode()


def load(data: bytes, name: str) -> Document:
    """Parse one YAML document with a mapping at its top, or with nothing but comments.

    Args:
        data: The file's content.
        name: How the file is called in sentences.

    Raises:
        Refused: Too large, not UTF-8, not YAML, several documents, no mapping at the top, or more
            than any Compose file says (see :class:`Builder`). Compose v1 refuses several documents.
    """
    name = clean_line(name)
    if len(data) > MAX_BYTES:
        raise Refused(
            f"{name} is larger than {MAX_BYTES // 1_000_000} MB, which no Compose file is. "
            "Nothing was changed. Choose another file."
        )
    try:
        text = data.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Refused(
            f"{name} is not UTF-8 text (line {line}), and only such text is changed here. Nothing "
            "was changed. Save the file as UTF-8 and try again."
        ) from None
    builder = Builder(text, name)
    root = builder.document()
    return Document(name, data, text, root, builder.end, tuple(builder.twice))
