"""A small host in memory, for tests of the core that need one without a machine.

It does what the commands that the core runs do on Debian, as far as the core could tell, and
knows no others: one that it does not know ends the test.
"""

import copy
import errno
import functools
import hashlib
import json
import os
import re
import shlex
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from ipaddress import ip_network
from pathlib import PurePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from wizard.filter import order
from wizard.host.host import Host, Origin, Unknown
from wizard.platform.files import Masked
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState, Result
from wizard.program import program

UNITS = "/etc/systemd/system"
POLICIES = "/etc/firewalld/policies"
OWN = "--policy=docker-ipv6-wizard"
"""How firewall-cmd is told that it is the wizard's policy that it is asked of."""

DIRECTORIES = ("/", "/etc", "/etc/sysctl.d", "/etc/systemd", UNITS, "/etc/firewalld", POLICIES)

BUILT_IN = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
}
TARGETS = {"ACCEPT", "DROP", "REJECT", "MASQUERADE", "RETURN"}

Rule = tuple[str, ...]
Tables = dict[str, dict[str, list[Rule]]]

FORWARDING = "net.ipv6.conf.all.forwarding"


@dataclass
class MadeUpNetwork:
    """A bridge network of Docker."""

    name: str
    id: str
    bridge: str
    ipv6: bool
    subnets: list[str]
    labels: dict[str, str]
    options: dict[str, str]
    attachable: bool = False


@dataclass
class MadeUpContainer:
    """A container; ``networks`` holds its aliases on each network that it is on."""

    id: str
    name: str
    project: str = ""
    service: str = ""
    running: bool = True
    networks: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Packet:
    """What a packet filter rule can see of a forwarded packet."""

    source: str
    incoming: str
    outgoing: str
    state: str


class MadeUpSystem:
    """A host that can be read and changed, watched while it is, and made to fail."""

    def __init__(self) -> None:
        self.files: dict[str, FileState] = {}
        self.directories: set[str] = set(DIRECTORIES)
        self.unreadable: set[str] = set()
        self.masked: set[str] = set()
        """Paths where somebody has put a link to /dev/null."""
        self.sysctls: dict[str, str] = {}
        self.tables: Tables = {}
        self.networks: dict[str, MadeUpNetwork] = {}
        self.containers: dict[str, MadeUpContainer] = {}
        self.policies = {"FORWARD": "ACCEPT"}
        """Of chains of the filter table."""
        self.nftables = ""
        """What nft lists of tables besides those of ip6tables, as JSON; empty without nft."""
        self.firewalld: set[str] | None = None
        """The rich rules of its policies, as it has read them; None where it does not run."""
        self.firewalld_for_now = ""
        """What it lists of its zones besides what its files hold."""
        self.packages: set[str] = set()
        self.proxied: set[tuple[str, str]] = set()
        """Uplink and address of each entry of the neighbour proxy."""
        self.enabled: set[str] = set()
        self.active: set[str] = set()
        self.failed: set[str] = set()
        self.known_units: set[str] = set()
        self.compose_complaint = ""
        """What every generation of Compose says of every file; empty where it reads the file."""
        self.advertised: str | None = None
        """The interface whose default route comes by router advertisement."""
        self.default_route = True

        self.ran: list[tuple[str, ...]] = []
        self.changes = 0
        self.fail_at: Container[int] = ()
        """The numbers of the changes that fail, counted from 1."""
        self.half_done = False
        """Whether what fails has been done all the same, as when an answer is lost."""
        self.watch: Callable[[int], None] = lambda number: None
        """Called with its number before each change; may raise."""
        self._inside = False

    # What the core asks of a host.

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        """Run one of the commands that are known here."""
        self.ran.append(tuple(argv))
        return self._dispatch(list(argv), stdin)

    def read(self, path: str) -> FileState | None:
        """Return a file, or None where there is none."""
        if path in self.unreadable:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
        if path in self.masked:
            raise Masked(path)
        return self.files.get(path)

    def write(self, path: str, state: FileState) -> None:
        """Write a file into a directory that is there."""

        def change() -> None:
            if path in self.masked:
                raise PermissionError(errno.EPERM, "a device is in its place", path)
            if str(PurePath(path).parent) not in self.directories:
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            self.files[path] = state

        self._change_file(path, change)

    def why_not_write(self, path: str) -> str | None:
        """Nobody leads anything anywhere."""
        return None

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._change_file(path, lambda: self.files.pop(path, None))

    def make_directory(self, path: str) -> None:
        """Make a directory."""
        self._change_file(path, lambda: self.directories.add(path))

    def remove_directory(self, path: str) -> None:
        """Remove a directory that is empty."""
        if not any(str(PurePath(each).parent) == path for each in self.files):
            self.directories.discard(path)

    def remove_nft_table(self, name: str) -> None:
        """Remove a table with all that is in it, as the kernel does."""
        self._change_file(name, lambda: self.tables.pop(name, None))

    # What tests ask of it.

    def snapshot(self) -> dict[str, str]:
        """Return all there is, by what it is; two hosts are the same where these are equal."""
        found = {
            f"file {path}": f"{state.mode:o} {state.uid}:{state.gid} {state.text!r}"
            for path, state in self.files.items()
        }
        found |= {f"directory {path}": "" for path in self.directories}
        found |= {f"sysctl {key}": value for key, value in self.sysctls.items()}
        found |= {
            f"chain {table} {chain}": "\n".join(shlex.join(rule) for rule in rules)
            for table, chains in self.tables.items()
            for chain, rules in chains.items()
        }
        found |= {f"network {name}": repr(network) for name, network in self.networks.items()}
        found |= {f"container {name}": repr(each) for name, each in self.containers.items()}
        found |= {f"package {name}": "" for name in self.packages}
        found |= {f"proxy {uplink} {address}": "" for uplink, address in self.proxied}
        found |= {f"mask {path}": "" for path in self.masked}
        found |= {f"firewalld {rule}": "" for rule in self.firewalld or ()}
        found |= {f"policy {chain}": policy for chain, policy in self.policies.items()}
        for state in ("enabled", "active", "failed", "known_units"):
            found |= {f"unit {name} {state}": "" for name in getattr(self, state)}
        return found | {"default route": str(self.default_route)}

    def verdict(self, table: str, chain: str, packet: Packet) -> str:
        """Return the target that a packet meets in a chain, or ``policy`` where it meets none."""
        for rule in self.tables.get(table, {}).get(chain, []):
            target = rule[rule.index("-j") + 1]
            if not _matches(rule, packet):
                continue
            if target in TARGETS:
                return target
            found = self.verdict(table, target, packet)
            if found != "policy":
                return found
        return "policy"

    def load_rules(
        self, table: str, parent: str, chain: str, rules: Sequence[Sequence[str]]
    ) -> None:
        """Do what python-iptables does for the core on a legacy host, in one commit."""

        def change() -> None:
            chains = self._table(self.tables, table)
            chains[chain] = [tuple(rule) for rule in rules]
            chains[parent].insert(0, ("-j", chain))

        self._change_file(table, change)

    # Changes, counted.

    def _changing(self, change: Callable[[], Result]) -> Result:
        if self._inside:
            return change()
        self.changes += 1
        self.watch(self.changes)
        fails = self.changes in self.fail_at
        if fails and not self.half_done:
            return Result(1, "made to fail\n")
        self._inside = True
        try:
            result = change()
        finally:
            self._inside = False
        return Result(1, f"{result.output}made to fail\n") if fails else result

    def _change_file(self, path: str, change: Callable[[], object]) -> None:
        result = self._changing(lambda: Result(0, str(change())))
        if result.status != 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    # The commands.

    def _dispatch(self, argv: list[str], stdin: str = "") -> Result:
        match argv:
            case ["grep", "--recursive", "--include=forwarding", "", "/proc/sys/net/ipv6/conf"]:
                return self._every_forwarding()
            case ["sysctl", *words]:
                return self._sysctl(words)
            case [
                program.PYTHON,
                "-I",
                "-S",
                run,
                "wizard.uplink" | "wizard.prefix" | "wizard.ndp" | "wizard.ndp.fixed_service",
                *_,
            ] if run.endswith("/run.py"):
                return Result(0, "")
            case ["ip", "-6", "-json", "route", "show", "default"]:
                leads = self.advertised if self.default_route else None
                route = {"dst": "default", "gateway": "fe80::1", "dev": leads, "protocol": "ra"}
                return Result(0, json.dumps([route] if leads else []))
            case ["modprobe", "--all", *_]:
                return Result(0, "")
            case ["ip6tables", *words]:
                return self._ip6tables(words)
            case ["nft", "-j", "list", "ruleset"]:
                return Result(0 if self.nftables else 127, self.nftables)
            case ["iptables-save"]:
                return Result(0, "")
            case ["ip6tables-save", *words]:
                return self._save(words)
            case ["ip6tables-restore", "--noflush", "--wait", "10", path]:
                return self._changing(lambda: self._restore_file(path))
            case ["ip6tables-restore", "--noflush", "--wait", "10"]:
                return self._changing(lambda: self._restore(stdin))
            case ["rm", "--force", *links]:
                return self._changing(lambda: self._remove_links(links))
            case ["ln", "--symbolic", "--force", "/dev/null", path]:
                return self._changing(lambda: self._mask(path))
            case ["journalctl" | "stat" | "grep" | "test" | "uptime", *_]:
                # No evidence of anything.
                return Result(1, "")
            case ["docker", "events", *_]:
                return Result(0, "")
            case ["systemctl", *words]:
                return self._systemctl(words)
            case ["/usr/bin/python3", "-I", "-S", _run, "wizard.filter", *_words]:
                # The service finds the rules in force and does nothing.
                return Result(0, "")
            case ["timeout", "5", "docker", "version", *_]:
                return Result(0, "26.1.5")
            case ["docker", "network", *words]:
                return self._network(words)
            case ["find", folder, *_, "-name", name]:
                found = [path for path in sorted(self.files) if PurePath(path).name == name]
                below = [path for path in found if path.startswith(f"{folder.rstrip('/')}/")]
                exists = folder in self.directories or folder == "/"
                return Result(0 if exists else 1, "".join(f"{path}\n" for path in below))
            case ["docker", "ps", "--all", "--filter", "label=com.docker.compose.project", *_]:
                return Result(0, "")
            case ["docker", "ps", *words]:
                return self._ps(words)
            case ["docker", "inspect", *words]:
                return self._inspect(words)
            case ["docker-compose", *words] | ["docker", "compose", *words]:
                return self._compose(words, stdin)
            case [_, "-m", "wizard.ndp", *_] | [_, "-I", "-S", _, "wizard.ndp", *_]:
                # The service finds nobody to answer for that has not been there for long.
                return Result(0, "")
            case ["ip", "-6", "neighbour", "show", "proxy", "dev", uplink]:
                listed = sorted(address for on, address in self.proxied if on == uplink)
                return Result(0, "".join(f"{address} dev {uplink} proxy \n" for address in listed))
            case ["ip", "-6", "neigh", operation, "proxy", address, "dev", uplink, *_]:
                return self._changing(lambda: self._proxy(operation, uplink, address))
            case ["dpkg-query", "--show", "--showformat=${db:Status-Status}", name]:
                there = name in self.packages
                said = f"dpkg-query: no packages found matching {name}\n"
                return Result(0, "installed") if there else Result(1, said)
            case ["env", *_, "apt-get", "purge", "--yes", name]:
                return self._changing(lambda: self._purge(name))
            case ["env", *_, "apt-get", "install", "--yes", "--no-install-recommends", name]:
                return self._changing(lambda: self._install(name))
            case ["firewall-cmd", *words] if self.firewalld is not None:
                return self._firewall_cmd(words, self.firewalld)
            case ["firewall-cmd", *_]:
                return Result(252, "FirewallD is not running\n")
            case ["ip", "link", "show", "dev", bridge]:
                bridges = {each.bridge for each in self.networks.values()}
                return Result(0 if bridge in bridges else 1, "")
        raise _unknown(argv)

    def _firewall_cmd(self, words: list[str], rules: set[str]) -> Result:
        match words:
            case ["--state" | "--check-config"]:
                return Result(0, "")
            case ["--list-all-zones"]:
                return Result(0, f"public (default, active)\n{self.firewalld_for_now}")
            case ["--permanent", "--list-all-zones"]:
                return Result(0, "public (default)\n")
            case [*_, "--list-all-policies" | "--get-all-rules"]:
                return Result(0, "")
            case [policy, query] if policy == OWN and query.startswith("--query-rich-rule="):
                return Result(0 if query.partition("=")[2] in rules else 1, "")
            case ["--reload"]:
                return self._changing(self._read_policies)
            case [policy, remove] if policy == OWN and remove.startswith("--remove-rich-rule="):

                def removing() -> Result:
                    rules.discard(remove.partition("=")[2])
                    return Result(0, "success\n")

                return self._changing(removing)
        raise _unknown(words)

    def _read_policies(self) -> Result:
        texts = [
            state.text
            for path, state in self.files.items()
            if str(PurePath(path).parent) == POLICIES
        ]
        found = re.findall(r'<(source|destination) address="(\S+)"/>', "".join(texts))
        self.firewalld = {
            f'rule family="ipv6" {end} address="{prefix}" accept' for end, prefix in found
        }
        return Result(0, "success\n")

    def _proxy(self, operation: str, uplink: str, address: str) -> Result:
        entry = (uplink, address)
        if operation == "replace":
            self.proxied.add(entry)
        elif operation == "del" and entry in self.proxied:
            self.proxied.discard(entry)
        else:
            return Result(2, "RTNETLINK answers: No such file or directory\n")
        return Result(0, "")

    def _install(self, name: str) -> Result:
        self.packages.add(name)
        self.known_units.add(f"{name}.service")
        # As the packages of Debian do by themselves.
        self.enabled.add(f"{name}.service")
        return Result(0, f"Setting up {name} ...\n")

    def _purge(self, name: str) -> Result:
        self.packages.discard(name)
        for units in (self.known_units, self.active, self.enabled):
            units.discard(f"{name}.service")
        return Result(0, f"Removing {name} ...\n")

    def _every_forwarding(self) -> Result:
        keys = [
            each for each in self.sysctls if re.fullmatch(r"net\.ipv6\.conf.*\.forwarding", each)
        ]
        places = {
            each: "/".join(part.replace("/", ".") for part in each.split(".")) for each in keys
        }
        lines = [f"/proc/sys/{place}:{self.sysctls[each]}\n" for each, place in places.items()]
        return Result(0, "".join(lines))

    def _sysctl(self, words: list[str]) -> Result:
        match words:
            case ["--write", setting]:
                key, _, value = setting.partition("=")
                return self._changing(lambda: self._set(key, value))
            case [load] if load.startswith("--load="):
                file = self.files[load.removeprefix("--load=")]
                pairs = re.findall(r"^([^#\s]+) = (.*)$", file.text, re.MULTILINE)
                for key, value in pairs:
                    self._changing(functools.partial(self._set, key, value))
                return Result(0, "")
            case ["--ignore", *asked]:
                keys = [key for key in asked if key in self.sysctls]
            case _:
                raise _unknown(["sysctl", *words])
        return Result(0, "".join(f"{key} = {self.sysctls[key]}\n" for key in keys))

    def _set(self, key: str, value: str) -> Result:
        if key not in self.sysctls:
            return Result(255, f"sysctl: cannot stat /proc/sys/{key.replace('.', '/')}\n")
        before = dict(self.sysctls)
        self.sysctls[key] = value
        if key == FORWARDING:
            for each in self.sysctls:
                if each.startswith("net.ipv6.conf.") and each.endswith(".forwarding"):
                    self.sysctls[each] = value
        if self.advertised:
            name = f"net.ipv6.conf.{self.advertised}"
            begins = before[f"{name}.forwarding"] == "0" != self.sysctls[f"{name}.forwarding"]
            if begins and self.sysctls[f"{name}.accept_ra"] != "2":
                self.default_route = False
        return Result(0, f"{key} = {value}\n")

    def _ip6tables(self, words: list[str]) -> Result:
        if words[:1] == ["--wait"]:
            words = words[2:]
        table = "filter"
        if words[:1] == ["-t"]:
            table, words = words[1], words[2:]
        operation, chain, *rest = words
        chains = self.tables.get(table, {})
        if operation == "-S":
            if chain not in chains:
                return Result(1, "ip6tables: No chain/target/match by that name.\n")
            built_in = chain in BUILT_IN[table]
            head = f"-P {chain} {self.policies.get(chain, 'ACCEPT')}" if built_in else f"-N {chain}"
            return Result(0, "\n".join([head, *_saved(chain, chains[chain])]) + "\n")
        if operation == "-P":
            return self._changing(lambda: self._set_policy(chain, rest[0]))
        if operation == "-C":
            there = tuple(rest) in chains.get(chain, [])
            said = "ip6tables: Bad rule (does a matching rule exist in that chain?).\n"
            return Result(0, "") if there else Result(1, said)

        def change() -> Result:
            changed = copy.deepcopy(self.tables)
            complaint = self._edit(self._table(changed, table), operation, chain, tuple(rest))
            if complaint:
                return Result(1, f"ip6tables: {complaint}.\n")
            self.tables = changed
            return Result(0, "")

        return self._changing(change)

    def _set_policy(self, chain: str, policy: str) -> Result:
        self.policies[chain] = policy
        return Result(0, "")

    def _edit(
        self, chains: dict[str, list[Rule]], operation: str, chain: str, rule: Rule
    ) -> str | None:
        if operation == "-N":
            if chain in chains:
                return "Chain already exists"
            chains[chain] = []
            return None
        if chain not in chains:
            return "No chain/target/match by that name"
        place = 0
        if operation == "-I" and rule and rule[0].isdecimal():
            place, rule = int(rule[0]) - 1, rule[1:]
        if operation in ("-A", "-I"):
            target = rule[rule.index("-j") + 1]
            if target not in TARGETS and target not in chains:
                return f"No chain/target/match by that name ({target})"
            chains[chain].insert(place if operation == "-I" else len(chains[chain]), rule)
        elif operation == "-D" and len(rule) == 1:
            if not 1 <= int(rule[0]) <= len(chains[chain]):
                return "Index of deletion too big"
            del chains[chain][int(rule[0]) - 1]
        elif operation == "-D":
            if rule not in chains[chain]:
                return "Bad rule (does a matching rule exist in that chain?)"
            chains[chain].remove(rule)
        elif operation == "-F":
            chains[chain].clear()
        elif operation == "-X":
            if chains[chain]:
                return "Directory not empty"
            if any(rule[-2:] == ("-j", chain) for rules in chains.values() for rule in rules):
                return "Too many links"
            del chains[chain]
        else:
            raise _unknown(["ip6tables", operation])
        return None

    def _table(self, tables: Tables, name: str) -> dict[str, list[Rule]]:
        return tables.setdefault(name, {chain: [] for chain in BUILT_IN[name]})

    def _save(self, words: list[str]) -> Result:
        match words:
            case []:
                wanted = sorted(self.tables)
            case ["--table", name]:
                wanted = [name]
            case _:
                raise _unknown(["ip6tables-save", *words])
        lines: list[str] = []
        for name in wanted:
            # Of a table that is not there the chains of the kernel are listed, and it is not made.
            chains = self.tables.get(name) or self._table({}, name)
            lines.append(f"*{name}")
            policies = self.policies if name == "filter" else {}
            for chain in chains:
                policy = policies.get(chain, "ACCEPT") if chain in BUILT_IN[name] else "-"
                lines.append(f":{chain} {policy} [0:0]")
            for chain, rules in chains.items():
                lines += _saved(chain, rules)
            lines.append("COMMIT")
        return Result(0, "".join(f"{line}\n" for line in lines))

    def _restore_file(self, path: str) -> Result:
        if path not in self.files:
            return Result(1, f"Can't open {path}: No such file or directory\n")
        return self._restore(self.files[path].text)

    def _restore(self, text: str) -> Result:
        pending = copy.deepcopy(self.tables)
        chains: dict[str, list[Rule]] = {}
        for line in text.splitlines(keepends=True):
            words = shlex.split(line, comments=True)
            if not words:
                continue
            if line.startswith("*"):
                chains = self._table(pending, line[1:].strip())
            elif line.startswith(":"):
                chains[words[0][1:]] = []
            elif line == "COMMIT\n":  # not without an end of its line (iptables-restore.c)
                self.tables = copy.deepcopy(pending)
            else:
                complaint = self._edit(chains, words[0], words[1], tuple(words[2:]))
                if complaint:
                    return Result(1, f"ip6tables-restore: {complaint}\n")
        return Result(0, "")

    def _systemctl(self, words: list[str]) -> Result:
        match words:
            case ["daemon-reload"]:
                return self._changing(self._reload)
            case ["enable", "--now", name]:
                return self._changing(lambda: self._enable(name))
            case ["disable", "--now", name]:
                self._stop(name)
                return self._changing(lambda: self._disable(name))
            case ["enable", name]:
                self.enabled.add(name)
                return self._changing(lambda: Result(0, ""))
            case ["restart" | "start", name]:
                return self._changing(lambda: self._restart(name))
            case ["cat", name]:
                return Result(0 if name in self.known_units else 1, "")
            case ["disable", "--no-reload", name] | ["disable", name]:
                return self._changing(lambda: self._disable(name))
            case ["stop", name]:
                return self._changing(lambda: self._stop(name))
            case ["--no-block", "start", "docker-ipv6-wizard-watch.service"]:
                # It only looks.
                return Result(0, "")
            case ["show", "--property=LoadState", name]:
                state = "loaded" if name in self.known_units else "not-found"
                return Result(0, f"LoadState={state}\n")
            case ["is-system-running"]:
                return Result(0, "running\n")
            case ["reset-failed", *names]:
                return self._changing(lambda: [self._reset(name) for name in names][-1])
            case ["is-enabled", name] if f"{UNITS}/{name}" in self.masked:
                return Result(1, "masked\n")
            case ["is-enabled", name]:
                on = name in self.enabled
                return Result(0 if on else 1, "enabled\n" if on else "disabled\n")
            case ["is-active", name]:
                on = name in self.active
                return Result(0 if on else 3, "active\n" if on else "inactive\n")
        raise _unknown(["systemctl", *words])

    def _reload(self) -> Result:
        own = [path for path in self.files if str(PurePath(path).parent) == UNITS]
        packaged = {f"{name}.service" for name in self.packages}
        self.known_units = {PurePath(path).name for path in own} | self.active | self.failed
        self.known_units |= packaged
        return Result(0, "")

    def _enable(self, name: str) -> Result:
        unit = self.files.get(f"{UNITS}/{name}")
        if name.removesuffix(".service") in self.packages:
            self.enabled.add(name)
            return self._restart(name)
        if unit is None:
            return Result(1, f"Failed to enable unit: Unit file {name} does not exist.\n")
        self._reload()
        self.enabled.add(name)
        if name in self.active:
            return Result(0, "")
        for start in re.findall(r"^ExecStart=(.*)$", unit.text, re.MULTILINE):
            result = self._dispatch(shlex.split(start.lstrip("+-")))
            if result.status != 0 and "-" not in start[:2]:
                self.failed.add(name)
                return Result(1, f"Job for {name} failed.\n{result.output}")
        self.active.add(name)
        return Result(0, f"Created symlink for {name}.\n")

    def _stop(self, name: str) -> Result:
        if name not in self.known_units:
            return Result(5, f"Failed to stop {name}: Unit {name} not loaded.\n")
        self.active.discard(name)
        return Result(0, "")

    def _restart(self, name: str) -> Result:
        if name not in self.known_units:
            return Result(5, f"Failed to restart {name}: Unit {name} not found.\n")
        self.active.add(name)
        return Result(0, "")

    def _disable(self, name: str) -> Result:
        if f"{UNITS}/{name}" in self.masked:
            return Result(0, f"Unit {UNITS}/{name} is masked, ignoring.\n")
        if f"{UNITS}/{name}" not in self.files and name not in self.enabled:
            return Result(1, f"Failed to disable unit: Unit file {name} does not exist.\n")
        self.enabled.discard(name)
        return Result(0, f"Removed symlink for {name}.\n")

    def _remove_links(self, links: Sequence[str]) -> Result:
        self.enabled -= {PurePath(each).name for each in links if ".wants/" in each}
        self.masked -= {*links}
        return Result(0, "")

    def _mask(self, path: str) -> Result:
        self.files.pop(path, None)
        self.masked.add(path)
        return Result(0, "")

    def _reset(self, name: str) -> Result:
        if name not in self.known_units:
            return Result(1, f"Failed to reset failed state of unit {name}: not loaded.\n")
        self.failed.discard(name)
        self._reload()
        return Result(0, "")

    def _network(self, words: list[str]) -> Result:
        match words:
            case ["ls", "--format", "{{.IPv6}} {{.Name}}"]:
                rows = [f"{str(each.ipv6).lower()} {each.name}\n" for each in self._networks()]
                return Result(0, "".join(rows))
            case ["inspect", "--format", "{{json .}}", name]:
                network = self._find(name)
                if network is None:
                    return Result(1, f"\nError response from daemon: network {name} not found\n")
                return Result(0, json.dumps(_described(network)) + "\n")
            case ["create", *options]:
                return self._changing(lambda: self._create(options))
            case ["connect", "--alias", alias, name, container]:
                return self._changing(lambda: self._connect(name, container, alias))
            case ["connect", "--alias", alias, "--ip6", _address, name, container]:
                return self._changing(lambda: self._connect(name, container, alias))
            case ["disconnect", name, container]:
                return self._changing(lambda: self._disconnect(name, container))
            case ["rm", name]:
                return self._changing(lambda: self._remove_network(name))
        raise _unknown(["docker", "network", *words])

    def _networks(self) -> Iterator[MadeUpNetwork]:
        yield from self.networks.values()

    def _find(self, name: str) -> MadeUpNetwork | None:
        by_identifier = (each for each in self._networks() if each.id.startswith(name))
        return self.networks.get(name) or next(by_identifier, None)

    def _create(self, options: list[str]) -> Result:
        *words, name = options
        identifier = hashlib.sha256(name.encode()).hexdigest()
        made = MadeUpNetwork(name, identifier, f"br-{identifier[:12]}", False, [], {}, {})
        rest = iter(words)
        for word in rest:
            option, equals, value = word.partition("=")
            if option in ("--driver", "--subnet", "--opt", "--label", "--gateway", "--ip-range"):
                value = value if equals else next(rest)
            match option:
                case "--driver" if value == "bridge":
                    pass
                case "--gateway" | "--ip-range" | "--ipv4":
                    pass
                case "--attachable":
                    made.attachable = True
                case "--ipv6":
                    made.ipv6 = True
                case "--subnet":
                    made.subnets.append(value)
                case "--opt":
                    made.options |= dict([_pair(value)])
                case "--label":
                    made.labels |= dict([_pair(value)])
                case _:
                    raise _unknown(["docker", "network", "create", word])
        made.bridge = made.options.get("com.docker.network.bridge.name", made.bridge)
        error = "Error response from daemon: "
        if name in self.networks:
            return Result(1, f"{error}network with name {name} already exists\n")
        if f"net.ipv6.conf.{made.bridge}.forwarding" in self.sysctls:
            return Result(1, f"{error}network with the bridge {made.bridge} already exists\n")
        taken = [ip_network(each) for network in self._networks() for each in network.subnets]
        for subnet in map(ip_network, made.subnets):
            for other in taken:
                if subnet.version == other.version and subnet.overlaps(other):
                    return Result(1, f"{error}Pool overlaps with other one\n")
        self.networks[name] = made
        self.sysctls[f"net.ipv6.conf.{made.bridge}.forwarding"] = self.sysctls[FORWARDING]
        self.sysctls[f"net.ipv6.conf.{made.bridge}.accept_ra"] = "0"
        if made.ipv6:
            self._set(FORWARDING, "1")
        return Result(0, f"{identifier}\n")

    def _connect(self, name: str, container: str, alias: str) -> Result:
        error = "Error response from daemon: "
        network, found = self._find(name), self.containers.get(container)
        if network is None:
            return Result(1, f"{error}network {name} not found\n")
        if found is None:
            return Result(1, f"{error}No such container: {container}\n")
        if network.name in found.networks:
            return Result(1, f"{error}endpoint with name {container} already exists\n")
        found.networks[network.name] = (alias,)
        return Result(0, "")

    def _disconnect(self, name: str, container: str) -> Result:
        network, found = self._find(name), self.containers.get(container)
        if network is None or found is None or network.name not in found.networks:
            return Result(1, f"Error response from daemon: {container} is not connected\n")
        del found.networks[network.name]
        return Result(0, "")

    def _remove_network(self, name: str) -> Result:
        network = self._find(name)
        if network is None:
            return Result(1, f"Error response from daemon: network {name} not found\n")
        if any(each.running and network.name in each.networks for each in self._containers()):
            return Result(1, f"Error response from daemon: {name} has active endpoints\n")
        del self.networks[network.name]
        for parameter in ("forwarding", "accept_ra"):
            del self.sysctls[f"net.ipv6.conf.{network.bridge}.{parameter}"]
        return Result(0, f"{name}\n")

    def _containers(self) -> Iterator[MadeUpContainer]:
        yield from self.containers.values()

    def _ps(self, words: list[str]) -> Result:
        labels = '{{.Label "com.docker.compose.project"}}\t{{.Label "com.docker.compose.service"}}'
        row = "{{.ID}}\t{{.Names}}\t" + labels
        match words:
            case ["--all", "--no-trunc", "--filter", wanted, "--format", form] if form == row:
                network = wanted.removeprefix("network=")
            case _:
                raise _unknown(["docker", "ps", *words])
        return Result(
            0,
            "".join(
                "\t".join((each.id, each.name, each.project, each.service)) + "\n"
                for each in self._containers()
                if network in each.networks
            ),
        )

    def _inspect(self, words: list[str]) -> Result:
        match words:
            case ["--type=container", "--format", "{{.Created}}", _name]:
                return Result(1, "")
            case ["--type=container", "--format", "{{.Id}} {{.Name}} {{.State.Running}}", *names]:
                found = [each for each in map(self.containers.get, names) if each is not None]
                missing = [name for name in names if name not in self.containers]
                told = [f"{one.id} /{one.name} {str(one.running).lower()}" for one in found]
                told += [f"Error: No such container: {name}" for name in missing]
                return Result(1 if missing else 0, "".join(f"{line}\n" for line in told))
        raise _unknown(["docker", "inspect", *words])

    def _compose(self, words: list[str], stdin: str) -> Result:
        match words:
            case ["--project-directory", _directory, *named, "config", "--quiet"] | [
                "--project-directory",
                _directory,
                *named,
                "config",
                "--quiet",
                _,
            ]:
                paths = [path for path in named if path != "-f"]
            case _:
                raise _unknown(["docker-compose", *words])
        if self.compose_complaint:
            return Result(1, f"{self.compose_complaint}\n")
        texts: list[str] = []
        for path in paths:
            if path != "/dev/stdin" and path not in self.files:
                return Result(1, f"no such file: {path}\n")
            texts.append(stdin if path == "/dev/stdin" else self.files[path].text)
        complaint = _complaint_of_compose(tuple(texts))
        return Result(1, f"{complaint}\n") if complaint else Result(0, "")


def of(host: Host, files: Mapping[str, str]) -> MadeUpSystem:
    """Return a host that looks like what was detected, with these files on it."""
    system = MadeUpSystem()
    for path, text in files.items():
        system.directories |= {str(each) for each in PurePath(path).parents}
        system.files[path] = FileState(text, 0o640, 1000, 1000)
    if not isinstance(host.sysctls, Unknown):
        for parameter in ("forwarding", "accept_ra", "proxy_ndp"):
            for interface, value in getattr(host.sysctls, parameter):
                system.sysctls[f"net.ipv6.conf.{interface}.{parameter}"] = str(value)
                # The kernel's default, in hundredths of a second (ip-sysctl.rst).
                system.sysctls[f"net.ipv6.neigh.{interface}.proxy_delay"] = "80"
    if not isinstance(host.ip6tables, Unknown) and host.ip6tables.legacy:
        # A legacy table that was opened once cannot be taken out any more.
        system.tables = {name: {chain: [] for chain in chains} for name, chains in BUILT_IN.items()}
    if not isinstance(host.firewall, Unknown) and host.firewall.firewalld:
        system.firewalld = set()
    if not isinstance(host.uplink, Unknown) and host.uplink.route_origin is Origin.ADVERTISEMENT:
        system.advertised = host.uplink.interface
    for network in () if isinstance(host.networks, Unknown) else host.networks:
        system.networks[network.name] = MadeUpNetwork(
            network.name,
            network.id,
            network.bridge or "",
            network.ipv6,
            [str(subnet) for subnet in network.subnets],
            dict(network.labels),
            dict(network.options),
            network.attachable,
        )
    for project in () if isinstance(host.projects, Unknown) else host.projects:
        for each in project.containers:
            system.containers[each.name] = MadeUpContainer(
                each.id,
                each.name,
                project.name,
                each.service,
                each.running,
                dict.fromkeys(each.networks, (each.service,)),
            )
    return system


@contextmanager
def failing(system: MadeUpSystem, numbers: Container[int], half_done: bool) -> Iterator[None]:
    """Make some of the changes fail for a while, counted from the first one in it."""
    system.changes, system.fail_at, system.half_done = 0, numbers, half_done
    try:
        yield
    finally:
        system.fail_at, system.half_done = (), False


def by_bridge(found: Mapping[str, str]) -> dict[str, str]:
    """Return a snapshot with the rules of our chain by their bridges, for the rest means nothing.

    Nothing in it lets out what comes from one bridge before it is decided what goes to another.
    """
    name = f"chain filter {CHAIN}"
    if name not in found:
        return dict(found)
    rules = [shlex.split(each) for each in found[name].splitlines()]
    assert order.closes_before_it_opens(rules)
    return {**found, name: str(sorted(order.by_bridge(rules).items()))}


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Return what is not the same in two snapshots."""
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


def _unknown(argv: Sequence[str]) -> AssertionError:
    return AssertionError(f"The made-up host does not know: {shlex.join(argv)}")


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


def _saved(chain: str, rules: Sequence[Rule]) -> list[str]:
    return [f"-A {chain} {' '.join(rule)}" for rule in rules]


def _described(network: MadeUpNetwork) -> dict[str, Any]:
    return {
        "Name": network.name,
        "Id": network.id,
        "Driver": "bridge",
        "EnableIPv6": network.ipv6,
        "Attachable": network.attachable,
        "IPAM": {"Config": [{"Subnet": subnet} for subnet in network.subnets]},
        "Options": network.options,
        "Labels": network.labels,
    }


def _matches(rule: Rule, packet: Packet) -> bool:
    words = iter(rule[: rule.index("-j")])
    wanted = True
    for word in words:
        if word == "!":
            wanted = False
            continue
        value = next(words)
        match word:
            case "-i" | "-o":
                seen = packet.incoming if word == "-i" else packet.outgoing
                fits = fnmatch(seen, value.replace("+", "*"))
            case "-s":
                fits = ip_network(packet.source).subnet_of(ip_network(value))  # type: ignore[arg-type]
            case "-m":
                continue
            case "-p":
                # A packet here is one to a TCP port that nothing opens.
                fits = value == "tcp"
            case "--dport":
                fits = False
            case "--ctstate":
                fits = packet.state in value.split(",")
            case _:
                raise _unknown(rule)
        if fits is not wanted:
            return False
        wanted = True
    return True


@functools.cache
def _complaint_of_compose(texts: tuple[str, ...]) -> str | None:
    """Return what ``config`` says of the files, put together; None where it takes them."""
    services: dict[str, Any] = {}
    networks = {"default"}
    for text in texts:
        try:
            table = YAML(typ="safe", pure=True).load(text)
        except YAMLError as error:
            return str(error)
        if not isinstance(table, dict):
            return "Top level object must be a mapping"
        services |= {f"{len(services)} {key}": each for key, each in table["services"].items()}
        networks |= set(table.get("networks") or {})
    for name, service in services.items():
        for network in (service or {}).get("networks") or ():
            if network not in networks:
                return f"service {name} refers to undefined network {network}"
    return None
