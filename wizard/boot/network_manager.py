"""What NetworkManager does with an interface at boot, from nm-settings-keyfile(5)."""

import fnmatch
from dataclasses import dataclass

from wizard.boot.files import Files
from wizard.boot.keyfile import Entry, parse
from wizard.boot.link import Link

PROFILES = (
    "/etc/NetworkManager/system-connections",
    "/run/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
)
CONFIGURATION = (
    "/etc/NetworkManager/NetworkManager.conf",
    "/etc/NetworkManager/conf.d/*.conf",
    "/run/NetworkManager/conf.d/*.conf",
    "/usr/lib/NetworkManager/conf.d/*.conf",
)

_LEAVES = ("ignore",)
"""Methods with which the kernel's own accept_ra stays as it is (nm-settings(5), ipv6.method)."""

_ETHERNET = ("", "veth")
"""Kinds of interfaces for which it makes a profile up where there is none."""


@dataclass(frozen=True)
class NetworkManager:
    """What it does with one interface.

    Attributes:
        path: The profile; empty for the one that NetworkManager makes up for a new device.
        method: Of IPv6.
        gateway: The line with an IPv6 gateway, or None.
    """

    path: str
    method: str
    gateway: Entry | None = None

    @property
    def hears(self) -> bool:
        """Whether it acts on router advertisements itself."""
        return self.method in ("auto", "dhcp")

    @property
    def sets_accept_ra(self) -> bool:
        """Whether it sets accept_ra to 0, so that the kernel does not act on them too."""
        return self.method not in _LEAVES


def of(files: Files, link: Link) -> NetworkManager | None:
    """Return what NetworkManager does with an interface, or None where it leaves it alone."""
    if link.is_loopback or _is_unmanaged(files, link):
        return None
    best: tuple[int, NetworkManager] | None = None
    for folder in PROFILES:
        for path in files.glob(f"{folder}/*"):
            entries = list(parse(files.text(path) or "", path))
            values = {(each.section, each.key): each for each in entries}
            weight = _weight({key: each.value for key, each in values.items()}, link)
            if weight is None or (best is not None and best[0] >= weight):
                continue
            method = values.get(("ipv6", "method"))
            gateway = next((each for each in entries if _is_gateway(each)), None)
            best = (weight, NetworkManager(path, method.value if method else "auto", gateway))
    if best is not None:
        return best[1]
    # It makes up a profile with "auto" for every ethernet device that has none.
    return NetworkManager("", "auto") if link.type == "ether" and link.kind in _ETHERNET else None


def _weight(values: dict[tuple[str, str], str], link: Link) -> int | None:
    """Return how well a profile fits an interface, or None where it does not."""
    if values.get((".nmmeta", "nm-generated")) == "true":
        # Of a device as NetworkManager found it; it is gone after the boot.
        return None
    if values.get(("connection", "autoconnect"), "true").lower() in ("false", "0", "no"):
        return None
    if values.get(("connection", "type"), "") not in ("ethernet", "802-3-ethernet", link.kind):
        return None
    wanted = values.get(("connection", "interface-name"), "")
    mac = values.get(("ethernet", "mac-address"), "")
    if (wanted and wanted != link.name) or (mac and mac.lower() != link.mac.lower()):
        return None
    try:
        priority = int(values.get(("connection", "autoconnect-priority"), "0"))
    except ValueError:
        priority = 0
    return priority * 10 + bool(wanted) * 2 + bool(mac)


def _is_gateway(entry: Entry) -> bool:
    if entry.section != "ipv6":
        return False
    if entry.key == "gateway":
        return ":" in entry.value
    if entry.key.startswith("address"):
        return ":" in entry.value.partition(",")[2]
    return entry.key.startswith("route") and entry.value.startswith("::/0")


def _is_unmanaged(files: Files, link: Link) -> bool:
    specification = ""
    for pattern in CONFIGURATION:
        for path in files.glob(pattern):
            for entry in parse(files.text(path) or "", path):
                if (entry.section, entry.key) == ("keyfile", "unmanaged-devices"):
                    specification = entry.value
    for word in specification.replace(",", ";").split(";"):
        kind, _, value = word.strip().partition(":")
        if kind == "interface-name" and fnmatch.fnmatchcase(link.name, value):
            return True
        if kind == "mac" and value.lower() == link.mac.lower():
            return True
    return False
