"""What of a host must be equal before a change and after it was taken back.

Taken from outside, by root, with the host's own programs: nothing of the wizard is asked.
"""

import difflib
import hashlib
import json
import re
import stat
from pathlib import Path
from typing import Any

from wizard.rehearsal.machine import Machine

Fingerprint = dict[str, str]

# Random in every network namespace, or an error to read.
_SYSCTLS_LEFT_OUT = re.compile(r"/(stable_secret|tcp_fastopen_key|flush)$|/(conf|neigh)/veth[^/]*/")
# Facts that are a host's own: two hosts with the same history differ in them.
_OWN = re.compile(
    r"^(network|container) .* (id|started)$|^file /etc/(machine-id|docker/key\.json|\.updated)$"
)
# systemd.unit(5), UNIT FILE LOAD PATH, without those of what was started for a while.
_UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/run/systemd/generator.late",
    "/usr/lib/systemd/system",
)


def fingerprint(machine: Machine, folder: str = "/srv/mastodon") -> Fingerprint:
    """Return everything that must come back, a short text by name.

    Args:
        machine: A running machine.
        folder: The folder of the Compose deployment, which need not be there.
    """
    machine.settle()
    found: Fingerprint = {}
    for top in ("/etc", folder):
        _files(machine, top, found)
    _sysctls(machine, found)
    _rules(machine, found)
    _addresses(machine, found)
    bridges = _docker(machine, found)
    _units(machine, found)
    # Docker names a bridge for a random number: by its network's name it can be compared.
    pattern = re.compile("|".join(map(re.escape, bridges)) or r"(?!)")
    return {
        pattern.sub(lambda match: bridges[match[0]], name): pattern.sub(
            lambda match: bridges[match[0]], value
        )
        for name, value in sorted(found.items())
    }


def difference(before: Fingerprint, after: Fingerprint, *, twins: bool = False) -> str:
    """Return what differs, one readable paragraph a thing; empty if nothing does.

    Args:
        before: One fingerprint.
        after: The other.
        twins: They are of two machines: numbers and times that are a host's own do not count.
    """
    paragraphs = []
    for name in sorted(before.keys() | after.keys()):
        if twins and _OWN.search(name):
            continue
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old is None:
            paragraphs.append(f"{name}: was not there, is now:\n  {new}")
        elif new is None:
            paragraphs.append(f"{name}: is gone, was:\n  {old}")
        elif "\n" in old + new:
            lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1)
            paragraphs.append(f"{name}: changed:\n  " + "\n  ".join(list(lines)[2:]))
        else:
            paragraphs.append(f"{name}: was {old}, is {new}")
    return "\n".join(paragraphs)


def _files(machine: Machine, top: str, found: Fingerprint) -> None:
    root = machine.path("/")
    start = machine.path(top)
    if not start.is_dir():
        return
    for path in [start, *start.rglob("*")]:
        status = path.lstat()
        facts = [
            stat.filemode(status.st_mode),
            f"{status.st_uid}:{status.st_gid}",
        ]
        if stat.S_ISREG(status.st_mode):
            facts.append(hashlib.sha256(path.read_bytes()).hexdigest())
        elif stat.S_ISLNK(status.st_mode):
            facts.append(f"to {path.readlink()}")
        found[f"file /{path.relative_to(root)}"] = " ".join(facts)


def _sysctls(machine: Machine, found: Fingerprint) -> None:
    # Some may not be read, even by root: grep says so, and goes on.
    listed = machine.run(
        ["grep", "-rs", "", "/proc/sys/net/ipv6", "/proc/sys/net/ipv4"], check=False
    )
    for line in listed.stdout.splitlines():
        path, _, value = line.partition(":")
        if not _SYSCTLS_LEFT_OUT.search(path):
            name = f"sysctl {path.removeprefix('/proc/sys/')}"
            found[name] = f"{found[name]}\n{value}" if name in found else value


def _rules(machine: Machine, found: Fingerprint) -> None:
    for program in ("iptables", "ip6tables"):
        found[program] = _tables(machine.run([f"{program}-save"]).stdout)
        # To list legacy tables that are not there would make them.
        names = Path(f"/proc/{machine.leader}/net/{program.replace('tables', '_tables')}_names")
        if names.exists() and names.read_text().strip():
            legacy = f"{program}-legacy"
            rules = _tables(machine.run([f"{legacy}-save"]).stdout)
            # A legacy table cannot be unloaded; an empty one does what none does.
            if rules:
                found[legacy] = rules


def _tables(saved: str) -> str:
    """Return a saved ruleset without counters, comments and tables that do nothing.

    An nft table with no rule and no chain but the built-in ones, all accepting, does what no
    table does; whoever first uses it makes it, and nothing takes it away again.
    """
    kept: list[str] = []
    saved = _sorted_by_container(saved)
    for table in re.split(r"^(?=\*)", saved, flags=re.MULTILINE):
        lines = [
            re.sub(r" \[\d+:\d+\]$", "", line)
            for line in table.splitlines()
            if line and not line.startswith("#") and line != "COMMIT"
        ]
        if any(not re.fullmatch(r"\*\w+|:[A-Z]+ ACCEPT", line) for line in lines):
            kept += lines
    return "\n".join(kept)


def _sorted_by_container(saved: str) -> str:
    """Return a saved ruleset with Docker's rules for single containers in one order.

    Docker adds those of a container at the end whenever it moves its ports. Each names another
    address, so that their order among themselves means nothing.
    """
    lines: list[str] = []
    run: list[str] = []
    for line in [*saved.splitlines(), ""]:
        if re.match(r"-A (DOCKER|POSTROUTING|PREROUTING) .*(/32|--to-destination) ", line):
            run.append(line)
        else:
            lines += [*sorted(run), line]
            run = []
    return "\n".join(lines)


def _addresses(machine: Machine, found: Fingerprint) -> None:
    for link in json.loads(machine.run(["ip", "-json", "address"]).stdout):
        name = link["ifname"]
        if name.startswith("veth"):
            continue
        addresses = [
            f"{address['local']}/{address['prefixlen']} {address['scope']}"
            for address in link["addr_info"]
            # A bridge has its own from a random MAC, once its first container is there.
            if address["scope"] != "link" or name == "eth0"
        ]
        found[f"interface {name}"] = "\n".join(["is there", *sorted(addresses)])
    for family in ("-4", "-6"):
        listed = machine.run(["ip", family, "route"]).stdout.splitlines()
        routes = [
            re.sub(r" (expires \d+sec|nhid \d+|linkdown)", "", line).strip()
            for line in listed
            if not re.search(r"^fe80::/64 dev (?!eth0)| dev veth", line)
        ]
        found[f"routes {family}"] = "\n".join(sorted(routes))
        found[f"rules {family}"] = machine.run(["ip", family, "rule"]).stdout.strip()
    found["neighbours proxied"] = "\n".join(
        sorted(machine.run(["ip", "-6", "neigh", "show", "proxy"]).stdout.splitlines())
    )


def _docker(machine: Machine, found: Fingerprint) -> dict[str, str]:
    """Add Docker's networks and containers; return the bridges' random names and better ones."""
    bridges = {}
    for network in _inspect(machine, "network", ["network", "ls", "-q"]):
        name = network["Name"]
        bridges[f"br-{network['Id'][:12]}"] = f"br-<{name}>"
        connected = [container["Name"] for container in network["Containers"].values()]
        kept = {
            key: network.get(key)
            for key in ("Driver", "EnableIPv6", "IPAM", "Internal", "Attachable", "Options")
        }
        kept["Labels"] = network.get("Labels")
        kept["connected"] = sorted(connected)
        found[f"network {name}"] = json.dumps(kept, sort_keys=True, indent=1)
        found[f"network {name} id"] = network["Id"]
    for container in _inspect(machine, "container", ["ps", "-aq"]):
        name = container["Name"].removeprefix("/")
        state = container["State"]
        networks = sorted(container["NetworkSettings"]["Networks"])
        found[f"container {name}"] = (
            f"{state['Status']} restarts={container['RestartCount']} networks={networks}"
        )
        found[f"container {name} id"] = container["Id"]
        found[f"container {name} started"] = state["StartedAt"]
    return bridges


def _inspect(machine: Machine, kind: str, listing: list[str]) -> list[dict[str, Any]]:
    ids = machine.run(["docker", *listing]).stdout.split()
    if not ids:
        return []
    inspected: list[dict[str, Any]] = json.loads(
        machine.run(["docker", kind, "inspect", *ids]).stdout
    )
    return inspected


def _units(machine: Machine, found: Fingerprint) -> None:
    """Add every unit that has a file, but instances, which logins and sockets make.

    What enables and masks one is a link below /etc, which is there with all its files, or in /run.
    To ask systemd for it costs more than all the rest: it reads every unit there is.
    """
    _files(machine, "/run/systemd/system", found)
    types = ("service", "socket", "path", "timer")
    asked = [f"--type={','.join(types)}", "--all", "--plain", "--no-legend", "--no-pager"]
    active = machine.run(["systemctl", "list-units", *asked]).stdout
    states = {line.split()[0]: line.split()[2] for line in active.splitlines()}
    for folder in _UNIT_FOLDERS:
        for name in (path.name for path in machine.path(folder).glob("*.*")):
            if "@" not in name and name.rpartition(".")[2] in types:
                found[f"unit {name}"] = states.get(name, "inactive")
