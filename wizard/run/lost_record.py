"""A host on which the wizard has set something up, and of which no record says so any more."""

from pathlib import Path

from wizard.platform.own_names import NETWORK_LABEL
from wizard.platform.text import clean_line, enumerated
from wizard.record.store import DIRECTORY, Store

_ETC = Path("/etc")
_PLACES = (
    "systemd/system/docker-ipv6-wizard*.service",
    "systemd/system/docker-ipv6-wizard*.timer",
    "sysctl.d/*docker-ipv6-wizard.conf",
    "docker-ipv6-wizard/*",
)
"""What the wizard leaves below /etc while something is set up."""


def told(store: Store) -> str:
    """Return what to say where there is no record, but what a run leaves is there; empty otherwise.

    Raises:
        Refused: a record cannot be read.
    """
    if store.records():
        return ""
    there = sorted(path for each in _PLACES for path in _ETC.glob(each))
    if not there:
        return ""
    units = [path.name for path in there if path.suffix in (".service", ".timer")]
    stop = f"systemctl disable --now {' '.join(units)}; " if units else ""
    files = [clean_line(str(path)) for path in there]
    return (
        "No record of the wizard is on this host, but it has set something up here: "
        f"{enumerated(files)}. The record was in {DIRECTORY}. "
        "Put that folder back from a backup, and then wizard --undo takes everything back. Where "
        "there is none, take its network out of the Compose file and type Compose's “up -d”. Then "
        f"type: {stop}rm {' '.join(files)}; docker network rm $(docker network ls --quiet --filter "
        f"label={NETWORK_LABEL}); and restart this host."
    )


def or_else(sentence: str, store: Store) -> str:
    """Return that, or else a sentence that says that there is nothing."""
    return told(store) or sentence
