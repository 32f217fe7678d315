"""Whether what a practice machine starts at boot is there: its uplink, addresses, dockerd.

All of it is asked of this computer's kernel, by the number that the machine's PID 1 has here.
"""

import contextlib
import socket
from ipaddress import IPv6Address
from pathlib import Path

from wizard.probes import kernel_tables
from wizard.rehearsal import inside


def uplink_is_up(leader: int, address: str | None) -> bool:
    """Tell whether eth0 has its default routes, and its address past duplicate detection.

    ``address`` is its own global IPv6 address; None where none is to be there.
    """
    shown = Path(f"/proc/{leader}/net")
    if not shown.exists():
        return False
    routes = [line.split() for line in (shown / "route").read_text().splitlines()]
    if not any(line[:2] == ["eth0", "0" * 8] for line in routes):
        return False
    if address is None:
        return True
    addresses = kernel_tables.parse_addresses((shown / "if_inet6").read_text())
    if not any(
        IPv6Address(each["address"]) == IPv6Address(address)
        and not each["flags"] & kernel_tables.IFA_F_TENTATIVE
        for each in addresses
    ):
        return False
    ipv6_routes = kernel_tables.parse_routes((shown / "ipv6_route").read_text())
    return any(each.default and each.interface == "eth0" for each in ipv6_routes)


def tentative(leader: int) -> list[str]:
    """Return the interfaces with an address that the kernel is checking for a duplicate.

    One without a carrier, as a bridge without containers, is checked once it has one; one
    that has failed keeps the mark of a check for good.
    """
    found = []
    shown = Path(f"/proc/{leader}/net/if_inet6").read_text()
    failed = kernel_tables.IFA_F_DADFAILED
    for each in kernel_tables.parse_addresses(shown):
        if each["flags"] & kernel_tables.IFA_F_TENTATIVE and not each["flags"] & failed:
            carrier = inside.path(leader, f"/sys/class/net/{each['interface']}/carrier")
            # It may have gone meanwhile, as that of a container does, or be switched off.
            with contextlib.suppress(OSError):
                found += [each["interface"]] * (carrier.read_text() == "1\n")
    return found


def docker_answers(leader: int) -> bool:
    """Tell whether dockerd answers on its socket."""
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client,
    ):
        client.settimeout(5)
        client.connect(str(inside.path(leader, "/run/docker.sock")))
        client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b" 200 OK" in client.recv(64)
    return False
