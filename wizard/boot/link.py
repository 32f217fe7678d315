"""An interface as the files of a boot speak of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """An interface that will be there after the next boot.

    Attributes:
        name: Its name.
        mac: Its address on the link, as ``02:00:00:00:00:10``.
        type: As udev and networkd call it, such as ``ether``, ``vlan`` or ``sit``.
        kind: ``veth``, ``bridge``, ``vlan``; empty where it is a device.
        driver: Of the device.
        late: Whether it may come only after systemd-sysctl has set what is there: devices do,
            whose drivers are loaded meanwhile, and what is made upon them.
    """

    name: str
    mac: str = ""
    type: str = "ether"
    kind: str = ""
    driver: str = ""
    late: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether it is the kernel's own loopback."""
        return self.name == "lo"
