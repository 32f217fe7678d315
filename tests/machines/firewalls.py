"""The keepers of the packet filter that hosts have: one entry a host."""

from dataclasses import dataclass, field

from wizard.answers.choices import Mode
from wizard.steps.firewalld import PATH as POLICY

CONFIGURATION = "/etc/nftables.conf"
SAVED = "/etc/iptables/rules.v6"
SCRIPT = "/usr/local/sbin/own-filter"

LATE = (
    "nft add table inet late; "
    "nft add chain inet late x '{ type filter hook forward priority 20; }'; "
    "nft add rule inet late x reject"
)
"""A ruleset that comes after the wizard, and refuses all."""


@dataclass(frozen=True)
class Host:
    """What a host has before the wizard comes, and what is expected of it."""

    setup: str
    """What makes it so; it is then restarted."""
    reload: str
    """What reloads its rules."""
    files: dict[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    """Of Debian, which ``setup`` may install, and are fetched for this host alone."""
    detected: str = ""
    """What ``--detect`` says of it; empty where nothing of it is in the way."""
    keeps: str = ""
    """The file of the rules, where it stops packets: told before, with lines to add there."""
    keeps_from: int = 12
    """The first release on which it does."""
    ends: str = ""
    """What ends a program that is told to stand in the way: of private addresses before Docker 28,
    and of public ones from there on."""
    unsaved: tuple[str, str, str] | None = None
    """What public addresses would lose, what is said of it, and what takes it away again."""
    stop: tuple[str, str, str] = (LATE, "“inet late”", "nft delete table inet late")
    """What stops packets later, what ``--check`` says of it, and what takes it away again."""
    stop_public: tuple[str, str, str] | None = None
    """The same where it differs for public addresses."""

    def is_in_the_way_of(self, mode: Mode, release: int) -> bool:
        """Whether nothing is done before somebody has changed something of it."""
        return (bool(self.keeps) and release >= self.keeps_from) or (
            bool(self.ends) and (mode is Mode.ROUTED) is (release >= 14)
        )

    def flushes_docker(self, release: int) -> bool:
        """Whether a reload takes away rules that Docker makes and will not make again."""
        flushes = "flush ruleset" in self.files.get(CONFIGURATION, "") or SAVED in self.files
        return release >= 14 and flushes


def by_unit(program: str, lines: tuple[str, ...], kind: str = "oneshot") -> dict[str, str]:
    """Return the files of a program of somebody's own that a unit starts at boot, after Docker."""
    unit = (
        f"[Unit]\nAfter=docker.service\n[Service]\nType={kind}\n"
        f"RemainAfterExit={'yes' if kind == 'oneshot' else 'no'}\n"
        f"ExecStart={program}\n[Install]\nWantedBy=multi-user.target\n"
    )
    return {program: "\n".join((*lines, "")), "/etc/systemd/system/own-filter.service": unit}


def script(
    *lines: str, detected: str = "", program: str = "ip6tables", keeps_from: int = 14
) -> Host:
    """Return a host with rules in a script, which are before Docker's from 28 on."""
    rule = "FORWARD -j REJECT --reject-with icmp6-adm-prohibited"
    return Host(
        "systemctl enable own-filter.service",
        SCRIPT,
        by_unit(SCRIPT, ("#!/bin/sh", *lines)),
        detected=detected,
        keeps=SCRIPT,
        keeps_from=keeps_from,
        stop=(f"{program} -w -I {rule}", f"“-A {rule}", f"{program} -w -D {rule}"),
    )


def nftables(text: str, file: str = CONFIGURATION) -> Host:
    """Return a host with a ruleset in a file that nftables.service loads."""
    files = {CONFIGURATION: f"#!/usr/sbin/nft -f\nflush ruleset\n{text}"}
    if file != CONFIGURATION:
        included = f'#!/usr/sbin/nft -f\nflush ruleset\ninclude "{file}"\n'
        files = {CONFIGURATION: included, file: text}
    return Host(
        "systemctl enable nftables",
        "systemctl reload nftables",
        files,
        detected="whatever Docker and ip6tables accept",
        keeps=file,
    )


_IPV6NAT = '''\
#!/usr/bin/python3
"""Stands in for docker-ipv6nat: makes its rules for every network with unique local addresses."""
import json, subprocess

def run(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True).stdout

def rules():
    yield "filter FORWARD -j DOCKER-ISOLATION-STAGE-1"
    yield "nat PREROUTING -m addrtype --dst-type LOCAL -j DOCKER"
    yield "nat OUTPUT ! -d ::1 -m addrtype --dst-type LOCAL -j DOCKER"
    for name in run("docker", "network", "ls", "-q", "--filter", "driver=bridge").split():
        shown = json.loads(run("docker", "network", "inspect", name, check=False) or "[]")
        # Of one that is gone by now it prints an empty list.
        network = shown[0] if shown else {}
        for each in (network.get("IPAM") or {}).get("Config") or ():
            if each["Subnet"].startswith("fd"):
                yield from of_network(network, each["Subnet"])

def of_network(network, subnet):
    of_bridge = "com.docker.network.bridge.name"
    bridge = network["Options"].get(of_bridge, "br-" + network["Id"][:12])
    yield f"filter FORWARD -o {bridge} -j DOCKER"
    state = "-m conntrack --ctstate RELATED,ESTABLISHED"
    yield f"filter FORWARD -o {bridge} {state} -j ACCEPT"
    yield f"filter FORWARD -i {bridge} ! -o {bridge} -j ACCEPT"
    yield f"filter FORWARD -i {bridge} -o {bridge} -j ACCEPT"
    yield f"nat POSTROUTING -s {subnet} ! -o {bridge} -j MASQUERADE"
    for one, each in network["Containers"].items():
        address = each["IPv6Address"].partition("/")[0]
        shown = json.loads(run("docker", "inspect", one, check=False) or "[]") or [{}]
        ports = (shown[0].get("NetworkSettings") or {}).get("Ports") or {}
        for port, bound in ports.items():
            number, protocol = port.split("/")
            match = f"-p {protocol} -m {protocol} --dport"
            for host in {each["HostPort"] for each in bound or ()}:
                into = f"! -i {bridge} -o {bridge} {match} {number}"
                yield f"filter DOCKER -d {address}/128 {into} -j ACCEPT"
                yield (f"nat DOCKER ! -i {bridge} {match} {host} -j DNAT "
                       f"--to-destination [{address}]:{number}")

def do(table, verb, rule, check=True):
    words = ["ip6tables", "-w", "-t", table, verb, *rule.split()]
    return subprocess.run(words, check=check, capture_output=True).returncode

for table, chains in {"filter": ("DOCKER", "DOCKER-ISOLATION-STAGE-1"), "nat": ("DOCKER",)}.items():
    for chain in chains:
        do(table, "-N", chain, check=False)
        do(table, "-F", chain)
events = subprocess.Popen(
    ["docker", "events", "--filter", "type=network", "--format", "{{.Action}}"],
    stdout=subprocess.PIPE, text=True,
)
active = []
while True:
    wanted = list(rules())
    for rule in wanted:
        if do(rule.split()[0], "-C", rule.split(" ", 1)[1], check=False):
            do(rule.split()[0], "-I", rule.split(" ", 1)[1])
    for rule in active:
        if rule not in wanted:
            do(rule.split()[0], "-D", rule.split(" ", 1)[1], check=False)
    active = wanted
    if not events.stdout.readline():
        break
'''

HOSTS = {
    "nftables: ip6 filter, accepts, drops at its end": nftables(
        "table ip6 filter {\n\tchain forward {\n"
        "\t\ttype filter hook forward priority 0; policy accept;\n\t\tdrop\n\t}\n}\n"
    ),
    "nftables: inet filter, policy drop": nftables(
        "table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter\n"
        "\t\tpolicy drop\n\t\tct state established,related accept\n\t}\n}\n"
    ),
    "nftables: a chain further down, in an included file": nftables(
        "table inet site {\n\tchain rest { meta l4proto tcp counter; reject with icmpx type "
        "admin-prohibited; }\n\tchain through {\n"
        "\t\ttype filter hook forward priority -5; policy accept;\n\t\tjump rest\n\t}\n}\n",
        file="/etc/nftables.d/site.nft",
    ),
    "nftables: a set that names the bridge, answers dropped": nftables(
        "table inet site {\n\tset inside { type ifname; flags interval; auto-merge\n"
        '\t\telements = { "lan0", "br-*" }; }\n\tchain forward {\n'
        "\t\ttype filter hook forward priority 10; policy drop;\n"
        "\t\tiifname @inside accept\n\t}\n}\n"
    ),
    "firewalld": Host(
        "",
        "firewall-cmd --reload",
        packages=("firewalld",),
        detected="firewalld active",
        unsaved=(
            "firewall-cmd --add-port=2222/tcp",
            "ports: 2222/tcp",
            "firewall-cmd --remove-port=2222/tcp",
        ),
        stop_public=(
            f"mv {POLICY} /root; firewall-cmd --reload",
            f"{POLICY} is not there any more",
            f"mv /root/{POLICY.rpartition('/')[2]} {POLICY}; firewall-cmd --reload",
        ),
    ),
    "ufw": Host(
        "ufw allow 22/tcp; ufw --force enable",
        "ufw reload",
        packages=("ufw",),
        detected="ufw active",
    ),
    "netfilter-persistent": Host(
        "",
        "netfilter-persistent reload",
        {
            SAVED: "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n"
            ":OUTPUT ACCEPT [0:0]\n-A FORWARD -j REJECT\nCOMMIT\n"
        },
        packages=("iptables-persistent",),
        detected="FORWARD policy DROP",
    ),
    "a script: -F FORWARD, -A FORWARD -j REJECT": script(
        "ip6tables -w -F FORWARD", "ip6tables -w -A FORWARD -j REJECT"
    ),
    "a script: -P FORWARD DROP": script(
        "ip6tables -w -F FORWARD", "ip6tables -w -P FORWARD DROP", detected="FORWARD policy DROP"
    ),
    "legacy rules beside nft": script(
        "ip6tables-legacy -w -F FORWARD",
        "ip6tables-legacy -w -P FORWARD DROP",
        detected="the legacy one holds rules too",
        program="ip6tables-legacy",
        keeps_from=12,
    ),
    "docker-ipv6nat, by a stand-in": Host(
        "systemctl enable --now own-filter.service",
        "true",
        by_unit(SCRIPT, (_IPV6NAT,), "simple"),
        ends="systemctl disable --now own-filter.service",
    ),
    "fail2ban, a jail that bans in FORWARD": Host(
        "touch /var/log/jail.log; systemctl restart fail2ban; "
        "fail2ban-client -t; until fail2ban-client status own; do sleep 0.2; done; "
        "fail2ban-client set own banip 2001:db8:bad::7",
        "systemctl restart fail2ban",
        {
            "/etc/fail2ban/jail.d/own.conf": "[DEFAULT]\nbackend = polling\nallowipv6 = auto\n"
            "[sshd]\nenabled = false\n[own]\nenabled = true\nfilter = sshd\nport = 3000,4000\n"
            "chain = FORWARD\nbantime = 1d\nlogpath = /var/log/jail.log\n"
            "banaction = iptables-multiport\n"
        },
        packages=("fail2ban",),
    ),
}

SAMPLE = {
    "nftables: inet filter, policy drop": Mode.ROUTED,
    "firewalld": Mode.ROUTED,
    "legacy rules beside nft": Mode.ULA,
}
"""Tried always, on Debian 13 in one mode; every host, mode and release is with ``--thorough``."""

COLUMNS = (
    "detected",
    "told",
    "private",
    "public",
    "after a reload",
    "after a reboot",
    "check names it",
    "undone whole",
)
