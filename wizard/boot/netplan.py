"""netplan: which files it reads, and of which it makes files for others (netplan-generate(8))."""

import posixpath

from wizard.boot.files import Files

SOURCES = ("/etc/netplan/*.yaml", "/run/netplan/*.yaml", "/usr/lib/netplan/*.yaml")
"""What it reads, the most important first."""

_GENERATOR = "/usr/lib/systemd/system-generators/netplan"
_MADE = ("/run/systemd/network/*netplan-*", "/run/NetworkManager/system-connections/netplan-*")


def sources(files: Files) -> list[str]:
    """Return the files that it reads."""
    return [path for pattern in SOURCES for path in files.glob(pattern)]


def has_made(path: str) -> bool:
    """Tell from its path whether a file is one that netplan makes for another program."""
    return path.startswith("/run/") and "netplan-" in posixpath.basename(path)


def pending(files: Files) -> list[str]:
    """Return the files that have changed since it made others of them.

    It does so at every boot, so that what others read now is not what they will read then.
    """
    if not files.glob(_GENERATOR):
        return []
    made = [files.changed(path) for pattern in _MADE for path in files.glob(pattern)]
    return [path for path in sources(files) if files.changed(path) > max(made, default=-1.0)]
