"""Which files and folders of the host the services of a Compose file find inside, as settings are.

A volume has its source before the first colon, which is a path where it begins like one, or by the
key ``source`` (compose-spec, 05-services.md, volumes). ``configs`` name theirs by ``file``.
"""

from collections.abc import Iterator
from pathlib import Path

from wizard.compose.nodes import ListNode, MapNode, Value, text_of, values
from wizard.compose.read import ParsedFile
from wizard.compose.variables import unset


def mounted_files(file: ParsedFile, directory: Path) -> tuple[str, ...]:
    """Return the paths, each once; one with a variable that has no default is left out.

    Args:
        file: The Compose file.
        directory: What relative paths are relative to.
    """
    root = file.document.root
    pairs = root.pairs if root else {}
    named = [
        *(source for service in _mappings(pairs.get("services")) for source in _sources(service)),
        *(text_of(config.pairs.get("file")) for config in _mappings(pairs.get("configs"))),
    ]
    shown = [unset(name) for name in named if name]
    return tuple(dict.fromkeys(str(directory / name) for name in shown if "$" not in name))


def _mappings(section: Value | None) -> Iterator[MapNode]:
    for each in section.pairs.values() if isinstance(section, MapNode) else ():
        if isinstance(each, MapNode):
            yield each


def _sources(service: MapNode) -> Iterator[str]:
    volumes = service.pairs.get("volumes")
    for volume in values(volumes) if isinstance(volumes, ListNode) else ():
        if isinstance(volume, MapNode):
            source = text_of(volume.pairs.get("source")) or ""
        else:
            # A variable may have a colon before its default.
            source = unset(text_of(volume) or "").partition(":")[0]
        if source.startswith((".", "/", "$")):
            yield source
