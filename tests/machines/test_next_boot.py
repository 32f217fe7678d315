"""What is foreseen of the next boot is what is read after it, host by host."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.support import PYTHON, answer, apply, wizard
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment
from wizard.rehearsal.machine import Machine

FORESEE = """
import json, sys
from wizard.boot import outlook, reader
from wizard.boot.forecast import foresee
files = reader.files()
about = reader.circumstances(files)
found = foresee(files, about)
sys.stdout.write(json.dumps({
    "values": {f"{g}.{p}": sorted(v.possible) for (g, p), v in found.values.items()},
    "routes": {each.name: found.has_route_by_advertisement(each.name) for each in about.links},
    "hearing": {name: [each.program, each.gateway] for name, each in found.hearing.items()},
    "unread": [[each.path, each.number] for each in found.unread],
    "lost": dict(outlook.look().lost),
    "sentences": outlook.look().sentences,
    "files": files.unread,
}))
"""

STATIC = "iface eth0 inet static\n    address 192.0.2.10/24\n    gateway 192.0.2.1\n"
STATIC6 = "iface eth0 inet6 static\n    address 2001:db8:1:2::10/64\n    gateway 2001:db8:1:2::1\n"

Forecast = dict[str, Any]


@dataclass(frozen=True)
class HostKind:
    """One kind of host: how it is made, and what is done to it before its next boot is foreseen.

    Attributes:
        files: As :class:`Machine` takes them; ``eth0`` stands for ifupdown's file of it.
        prepare: Commands.
        has_route: Whether it has a default route over IPv6 after the boot.
        computed: Whether nothing is left to be read by a person.
    """

    route: Literal["static", "advertisement"] = "advertisement"
    manager: Literal["ifupdown", "systemd-networkd"] = "ifupdown"
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: str = ""
    has_route: bool = True
    computed: bool = True
    releases: tuple[int, ...] = (12, 13, 14)


def ifupdown(text: str) -> dict[str, str]:
    return {"etc/network/interfaces.d/eth0": f"auto eth0\n{STATIC}{text}"}


NETWORK_MANAGER = (
    "rm /etc/network/interfaces.d/eth0; apt-get update -qq; apt-get install -qq network-manager; "
    "umask 077; mkdir -p /etc/NetworkManager/system-connections; "
    "printf '[connection]\\nid=eth0\\ntype=ethernet\\ninterface-name=eth0\\n[ipv4]\\n"
    "method=manual\\naddress1=192.0.2.10/24,192.0.2.1\\n[ipv6]\\nmethod=%s\\n'"
    " > /etc/NetworkManager/system-connections/eth0.nmconnection"
)
DHCPCD = (
    "rm /etc/network/interfaces.d/eth0; apt-get update -qq; apt-get install -qq dhcpcd-base; "
    "printf '[Unit]\\nAfter=systemd-sysctl.service\\nBefore=network.target\\n[Service]\\n"
    "Type=forking\\nExecStart=/usr/sbin/dhcpcd -b --nodev\\n[Install]\\n"
    "WantedBy=multi-user.target\\n'"
    " > /etc/systemd/system/dhcpcd.service; systemctl enable dhcpcd.service"
)
# ifupdown waits for the client, which waits for a server that is not there.
CLIENT = "printf '#!/bin/sh\\nexit 0\\n' > /sbin/dhclient; chmod +x /sbin/dhclient"


HOSTS: dict[str, HostKind] = {
    "static": HostKind("static", files=ifupdown(STATIC6)),
    "static, route by advertisement": HostKind(
        files=ifupdown(STATIC6.replace("    gateway 2001:db8:1:2::1\n", "")), has_route=False
    ),
    "static, accept_ra 2": HostKind(
        files=ifupdown(STATIC6.replace("    gateway 2001:db8:1:2::1\n", "    accept_ra 2\n"))
    ),
    "auto": HostKind(files=ifupdown("iface eth0 inet6 auto\n")),
    "auto, accept_ra 1": HostKind(
        files=ifupdown("iface eth0 inet6 auto\n    accept_ra 1\n"), has_route=False
    ),
    "dhcp": HostKind(files=ifupdown("iface eth0 inet6 dhcp\n"), prepare=CLIENT, has_route=False),
    "no stanza": HostKind(files=ifupdown(""), has_route=False),
    "up lines": HostKind(
        files=ifupdown(
            "iface eth0 inet6 auto\n    accept_ra 1\n"
            "    pre-up sysctl -w net.ipv6.conf.$IFACE.accept_ra=0\n"
            "    up echo 2 > /proc/sys/net/ipv6/conf/$IFACE/accept_ra\n"
        )
    ),
    "inherits and a pattern": HostKind(
        files={
            "etc/network/interfaces.d/eth0": "auto /eth*\niface lan inet6 auto\n    accept_ra 1\n"
            f"{STATIC}iface eth0 inet6 auto inherits lan\n"
        },
        has_route=False,
    ),
    "hotplug": HostKind(
        files={
            "etc/network/interfaces.d/eth0": f"allow-hotplug eth0\n{STATIC}iface eth0 inet6 auto\n",
            "etc/network/interfaces": "auto eth0\nsource-directory interfaces.d\n",
        }
    ),
    "cloud-init": HostKind(
        files={
            "etc/network/interfaces.d/eth0": "",
            "etc/network/interfaces.d/50-cloud-init": f"auto lo\niface lo inet loopback\n\n"
            f"auto eth0\n{STATIC}# control-alias eth0\niface eth0 inet6 auto\n    accept_ra 1\n",
        },
        has_route=False,
    ),
    "sysctl.d": HostKind(
        files=ifupdown(""),
        prepare="printf 'net.ipv6.conf.all.forwarding=1\\nnet.ipv6.conf.*.accept_ra = 2\\n"
        "-net/ipv6/conf/lo/accept_ra=0\\n' > /etc/sysctl.d/99-own.conf; "
        "echo net.ipv6.conf.eth0.accept_ra=1 > /etc/sysctl.d/10-first.conf; "
        "mkdir -p /usr/local/lib/sysctl.d; "
        "echo net.ipv6.conf.eth0.accept_ra=0 > /usr/local/lib/sysctl.d/10-first.conf",
        has_route=False,
    ),
    "sysctl.conf": HostKind(
        files=ifupdown(""),
        prepare="printf '\\nnet.ipv6.conf.eth0.accept_ra=2\\n' >> /etc/sysctl.conf; "
        "echo net.ipv6.conf.all.forwarding=0 > /etc/sysctl.d/90-off.conf",
        # Read through a link of Debian 12's, which later releases do not have.
        has_route=False,
        releases=(13, 14),
    ),
    "sysctl.conf, linked": HostKind(
        files=ifupdown(""),
        prepare="printf '\\nnet.ipv6.conf.eth0.accept_ra=2\\n' >> /etc/sysctl.conf; "
        "ln -sf ../sysctl.conf /etc/sysctl.d/99-sysctl.conf",
    ),
    "networkd, static": HostKind("static", "systemd-networkd"),
    "networkd": HostKind(manager="systemd-networkd"),
    "networkd, not said": HostKind(
        manager="systemd-networkd",
        prepare="sed -i /IPv6AcceptRA/d /etc/systemd/network/10-eth0.network; "
        "printf '[Match]\\nName=eth1\\n[Network]\\nIPv6AcceptRA=yes\\n'"
        " > /etc/systemd/network/05-other.network",
    ),
    "networkd, drop-in": HostKind(
        manager="systemd-networkd",
        prepare="mkdir /etc/systemd/network/10-eth0.network.d; "
        "printf '[Network]\\nIPv6Forwarding=yes\\nIPForward=ipv6\\nIPv6AcceptRA=yes\\n'"
        " > /etc/systemd/network/10-eth0.network.d/own.conf",
    ),
    "NetworkManager": HostKind(prepare=NETWORK_MANAGER.replace("%s", "auto", 1)),
    "NetworkManager, ignore": HostKind(
        prepare=NETWORK_MANAGER.replace("%s", "ignore", 1), has_route=False
    ),
    "dhcpcd": HostKind(prepare=DHCPCD),
    "rc.local": HostKind(
        files=ifupdown("iface eth0 inet6 auto\n    accept_ra 1\n")
        | {"etc/rc.local": "#!/bin/sh\nsysctl -w net.ipv6.conf.eth0.accept_ra=2\n"},
        has_route=False,
        computed=False,
    ),
}

SAMPLE = {("auto, accept_ra 1", 12), ("sysctl.conf, linked", 13), ("networkd, not said", 13)}


def cells() -> list[Any]:
    return [
        pytest.param(
            name,
            release,
            marks=() if (name, release) in SAMPLE else pytest.mark.thorough,
            id=f"{name}-debian{release}",
        )
        for name, kind in HOSTS.items()
        for release in kind.releases
    ]


def foresee(machine: Machine) -> Forecast:
    found: Forecast = json.loads(machine.run([PYTHON, "-c", FORESEE]).stdout)
    return found


def read(machine: Machine, names: list[str]) -> dict[str, int]:
    text = "; ".join(f"cat {'/'.join(name.rsplit('.', 1))}" for name in names)
    done = machine.shell(f"cd /proc/sys/net/ipv6/conf; {text}")
    return dict(zip(names, map(int, done.stdout.split()), strict=True))


def routes(machine: Machine) -> str:
    return machine.run(["ip", "-6", "route", "show", "default", "dev", "eth0"]).stdout


@pytest.mark.parametrize(("name", "release"), cells())
def test_the_values_foreseen_are_those_after_the_boot(name: str, release: int) -> None:
    kind = HOSTS[name]
    with Machine(
        release,
        route=kind.route,
        manager=kind.manager,
        files=kind.files,
        uplink_is_up=lambda _machine: True,
    ) as machine:
        if kind.prepare:
            machine.shell(kind.prepare, timeout=300)
        # Docker has a network with IPv6, as it has after the wizard: it lets the kernel forward.
        # (The subnet is one that no test routes.)
        machine.shell("docker network create --ipv6 --subnet fd00:5::/64 six")
        foreseen = foresee(machine)
        assert foreseen["files"] == []
        assert (foreseen["unread"] == []) is kind.computed, foreseen["unread"]
        # The router's one answer would be lost while nobody is listening yet.
        machine.reboot()
        if kind.has_route:
            machine.wait(lambda: routes(machine), "a default route")
        names = list(foreseen["values"])
        settled: list[dict[str, int]] = []

        def is_settled() -> bool:
            settled.append(read(machine, names))
            return all(settled[-1][each] in foreseen["values"][each] for each in names)

        if kind.computed:
            wait_or_show(machine, is_settled, lambda: differing(foreseen, settled[-1]))
            assert all(len(values) == 1 for values in foreseen["values"].values())
            by_advertisement = foreseen["routes"]["eth0"]
            static = bool(foreseen["hearing"]["eth0"][1])
            assert (by_advertisement or static) is kind.has_route
            # What is foreseen once more is the same: nothing of the boot went into it.
            assert foresee(machine)["values"] == foreseen["values"]
        if not kind.has_route:
            assert routes(machine) == ""


def wait_or_show(
    machine: Machine, condition: Callable[[], bool], shown: Callable[[], object]
) -> None:
    try:
        machine.wait(condition, "the values foreseen")
    except Exception as error:
        raise AssertionError(f"foreseen and read differ: {shown()}") from error


def differing(foreseen: Forecast, values: dict[str, int]) -> dict[str, Any]:
    return {
        each: (foreseen["values"][each], value)
        for each, value in values.items()
        if value not in foreseen["values"][each]
    }


@pytest.mark.parametrize("debian", [13], indirect=True)
def test_what_only_the_next_boot_would_take_is_taken_back_now(machine: StartMachine) -> None:
    """The interface is dhcpcd's today, started by hand, and the kernel's from the next boot on."""
    host = machine(
        route="advertisement",
        files=ifupdown("iface eth0 inet6 auto\n    accept_ra 1\n"),
    )
    mastodon = deployment.up(host, "current")
    answer(host, mastodon)
    host.shell("apt-get update -qq; apt-get install -qq dhcpcd-base; dhcpcd -b eth0")
    host.wait(lambda: "proto ra" in routes(host) and accepts(host) == 0, "dhcpcd's route")
    before = host.path(mastodon.file).read_text()

    done = apply(host)
    assert done.returncode == ExitCode.ROLLED_BACK, done.stdout
    assert "After the next boot this host would lose the IPv6 default route over eth0" in (
        done.stdout
    )
    assert "line 6 of /etc/network/interfaces.d/eth0" in done.stdout
    assert host.path(mastodon.file).read_text() == before
    assert routes(host)
    assert "mastodon_ipv6" not in host.run(["docker", "network", "ls"]).stdout

    # With the line mended it is kept, and the host has its route after the boot.
    host.shell("sed -i 's/accept_ra 1/accept_ra 2/' /etc/network/interfaces.d/eth0")
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout
    host.reboot()
    assert accepts(host) == 2
    assert routes(host)


@pytest.mark.thorough
@pytest.mark.parametrize("debian", [12], indirect=True)
def test_lines_that_are_not_computed_are_shown_after_an_apply(machine: StartMachine) -> None:
    host = machine(
        files={"etc/rc.local": "#!/bin/sh\n\nsysctl -w net.ipv6.conf.eth0.accept_ra=2\n"}
    )
    answer(host, deployment.up(host, "current"))
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout
    assert "read line 3 of /etc/rc.local: sysctl -w" in done.stdout
    assert "read line 3 of /etc/rc.local: sysctl -w" in wizard(host, "--status").stdout


def accepts(machine: Machine) -> int:
    return read(machine, ["eth0.accept_ra"])["eth0.accept_ra"]
