"""The style that a Compose file is written in, and what is added to it in the same."""

from collections.abc import Sequence

from wizard.compose.document import Document
from wizard.compose.nodes import ListNode, MapNode, Node
from wizard.compose.yaml_source import Content


def line_start(document: Document, place: int) -> int:
    """Return where a place's line begins."""
    return place - document.column(place)


def indentation(document: Document) -> int:
    """Return by how many columns the file indents."""
    section = document.root.own("services") if document.root else None
    if section and isinstance(section[1], MapNode) and section[1].items and not section[1].flow:
        services = section[1]
        step = document.column(services.items[0][0].start) - document.column(section[0].start)
        if step > 0:
            return step
    return 2


def services(document: Document) -> list[Node]:
    """Return the services that stand in the file."""
    section = document.root.own("services") if document.root else None
    services = section[1] if section and isinstance(section[1], MapNode) else None
    return [value for _, value in services.items] if services else []


def dash_of(document: Document, mappings: Sequence[Node]) -> int | None:
    """Return how far dashes are indented below the key of the first list that has any."""
    for mapping in mappings:
        if not isinstance(mapping, MapNode) or mapping.flow:
            continue
        for key, value in mapping.items:
            if isinstance(value, ListNode) and not value.flow:
                column = dash_column(document, value)
                if column is not None:
                    return column - document.column(key.start)
    return None


def dash_column(document: Document, node: ListNode) -> int | None:
    """Return the column of the last dash of a list, or None where it has none of its own line."""
    start = node.items[-1].start
    line = document.text[line_start(document, start) : start]
    stripped = line.lstrip(" ")
    return len(line) - len(stripped) if stripped.startswith("-") else None


def block(content: Content, indent: int, document: Document, dash: int) -> list[str]:
    """Return content as lines of block style."""
    unit = indentation(document)
    space = " " * indent
    if isinstance(content, str):
        return [f"{space}{content}"]
    lines: list[str] = []
    if not isinstance(content, dict):
        for item in content:
            first, *rest = block(item, 0, document, dash)
            lines += [f"{space}- {first}", *(f"{space}  {line}" for line in rest)]
        return lines
    for key, value in content.items():
        if isinstance(value, str):
            lines.append(f"{space}{key}: {value}")
        elif not value:
            lines.append(f"{space}{key}: {'{}' if isinstance(value, dict) else '[]'}")
        else:
            step = unit if isinstance(value, dict) else dash
            lines += [f"{space}{key}:", *block(value, indent + step, document, dash)]
    return lines
