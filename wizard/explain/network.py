"""Pages about the host's own IPv6."""

from wizard.explain.page import Page
from wizard.host.obstacle import Cause
from wizard.host.parts.outward import PORT
from wizard.host.target import DEFAULT_TARGET
from wizard.host.unfit_network import LEAVING, LEFT_ALONE

PAGES = {
    Cause.IPV6_OFF: Page(
        "IPv6 is switched off on this host",
        "No interface may have an IPv6 address. A file of kernel parameters says so, or "
        "ipv6.disable=1 among the words that the kernel was started with.",
        "See where it is switched off, and take the line out there, so that the next boot leaves "
        "it on. Then switch it on now. With ipv6.disable=1, take that out of /etc/default/grub, "
        "type update-grub, and reboot instead:",
        (
            "grep -rs disable_ipv6 /etc/sysctl.conf /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d",
            "cat /proc/cmdline",
            "sysctl -w net.ipv6.conf.all.disable_ipv6=0",
        ),
        "It gives containers the IPv6 that the host has, and does not set up the host's own.",
    ),
    Cause.NO_DEFAULT_ROUTE: Page(
        "This host has no IPv6 default route",
        "The default route names the router to which packets for the internet go. Without one "
        "neither the host nor its containers reach anybody there over IPv6.",
        "See which addresses and routes there are. If your provider names a router, this sets the "
        "route until the next boot; for good, write it where the network is configured, such as "
        "a line “gateway ROUTER” in /etc/network/interfaces:",
        (
            "ip -6 address show scope global",
            "ip -6 route show",
            "ip -6 route add default via ROUTER dev INTERFACE",
        ),
        "It gives containers the IPv6 that the host has, and does not set up the host's own.",
    ),
    Cause.FORWARDING_OFF: Page(
        "What configures the network switches forwarding off",
        "A host passes packets of containers on only while IPv6 forwarding is on, and answers for "
        "their addresses only on an interface that forwards. A line of systemd-networkd's, of "
        "ifupdown's or of a file of kernel parameters switches that off whenever it takes effect, "
        "perhaps long after today.",
        "Find the line, and take it out. One of systemd-networkd's is then read anew:",
        (
            "grep -rsE 'IPv6Forwarding|ipv6.*forwarding' /etc/systemd /etc/network /etc/sysctl*",
            "networkctl reload",
            "networkctl reconfigure INTERFACE",
        ),
        "It names the line for this host, and changes no such file.",
    ),
    Cause.BRIDGES_TAKEN: Page(
        "What configures the network takes Docker's bridges, too",
        "A file of systemd-networkd's that matches every interface, or every one of a kind such as "
        "Type=ether, matches what Docker makes. It takes the addresses of bridges away, and the "
        "containers' interfaces out of them (KeepMaster= of systemd.network(5)), when it comes to "
        "configure them: at once, or when it is started again.",
        "See which file is in force for which interface, and leave what is Docker's alone:",
        (
            "networkctl list",
            f"printf '{LEFT_ALONE}' > {LEAVING}",
            "networkctl reload",
        ),
        "It names the file for this host, and writes none of systemd-networkd's.",
    ),
    Cause.ADDRESS_DEPRECATED: Page(
        "The host's own IPv6 address is deprecated",
        "A deprecated address still receives, but the host speaks with it only while it has no "
        "other (RFC 6724). The bridge for the containers would be another one.",
        "See which lifetimes the addresses have, and give one a preferred lifetime again:",
        (
            "ip -6 address show scope global",
            "ip -6 address change ADDRESS/LENGTH dev INTERFACE preferred_lft forever",
        ),
        "It names the line for this host, and looks again when you press R on the screen “Your "
        "host”. It changes no address of the host.",
    ),
    Cause.NO_WAY_OUT: Page(
        "The host itself does not get out over IPv6",
        "The wizard asked an address on the internet for an echo, and tried to connect to it on "
        f"TCP port {PORT}. Nobody answered, so whether containers get out cannot be tried either.",
        "See whether there is a route, whether the router answers, and whether a rule of this host "
        "forbids it. Your provider knows whether IPv6 is switched on for it. If another address "
        "answers, name that one:",
        (
            "ip -6 route show default",
            f"ping -6 -c 3 {DEFAULT_TARGET}",
            "ip6tables -S OUTPUT",
            "wizard --target ADDRESS",
        ),
        "It can continue without that proof if you say so, on the screen “Your host” or with "
        "“unproven = true” below [choices] in an answers file.",
    ),
}
