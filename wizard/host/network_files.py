"""Which files configure an interface, and which program writes them in a person's place."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from wizard.boot import netplan, network_manager, networkd, sysctl_d, ufw
from wizard.boot.files import Files
from wizard.boot.interfaces import COMMANDS, assignment, parse
from wizard.boot.keyfile import truth
from wizard.boot.link import Link
from wizard.host.host import Manager, NetworkFile

_DOCKERS = (
    Link("docker0", type="bridge", kind="bridge"),
    # The end of a container's link that stays on the host.
    Link("veth0a1b2c3", type="ether", kind="veth"),
)

_CLOUD_CONFIGURATION = ("/etc/cloud/cloud.cfg", "/etc/cloud/cloud.cfg.d/*.cfg")
_CLOUD_OFF = re.compile(
    r"^network:\s*(?:\{\s*config:\s*disabled\s*\}|\n\s+config:\s*disabled\s*$)", re.MULTILINE
)
"""What keeps cloud-init from the network for good, in the words of its own header."""

_CLOUD_HELPER = "/etc/network/cloud-interfaces-template"
_GENERATED = re.compile(
    r"\b(?:auto-?generated|generated (?:by|from)|do not edit|don't edit|managed by"
    r"|will be (?:overwritten|lost))\b",
    re.IGNORECASE,
)

_CLOUD_INIT = (
    "write “network: {config: disabled}” into /etc/cloud/cloud.cfg.d/99-disable-network-config.cfg "
    "first, or cloud-init may write it anew at a boot"
)
_BY_NETPLAN = "change a file below /etc/netplan instead, and type “netplan apply”"


def of(
    link: Link, manager: Manager, state: Mapping[str, str], files: Files, systemd: int = 0
) -> tuple[NetworkFile, ...]:
    """Return the files by which an interface is configured, in the order in which they are read.

    Args:
        link: That interface.
        manager: Who configures it.
        state: What systemd-networkd keeps of it (sd-network.h), where it is networkd's.
        files: This host's.
        systemd: The release of systemd.
    """
    found = {path: written(path, files) for path in _paths(link, manager, state, files)}
    for path, line, everywhere in _switching_off(link, manager, files, systemd):
        file = found.get(path) or written(path, files)
        found[path] = replace(file, forwarding_off=line, everywhere=everywhere)
    if manager is Manager.NETWORKD:
        for taken in (networkd.of(files, each, systemd) for each in _DOCKERS):
            if taken is not None and taken.certain:
                file = found.get(taken.path) or written(taken.path, files)
                found[taken.path] = replace(file, takes_bridges=True)
    return tuple(found.values())


def _switching_off(
    link: Link, manager: Manager, files: Files, systemd: int
) -> Iterator[tuple[str, int, bool]]:
    """Yield file and line of what switches forwarding off there, and whether everywhere.

    Where files of kernel parameters do so everywhere, a service switches it on again everywhere.
    """
    key, every_key = (f"net/ipv6/conf/{each}/forwarding" for each in (link.name, "all"))
    for deciding in (sysctl_d.deciding, ufw.deciding):
        parameter, for_every = (deciding(files, each) for each in (key, every_key))
        if parameter and parameter.value == "0" and not (for_every and for_every.value == "0"):
            yield parameter.path, parameter.line, False
    if manager in (Manager.IFUPDOWN, Manager.KERNEL):
        for option in (
            each for stanza in parse(files).of(link.name, link.mac) for each in stanza.options
        ):
            if option.name in COMMANDS:
                match assignment(option.value, link.name):
                    case (set_key, 0) if set_key in (key, every_key):
                        yield option.path, option.line, set_key != key
    if manager is not Manager.NETWORKD:
        return
    for_all = networkd.global_forwarding(files, systemd)
    if for_all is not None and truth(for_all.value) is False:
        yield for_all.path, for_all.line, True
        return
    by = networkd.of(files, link, systemd)
    if by is not None and by.forwarding is False and by.line is not None:
        yield by.line.path, by.line.line, False


def _paths(link: Link, manager: Manager, state: Mapping[str, str], files: Files) -> Iterator[str]:
    match manager:
        case Manager.NETWORKD:
            yield from _behind(state.get("NETWORK_FILE", ""), files)
        case Manager.NETWORK_MANAGER:
            by = network_manager.of(files, link)
            yield from _behind(by.path if by else "", files)
        case Manager.IFUPDOWN | Manager.KERNEL:
            # What is “manual” there may have lines of its own, and so may an alias.
            yield from (
                each.path
                for each in parse(files).stanzas
                if each.name.partition(":")[0] == link.name
            )
        case Manager.DHCPCD:
            yield "/etc/dhcpcd.conf"


def _behind(path: str, files: Files) -> Iterator[str]:
    """Yield a file, or those that netplan has made it of."""
    if path and netplan.has_made(path):
        yield from netplan.sources(files) or (path,)
    elif path:
        yield path


def written(path: str, files: Files) -> NetworkFile:
    """Return a file with who writes it, as its place and its first lines tell."""
    if netplan.has_made(path):
        return NetworkFile(path, "netplan", _BY_NETPLAN)
    head = _head(files.text(path) or "")
    if "cloud-init" in posixpath.basename(path) or any("cloud-init" in each for each in head):
        if _cloud_init_writes(files):
            return NetworkFile(path, "cloud-init", _CLOUD_INIT)
        return NetworkFile(path)
    if any("cloud-ifupdown-helper" in each for each in head):
        return NetworkFile(
            path, "cloud-ifupdown-helper", f"change {_CLOUD_HELPER}, which it is made of, instead"
        )
    said = next((each for each in head if _GENERATED.search(each)), "")
    if said:
        return NetworkFile(
            path,
            "another program",
            f"look for the settings of what writes it first: its line {head.index(said) + 1} says "
            f"“{said.lstrip('# ')}”",
        )
    return NetworkFile(path)


def _head(text: str) -> list[str]:
    """Return the comment with which a text begins."""
    found = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        found.append(line.strip())
    return found


def _cloud_init_writes(files: Files) -> bool:
    """Whether cloud-init is there, and neither it nor its part in the network is switched off."""
    if files.text("/etc/cloud/cloud.cfg") is None:
        return False
    if files.text("/etc/cloud/cloud-init.disabled") is not None:
        return False
    return not any(
        _CLOUD_OFF.search(files.text(path) or "")
        for pattern in _CLOUD_CONFIGURATION
        for path in files.glob(pattern)
    )
