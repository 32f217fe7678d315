"""The ways in which hosts get their IPv6: one entry a host."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Network
from typing import Literal

from wizard.answers.choices import Mode, Proxy
from wizard.host.unfit_network import LEAVING, LEFT_ALONE
from wizard.rehearsal import network
from wizard.rehearsal.network import Advertisement

INTERFACES = "etc/network/interfaces.d/eth0"
PART = IPv6Network("2001:db8:1:2:1::/80")
ROUTED_HERE = IPv6Network("2001:db8:a:b::/64")

IPV4 = f"    address {network.MACHINE_IPV4}/24\n    gateway {network.ROUTER_IPV4}\n"
_IPV6 = f"    address {network.MACHINE}/64\n"
_BOTH = f"auto eth0\niface eth0 inet static\n{IPV4}"

HEARD_OFTEN = Advertisement(lifetime=30, pauses=(3, 4))
"""A route that nobody renews is gone before a test has ended."""


@dataclass(frozen=True)
class Host:
    """How a host gets its IPv6, and what is expected of it.

    Attributes:
        files: Those that it has before its first boot.
        again: What has its network set up once more, as an administrator would.
        route: What its router does.
        manager: What the rest of the network is left to.
        packages: Debian's, which ``setup`` needs.
        setup: What makes it so where files do not; it is then restarted.
        router: What the router is told each time that the two are joined.
        second: Whether there is a second link to the router, which advertises there.
        uplink: The interface that is to be found; empty where it may be one of several.
        prefix: What containers are to have in the public mode.
        proxy: What answers for them then.
        refused: What is said in place of a plan, by mode.
        written: Who is told to write each file of the uplink, by its path.
        releases: Those on which it is tried.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    again: str = "ifdown eth0; ifup eth0"
    route: network.Route = "static"
    manager: Literal["ifupdown", "systemd-networkd"] = "ifupdown"
    packages: tuple[str, ...] = ()
    setup: str = ""
    router: tuple[str, ...] = ()
    second: bool = False
    uplink: str = "eth0"
    prefix: IPv6Network = PART
    proxy: Proxy = Proxy.SERVICE
    refused: Mapping[Mode, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    releases: tuple[int, ...] = (13,)


def ifupdown(text: str, **more: object) -> Host:
    """Return a host of ifupdown, with IPv4 as ever."""
    return Host({INTERFACES: f"{_BOTH}{text}"}, **more)  # type: ignore[arg-type]


def before_the_network(commands: str) -> dict[str, str]:
    """Return the file that has commands done before ifupdown begins, as udev's rules would be."""
    text = f"[Service]\nExecStartPre=/bin/sh -ec '{commands}'\n"
    return {"etc/systemd/system/networking.service.d/links.conf": text}


_CLOUD_INIT = """\
# This file is generated from information provided by the datasource.  Changes
# to it will not persist across an instance reboot.  To disable cloud-init's
# network configuration capabilities, write a file
# /etc/cloud/cloud.cfg.d/99-disable-network-config.cfg with the following:
# network: {config: disabled}
"""


def netplan(text: str, **more: object) -> Host:
    """Return a host of netplan, whose file cloud-init has written."""
    return Host(
        {
            "etc/netplan/50-cloud-init.yaml": _CLOUD_INIT + text,
            # No udev runs in a container, and netplan has it read its rules anew.
            "usr/local/sbin/udevadm": "#!/bin/sh\n",
        },
        packages=("netplan.io",),
        setup=f"rm -f /{INTERFACES}; chmod 600 /etc/netplan/50-cloud-init.yaml; "
        "systemctl enable systemd-networkd.service",
        again="netplan apply",
        # Nobody writes it while cloud-init itself is not there.
        written={"/etc/netplan/50-cloud-init.yaml": ""},
        **more,  # type: ignore[arg-type]
    )


_NETPLAN_IPV4 = (
    f"addresses: [{network.MACHINE_IPV4}/24{{more}}]\n"
    "      routes:\n"
    f"        - {{to: 0.0.0.0/0, via: {network.ROUTER_IPV4}}}\n"
)
_NETPLAN_STATIC = (
    "network:\n  version: 2\n  ethernets:\n    eth0:\n      accept-ra: false\n      "
    + _NETPLAN_IPV4.replace("{more}", f', "{network.MACHINE}/64"')
    + f'        - {{to: "::/0", via: "{network.ROUTER_LINK_LOCAL}", on-link: true}}\n'
)


_NETPLAN_ADVERTISED = (
    "network:\n  version: 2\n  ethernets:\n    eth0:\n      " + _NETPLAN_IPV4.replace("{more}", "")
)


def _seed(text: str, more: str = "") -> dict[str, str]:
    """Return the files that tell cloud-init of a network, in the place of a provider."""
    folder = "var/lib/cloud/seed/nocloud"
    return {
        f"{folder}/meta-data": "instance-id: practice\n",
        f"{folder}/user-data": "#cloud-config\n{}\n",
        f"{folder}/network-config": textwrap.dedent(text),
        "etc/cloud/cloud.cfg.d/99-seed.cfg": f"datasource_list: [NoCloud]\n{more}",
        "usr/local/sbin/udevadm": "#!/bin/sh\n",
    }


_OWN_ROUTE = f"ip -6 route add default via {network.ROUTER_LINK_LOCAL} dev $IFACE"

_TO_THE_HOST = f"ip -6 route replace {ROUTED_HERE} via {network.MACHINE_LINK_LOCAL} dev machine"


def tunnel(name: str, mtu: int) -> dict[str, str]:
    """Return the files of a veth that has no neighbours, as a tunnel has none.

    Who has no neighbours sends to its own address on the link, so both ends have the same.
    """
    return before_the_network(
        f"ip link set eth1 name {name} arp off addrgenmode none mtu {mtu}; "
        f"sysctl -w net.ipv6.conf.{name}.accept_ra=0"
    )


def _far_end(mtu: int) -> tuple[str, ...]:
    return (
        f"ip link set second address 02:00:00:00:00:20 arp off mtu {mtu}",
        "ip -6 route replace 2001:db8:5:7::2/128 dev second",
        f"ip -6 route replace {ROUTED_HERE} dev second",
    )


_TUNNEL_IPV6 = (
    "auto {name}\niface {name} inet6 manual\n"
    "    up ip link set $IFACE up\n"
    "    up ip -6 address add 2001:db8:5:7::2/{length} dev $IFACE nodad\n"
    "    {route}\n"
    "    down ip link set $IFACE down\n"
)
_WG_QUICK = (
    "up ip -6 rule add not fwmark 51820 table 51820 priority 32765\n"
    "    up ip -6 rule add table main suppress_prefixlength 0 priority 32764\n"
    "    up ip -6 route add default dev $IFACE table 51820\n"
    "    down ip -6 rule del priority 32765; ip -6 rule del priority 32764"
)

_AS_BY_UDEV = {
    "etc/NetworkManager/conf.d/veth.conf": "[keyfile]\nunmanaged-devices=interface-name:veth*\n"
}
"""What rules for udev (85-nm-unmanaged.rules) tell NetworkManager; a container has no udev."""

_EVERY = "[Match]\nName=*\n[Network]\nDHCP=yes\n"

_TWO_NEXT_HOPS = (
    f"{_BOTH}iface eth0 inet6 static\n{_IPV6}"
    "auto eth1\niface eth1 inet6 static\n    address 2001:db8:5:6::10/64\n    accept_ra 0\n"
    # So that the prefix is that of one of them, whatever hash a boot makes.
    f"    up ip -6 route add default nexthop via {network.ROUTER} dev eth0 weight 255 "
    "nexthop via 2001:db8:5:6::1 dev eth1\n"
)

HOSTS: dict[str, Host] = {
    "netplan of cloud-init, static": netplan(_NETPLAN_STATIC, releases=(13, 14)),
    "netplan of cloud-init, by advertisement": netplan(_NETPLAN_ADVERTISED, route="advertisement"),
    "cloud-init itself, by netplan": Host(
        _seed(
            _NETPLAN_STATIC.removeprefix("network:\n"),
            "system_info: {network: {renderers: [netplan]}}\n",
        ),
        packages=("cloud-init", "netplan.io"),
        written={"/etc/netplan/50-cloud-init.yaml": "cloud-init"},
        setup=f"rm /{INTERFACES}; systemctl enable systemd-networkd.service",
        again="netplan apply",
    ),
    "cloud-init itself, by ifupdown": Host(
        _seed(
            "version: 2\nethernets:\n  eth0:\n"
            f'    addresses: [{network.MACHINE_IPV4}/24, "{network.MACHINE}/64"]\n'
            f'    gateway4: {network.ROUTER_IPV4}\n    gateway6: "{network.ROUTER}"\n'
        ),
        packages=("cloud-init",),
        written={"/etc/network/interfaces.d/50-cloud-init": "cloud-init"},
        releases=(12, 13),
        setup=f"rm /{INTERFACES}",
    ),
    "networkd, a bridge by advertisement": Host(
        {
            "etc/systemd/network/10-eth0.network": "[Match]\nName=eth0\n[Network]\nBridge=br0\n",
            "etc/systemd/network/10-br0.netdev": "[NetDev]\nName=br0\nKind=bridge\n"
            "MACAddress=02:00:00:00:00:10\n",
            "etc/systemd/network/10-br0.network": "[Match]\nName=br0\n[Network]\n"
            f"Address={network.MACHINE_IPV4}/24\nGateway={network.ROUTER_IPV4}\n",
        },
        manager="systemd-networkd",
        route="advertisement",
        again="networkctl reload; networkctl reconfigure br0; systemctl restart systemd-networkd",
        uplink="br0",
    ),
    "a bridge of ifupdown, by advertisement": Host(
        {
            INTERFACES: f"auto br0\niface br0 inet static\n{IPV4}    pre-up ip link add br0 type "
            "bridge || true\n    pre-up ip link set br0 address 02:00:00:00:00:10\n"
            "    pre-up ip link set eth0 master br0 up\n"
            "    post-down ip link del br0\niface br0 inet6 auto\n    accept_ra 1\n",
        },
        again="ifdown br0; ifup br0",
        route="advertisement",
        uplink="br0",
        releases=(12, 13),
    ),
    "a device upon another, with a dot in its name, by advertisement": Host(
        {
            INTERFACES: f"auto up.link\niface up.link inet static\n{IPV4}"
            "    pre-up ip link set eth0 up\n"
            "    pre-up ip link add link eth0 name $IFACE type macvlan mode passthru\n"
            "    post-down ip link del $IFACE\n"
            "iface up.link inet6 auto\n    accept_ra 1\n",
        }
        | before_the_network("sysctl -w net.ipv6.conf.eth0.disable_ipv6=1"),
        again="ifdown up.link; ifup up.link",
        route="advertisement",
        uplink="up.link",
    ),
    "a tunnel, as 6in4": Host(
        {
            INTERFACES: _BOTH
            + _TUNNEL_IPV6.format(
                name="he-ipv6", length=64, route="up ip -6 route add default dev $IFACE"
            )
        }
        | tunnel("he-ipv6", 1480),
        again="ifdown he-ipv6; ifup he-ipv6",
        second=True,
        router=_far_end(1480),
        uplink="he-ipv6",
        prefix=ROUTED_HERE,
        proxy=Proxy.NONE,
    ),
    "a tunnel, as WireGuard by wg-quick": Host(
        {INTERFACES: _BOTH + _TUNNEL_IPV6.format(name="wg0", length=128, route=_WG_QUICK)}
        | tunnel("wg0", 1420),
        again="ifdown wg0; ifup wg0",
        second=True,
        router=_far_end(1420),
        uplink="wg0",
        prefix=ROUTED_HERE,
        proxy=Proxy.NONE,
    ),
    "an address on lo alone": ifupdown(
        f"    up ip -6 address add {network.MACHINE}/128 dev lo\n    up {_OWN_ROUTE}\n"
        f"    down ip -6 address del {network.MACHINE}/128 dev lo\n",
        route="routed",
        prefix=ROUTED_HERE,
        proxy=Proxy.NONE,
        router=(_TO_THE_HOST,),
    ),
    "a single address, its router elsewhere": ifupdown(
        f"iface eth0 inet6 static\n    address {network.MACHINE}/128\n"
        f"    up ip -6 route add 2001:db8:9::1 dev eth0\n"
        f"    up ip -6 route add default via 2001:db8:9::1 dev eth0\n",
        router=("ip -6 address add 2001:db8:9::1/128 dev machine nodad", _TO_THE_HOST),
        prefix=ROUTED_HERE,
        proxy=Proxy.NONE,
        releases=(12, 13),
    ),
    "a route for one source": ifupdown(
        f"iface eth0 inet6 static\n{_IPV6}"
        f"    up ip -6 route add default from {network.PREFIX} via {network.ROUTER} dev eth0\n",
        refused=dict.fromkeys(Mode, f"is for packets from {network.PREFIX} alone"),
    ),
    "a route to 2000 and up": ifupdown(
        f"iface eth0 inet6 static\n{_IPV6}"
        f"    up ip -6 route add 2000::/3 via {network.ROUTER} dev eth0\n"
    ),
    "IPv6 off on all but the uplink": ifupdown(
        f"iface eth0 inet6 static\n{_IPV6}    gateway {network.ROUTER}\n"
        "    pre-up sysctl -w net.ipv6.conf.eth0.disable_ipv6=0\n",
        setup="printf 'net.ipv6.conf.all.disable_ipv6=1\\nnet.ipv6.conf.default.disable_ipv6=1\\n'"
        " > /etc/sysctl.d/70-off.conf; "
        "echo net.ipv6.conf.eth0.disable_ipv6=0 >> /etc/sysctl.d/70-off.conf",
        releases=(12, 13),
    ),
    "a bridge that comes late": Host(
        {
            INTERFACES: "",
            "etc/systemd/system/docker.service.d/late.conf": "[Service]\n"
            "ExecStartPost=/bin/sh /usr/local/sbin/late\n",
            "usr/local/sbin/late": "ip link add br0 type bridge\n"
            "ip link set br0 address 02:00:00:00:00:10\nip link set eth0 master br0 up\n"
            f"ip address add {network.MACHINE_IPV4}/24 dev br0\n"
            f"ip -6 address add {network.MACHINE}/64 dev br0 nodad\n"
            "ip link set br0 up\n"
            f"ip route add default via {network.ROUTER_IPV4}\n"
            f"ip -6 route add default via {network.ROUTER}\n",
        },
        again="ip link del br0; sh /usr/local/sbin/late",
        uplink="br0",
    ),
    "networkd, static, told not to forward": Host(
        {
            "etc/systemd/network/10-eth0.network.d/own.conf": "[Network]\nIPv6Forwarding=no\n"
            "IPForward=no\n",
        },
        manager="systemd-networkd",
        again="networkctl reload; networkctl reconfigure eth0",
        refused={Mode.ROUTED: "Line 2 of /etc/systemd/network/10-eth0.network.d/own.conf"},
    ),
    "networkd, every interface": Host(
        {
            "etc/systemd/network/99-all.network": _EVERY,
        },
        manager="systemd-networkd",
        route="advertisement",
        again="networkctl reload; systemctl restart systemd-networkd",
        refused=dict.fromkeys(
            Mode, "/etc/systemd/network/99-all.network has systemd-networkd configure Docker's"
        ),
    ),
    "networkd, every ethernet": Host(
        {
            "etc/systemd/network/99-all.network": _EVERY.replace("Name=*", "Type=ether"),
        },
        manager="systemd-networkd",
        route="advertisement",
        refused=dict.fromkeys(
            Mode, "/etc/systemd/network/99-all.network has systemd-networkd configure Docker's"
        ),
    ),
    "networkd, every interface but Docker's": Host(
        {
            "etc/systemd/network/99-all.network": _EVERY,
            LEAVING.removeprefix("/"): LEFT_ALONE.replace(r"\n", "\n"),
        },
        manager="systemd-networkd",
        route="advertisement",
        again="networkctl reload; systemctl restart systemd-networkd",
    ),
    "two routers, one on each link": Host(
        {
            INTERFACES: f"{_BOTH}iface eth0 inet6 static\n{_IPV6}"
            f"    up ip -6 route add default via {network.ROUTER} dev eth0 metric 2048\n"
            "auto eth1\niface eth1 inet6 auto\n    accept_ra 1\n"
        },
        second=True,
        uplink="eth1",
        prefix=IPv6Network("2001:db8:5:6:1::/80"),
    ),
    "two next hops of one route": Host(
        {INTERFACES: _TWO_NEXT_HOPS},
        again="ifdown eth1; ifdown eth0; ifup eth0; ifup eth1",
        second=True,
        uplink="",
    ),
    "two next hops, with the lines that are told": Host(
        {
            INTERFACES: f"{_TWO_NEXT_HOPS}"
            f"    up ip -6 route add default via {network.ROUTER} dev eth0 table 146\n"
            f"    up ip -6 rule add from {PART} table 146 priority 1000\n"
            "    down ip -6 rule del priority 1000; ip -6 route flush table 146\n"
        },
        again="ifdown eth1; ifdown eth0; ifup eth0; ifup eth1",
        second=True,
        # As RFC 3704 has a provider do.
        router=(
            "ip -6 rule flush",
            "ip -6 rule add table main priority 32766",
            f"ip -6 rule add iif second from {network.PREFIX} blackhole priority 10",
        ),
        uplink="",
    ),
    "an alias for IPv6": ifupdown(
        f"auto eth0:0\niface eth0:0 inet6 static\n{_IPV6}    gateway {network.ROUTER_LINK_LOCAL}\n",
        # ifupdown gives the address of an alias a preferred lifetime of 0.
        refused=dict.fromkeys(Mode, "in place of “iface eth0:0 inet6”"),
    ),
    "dhcpcd": Host(
        {
            "etc/systemd/system/dhcpcd.service": "[Unit]\nAfter=systemd-sysctl.service\n"
            "Before=network.target\n[Service]\nType=forking\n"
            "ExecStart=/usr/sbin/dhcpcd -b --nodev\n[Install]\nWantedBy=multi-user.target\n",
        },
        route="advertisement",
        packages=("dhcpcd-base",),
        setup=f"rm /{INTERFACES}; systemctl enable dhcpcd.service; "
        f"printf 'interface eth0\\nstatic ip_address={network.MACHINE_IPV4}/24\\n"
        f"static routers={network.ROUTER_IPV4}\\n' >> /etc/dhcpcd.conf",
        again="systemctl restart dhcpcd",
    ),
    "two routers on one link": ifupdown(
        f"iface eth0 inet6 static\n{_IPV6}"
        f"    up ip -6 route add default via {network.ROUTER_LINK_LOCAL} dev eth0\n"
        f"    up ip -6 route append default via fe80::2 dev eth0\n",
        router=("ip -6 address add fe80::2/64 dev machine nodad",),
    ),
    "IPv6 alone": Host(
        {INTERFACES: f"auto eth0\niface eth0 inet6 static\n{_IPV6}    gateway {network.ROUTER}\n"},
    ),
    "lines in sysctl.conf": ifupdown(
        "iface eth0 inet6 auto\n    accept_ra 1\n",
        route="advertisement",
        setup="printf 'net.ipv6.conf.all.forwarding=0\\nnet.ipv6.conf.eth0.accept_ra=1\\n"
        "net.ipv6.conf.default.accept_ra=0\\n' >> /etc/sysctl.conf; "
        "ln -sf ../sysctl.conf /etc/sysctl.d/99-sysctl.conf",
        again="ifdown eth0; ifup eth0; sysctl --system >/dev/null || true",
    ),
    "lines in sysctl.conf, static": ifupdown(
        f"iface eth0 inet6 static\n{_IPV6}    gateway {network.ROUTER}\n",
        setup="printf 'net.ipv6.conf.all.forwarding=0\\nnet.ipv6.conf.default.forwarding=0\\n'"
        " >> /etc/sysctl.conf; "
        "ln -sf ../sysctl.conf /etc/sysctl.d/99-sysctl.conf",
        again="ifdown eth0; ifup eth0; sysctl --system >/dev/null || true",
        releases=(13, 14),
    ),
    "lines in ufw's own file, static": ifupdown(
        f"iface eth0 inet6 static\n{_IPV6}    gateway {network.ROUTER}\n",
        packages=("ufw",),
        setup="printf 'net/ipv6/conf/all/forwarding=0\\nnet/ipv6/conf/default/forwarding=0\\n'"
        " >> /etc/ufw/sysctl.conf; ufw allow 22/tcp; ufw --force enable",
        again="ufw reload",
    ),
    "an interface told not to forward": ifupdown(
        f"iface eth0 inet6 static\n{_IPV6}    gateway {network.ROUTER}\n"
        "    up sysctl -w net.ipv6.conf.eth0.forwarding=0\n",
        refused={Mode.ROUTED: f"Line 8 of /{INTERFACES} switches IPv6 forwarding off on eth0"},
    ),
    "NetworkManager, a bridge": Host(
        _AS_BY_UDEV,
        route="advertisement",
        packages=("network-manager",),
        setup=f"rm /{INTERFACES}; umask 077; cd /etc/NetworkManager/system-connections; "
        "printf '[connection]\\nid=br0\\ntype=bridge\\ninterface-name=br0\\n[bridge]\\nstp=false\\n"
        "mac-address=02:00:00:00:00:10\\n[ipv4]\\nmethod=manual\\n"
        f"address1={network.MACHINE_IPV4}/24,{network.ROUTER_IPV4}\\n[ipv6]\\nmethod=auto\\n'"
        " > br0.nmconnection; "
        "printf '[connection]\\nid=eth0\\ntype=ethernet\\ninterface-name=eth0\\nmaster=br0\\n"
        "slave-type=bridge\\n' > eth0.nmconnection",
        again="nmcli connection up br0; nmcli connection up eth0",
        uplink="br0",
    ),
    "NetworkManager, by the kernel": Host(
        _AS_BY_UDEV,
        route="advertisement",
        packages=("network-manager",),
        setup=f"rm /{INTERFACES}; umask 077; printf '[connection]\\nid=eth0\\ntype=ethernet\\n"
        f"interface-name=eth0\\n[ipv4]\\nmethod=manual\\naddress1={network.MACHINE_IPV4}/24,"
        f"{network.ROUTER_IPV4}\\n[ipv6]\\nmethod=ignore\\n'"
        " > /etc/NetworkManager/system-connections/eth0.nmconnection",
        again="nmcli connection up eth0",
    ),
}

_MADE_ANEW = HOSTS["a bridge of ifupdown, by advertisement"]
HOSTS |= {
    "a bridge of ifupdown, with ndppd": replace(_MADE_ANEW, proxy=Proxy.NDPPD, releases=(13,)),
    "a bridge of ifupdown, with fixed entries": replace(
        _MADE_ANEW, proxy=Proxy.FIXED, releases=(13,)
    ),
}
