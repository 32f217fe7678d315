"""Pages about rules of this host that stop what containers send or receive."""

from wizard.explain.page import Page
from wizard.host.obstacle import Cause

PAGES = {
    Cause.UFW_WITHOUT_IPV6: Page(
        "ufw drops all IPv6 of this host",
        "With IPV6=no in /etc/default/ufw, ufw does not leave IPv6 alone: it drops whatever comes "
        "or goes over it, but on the loopback, and so also the questions to the router.",
        "Write IPV6=yes there, and have the rules loaded. What was allowed before is for IPv4 "
        "alone: allow anew what should be reached over IPv6 as well, such as SSH:",
        ("nano /etc/default/ufw", "ufw reload", "ufw allow OpenSSH", "ufw status verbose"),
        "It looks again on R on the screen “Your host”. It changes nothing of ufw's.",
    ),
    Cause.IP6TABLES_MISSING: Page(
        "ip6tables is not installed",
        "This Docker makes no rules for IPv6, so the wizard has to, and ip6tables is the program "
        "that makes them.",
        "Install the package that has it:",
        ("apt install iptables",),
        "It makes, keeps and takes back the rules once the program is there. It does not install "
        "it.",
    ),
    Cause.FORWARD_POLICY: Page(
        "ip6tables drops what Docker accepts by nftables",
        "A packet has to pass every table of the kernel. Docker accepts those of containers in its "
        "tables of nftables, but the chain FORWARD of ip6tables drops them all the same.",
        "See that chain. If nothing else on this host needs its policy, let it accept:",
        ("ip6tables -S FORWARD", "ip6tables --policy FORWARD ACCEPT"),
        "It names the lines, and looks again when you press R on the screen “Your host”. It "
        "changes no rules of yours.",
    ),
    Cause.FORWARD_CHAIN: Page(
        "A chain of nftables drops what is forwarded",
        "A packet has to pass every chain of the hooks on its way: ingress, prerouting, forward, "
        "postrouting and egress. What Docker and ip6tables accept, a chain of somebody's own still "
        "drops.",
        "See the rules. Let through what the containers send, and the answers to it, in the file "
        "that the chain is kept in:",
        ("nft list ruleset", "nano /etc/nftables.conf"),
        "It names the file, the lines and the commands for this host, and looks again when you "
        "press R on the screen “Your host”. It changes no rules of yours.",
    ),
    Cause.FORWARD_RULES: Page(
        "Rules of the other ip6tables drop what is forwarded",
        "The kernel has two sets of rules, legacy and nft, and a packet has to pass both. The "
        "command ip6tables shows one, with Docker's rules; the other one drops all the same.",
        "See the other rules. Let through what comes from the bridge, and the answers to it, where "
        "those rules are kept:",
        ("ip6tables-legacy -S FORWARD", "ip6tables-nft -S FORWARD"),
        "It names the chain and the commands for this host, and looks again when you press R on "
        "the screen “Your host”. It changes no rules of yours.",
    ),
    Cause.OTHER_TABLES: Page(
        "ip6tables drops in another table than filter",
        "A packet passes the tables raw and mangle before and after the filter table, in which "
        "Docker and the wizard accept what containers send. What is dropped there, such as private "
        "addresses on the way in, never comes to these.",
        "See the rules. Let through what comes from the bridge, where those rules are kept:",
        ("ip6tables -t raw -S", "ip6tables -t mangle -S"),
        "It names the rule and the commands for this host, and looks again when you press R on "
        "the screen “Your host”. It changes no rules of yours.",
    ),
    Cause.SOURCE_TRANSLATED: Page(
        "Public addresses would be hidden behind the host's",
        "A rule of somebody's own gives everything that leaves this host the host's address, as "
        "for a VPN. Containers with public addresses would be seen with that one.",
        "See the rules. Have them leave out the prefix of the containers, or name the prefix of "
        "the VPN alone, where they are kept:",
        ("ip6tables -t nat -S POSTROUTING", "nft list ruleset"),
        "It names the rule and the commands for this host, and looks again when you press R on "
        "the screen “Your host”. It changes no rules of yours. Private addresses are not "
        "concerned.",
    ),
    Cause.BEFORE_DOCKER: Page(
        "ip6tables drops before Docker's own rules",
        "Docker accepts what containers send in chains of its own, to which FORWARD leads since "
        "Docker started. Rules that were put before that, or in its place, drop it all the same.",
        "See the chain, and have it lead to Docker's first, where those rules are kept:",
        ("ip6tables -S FORWARD", "ip6tables -I FORWARD -j DOCKER-FORWARD"),
        "It names the rule and the commands for this host, and looks again when you press R on the "
        "screen “Your host”. It changes no rules of yours.",
    ),
    Cause.FIREWALLD: Page(
        "firewalld drops what is forwarded",
        "firewalld refuses what it passes on unless its own configuration allows that, whatever "
        "others accept.",
        "See what it allows:",
        ("firewall-cmd --list-all-zones", "firewall-cmd --list-all-policies"),
        "Without “firewalld = false” in the answers its plan begins with such a policy, and undo "
        "takes it back.",
    ),
    Cause.DOCKER_IMITATED: Page(
        "Others make Docker's rules beside Docker",
        "This Docker makes its rules itself. Something else makes those of before 28 beside them, "
        "and empties Docker's chains when it starts.",
        "See which containers run, end the one that does it, and see what it left:",
        ("docker ps", "docker stop NAME", "ip6tables -S FORWARD"),
        "It names the rule for this host, and looks again when you press R on the screen “Your "
        "host”. It stops nothing of yours. Private addresses are not concerned.",
    ),
    Cause.PORTS_TRANSLATED: Page(
        "Others translate what comes to published ports",
        "This Docker makes no rules for IPv6, and something else makes them in its place, such as "
        "docker-ipv6nat. It follows new networks with private addresses, and sends on to their "
        "containers what comes to published ports; the wizard's rules keep that out.",
        "See which containers run, end the one that does it, and see what it left:",
        ("docker ps", "docker stop NAME", "ip6tables -t nat -S"),
        "It names the rules and the commands for this host, and looks again when you press R on "
        "the screen “Your host”. It stops nothing of yours. Public addresses are not concerned.",
    ),
}
