"""Real DHCP clients: what is foreseen of the next boot is so, and the host keeps its own IPv6."""

from dataclasses import dataclass
from functools import partial

import pytest

from tests.machines import dhcp
from tests.machines.conftest import StartMachine
from tests.machines.support import answer, apply, reaches_internet, undo
from tests.machines.test_next_boot import foresee, read
from tests.machines.test_own_ipv6 import every_second, is_up, lives_on, routes
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal import network
from wizard.rehearsal.machine import Machine

_STATIC = (
    "auto eth0\niface eth0 inet static\n"
    f"    address {network.MACHINE_IPV4}/24\n    gateway {network.ROUTER_IPV4}\n"
)
_DHCP = "auto eth0\niface eth0 inet dhcp\n"

# What Debian's cloud images have, which know their interfaces by pattern alone.
_NETPLAN = """\
network:
    version: 2
    ethernets:
        all-eth:
            match:
                name: eth*
            dhcp4: true
            dhcp6: true
"""


@dataclass(frozen=True)
class Client:
    """How an interface gets its addresses, and what becomes of its route without the wizard."""

    packages: tuple[str, ...]
    interfaces: str = ""
    netplan: str = ""
    keeps_route: bool = True
    """Whether that stays while the kernel forwards."""


CLIENTS = {
    "dhclient": Client(
        ("isc-dhcp-client",), _STATIC + "iface eth0 inet6 dhcp\n", keeps_route=False
    ),
    "dhclient for both": Client(
        ("isc-dhcp-client",), _DHCP + "iface eth0 inet6 dhcp\n", keeps_route=False
    ),
    "dhcpcd": Client(("dhcpcd-base",), _DHCP),
    # What Debian's installer writes.
    "dhcpcd and auto": Client(("dhcpcd-base",), _DHCP + "iface eth0 inet6 auto\n"),
    # ifupdown starts no dhcpcd for inet6, says so, and has set accept_ra by then.
    "dhcpcd and dhcp": Client(("dhcpcd-base",), _DHCP + "iface eth0 inet6 dhcp\n"),
    "netplan": Client(("netplan.io",), netplan=_NETPLAN),
}


def start(machine: StartMachine, client: Client) -> Machine:
    """A host that has its addresses by the client since its boot."""
    first = {"etc/network/interfaces.d/eth0": _STATIC}
    # Without a client there is no address to send from yet.
    host = machine(
        route="advertisement",
        files=first,
        advertisement=dhcp.MANAGED,
        uplink_is_up=lambda _host: True,
    )
    dhcp.install(host, *client.packages)
    host.path("/etc/network/interfaces.d/eth0").write_text(client.interfaces)
    if client.netplan:
        host.path("/etc/netplan").mkdir(exist_ok=True)
        host.path("/etc/netplan/90-default.yaml").write_text(client.netplan)
        host.path("/etc/netplan/90-default.yaml").chmod(0o600)
        host.run(["systemctl", "enable", "systemd-networkd.service"])
    dhcp.serve(host)
    host.reboot()
    host.wait(partial(is_up, host, ["eth0"]), "the addresses by DHCP")
    return host


def boots_as_foreseen(host: Machine, keeps_route: bool) -> None:
    """Make sure that a boot ends with the values and the route, or none, that were foreseen."""
    foreseen = foresee(host)
    assert foreseen["unread"] == foreseen["files"] == []
    assert foreseen["routes"]["eth0"] is keeps_route
    host.reboot()
    if keeps_route:
        host.wait(partial(is_up, host, ["eth0"]), "the addresses by DHCP")
    else:
        host.wait(lambda: not routes(host, "eth0"), "the route to run out", 2 * dhcp.LIFETIME)
    for name, value in read(host, list(foreseen["values"])).items():
        assert foreseen["values"][name] == [value], (name, foreseen)
    assert foresee(host)["values"] == foreseen["values"]


SAMPLE = {("dhcpcd and auto", 14)}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "debian"),
    [
        pytest.param(name, release, marks=() if (name, release) in SAMPLE else pytest.mark.thorough)
        for name, client in CLIENTS.items()
        for release in (12, 13, 14)
        # Debian 14 does not have it.
        if not (release == 14 and "isc-dhcp-client" in client.packages)
    ],
    indirect=["debian"],
)
def test_a_host_with_a_client_is_foreseen_and_keeps_its_ipv6(
    machine: StartMachine, name: str
) -> None:
    client = CLIENTS[name]
    host = start(machine, client)
    host.shell("docker network create --ipv6 --subnet fd00:5::/64 six")
    boots_as_foreseen(host, client.keeps_route)
    # The kernel listens again.
    host.shell("docker network rm six; sysctl -w net.ipv6.conf.all.forwarding=0")
    host.wait(partial(is_up, host, ["eth0"]), "a route by advertisement")

    mastodon = deployments.up(host, "2017")
    answer(host, mastodon)
    with every_second(host, ["eth0"]):
        done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    boots_as_foreseen(host, keeps_route=True)
    lives_on(host, ["eth0"], dhcp.LIFETIME)
    assert reaches_internet(mastodon)
    with every_second(host, ["eth0"]):
        assert undo(host).returncode == ExitCode.DONE
