"""Finds a host whose network's manager is told to switch IPv6 forwarding off."""

from wizard.host.host import Host, NetworkFile, Uplink
from wizard.host.obstacle import Cause, Obstacle
from wizard.platform.text import clean_line


def obstacles(host: Host, answers_for_neighbours: bool) -> list[Obstacle]:
    """Return an obstacle for each line that switches off what containers cannot do without.

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
        _obstacle(each, interface)
        for each in host.network_files
        if each.forwarding_off and (each.everywhere or answers_for_neighbours)
    ]


def _obstacle(file: NetworkFile, interface: str) -> Obstacle:
    where = f"Line {file.forwarding_off} of {clean_line(file.path)}"
    if file.everywhere:
        return Obstacle(
            Cause.FORWARDING_OFF,
            f"{where} has systemd-networkd switch IPv6 forwarding off on this host whenever it "
            "starts. Without forwarding no container has IPv6.",
            "Take that line out, or set it to yes, and start the wizard again.",
        )
    return Obstacle(
        Cause.FORWARDING_OFF,
        f"{where} has systemd-networkd switch IPv6 forwarding off on {interface} whenever it "
        "configures that, and the kernel answers for the containers' addresses only on an "
        "interface that forwards.",
        "Take that line out, or choose private addresses. Then type:",
        ("networkctl reload", f"networkctl reconfigure {interface}"),
    )
