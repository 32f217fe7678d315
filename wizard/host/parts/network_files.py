"""The files by which the uplink is configured, and who writes them."""

from wizard.boot import reader
from wizard.boot.files import HostFiles
from wizard.host import manager, network_files
from wizard.host.host import NetworkFile
from wizard.host.part import Part, Search, Words
from wizard.host.parts import uplink
from wizard.platform.text import clean_line


def detect(search: Search) -> tuple[NetworkFile, ...]:
    """Ask who configures the interface of the default route, and read that program's files.

    Raises:
        CannotTell: There is no default route.
    """
    snapshot = search.netlink.snapshot()
    interface = uplink.parse(snapshot).interface
    index = uplink.index_of(interface, snapshot.links)
    state = manager.values(manager.networkd_keeps(index))
    by = manager.detect(interface, index)
    link = reader.link(reader.NET / interface)
    return network_files.of(link, by, state, HostFiles(), reader.systemd_release())


def in_words(found: tuple[NetworkFile, ...]) -> Words:
    """Name them, and who writes each in a person's place."""
    named = [
        clean_line(each.path) + (f" (written by {each.writer})" if each.writer else "")
        for each in found
    ]
    return ", ".join(named) or "none was found", "ok"


def notes(found: tuple[NetworkFile, ...]) -> list[str]:
    """Return what to mind of a file that a program writes."""
    return [
        f"{clean_line(each.path)}, by which this host's network is configured, is written by "
        f"{each.writer}. The wizard does not touch it: its own settings stand in files that "
        f"nobody else writes. Should you change it, {clean_line(each.instead)}."
        for each in found
        if each.writer
    ]


PART = Part(
    lambda host: host.network_files,
    label="Network files",
    find=detect,
    words=in_words,
    notes=notes,
)
