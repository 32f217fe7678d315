"""A DHCP server in a machine's router, and real clients in the machine."""

import subprocess

from wizard.rehearsal import network
from wizard.rehearsal.machine import Machine
from wizard.rehearsal.network import Advertisement

LIFETIME = 30
"""Seconds for which a router advertises itself as one."""

PAUSES = (3, 4)
"""Seconds between its advertisements, the least there are (RFC 4861 §6.2.1)."""

MANAGED = Advertisement(lifetime=LIFETIME, pauses=PAUSES, managed=True)
"""Addresses come by DHCPv6 alone, the default route by advertisement."""


_SERVING: dict[str, subprocess.Popen[bytes]] = {}
"""The server of each router, by the name of its namespace."""


def serve(host: Machine, prefix: str = network.PREFIX) -> None:
    """Have the router hand out addresses of both families; it goes on so after a reboot.

    It takes the place of a server that was started before.
    """
    first = prefix.partition("::/")[0]
    before = _SERVING.pop(host.router.namespace, None)
    if before is not None:
        before.kill()
        before.wait()
    _SERVING[host.router.namespace] = host.router.spawn(
        [
            "dnsmasq", "--no-daemon", "--port=0", "--conf-file=/dev/null", "--bind-dynamic",
            "--interface=machine", "--leasefile-ro", "--user=root", "--no-ping",
            f"--dhcp-range={first}::1000,{first}::1fff,64,2m",
            f"--dhcp-range={network.MACHINE_IPV4},{network.MACHINE_IPV4},255.255.255.0,2m",
            f"--dhcp-option=option:router,{network.ROUTER_IPV4}",
        ]
    )  # fmt: skip


def install(host: Machine, *packages: str) -> None:
    """Install packages that the root file system offers."""
    host.shell(
        "apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -q -y "
        f"--no-install-recommends install {' '.join(packages)}",
        timeout=300,
    )
