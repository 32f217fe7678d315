"""The tags by which a file takes away what earlier files of the project say.

Compose 2 alone reads them (compose-spec, 13-merge.md). What they do where was seen with Compose
2.26.1.
"""

from wizard.compose.nodes import MapNode, Value, text_of
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

RESET = "!reset"
"""The tag of what takes away what earlier files say, and says nothing itself."""

OVERRIDE = "!override"
"""The tag of what stands in the place of what earlier files say."""

WHOLE = ""
"""Stands among the keys of a service for the service itself."""


def of_network(name: str) -> str:
    """Return what stands among the keys of a service for one of its networks."""
    return f"networks.{name}"


def said_of(mapping: MapNode | None, key: str) -> Value | None:
    """Return what a mapping says of a key; what takes away what was said before says nothing."""
    value = mapping.pairs.get(key) if mapping else None
    return None if value is None or value.tag == RESET else value


def text_said(node: Value | None) -> str | None:
    """Return the text of a scalar; None for what is none, or null, or takes something away."""
    return None if node is None or node.tag == RESET else text_of(node)


def dropped(service: MapNode) -> frozenset[str]:
    """Return the keys of a service of which what earlier files say counts no more."""
    networks = service.pairs.get("networks")
    named = networks.pairs.items() if isinstance(networks, MapNode) else ()
    return frozenset(
        (
            *(key for key, value in service.pairs.items() if value.tag in (RESET, OVERRIDE)),
            *(of_network(name) for name, value in named if value.tag in (RESET, OVERRIDE)),
            *((WHOLE,) if service.tag == OVERRIDE else ()),
        )
    )


def is_unusual(node: Value) -> bool:
    """Return whether a node has a tag that no Compose of today is known to read."""
    tag = node.tag or ""
    return tag.startswith("!") and tag not in (RESET, OVERRIDE)


def check_section(name: str, key: str, node: Value | None) -> None:
    """Make sure that a top-level section takes nothing away as a whole.

    Args:
        name: How the file is called in sentences.
        key: The key of the section.
        node: What stands there.

    Raises:
        Refused: it does, and what would be added to the files before it would be gone as well.
    """
    if node is not None and node.tag in (RESET, OVERRIDE):
        raise Refused(
            f"In {name} the top-level “{key}:” carries the tag {clean_line(node.tag)}, by which "
            "Compose 2 drops what earlier files say there, and would drop what the wizard adds. "
            "Nothing was changed. Write the tag at the entries below that it is meant for, and try "
            "again."
        )
