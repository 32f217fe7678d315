"""Which generations of Compose are installed: version 1 in Python, version 2 as Docker's plugin."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from wizard.host.host import Compose
from wizard.host.looking import CannotTell, installed, output
from wizard.host.part import Part, Words
from wizard.platform import foreign_json
from wizard.platform.text import clean_line

PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
"""Where ``docker`` looks for plugins after the person's own folder (docker/cli, cli-plugins)."""

_STARTER = re.compile(r"docker-compose==(\d[\w.+-]*)")


def detect() -> Compose:
    """Look for both, and for version 2 under version 1's name, as Debian 13 has it."""
    program, plugin = installed("docker-compose"), _plugin()
    v2 = _version_of_plugin(plugin) if plugin and installed("docker") else None
    if v2 is not None and plugin and program and plugin.samefile(program):
        # Debian's is one program under two names, and slow to start.
        return Compose(v1=None, v2=v2)
    alone = _version_alone(Path(program)) if program else None
    v1 = alone if alone and alone.startswith("1.") else None
    if v2 is None and alone is not None and v1 is None:
        return Compose(v1=None, v2=alone, standalone=True)
    return Compose(v1=v1, v2=v2)


def version_in_starter(text: str) -> str | None:
    """Return the version that Python's starter of Compose 1 names, or None.

    Starting version 1 only to ask it takes as long as all other detectors together.
    """
    found = _STARTER.search(text)
    return found[1] if found else None


def parse_metadata(text: str) -> str:
    """Return the version from what the plugin tells ``docker`` about itself.

    Raises:
        CannotTell: It is not what a plugin tells.
    """
    try:
        return clean_line(str(foreign_json.table(text)["Version"])).removeprefix("v")
    except (ValueError, KeyError) as error:
        raise CannotTell("Docker's Compose plugin does not tell its version.") from error


def _plugin() -> Path | None:
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"
    for folder in (own, *map(Path, PLUGIN_FOLDERS)):
        plugin = folder / "docker-compose"
        if os.access(plugin, os.X_OK):
            return plugin
    return None


def _version_of_plugin(plugin: Path) -> str:
    return parse_metadata(output((str(plugin), "docker-cli-plugin-metadata")))


def _version_alone(program: Path) -> str:
    with program.open("rb") as file:
        start = file.read(1024).decode("utf-8", "replace")
    named = version_in_starter(start) if start.startswith("#!") else None
    if named:
        return named
    return clean_line(output((str(program), "version", "--short")).strip()).removeprefix("v")


def in_words(compose: Compose) -> Words:
    """Say which generations are installed, each with its command."""
    installed = [
        f"{version} ({command})"
        for version, command in (
            (compose.v2, "docker-compose" if compose.standalone else "docker compose"),
            (compose.v1, "docker-compose"),
        )
        if version
    ]
    return (", ".join(installed), "ok") if installed else ("not installed", "note")


def notes(compose: Compose) -> Iterator[str]:
    """Yield what to mind where none is installed."""
    if not (compose.v1 or compose.v2):
        yield (
            "Compose is not installed, so no Compose file can be checked or changed. Install it "
            "with “apt install docker-compose”."
        )


PART = Part(
    lambda host: host.compose,
    label="Compose",
    find=lambda _: detect(),
    words=in_words,
    notes=notes,
    asked="Compose",
)
