"""Which files of variables the services of a Compose file name."""

from collections.abc import Iterator
from pathlib import Path

from wizard.compose.nodes import ListNode, MapNode, Value, text_of, values
from wizard.compose.read import ParsedFile


def env_files(file: ParsedFile, directory: Path) -> tuple[str, ...]:
    """Return the paths, each once; one with a variable in it is left out.

    Args:
        file: The Compose file.
        directory: What relative paths are relative to.
    """
    root = file.document.root
    services = root.pairs.get("services") if root else None
    found: dict[str, None] = {}
    for service in services.pairs.values() if isinstance(services, MapNode) else ():
        if isinstance(service, MapNode):
            for name in _names(service.pairs.get("env_file")):
                if name and "$" not in name:
                    found[str(directory / name)] = None
    return tuple(found)


def _names(node: Value | None) -> Iterator[str]:
    """Yield one name, a list of names, or ``path`` of each (Compose file reference, env_file)."""
    names = [text_of(node)]
    if isinstance(node, ListNode):
        names = [
            text_of(item.pairs.get("path") if isinstance(item, MapNode) else item)
            for item in values(node)
        ]
    yield from (name for name in names if name is not None)
