"""Who configures the uplink, and so who listens to router advertisements on it."""

from wizard.host import manager
from wizard.host.host import Manager
from wizard.host.part import Part, Search, Words
from wizard.host.parts import uplink


def detect(search: Search) -> Manager:
    """Ask each program about the interface of the default route.

    Raises:
        CannotTell: There is no default route.
    """
    snapshot = search.netlink.snapshot()
    interface = uplink.parse(snapshot).interface
    return manager.detect(interface, uplink.index_of(interface, snapshot.links))


def in_words(manager: Manager) -> Words:
    """Say who it is, and what becomes of router advertisements."""
    if manager is Manager.KERNEL:
        return "the kernel alone: no program was found that manages the uplink", "ok"
    if manager.kernel_handles_advertisements:
        return f"{manager}, which leaves router advertisements to the kernel", "ok"
    return f"{manager}, which handles router advertisements itself", "ok"


PART = Part(lambda host: host.manager, label="Configured by", find=detect, words=in_words)
