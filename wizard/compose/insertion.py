"""Puts YAML into a Compose file's text at the right place, in the file's own style.

Nothing that stands in the text is written anew; the only texts replaced are written nulls.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from wizard.compose.document import Document, ListNode, MapNode, Node, Scalar
from wizard.compose.read import ComposeFile, parse_part
from wizard.errors import Refused

Content: TypeAlias = "str | Sequence[Content] | dict[str, Content]"
"""What is to be written: YAML source in one line, a list of more, or a mapping to more."""

_COMMENT = re.compile(r"(?P<indent> *)#+(?P<gap> *)(?P<text>.*)")
_SETTING = re.compile(r"- |[\w.-]+:(\s|$)")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
# Words that YAML 1.1, which Compose v1 reads, takes for something else than text.
_NOT_TEXT = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


class Unusual(Exception):
    """A spot that no addition can change without changing something else, as a sentence."""


def word(name: str, *, quoted: bool = False) -> str:
    """Return a name as YAML source that every Compose reads as text."""
    plain = _PLAIN.fullmatch(name) and name.lower() not in _NOT_TEXT and not quoted
    return name if plain else f'"{name}"'


def source(value: str) -> str:
    """Return any text as a scalar's source in one line."""
    return word(value) if _PLAIN.fullmatch(value) else text_source(value)


def text_source(value: str) -> str:
    """Return any text as a scalar's source in quotes."""
    return "'" + value.replace("'", "''") + "'"


def spliced(file: ComposeFile, place: int, addition: str, remove: int = 0) -> ComposeFile:
    """Return the file with text put in, or in the stead of ``remove`` characters.

    Raises:
        Unusual: The result is not a Compose file.
    """
    try:
        document = file.document.spliced(place, addition, remove)
        return parse_part(document.raw, file.document.name)
    except Refused:
        raise Unusual(
            f"{file.name} is written in a way too unusual for a safe edit: a trial edit was not "
            "a Compose file any more."
        ) from None


def put(
    file: ComposeFile, container: Node | None, holder: Node | None, key: str, content: Content
) -> ComposeFile:
    """Return the file with one more entry at the end of a mapping.

    Args:
        file: The file.
        container: The mapping, a null in its place, or None for a file without any content.
        holder: The key that the mapping is the value of; None for the top.
        key: The entry's key, as source.
        content: The entry's value.
    """
    document = file.document
    if isinstance(container, MapNode):
        if container.flow:
            return _put_in_flow(file, container, key, content)
        if holder is None:
            return _put_at_end(file, document.column(container.items[0][0].start), key, content)
        indent = document.column(container.items[0][0].start)
        lines = _block({key: content}, indent, file, _dash(file, container))
        return _put_lines(file, _line_after(document, container, indent), lines)
    if container is None or holder is None:
        return _put_at_end(file, 0, key, content)
    return put_value(file, container, holder, {key: content})


def put_value(file: ComposeFile, null: Node, holder: Node, content: Content) -> ComposeFile:
    """Return the file with a value instead of a null."""
    document = file.document
    if not isinstance(null, Scalar) or not null.is_null:
        raise Unusual(f"{file.name} is written in a way too unusual for a safe edit.")
    if null.value:
        start = null.end - len(null.value)
        return spliced(file, start, flow(content, quoted=False), len(null.value))
    indent = document.column(holder.start)
    line = document.text[_line_start(document, holder.start) : holder.start]
    if line.strip():  # inside braces
        return spliced(file, null.end, f" {flow(content, quoted=False)}")
    unit = _unit(file.document)
    step = unit if isinstance(content, str | dict) else _dash(file, None)
    lines = _block(content, indent + step, file, _dash(file, None))
    return _put_lines(file, _line_end(document.text, null.end), lines)


def _line_start(document: Document, place: int) -> int:
    """Return where a place's line begins."""
    return place - document.column(place)


def _put_at_end(file: ComposeFile, indent: int, key: str, content: Content) -> ComposeFile:
    """Return the file with one more section after everything else, set off as others are."""
    document = file.document
    before = document.text[: document.end].splitlines()
    lines = _block({key: content}, indent, file, _dash(file, None))
    if any(not line.strip() for line in before) and before[-1].strip():
        lines = ["", *lines]
    return _put_lines(file, document.end, lines)


def _put_in_flow(file: ComposeFile, container: MapNode, key: str, content: Content) -> ComposeFile:
    first = container.items[0][0] if container.items else None
    quoted = isinstance(first, Scalar) and first.style == '"'
    piece = flow({key: content}, quoted=quoted)[1:-1]
    last = container.items[-1] if container.items else None
    return _into_flow(file, container, piece, last)


def append(file: ComposeFile, node: ListNode, holder: Node, item: str) -> ComposeFile:
    """Return the file with one more item at the end of a list."""
    document = file.document
    if node.flow:
        first = node.items[0] if node.items else None
        quoted = isinstance(first, Scalar) and first.style == '"'
        last = (node.items[-1], node.items[-1]) if node.items else None
        return _into_flow(file, node, word(item.strip('"'), quoted=quoted), last)
    dash = _dash_column(document, node)
    if dash is None:
        raise Unusual(f"{file.name} is written in a way too unusual for a safe edit.")
    start = node.items[-1].start
    gap = document.text[_line_start(document, start) + dash + 1 : start]
    gap = gap if gap and not gap.strip(" ") else " "
    # A comment in the column of dashes that stand below the key may belong to the next key.
    column = dash if dash > document.column(holder.start) else dash + 1
    return _put_lines(file, _line_after(document, node, column), [f"{' ' * dash}-{gap}{item}"])


def as_mapping(file: ComposeFile, node: ListNode, holder: Node) -> tuple[ComposeFile, MapNode]:
    """Return the file with a list of names written as a mapping of the same names to nothing.

    Each name stays where it is; only what stands before and behind it changes.
    """
    document = file.document
    text = document.text
    unusual = Unusual(f"{file.name} is written in a way too unusual for a safe edit.")
    if not node.items or not all(isinstance(item, Scalar) for item in node.items):
        raise unusual
    pieces: list[str] = []
    if node.flow:
        within = text[node.opened : node.end]
        if "#" in within:
            raise unusual
        names = ", ".join(f"{text[item.start : item.end]}: {{}}" for item in node.items)
        start, end, written = node.start, node.end, f"{{{names}}}"
        if node.anchor or node.tag:
            raise unusual
    else:
        dash = _dash_column(document, node)
        if dash is None or node.anchor or node.tag:
            raise unusual
        # Dashes may stand right below the key of the list, the keys of a mapping may not.
        deeper = "" if dash > document.column(holder.start) else " " * _unit(document)
        start = _line_start(document, node.items[0].start) + dash
        end = node.items[-1].end
        place = start
        for item in node.items:
            line = _line_start(document, item.start)
            if text[line : item.start].strip(" -"):
                raise unusual
            pieces += [text[place : line + dash], deeper, text[item.start : item.end], ": {}"]
            place = item.end
        written = "".join(pieces)
    result = spliced(file, start, written, end - start)
    return result, _mapping_at(result, holder.start)


def _mapping_at(file: ComposeFile, holder: int) -> MapNode:
    """Return the mapping that is the value of the key at a place."""
    todo: list[Node] = [file.document.root] if file.document.root else []
    while todo:
        node = todo.pop()
        if isinstance(node, MapNode):
            for key, value in node.items:
                if key.start == holder and isinstance(value, MapNode):
                    return value
                todo.append(value)
        elif isinstance(node, ListNode):
            todo += node.items
    raise Unusual(f"{file.name} is written in a way too unusual for a safe edit.")


def _into_flow(
    file: ComposeFile, container: MapNode | ListNode, piece: str, last: tuple[Node, Node] | None
) -> ComposeFile:
    """Return the file with one more entry before the closing bracket."""
    text = file.document.text
    if last is None:
        return spliced(file, container.opened, piece)
    if last[1].start == last[1].end:  # a null that is not written has no end to add to
        first = container.items[0]
        place = first[0].start if isinstance(first, tuple) else first.start
        return spliced(file, place, f"{piece}, ")
    begins = _line_start(file.document, last[0].start)
    own_line = begins > container.start and not text[begins : last[0].start].strip()
    rest = text[last[1].end : _line_end(text, last[1].end)]
    if own_line and "#" not in rest:
        space = text[begins : last[0].start]
        return spliced(file, last[1].end, f",{file.newline}{space}{piece}")
    return spliced(file, last[1].end, f", {piece}")


def _put_lines(file: ComposeFile, place: int, lines: Sequence[str]) -> ComposeFile:
    text = file.document.text
    body = file.newline.join(lines)
    if place > 0 and text[place - 1] != "\n":
        return spliced(file, place, file.newline + body)
    return spliced(file, place, body + file.newline)


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
    text = document.text
    end, chomped = _last(container)
    if chomped:
        # Blank lines after such a block scalar are part of its text.
        return end
    place = _line_end(text, len(text[:end].rstrip()))
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


def _last(node: Node) -> tuple[int, bool]:
    """Return where a node's own text ends, and whether blank lines after it belong to it."""
    while isinstance(node, MapNode | ListNode) and not node.flow:
        last = node.items[-1]
        node = last[1] if isinstance(last, tuple) else last
    keeps = isinstance(node, Scalar) and node.style in ("|", ">") and node.value.endswith("\n\n")
    return node.end, keeps


# The file's own style.


def _unit(document: Document) -> int:
    """Return by how many columns the file indents."""
    section = document.root.own("services") if document.root else None
    if section and isinstance(section[1], MapNode) and section[1].items and not section[1].flow:
        services = section[1]
        step = document.column(services.items[0][0].start) - document.column(section[0].start)
        if step > 0:
            return step
    return 2


def _dash(file: ComposeFile, neighbours: MapNode | None) -> int:
    """Return how far the file indents a list's dashes below the list's key.

    Args:
        file: The file.
        neighbours: Where to look first.
    """
    document = file.document
    section = document.root.own("services") if document.root else None
    services = section[1] if section and isinstance(section[1], MapNode) else None
    others = [value for _, value in services.items] if services else []
    for mapping in [neighbours, *others]:
        if not isinstance(mapping, MapNode) or mapping.flow:
            continue
        for key, value in mapping.items:
            if isinstance(value, ListNode) and not value.flow:
                column = _dash_column(document, value)
                if column is not None:
                    return column - document.column(key.start)
    return _unit(document)


def _dash_column(document: Document, node: ListNode) -> int | None:
    start = node.items[-1].start
    line = document.text[_line_start(document, start) : start]
    stripped = line.lstrip(" ")
    return len(line) - len(stripped) if stripped.startswith("-") else None


def _block(content: Content, indent: int, file: ComposeFile, dash: int) -> list[str]:
    """Return content as lines of block style."""
    unit = _unit(file.document)
    space = " " * indent
    if isinstance(content, str):
        return [f"{space}{content}"]
    lines: list[str] = []
    if not isinstance(content, dict):
        for item in content:
            first, *rest = _block(item, 0, file, dash)
            lines += [f"{space}- {first}", *(f"{space}  {line}" for line in rest)]
        return lines
    for key, value in content.items():
        if isinstance(value, str):
            lines.append(f"{space}{key}: {value}")
        elif not value:
            lines.append(f"{space}{key}: {'{}' if isinstance(value, dict) else '[]'}")
        else:
            step = unit if isinstance(value, dict) else dash
            lines += [f"{space}{key}:", *_block(value, indent + step, file, dash)]
    return lines


def flow(content: Content, *, quoted: bool) -> str:
    """Return content in one line, with every name in double quotes if ``quoted``."""

    def name(source: str) -> str:
        is_text = _PLAIN.fullmatch(source) and source not in ("true", "false")
        return f'"{source}"' if quoted and is_text else source

    if isinstance(content, str):
        return name(content)
    if not isinstance(content, dict):
        return f"[{', '.join(flow(item, quoted=quoted) for item in content)}]"
    pairs: Mapping[str, str] = {
        name(key): flow(value, quoted=quoted) for key, value in content.items()
    }
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"
