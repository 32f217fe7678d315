"""Where a Compose file is that is not any more where it was: its folder may have another name."""

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from wizard.compose.claims import agreed, by_project
from wizard.compose.naming import names_network
from wizard.platform.system import System

_DEPTH = 3
"""How many folders below the one that is left of the path are searched; one less below /."""


def moved(system: System, path: str, network: str) -> tuple[str, ...]:
    """Return the files that may be the one that was at a path and named a network, if it is gone.

    They name the network, and are files of any project of the host or have the same name in a
    folder nearby.
    """
    if _text(system, path) is not None:
        return ()
    candidates = (*_of_containers(system), *_nearby(system, path))
    return tuple(
        each
        for each in dict.fromkeys(candidates)
        if each != path and names_network(_text(system, each) or "", network)
    )


def _text(system: System, path: str) -> str | None:
    try:
        state = system.read(path)
    except OSError:
        return None
    return None if state is None else state.text


def _of_containers(system: System) -> list[str]:
    of_compose = ("--filter", "label=com.docker.compose.project")
    listed = system.run(("docker", "ps", "--all", *of_compose, "--quiet", "--no-trunc"))
    entries = _inspected(system, "container", listed.output.split() if not listed.status else [])
    images = _inspected(system, "image", {str(each.get("Image", "")) for each in entries})
    claimed = by_project(entries, {str(each.get("Id", "")): each for each in images})
    return [
        str(file)
        for project, those in claimed.items()
        for file in agreed(project, those).files
        if file.is_absolute()
    ]


def _inspected(system: System, kind: str, names: Iterable[str]) -> list[Mapping[str, Any]]:
    asked = sorted(filter(None, names))
    if not asked:
        return []
    words = ("docker", "inspect", f"--type={kind}", "--format", "{{json .}}")
    found: list[Mapping[str, Any]] = []
    for line in system.run((*words, *asked)).output.splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue  # The complaint about one that has gone since.
        if isinstance(entry, dict):
            found.append(entry)
    return found


def _nearby(system: System, path: str) -> list[str]:
    for folder in PurePosixPath(path).parents:
        depth = _DEPTH if folder.name else _DEPTH - 1
        below = ("-xdev", "-mindepth", "1", "-maxdepth", str(depth), "-type", "f")
        named = ("-name", PurePosixPath(path).name)
        said = system.run(("find", str(folder), *below, *named))
        if said.status == 0:
            return sorted(said.output.splitlines())
    return []
