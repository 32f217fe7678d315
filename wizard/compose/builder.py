"""Turns the events of a YAML parser into the tree of a document, deepest nodes first.

The parser is libyaml where PyYAML was built with it, about thirty times as fast, and otherwise its
twin in Python. Compose v2 reads files with a port of libyaml, and Compose v1 with PyYAML.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import Reader

from wizard.compose.nodes import Alias, ListNode, MapNode, Node, Scalar, Value, value_of
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = 100
"""How deep things may be nested, aliases followed. Compose's own schema ends at about ten."""

MAX_NODES = 100_000
"""How much a file may say, aliases and merge keys written out: it bounds the time that reading it
takes. A file of ten thousand lines says about twenty thousand things."""

_MERGE_KEY = "<<"
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_CERTAIN = re.compile(r"[A-Za-z/].*|[0-9a-fA-F:.]+/[0-9]+")
_DOUBTFUL = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
"""What YAML 1.1 or 1.2 takes for something else than text, of what begins with a letter."""
_COLON = re.compile(r"[ \t]*:")


class TooMuch(Refused):
    """A text says more than any Compose file does; ``what`` begins after the file's name."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"{name} {what}, aliases and merge keys written out, which no Compose file does, so it "
            "was not read any further. Nothing was changed. Choose another file, or write it with "
            "fewer aliases."
        )
        self.what = what


class Builder:
    """Builds the tree of one text."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.end = len(text)
        """Where the document's text ends, once the tree is built."""
        self.twice: list[tuple[str, int, int]] = []
        """Keys that stand twice in one mapping, cleaned, with the lines of the first and of the
        other. The last one counts, as with PyYAML and so with Compose 1; Compose 2 refuses them."""
        self._anchors: dict[str, tuple[Value, int, int]] = {}
        """What each anchor stands for, how much that says and how deep it is nested."""
        self._said = 0
        self._depth = 0
        self._deepest = 0
        """How deep, from the top, the node at hand is nested, aliases followed."""

    def document(self) -> MapNode | None:
        """Return the top of the tree, or None for a text that holds only comments.

        Raises:
            Refused: The text is not one YAML document with a mapping at its top, or says more than
                :data:`MAX_NODES` things or more than :data:`MAX_DEPTH` deep.
        """
        unprintable = Reader.NON_PRINTABLE.search(self.text)
        if unprintable:
            line = self.text.count("\n", 0, unprintable.start()) + 1
            shown = f"it holds the character U+{ord(unprintable[0]):04X}"
            raise self._not_yaml(line, shown)
        try:
            return self._document(yaml.parse(self.text, Loader=LOADER))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            # libyaml counts a line more where the last one has no end.
            line = min(mark.line, self.text.count("\n")) + 1 if mark else 1
            if "maximum nesting" in f"{error.problem}":
                # libyaml itself has a limit and looks at a line before it is given out.
                raise self._too_deep(line) from None
            raise self._not_yaml(line, self._problem(error, line)) from None
        except (yaml.YAMLError, ValueError) as error:
            raise self._not_yaml(1, str(error)) from None

    def _document(self, events: Iterator[Event]) -> MapNode | None:
        root: MapNode | None = None
        seen = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                seen += 1
                if seen > 1:
                    raise Refused(
                        f"{self.name} holds several YAML documents (line "
                        f"{event.start_mark.line + 1} begins another), of which Compose 1 reads "
                        "none and the wizard one. Nothing was changed. Write what they say as one "
                        "document, or choose another file."
                    )
                node = value_of(self._node(next(events), events))
                if isinstance(node, MapNode):
                    root = node
                elif not (isinstance(node, Scalar) and node.is_null):
                    raise Refused(
                        f"{self.name} is not a Compose file: at its top there is no mapping such "
                        "as “services:”. Nothing was changed. Choose another file."
                    )
            elif isinstance(event, DocumentEndEvent) and event.explicit:
                self.end = event.start_mark.index
        return root

    def _node(self, event: Event, events: Iterator[Event]) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        said, outer, self._deepest = self._said, self._deepest, self._depth + 1
        self._count(event, 1, self._depth + 1)
        # An alias inside a node never means that node: an older anchor of the name ends here.
        anchor = event.anchor
        if anchor:
            self._anchors.pop(anchor, None)
        self._depth += 1
        value: Value
        if isinstance(event, ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, SequenceStartEvent):
            value = self._sequence(event, events)
        else:
            value = self._mapping(event, events)
        self._depth -= 1
        if anchor:
            self._anchors[anchor] = value, self._said - said, self._deepest - self._depth
        self._deepest = max(outer, self._deepest)
        return value

    def _alias(self, event: AliasEvent) -> Alias:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise self._not_yaml(
                event.start_mark.line + 1, f"*{event.anchor} has no anchor before it"
            )
        target, said, depth = found
        self._count(event, said, self._depth + depth)
        return Alias(event.start_mark.index, event.end_mark.index, target)

    def _count(self, event: Event, said: int, depth: int) -> None:
        self._said += said
        self._deepest = max(self._deepest, depth)
        line = event.start_mark.line + 1
        if self._said > MAX_NODES:
            raise TooMuch(self.name, f"says more than {MAX_NODES:,} things by line {line}")
        if depth > MAX_DEPTH:
            raise self._too_deep(line)

    def _too_deep(self, line: int) -> TooMuch:
        return TooMuch(
            self.name, f"is nested too deep, with more than {MAX_DEPTH} levels in line {line}"
        )

    def _sequence(self, event: SequenceStartEvent, events: Iterator[Event]) -> ListNode:
        items: list[Node] = []
        end = event.end_mark.index
        for inner in events:
            if isinstance(inner, SequenceEndEvent):
                end = inner.end_mark.index
                break
            items.append(self._node(inner, events))
        return ListNode(
            event.start_mark.index,
            event.end_mark.index,
            end,
            event.anchor,
            event.tag,
            bool(event.flow_style),
            tuple(items),
            _digest("sequence", event.tag, *(item.digest for item in items)),
        )

    def _mapping(self, event: MappingStartEvent, events: Iterator[Event]) -> MapNode:
        items: list[tuple[Node, Node]] = []
        own: dict[str, Value] = {}
        written: dict[str, tuple[Node, Node]] = {}
        lines: dict[str, int] = {}
        merged: list[MapNode] = []
        end = event.end_mark.index
        for inner in events:
            if isinstance(inner, MappingEndEvent):
                end = inner.end_mark.index
                break
            key = self._node(inner, events)
            value = self._node(next(events), events)
            if isinstance(value, Scalar) and value.start == value.end:
                # The parser places a null that is not written at the token after it.
                colon = _COLON.match(self.text, key.end)
                place = colon.end() if colon else key.end
                value = replace(value, start=place, end=place)
            items.append((key, value))
            name = _key(key)
            line = inner.start_mark.line + 1
            first = lines.setdefault(name, line)
            if name == _MERGE_KEY and merged:
                raise Refused(
                    f"{self.name} has the merge key << twice in one place, in lines {first} and "
                    f"{line}, which Compose 2 refuses. Nothing was changed. Put both into one list "
                    "behind one <<, and try again."
                )
            if name in own:
                self.twice.append((clean_line(name), first, line))
            if isinstance(key, Scalar):
                written[name] = key, value
            if name == _MERGE_KEY and isinstance(key, Scalar) and key.style is None:
                merged = self._merged(value, inner)
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
            event.tag,
            bool(event.flow_style),
            tuple(items),
            pairs,
            written,
            _digest(
                "mapping",
                event.tag,
                *(part for key in sorted(pairs) for part in (key, pairs[key].digest)),
            ),
        )

    def _merged(self, node: Node, event: Event) -> list[MapNode]:
        value = value_of(node)
        parts: Sequence[Value] = (
            [value_of(item) for item in value.items] if isinstance(value, ListNode) else [value]
        )
        mappings = [part for part in parts if isinstance(part, MapNode)]
        if len(mappings) != len(parts) or not mappings:
            raise self._not_yaml(event.start_mark.line + 1, "the merge key << takes only mappings")
        for mapping in mappings:
            self._count(event, len(mapping.pairs), self._depth)
        return mappings

    def _problem(self, error: yaml.MarkedYAMLError, line: int) -> str:
        lines = self.text.split("\n")
        written = lines[line - 1] if line <= len(lines) else ""
        indentation = written[: len(written) - len(written.lstrip())]
        if "\t" in indentation:
            return "it is indented with a tab, and YAML takes only spaces"
        return " ".join(part for part in (error.context, error.problem) if part)

    def _not_yaml(self, line: int, why: str) -> Refused:
        return Refused(
            f"{self.name} is not valid YAML, so Compose cannot read it either: line {line}: "
            f"{clean_line(why)}. Nothing was changed. Fix the line and try again."
        )


def _scalar(event: ScalarEvent) -> Scalar:
    # libyaml names the style of a plain scalar, its twin does not.
    style = event.style or None
    shown = "" if style is None and event.value in _NULLS else event.value
    # Untagged text is the same with quotes and without.
    plain = style is None and not (event.tag is None and _is_certain(shown))
    return Scalar(
        event.start_mark.index,
        event.end_mark.index,
        event.anchor,
        event.tag,
        event.value,
        style,
        _scalar_digest(event.tag, plain, shown),
    )


def _is_certain(value: str) -> bool:
    """Return whether a plain scalar is text to every YAML, so the same as in quotes."""
    return _CERTAIN.fullmatch(value) is not None and value.lower() not in _DOUBTFUL


def _key(node: Node) -> str:
    value = value_of(node)
    return value.value if isinstance(value, Scalar) else value.digest.hex()


def _scalar_digest(tag: str | None, plain: bool, shown: str) -> bytes:
    kind, tagged = "plain" if plain else "quoted", "" if tag is None else f"{len(tag)}{tag}"
    # Digits only begin the length of a tag, or what makes the digest of a list or mapping.
    return hashlib.sha256(f"{kind}{tagged}:{shown}".encode("utf-8", "surrogatepass")).digest()


def _digest(kind: str, tag: str | None, *parts: str | bytes) -> bytes:
    """Return a digest of parts, the same for no other parts."""
    written = [kind.encode(), b"-" if tag is None else b"!%s" % tag.encode()]
    written += [
        part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in parts
    ]
    lengths = ",".join(str(len(part)) for part in written)
    return hashlib.sha256(b"".join([lengths.encode(), b":", *written])).digest()
