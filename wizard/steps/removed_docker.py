"""Docker that was removed from this host: with all that it knew of networks, or without."""

from pathlib import PurePath

from wizard.platform import foreign_json
from wizard.platform.system import NOT_THERE, System
from wizard.platform.text import clean_line

_SETTINGS = "/etc/docker/daemon.json"
_DATA = "/var/lib/docker"
_NETWORKS = "network/files/local-kv.db"
"""Where dockerd keeps its networks, below its data (moby, libnetwork/datastore)."""


def asked(system: System) -> int:
    """Return how a question to Docker ends: with 0 where it answers."""
    words = ("timeout", "5", "docker", "version", "--format", "{{.Server.Version}}")
    return system.run(words).status


def is_removed(system: System) -> bool:
    """Return whether Docker's daemon is not on this host; asked where its client is not."""
    program = system.run(("dockerd", "--version")).status
    return program == NOT_THERE and system.run(("pidof", "dockerd")).status != 0


def kept_data(system: System) -> str:
    """Return the folder of a removed Docker from which its networks come back with it, or none."""
    folders = dict.fromkeys([_DATA, _chosen(system)])
    return next((each for each in folders if _is_there(system, f"{PurePath(each, _NETWORKS)}")), "")


def is_gone(system: System) -> bool:
    """Return whether Docker is removed, and its networks and containers with it."""
    return is_removed(system) and not kept_data(system)


def left_bridge(system: System, bridge: str) -> bool:
    """Return whether a bridge is there though Docker, whose it was, is gone altogether."""
    shown = ("ip", "link", "show", "dev", bridge)
    there = system.run(shown).status == 0
    return there and asked(system) == NOT_THERE and is_gone(system)


def comes_back(folder: str) -> str:
    """Return what to say of a removed Docker whose networks come back from a folder."""
    return (
        f"Docker is not on this host any more, but its networks are kept in {clean_line(folder)} "
        "and come back with it. Install it again, or remove that folder if nothing in it is "
        "needed, and type wizard --undo once more."
    )


def _chosen(system: System) -> str:
    """Return the folder that the settings name (dockerd(8), ``data-root``)."""
    try:
        settings = system.read(_SETTINGS)
        chosen = foreign_json.table(settings.text).get("data-root") if settings else None
    except (OSError, ValueError):
        return _DATA
    return chosen if isinstance(chosen, str) and chosen else _DATA


def _is_there(system: System, path: str) -> bool:
    try:
        return system.read(path) is not None
    except OSError:
        return True
