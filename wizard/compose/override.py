"""The override file: a second Compose file that gives services a network and leaves theirs alone.

Which names Compose looks for, and in which order, was seen with docker-compose 1.29.2 and Compose
2.26.1 and 2.40.3. docker-compose 1.29.2 refuses to start when it finds two override files.
"""

from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from wizard.compose.edit import joined
from wizard.compose.nodes import Scalar
from wizard.compose.read import ParsedFile, parse_part
from wizard.compose.yaml_source import Content

DEFAULT_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDE_FILES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
_HEADER = (
    "# Puts services on the network that gives them IPv6.\n"
    "# Compose reads this file after the one beside it and joins the two.\n"
)


def override(
    files: Sequence[ParsedFile],
    services: Sequence[str],
    network: str,
    existing: bytes | None,
    *,
    name: str = "docker-compose.override.yml",
    declaration: Mapping[str, Content] | None = None,
    addresses: Mapping[str, str] | None = None,
) -> bytes:
    """Return the content of an override file that puts services on a network.

    Args:
        files: The project's other files, in Compose's order.
        services: Names of services in any of them.
        network: The network's name in Docker.
        existing: The content of the override file there is, kept to the byte but for additions;
            None if there is none.
        name: How the override file is called in sentences.
        declaration: What declares the network, as for :func:`add_network`.
        addresses: The fixed addresses, as for :func:`add_network`.

    Raises:
        Refused: A service is in no file or cannot be attached, or the existing file cannot be
            read or edited safely.
    """
    data = existing if existing is not None else _HEADER.encode()
    file = parse_part(data, name)
    version = b"" if file.document.root else _version_line(files, data)
    if version:
        file = parse_part(data + version, name)
    return joined(file, services, network, None, files, declaration, addresses)


def _version_line(files: Sequence[ParsedFile], data: bytes) -> bytes:
    """Return the first file's ``version:`` line: before 1.27 Compose wants one in every file."""
    for file in files[:1]:
        entry = file.document.root.own("version") if file.document.root else None
        if entry and isinstance(entry[1], Scalar) and not entry[1].is_null:
            source = file.document.text[entry[1].start : entry[1].end]
            gap = "" if not data or data.endswith(b"\n") else "\n"
            return f"{gap}version: {source}\n".encode()
    return b""


def override_path(base: Path, siblings: Container[str]) -> Path:
    """Return where a project's override file is, or belongs.

    Args:
        base: The project's main file.
        siblings: The names of the files beside it.
    """
    for name in OVERRIDE_FILES:
        if name in siblings:
            return base.with_name(name)
    return base.with_name(f"{base.stem}.override{base.suffix}")


def picks_up_override(config_files: Sequence[Path], directory: Path) -> bool:
    """Return whether Compose reads an override file by itself next time.

    It does when it found the project's files by their default names, in the project's folder or one
    above it, and not when it was given them with ``-f`` or ``COMPOSE_FILE``. The label cannot tell
    a default name that was given from one that was found.

    Args:
        config_files: The paths in the label ``com.docker.compose.project.config_files``.
        directory: The folder in the label beside it; one that is not absolute is not known.
    """
    if not config_files or config_files[0].name not in DEFAULT_FILES:
        return False
    if directory.is_absolute() and not directory.is_relative_to(config_files[0].parent):
        return False
    rest = config_files[1:]
    return not rest or (
        len(rest) == 1
        and rest[0].name in OVERRIDE_FILES
        and rest[0].parent == config_files[0].parent
    )
