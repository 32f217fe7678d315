"""A YAML document as a tree whose every node knows its exact place in the text.

ruamel.yaml's own trees lose what an edit needs: where an alias stands, where a block ends before
its trailing comments, whether a null was written out. This tree is built from ruamel.yaml's
parser events, which have all of it.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from wizard.errors import Refused
from wizard.text import clean_line

# Larger than any Compose file anybody wrote by hand; the parser takes about four seconds for it.
MAX_BYTES = 1_000_000
# Compose's own schema ends at about ten; the limit keeps Python's recursion out of danger.
MAX_DEPTH = 100
_BOM = b"\xef\xbb\xbf"
_MERGE_KEY = "<<"
_COLON = re.compile(r"[ \t]*:")


@dataclass(frozen=True, eq=False, slots=True)
class Scalar:
    """A single value, from its anchor or tag (if any) to its end.

    Attributes:
        start: First character; an anchor or tag before the value belongs to it.
        end: One past the last character. A block scalar ends after its trailing blank lines.
        anchor: Name behind ``&``, if any.
        tag: Tag written out, if any.
        value: The text as YAML reads it; empty for a null that is not written.
        style: ``None`` for a plain scalar, else one of ``'``, ``"``, ``|`` and ``>``.
        digest: The same for two nodes exactly if they mean the same.
    """

    start: int
    end: int
    anchor: str | None
    tag: str | None
    value: str
    style: str | None
    digest: bytes

    @property
    def is_null(self) -> bool:
        """Whether this is null, written or not (YAML 1.2.2, section 10.3.2)."""
        return (
            self.style is None
            and self.tag in (None, "tag:yaml.org,2002:null")
            and self.value in ("", "~", "null", "Null", "NULL")
        )


@dataclass(frozen=True, eq=False, slots=True)
class ListNode:
    """A list; ``opened`` is the place after the bracket where ``flow`` is true."""

    start: int
    opened: int
    end: int
    anchor: str | None
    tag: str | None
    flow: bool
    items: tuple["Node", ...]
    digest: bytes


@dataclass(frozen=True, eq=False, slots=True)
class MapNode:
    """A mapping as written (``items``) and as meant (``pairs``, with merge keys resolved)."""

    start: int
    opened: int
    end: int
    anchor: str | None
    tag: str | None
    flow: bool
    items: tuple[tuple["Node", "Node"], ...]
    pairs: dict[str, "Value"]
    digest: bytes

    def own(self, key: str) -> tuple["Node", "Node"] | None:
        """Return the key and value written in this very mapping, not merged in; or None."""
        for name, value in self.items:
            if isinstance(name, Scalar) and name.value == key:
                return name, value
        return None


@dataclass(frozen=True, eq=False, slots=True)
class Alias:
    """A ``*name``, and the node it stands for."""

    start: int
    end: int
    target: "Value"

    @property
    def digest(self) -> bytes:
        """The digest of what it stands for."""
        return self.target.digest


Value: TypeAlias = Scalar | ListNode | MapNode
Node: TypeAlias = Value | Alias


def value_of(node: Node) -> Value:
    """Return what a node stands for: itself, or the target of an alias."""
    return node.target if isinstance(node, Alias) else node


@dataclass(frozen=True, eq=False)
class Document:
    """One YAML document and its text.

    Attributes:
        name: How the file is called in sentences; cleaned.
        raw: The bytes it was made of.
        text: The same decoded, without a byte order mark; places in the tree count its characters.
        root: The top of the tree, or None for a file that holds only comments.
        end: Where the document's text ends: the end of the file, or the ``...`` before it.
    """

    name: str
    raw: bytes
    text: str = field(repr=False)
    root: MapNode | None = field(repr=False)
    end: int

    @property
    def newline(self) -> str:
        r"""How the file ends its lines: ``\r\n`` if its first line does, else ``\n``."""
        first = self.text.find("\n")
        return "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n"

    def column(self, place: int) -> int:
        """Return how many characters stand before a place on its line."""
        return place - (self.text.rfind("\n", 0, place) + 1)

    def spliced(self, place: int, addition: str, remove: int = 0) -> "Document":
        """Return the document with text put in at a place, and parsed anew.

        Raises:
            Refused: The result is no longer a YAML document.
        """
        text = self.text[:place] + addition + self.text[place + remove :]
        mark = _BOM if self.raw.startswith(_BOM) else b""
        return load(mark + text.encode(), self.name)


def load(data: bytes, name: str) -> Document:
    """Parse one YAML document with a mapping at its top, or with nothing but comments.

    Args:
        data: The file's content.
        name: How the file is called in sentences.

    Raises:
        Refused: Too large, not UTF-8, not YAML, several documents, a key twice, no mapping at
            the top. Compose v2 refuses duplicate keys and Compose v1 refuses several documents.
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
            f"{name} is not UTF-8 text (line {line}), so Compose cannot read it either. "
            "Nothing was changed. Save the file as UTF-8 and try again."
        ) from None
    builder = _Builder(text, name)
    try:
        root = builder.document()
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise builder.not_yaml(line, f"it holds the character U+{error.character:04X}") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise builder.not_yaml(line, _problem(error, text, line)) from None
    except (YAMLError, ValueError) as error:
        raise builder.not_yaml(1, str(error)) from None
    return Document(name, data, text, root, builder.end)


def _problem(error: MarkedYAMLError, text: str, line: int) -> str:
    lines = text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    indentation = written[: len(written) - len(written.lstrip())]
    if "\t" in indentation:
        return "it is indented with a tab, and YAML takes only spaces"
    return " ".join(part for part in (error.context, error.problem) if part)


class _Builder:
    """Turns parser events into the tree, deepest nodes first."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.end = len(text)
        self.anchors: dict[str, Value] = {}
        self.depth = 0

    def document(self) -> MapNode | None:
        events: Iterator[Event] = YAML(typ="safe", pure=True).parse(self.text)
        root: MapNode | None = None
        seen = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                seen += 1
                if seen > 1:
                    raise Refused(
                        f"{self.name} holds several YAML documents (line "
                        f"{event.start_mark.line + 1} begins another), which Compose v1 refuses. "
                        "Nothing was changed. Put them into files of their own, or choose another "
                        "file."
                    )
                node = value_of(self.node(next(events), events))
                if isinstance(node, MapNode):
                    root = node
                elif not (isinstance(node, Scalar) and node.is_null):
                    raise Refused(
                        f"{self.name} is not a Compose file: at its top there is no mapping such "
                        "as “services:”. Nothing was changed. Choose another file."
                    )
            elif isinstance(event, DocumentEndEvent):
                if event.explicit:
                    self.end = event.start_mark.index
            elif isinstance(event, StreamEndEvent):
                break
        return root

    def node(self, event: Event, events: Iterator[Event]) -> Node:
        if isinstance(event, AliasEvent):
            target = self.anchors.get(event.anchor)
            if target is None:
                raise self.not_yaml(
                    event.start_mark.line + 1, f"*{event.anchor} has no anchor before it"
                )
            return Alias(event.start_mark.index, event.end_mark.index, target)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.not_yaml(event.start_mark.line + 1, "it is nested too deep")
        # An alias inside a node never means that node: an older anchor of the name ends here.
        self.anchors.pop(getattr(event, "anchor", None) or "", None)
        written = getattr(event, "tag", None)
        tag = str(written) if written else None
        value: Value
        if isinstance(event, ScalarEvent):
            value = self.scalar(event, tag)
        elif isinstance(event, SequenceStartEvent):
            value = self.sequence(event, tag, events)
        elif isinstance(event, MappingStartEvent):
            value = self.mapping(event, tag, events)
        else:
            raise self.not_yaml(event.start_mark.line + 1, "nothing that YAML knows begins here")
        self.depth -= 1
        if value.anchor:
            self.anchors[value.anchor] = value
        return value

    def scalar(self, event: ScalarEvent, tag: str | None) -> Scalar:
        plain = event.style is None
        null = plain and event.value in ("", "~", "null", "Null", "NULL")
        shown = "" if null else event.value
        return Scalar(
            event.start_mark.index,
            event.end_mark.index,
            event.anchor,
            tag,
            event.value,
            event.style,
            _digest("scalar", tag, "plain" if plain else "quoted", shown),
        )

    def sequence(
        self, event: SequenceStartEvent, tag: str | None, events: Iterator[Event]
    ) -> ListNode:
        items: list[Node] = []
        end = event.end_mark.index
        for inner in events:
            if isinstance(inner, SequenceEndEvent):
                end = inner.end_mark.index
                break
            items.append(self.node(inner, events))
        return ListNode(
            event.start_mark.index,
            event.end_mark.index,
            end,
            event.anchor,
            tag,
            bool(event.flow_style),
            tuple(items),
            _digest("sequence", tag, *(item.digest for item in items)),
        )

    def mapping(
        self, event: MappingStartEvent, tag: str | None, events: Iterator[Event]
    ) -> MapNode:
        items: list[tuple[Node, Node]] = []
        own: dict[str, Value] = {}
        merged: list[MapNode] = []
        end = event.end_mark.index
        for inner in events:
            if isinstance(inner, MappingEndEvent):
                end = inner.end_mark.index
                break
            line = inner.start_mark.line + 1
            key = self.node(inner, events)
            value = self.node(next(events), events)
            if isinstance(value, Scalar) and value.start == value.end:
                # The parser places a null that is not written at the token after it.
                colon = _COLON.match(self.text, key.end)
                place = colon.end() if colon else key.end
                value = replace(value, start=place, end=place)
            items.append((key, value))
            name = _key(key)
            if name in own or (name == _MERGE_KEY and merged):
                raise self.not_yaml(line, f"the key “{clean_line(name)}” is there already")
            if name == _MERGE_KEY and isinstance(key, Scalar) and key.style is None:
                merged = self.merged(value, line)
            else:
                own[name] = value_of(value)
        pairs: dict[str, Value] = {}
        # Of several merged mappings the first wins, and what is written here wins over all.
        for mapping in reversed(merged):
            pairs.update(mapping.pairs)
        pairs.update(own)
        return MapNode(
            event.start_mark.index,
            event.end_mark.index,
            end,
            event.anchor,
            tag,
            bool(event.flow_style),
            tuple(items),
            pairs,
            _digest(
                "mapping",
                tag,
                *(part for key in sorted(pairs) for part in (key, pairs[key].digest)),
            ),
        )

    def merged(self, node: Node, line: int) -> list[MapNode]:
        value = value_of(node)
        parts: Sequence[Value] = (
            [value_of(item) for item in value.items] if isinstance(value, ListNode) else [value]
        )
        mappings = [part for part in parts if isinstance(part, MapNode)]
        if len(mappings) != len(parts) or not mappings:
            raise self.not_yaml(line, "the merge key << takes only mappings")
        return mappings

    def not_yaml(self, line: int, why: str) -> Refused:
        return Refused(
            f"{self.name} is not valid YAML, so Compose cannot read it either: line {line}: "
            f"{clean_line(why)}. Nothing was changed. Mend the line and try again."
        )


def _key(node: Node) -> str:
    value = value_of(node)
    return value.value if isinstance(value, Scalar) else value.digest.hex()


def _digest(*parts: str | bytes | None) -> bytes:
    result = hashlib.sha256()
    for part in parts:
        data = (
            b""
            if part is None
            else part.encode("utf-8", "surrogatepass")
            if isinstance(part, str)
            else part
        )
        result.update(b"%d:" % len(data) if part is not None else b"-")
        result.update(data)
    return result.digest()
