"""Finds what configures the network and is told what containers with IPv6 do not survive."""

from wizard.host.host import Host, NetworkFile, Uplink
from wizard.host.obstacle import Cause, Obstacle
from wizard.platform.text import clean_line

LEAVING = "/etc/systemd/network/05-docker.network"
LEFT_ALONE = r"[Match]\nName=docker* br-* veth*\n[Link]\nUnmanaged=yes\n"
"""A file that has networkd leave alone what Docker makes, and its text for printf(1)."""


def obstacles(host: Host, answers_for_neighbours: bool) -> list[Obstacle]:
    """Return an obstacle for each line or file that takes away what they need.

    Switched off on one interface, forwarding goes on there (ip6_forward asks for that of all), but
    the kernel answers for no neighbours (ndisc_recv_ns).

    Args:
        host: The host.
        answers_for_neighbours: Whether the kernel is to answer for containers on the uplink.
    """
    if not isinstance(host.network_files, tuple) or not isinstance(host.uplink, Uplink):
        return []
    interface = clean_line(host.uplink.interface)
    return [
        *(_taking(each) for each in host.network_files if each.takes_bridges),
        *(
            _switching_off(each, interface)
            for each in host.network_files
            if each.forwarding_off and (each.everywhere or answers_for_neighbours)
        ),
    ]


def _taking(file: NetworkFile) -> Obstacle:
    return Obstacle(
        Cause.BRIDGES_TAKEN,
        f"{clean_line(file.path)} has systemd-networkd configure Docker's interfaces as well. When "
        "it does, or is started again, it takes away every address that Docker has given its "
        "bridges, or takes the containers' interfaces out of them, and with that the containers' "
        "way out, over IPv4 too.",
        "Name in its [Match] the interfaces that are meant, or leave Docker's to Docker by a file "
        "of its own. Type:",
        (f"printf '{LEFT_ALONE}' > {LEAVING}", "networkctl reload"),
    )


def _switching_off(file: NetworkFile, interface: str) -> Obstacle:
    where = f"Line {file.forwarding_off} of {clean_line(file.path)}"
    networkd = "/systemd/" in file.path
    if file.everywhere:
        return Obstacle(
            Cause.FORWARDING_OFF,
            f"{where} switches IPv6 forwarding off on this host whenever the network is "
            "configured. Without forwarding no container has IPv6.",
            "Take that line out, or set it to yes, and start the wizard again.",
        )
    return Obstacle(
        Cause.FORWARDING_OFF,
        f"{where} switches IPv6 forwarding off on {interface} whenever it takes effect, and the "
        "kernel answers for the containers' addresses only on an interface that forwards.",
        f"Take that line out, or choose private addresses.{' Then type:' if networkd else ''}",
        ("networkctl reload", f"networkctl reconfigure {interface}") if networkd else (),
    )
