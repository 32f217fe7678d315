"""Where a Compose file is that is not any more where it was: its folder may have another name."""

from pathlib import PurePosixPath

from wizard.compose.naming import names_network
from wizard.system import System

_LABELS = "\t".join(
    f'{{{{.Label "com.docker.compose.project.{key}"}}}}' for key in ("working_dir", "config_files")
)
_DEPTH = 3
"""How many folders below the one that is left of the path are searched; one less below /."""


def moved(system: System, path: str, network: str) -> tuple[str, ...]:
    """Return the files that may be the one that was at a path and named a network, if it is gone.

    They name the network, and are files of any container's project or have the same name in a
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
    said = system.run(("docker", "ps", "--all", *of_compose, "--format", _LABELS))
    if said.status != 0:
        return []
    rows = [line.split("\t") for line in said.output.splitlines() if line.count("\t") == 1]
    return [
        str(PurePosixPath(directory) / file)
        for directory, files in rows
        for file in files.split(",")
        if file and PurePosixPath(directory).is_absolute()
    ]


def _nearby(system: System, path: str) -> list[str]:
    for folder in PurePosixPath(path).parents:
        depth = _DEPTH if folder.name else _DEPTH - 1
        below = ("-xdev", "-mindepth", "1", "-maxdepth", str(depth), "-type", "f")
        named = ("-name", PurePosixPath(path).name)
        said = system.run(("find", str(folder), *below, *named))
        if said.status == 0:
            return sorted(said.output.splitlines())
    return []
