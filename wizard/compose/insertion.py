"""Puts YAML into a Compose file's text at the right place, in the file's own style.

Nothing that stands in the text is written anew; the only texts replaced are written nulls.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import cached_property

from wizard.compose.builder import TooMuch
from wizard.compose.document import Document
from wizard.compose.nodes import ListNode, MapNode, Node, Scalar
from wizard.compose.read import ParsedFile
from wizard.compose.style import block, dash_column, dash_of, indentation, line_start, services
from wizard.compose.yaml_source import Content, flow, word
from wizard.platform.errors import Refused

_COMMENT = re.compile(r"(?P<indent> *)#+(?P<gap> *)(?P<text>.*)")
_SETTING = re.compile(r"- |[\w.-]+:(\s|$)")


class Unusual(Exception):
    """A spot that no addition can change without changing something else, as a sentence."""


class Level(IntEnum):
    """How far inside an addition is: of several at one place, the one further inside is first."""

    SETTINGS = 0
    SERVICES = 1
    TOP = 2


class Additions:
    """Additions to one state of a Compose file, collected so that it is parsed once for all."""

    def __init__(self, file: ParsedFile) -> None:
        self.file = file
        self._splices: list[tuple[int, Level, int, int, str]] = []
        self._filled: set[int] = set()

    def made(self) -> ParsedFile:
        """Return the file with all of them.

        Raises:
            Unusual: The result is not a Compose file.
        """
        if not self._splices:
            return self.file
        pieces, done = [], 0
        for place, _level, _order, remove, addition in sorted(self._splices):
            pieces += [self._document.text[done:place], addition]
            done = place + remove
        pieces.append(self._document.text[done:])
        try:
            return self.file.with_text("".join(pieces))
        except TooMuch as error:
            raise Unusual(f"With the network in it, {self.file.name} {error.what}.") from None
        except Refused:
            raise Unusual(
                f"{self.file.name} is written in a way too unusual for a safe edit: a trial edit "
                "was not a Compose file any more."
            ) from None

    def splice(
        self, place: int, addition: str, remove: int = 0, level: Level = Level.SETTINGS
    ) -> None:
        """Put text in, or in the stead of ``remove`` characters."""
        self._splices.append((place, level, len(self._splices), remove, addition))

    @cached_property
    def _dash(self) -> int:
        """How far the file indents a list's dashes below the list's key."""
        found = dash_of(self._document, services(self._document))
        return indentation(self._document) if found is None else found

    def put(
        self,
        container: Node | None,
        holder: Node | None,
        key: str,
        content: Content,
        level: Level = Level.SETTINGS,
    ) -> None:
        """Put one more entry at the end of a mapping.

        Args:
            container: The mapping, a null in its place, or None for a file without any content.
            holder: The key that the mapping is the value of; None for the top.
            key: The entry's key, as source.
            content: The entry's value.
            level: How far inside the mapping is.
        """
        document = self._document
        if isinstance(container, MapNode):
            if container.flow:
                self._put_in_flow(container, key, content, level)
                return
            indent = document.column(container.items[0][0].start)
            if holder is None:
                self._put_at_end(indent, key, content)
                return
            dash = dash_of(document, [container])
            lines = block({key: content}, indent, document, self._dash if dash is None else dash)
            self._put_lines(_line_after(document, container, indent), lines, level)
        elif container is None or holder is None:
            self._put_at_end(0, key, content)
        else:
            self.put_value(container, holder, {key: content}, level)

    def put_value(
        self, null: Node, holder: Node, content: Content, level: Level = Level.SETTINGS
    ) -> None:
        """Put a value in the stead of a null."""
        document = self._document
        if not isinstance(null, Scalar) or not null.is_null:
            raise self._unusual()
        if null.value:
            start = null.end - len(null.value)
            self.splice(start, flow(content, quoted=False), len(null.value), level)
            return
        indent = document.column(holder.start)
        line = document.text[line_start(document, holder.start) : holder.start]
        if line.strip():  # inside braces
            self.splice(null.end, f" {flow(content, quoted=False)}", level=level)
            return
        unit = indentation(document)
        step = unit if isinstance(content, str | dict) else self._dash
        lines = block(content, indent + step, document, self._dash)
        self._put_lines(_line_end(document.text, null.end), lines, level)

    def append(self, node: ListNode, holder: Node, item: str) -> None:
        """Put one more item at the end of a list."""
        document = self._document
        if node.flow:
            first = node.items[0] if node.items else None
            quoted = isinstance(first, Scalar) and first.style == '"'
            last = (node.items[-1], node.items[-1]) if node.items else None
            piece = word(item.strip('"'), quoted=quoted)
            self._into_flow(node, piece, last, Level.SETTINGS)
            return
        dash = dash_column(document, node)
        if dash is None:
            raise self._unusual()
        start = node.items[-1].start
        gap = document.text[line_start(document, start) + dash + 1 : start]
        gap = gap if gap and not gap.strip(" ") else " "
        # A comment in the column of dashes that stand below the key may belong to the next key.
        column = dash if dash > document.column(holder.start) else dash + 1
        line = f"{' ' * dash}-{gap}{item}"
        self._put_lines(_line_after(document, node, column), [line], Level.SETTINGS)

    def append_as_mapping(self, node: ListNode, holder: Node, key: str, content: Content) -> None:
        """Write a list of names as a mapping of the same names to nothing, with one more entry.

        Each name stays where it is; only what stands before and behind it changes.
        """
        document = self._document
        text = document.text
        if not node.items or not all(isinstance(item, Scalar) for item in node.items):
            raise self._unusual()
        # Compose puts variables in for the items of a list, and not for the keys of a mapping.
        variable = any(isinstance(item, Scalar) and "$" in item.value for item in node.items)
        if node.anchor or node.tag or variable:
            raise self._unusual()
        if node.flow:
            if "#" in text[node.opened : node.end]:
                raise self._unusual()
            first = node.items[0]
            quoted = isinstance(first, Scalar) and first.style == '"'
            names = [f"{text[item.start : item.end]}: {{}}" for item in node.items]
            names.append(flow({key: content}, quoted=quoted)[1:-1])
            self.splice(node.start, f"{{{', '.join(names)}}}", node.end - node.start)
            return
        dash = dash_column(document, node)
        if dash is None:
            raise self._unusual()
        # Dashes may stand right below the key of the list, the keys of a mapping may not.
        deeper = "" if dash > document.column(holder.start) else " " * indentation(document)
        for item in node.items:
            line = line_start(document, item.start)
            if text[line : item.start].strip(" -"):
                raise self._unusual()
            self.splice(line + dash, deeper, item.start - line - dash)
            self.splice(item.end, ": {}")
        indent = dash + len(deeper)
        lines = block({key: content}, indent, document, 0)
        self._put_lines(
            _comments_after(document, node.items[-1].end, indent), lines, Level.SETTINGS
        )

    @property
    def _document(self) -> Document:
        return self.file.document

    def _unusual(self) -> Unusual:
        return Unusual(f"{self.file.name} is written in a way too unusual for a safe edit.")

    def _put_at_end(self, indent: int, key: str, content: Content) -> None:
        """Put one more section after everything else, set off as others are."""
        document = self._document
        before = document.text[: document.end].splitlines()
        lines = block({key: content}, indent, document, self._dash)
        set_off = any(not line.strip() for line in before)
        if set_off and (before[-1].strip() or document.end in self._filled):
            lines = ["", *lines]
        self._filled.add(document.end)
        self._put_lines(document.end, lines, Level.TOP)

    def _put_in_flow(self, container: MapNode, key: str, content: Content, level: Level) -> None:
        first = container.items[0][0] if container.items else None
        quoted = isinstance(first, Scalar) and first.style == '"'
        piece = flow({key: content}, quoted=quoted)[1:-1]
        last = container.items[-1] if container.items else None
        self._into_flow(container, piece, last, level)

    def _into_flow(
        self,
        container: MapNode | ListNode,
        piece: str,
        last: tuple[Node, Node] | None,
        level: Level,
    ) -> None:
        """Put one more entry before the closing bracket."""
        text = self._document.text
        if last is None:
            gap = ", " if container.opened in self._filled else ""
            self._filled.add(container.opened)
            self.splice(container.opened, f"{gap}{piece}", level=level)
            return
        if last[1].start == last[1].end:  # a null that is not written has no end to add to
            first = container.items[0]
            place = first[0].start if isinstance(first, tuple) else first.start
            self._splices.append((place, level, -len(self._splices), 0, f"{piece}, "))
            return
        begins = line_start(self._document, last[0].start)
        own_line = begins > container.start and not text[begins : last[0].start].strip()
        rest = text[last[1].end : _line_end(text, last[1].end)]
        if own_line and "#" not in rest:
            space = text[begins : last[0].start]
            self.splice(last[1].end, f",{self.file.newline}{space}{piece}", level=level)
        else:
            # Without a space Go's YAML takes the comma for a part of a tag.
            bare = isinstance(last[1], Scalar) and last[1].tag and not last[1].value
            gap = " " if bare and last[1].end not in self._filled else ""
            self._filled.add(last[1].end)
            self.splice(last[1].end, f"{gap}, {piece}", level=level)

    def _put_lines(self, place: int, lines: Sequence[str], level: Level) -> None:
        text, newline = self._document.text, self.file.newline
        body = newline.join(lines)
        unended = place > 0 and text[place - 1] != "\n"
        self.splice(place, newline + body if unended else body + newline, level=level)


def _line_end(text: str, place: int) -> int:
    """Return the beginning of the next line, or the end of the text."""
    newline = text.find("\n", place)
    return len(text) if newline < 0 else newline + 1


def _line_after(document: Document, container: Node, column: int) -> int:
    """Return where a line can be put in after a block and the comments that belong to it.

    Args:
        document: The document.
        container: The block.
        column: Comments from this column on, right below the block, are the block's.
    """
    end, chomped = text_end(container)
    # Blank lines after such a block scalar are part of its text.
    return end if chomped else _comments_after(document, end, column)


def _comments_after(document: Document, end: int, column: int) -> int:
    """Return the beginning of the first line after a place that is no comment from a column on."""
    text = document.text
    while end and text[end - 1].isspace():
        end -= 1
    place = _line_end(text, end)
    while place < document.end:
        line = text[place : _line_end(text, place)]
        if not _is_comment_from(column, line):
            break
        place += len(line)
    return place


def _is_comment_from(column: int, line: str) -> bool:
    """Return whether a line is a comment in a column or beyond, or YAML that would be there."""
    comment = _COMMENT.match(line)
    if comment is None:
        return False
    indent = len(comment["indent"])
    # Settings that were commented out in the first column still belong where they would stand.
    would_be = indent + len(comment["gap"]) if _SETTING.match(comment["text"]) else indent
    return max(indent, would_be) >= column


def text_end(node: Node) -> tuple[int, bool]:
    """Return where a node's own text ends, and whether blank lines after it belong to it."""
    while isinstance(node, MapNode | ListNode) and not node.flow:
        last = node.items[-1]
        node = last[1] if isinstance(last, tuple) else last
    keeps = isinstance(node, Scalar) and node.style in ("|", ">") and node.value.endswith("\n\n")
    return node.end, keeps
