"""What steps leave on a host besides files: objects, each with one value to read and to set.

A value is a text, so that a record can hold what was there and what is to be there alike.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from itertools import pairwise
from typing import Any

from wizard.filter import order
from wizard.ndp import fixed
from wizard.platform.files import Masked
from wizard.platform.saved_rules import plain
from wizard.platform.system import System
from wizard.steps import networks
from wizard.steps.actions import Run


@dataclass(frozen=True)
class Object:
    """One object of a host by its kind and name, with a value; None where it is not there."""

    kind: str
    """One of those below."""
    name: str
    value: str | None = None

    @property
    def shown(self) -> str:
        """What tells it from every other object of a host."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class _Kind:
    """How objects of one kind are read and set."""

    read: Callable[[System, Object], str | None]
    """Returns the value that the object has now."""
    setting: Callable[[Object, Object], tuple[Run, ...]]
    """Returns the commands from the first value to the second; they are not the same."""
    changed: Callable[[str, str], bool] = lambda _now, _wanted: True
    """Whether somebody has made another thing of it, rather than taken something away."""


def now(system: System, each: Object) -> Object:
    """Return an object as it is now; the host is only read.

    Raises:
        StepFailed: a command that looks failed.
        OSError: a file cannot be read.
    """
    return replace(each, value=_KINDS[each.kind].read(system, each))


def setting(found: Object, wanted: Object) -> tuple[Run, ...]:
    """Return the commands that set an object, from the value that was found."""
    return () if found == wanted else _KINDS[wanted.kind].setting(found, wanted)


def is_changed(found: Object, wanted: Object) -> bool:
    """Return whether somebody has made another thing of it; else something of it is missing."""
    if found.value is None:
        return False
    return wanted.value is None or _KINDS[wanted.kind].changed(found.value, wanted.value)


def parameter(key: str, value: str) -> Object:
    """Return a kernel parameter, by its name for sysctl(8)."""
    return Object("parameter", key, value)


def _read_parameter(system: System, each: Object) -> str | None:
    said = system.run(("sysctl", "--ignore", each.name)).output
    found = re.search(r"^\S+ = (.*)$", said, re.MULTILINE)
    return found[1] if found else None


def _set_parameter(_found: Object, wanted: Object) -> tuple[Run, ...]:
    value = wanted.value
    return () if value is None else (Run(("sysctl", "--write", f"{wanted.name}={value}")),)


def chain(table: str, parent: str, name: str, rules: tuple[str, ...]) -> Object:
    """Return a chain of our own with its rules, and what leads to it from another chain."""
    lines = [f"-I {parent} -j {name}", *(f"-A {name} {rule}" for rule in rules)]
    return Object("chain", f"{table} {parent} {name}", "\n".join(lines))


def _read_chain(system: System, each: Object) -> str | None:
    table, parent, name = each.name.split()
    rules = rules_in(system, table, name)
    if rules is None:
        return None
    led = system.run(ip6tables(table, "-C", parent, "-j", name)).status == 0
    lines = [f"-A {name} {rule}" for rule in rules]
    found = "\n".join([*([f"-I {parent} -j {name}"] if led else []), *lines])
    # The rules of several set-ups may stand in any order that closes before it opens.
    return each.value if each.value is not None and _is_alike(found, each.value) else found


def rules_in(system: System, table: str, chain: str) -> list[str] | None:
    """Return the rules in a chain as ip6tables writes them, or None where it is not there."""
    listed = system.run(ip6tables(table, "-S", chain))
    if listed.status != 0:
        return None
    start = f"-A {chain} "
    lines = listed.output.splitlines()
    return [plain(line.removeprefix(start)) for line in lines if line.startswith(start)]


def _is_alike(found: str, wanted: str) -> bool:
    lines = [[tuple(line.split()) for line in text.splitlines()] for text in (found, wanted)]
    jumps, rules = (
        [[line for line in each if (line[0] == "-I") is jump] for each in lines]
        for jump in (True, False)
    )
    there, ours = rules
    return jumps[0] == jumps[1] and order.is_alike(there, ours)


def _set_chain(found: Object, wanted: Object) -> tuple[Run, ...]:
    table, parent, name = wanted.name.split()
    leads = f"-I {parent} -j {name}"
    old, new = ([] if each.value is None else each.value.splitlines() for each in (found, wanted))
    commands = []
    if leads in old and leads not in new:
        commands.append(Run(ip6tables(table, "-D", parent, "-j", name)))
    if wanted.value is None:
        return (*commands, *(Run(ip6tables(table, verb, name)) for verb in ("-F", "-X")))
    rules = [line for line in new if line != leads]
    jump = [leads] if leads in new and leads not in old else []
    text = "\n".join([f"*{table}", f":{name} - [0:0]", *rules, *jump, "COMMIT", ""])
    return (*commands, Run(("ip6tables-restore", "--noflush", "--wait", "10"), text))


def _has_others(found: str, wanted: str) -> bool:
    return bool({*found.splitlines()} - {*wanted.splitlines()})


def ip6tables(table: str, *words: str) -> tuple[str, ...]:
    """Return what to run of ip6tables on a table, which waits while another one is at work."""
    return ("ip6tables", "--wait", "10", "-t", table, *words)


def running_unit(name: str) -> Object:
    """Return a unit that runs now and starts at boot."""
    return Object("unit", name, "enabled active")


def _read_unit(system: System, each: Object) -> str | None:
    enabled = system.run(("systemctl", "is-enabled", each.name)).output.split()
    active = system.run(("systemctl", "is-active", each.name)).output.split()
    known = [word for word in enabled if word in ("enabled", "disabled", "masked", "static")]
    return f"{known[0]} {(active or ['unknown'])[0]}" if known else None


def _set_unit(found: Object, wanted: Object) -> tuple[Run, ...]:
    words = (wanted.value or "disabled inactive").split()
    old = (found.value or "disabled inactive").split()
    if words == ["enabled", "active"]:
        return (Run(("systemctl", "enable", "--now", wanted.name)),)
    commands = []
    if old[0] != words[0] and words[0] in ("enabled", "disabled"):
        verb = "enable" if words[0] == "enabled" else "disable"
        commands.append(Run(("systemctl", verb, wanted.name)))
    if (old[1] == "active") != (words[1] == "active"):
        verb = "start" if words[1] == "active" else "stop"
        commands.append(Run(("systemctl", verb, wanted.name)))
    return tuple(commands)


def _is_switched_off(found: str, _wanted: str) -> bool:
    return found.split()[0] != "enabled"


def _read_mask(system: System, each: Object) -> str | None:
    try:
        system.read(each.name)
    except Masked:
        return "masked"
    return None


def _set_mask(_found: Object, wanted: Object) -> tuple[Run, ...]:
    if wanted.value is None:
        return (Run(("rm", "--force", wanted.name)),)
    return (Run(("ln", "--symbolic", "--force", "/dev/null", wanted.name)),)


def neighbour(uplink: str, address: str) -> Object:
    """Return an entry of the kernel's neighbour proxy."""
    return Object("neighbour", f"{uplink} {address}", "answered for")


def _read_neighbour(system: System, each: Object) -> str | None:
    uplink, address = each.name.split()
    return "answered for" if address in answered_for(system, uplink) else None


def answered_for(system: System, uplink: str) -> set[str]:
    """Return the addresses in the kernel's neighbour proxy of an interface."""
    listed = system.run(("ip", "-6", "neighbour", "show", "proxy", "dev", uplink)).output
    return {line.split()[0] for line in listed.splitlines() if line.split()}


def _set_neighbour(_found: Object, wanted: Object) -> tuple[Run, ...]:
    uplink, address = wanted.name.split()
    make = fixed.undo_commands if wanted.value is None else fixed.commands
    return tuple(map(Run, make(uplink, [IPv6Address(address)])))


def _read_network(system: System, each: Object) -> str | None:
    found = networks.inspect(system, each.name)
    if found is None:
        return None
    if each.value is not None and "\n" not in each.value and _is_made_by(found, each.value):
        return each.value
    lines = [shlex.join(_creation(found))]
    for member in networks.members(system, each.name):
        alias = ("--alias", member.service) if member.service else ()
        lines.append(shlex.join(("docker", "network", "connect", *alias, each.name, member.name)))
    return "\n".join(lines)


def _is_made_by(found: Mapping[str, Any], line: str) -> bool:
    """Return whether a network is as a ``docker network create`` made it, as far as it says."""
    words = shlex.split(line)
    pairs = list(pairwise(words))
    subnets = {pool.get("Subnet") for pool in (found.get("IPAM") or {}).get("Config") or ()}
    given = {f"{key}={value}" for key, value in (found.get("Options") or {}).items()}
    labels = {f"{key}={value}" for key, value in (found.get("Labels") or {}).items()}
    # Compose gives its own labels to those that it makes.
    wanted = {word for option, word in pairs if option == "--label" if "com.docker" not in word}
    return (
        bool(found.get("EnableIPv6")) == ("--ipv6" in words)
        and {word for option, word in pairs if option == "--opt"} <= given
        and wanted <= labels
        # Where IPv4 comes from a pool of Docker's it may be another one by now.
        and {word for option, word in pairs if option == "--subnet" if ":" in word} <= subnets
    )


def _creation(found: Mapping[str, Any]) -> list[str]:
    words = ["docker", "network", "create", "--driver", str(found.get("Driver") or "bridge")]
    flags = (("Attachable", "--attachable"), ("EnableIPv6", "--ipv6"), ("Internal", "--internal"))
    words += [flag for key, flag in flags if found.get(key)]
    for pool in (found.get("IPAM") or {}).get("Config") or ():
        for key, option in (
            ("Subnet", "--subnet"),
            ("Gateway", "--gateway"),
            ("IPRange", "--ip-range"),
        ):
            if pool.get(key):
                words += [option, str(pool[key])]
    for key, option in (("Options", "--opt"), ("Labels", "--label")):
        for name, value in sorted((found.get(key) or {}).items()):
            words += [option, f"{name}={value}"]
    return [*words, str(found.get("Name"))]


def _set_network(found: Object, wanted: Object) -> tuple[Run, ...]:
    old, new = ([] if each.value is None else each.value.splitlines() for each in (found, wanted))
    leave = [shlex.split(line)[-1] for line in old[1:]]
    return (
        *(Run(("docker", "network", "disconnect", wanted.name, each)) for each in leave),
        *([Run(("docker", "network", "rm", wanted.name))] if old else []),
        *(Run(tuple(shlex.split(line))) for line in new),
    )


def connection(network: str, container: str, command: Run) -> Object:
    """Return a container's place on a network that the wizard made, with what connects it."""
    return Object("connection", f"{network} {container}", command.line)


def _read_connection(system: System, each: Object) -> str | None:
    network, container = each.name.split()
    found = networks.inspect(system, network)
    if found is None or not networks.made_by_wizard(found):
        return None
    named = {member.name for member in networks.members(system, network)}
    return (each.value or "connected") if container in named else None


def _set_connection(_found: Object, wanted: Object) -> tuple[Run, ...]:
    network, container = wanted.name.split()
    if wanted.value is not None:
        return (Run(tuple(shlex.split(wanted.value))),)
    return (Run(("docker", "network", "disconnect", network, container)),)


# Without questions, and without needrestart restarting other services on a host in use.
_QUIETLY = ("env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1")


def package(name: str) -> Object:
    """Return a Debian package that is installed."""
    return Object("package", name, "installed")


def install(name: str) -> Run:
    """Return what installs a package; apt does nothing where it is there."""
    options = ("install", "--yes", "--no-install-recommends")
    return Run((*_QUIETLY, "apt-get", *options, name))


def purge(name: str) -> Run:
    """Return what removes a package with its configuration."""
    return Run((*_QUIETLY, "apt-get", "purge", "--yes", name))


def _read_package(system: System, each: Object) -> str | None:
    asked = ("dpkg-query", "--show", "--showformat=${db:Status-Status}", each.name)
    return "installed" if system.run(asked).output.strip() == "installed" else None


def _set_package(_found: Object, wanted: Object) -> tuple[Run, ...]:
    return (purge(wanted.name) if wanted.value is None else install(wanted.name),)


_KINDS: Mapping[str, _Kind] = {
    "parameter": _Kind(_read_parameter, _set_parameter),
    "chain": _Kind(_read_chain, _set_chain, _has_others),
    "unit": _Kind(_read_unit, _set_unit, _is_switched_off),
    "mask": _Kind(_read_mask, _set_mask),
    "neighbour": _Kind(_read_neighbour, _set_neighbour),
    "network": _Kind(_read_network, _set_network),
    "connection": _Kind(_read_connection, _set_connection),
    "package": _Kind(_read_package, _set_package),
}
