"""Puts a host into words: a line for each finding, what is in the way, and what to mind."""

import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Literal

from wizard.answers import obstacles
from wizard.answers.choices import Choices
from wizard.answers.prefixes import UNIQUE_LOCAL
from wizard.host.host import (
    Compose,
    ComposeProject,
    Debian,
    DockerNetwork,
    Earlier,
    Engine,
    Firewall,
    Host,
    Ip6tables,
    Manager,
    Outward,
    Sysctls,
    Unknown,
    Uplink,
)
from wizard.record.record import is_in_the_way, words_of

Verdict = Literal["ok", "note", "problem", "unknown"]

TESTED_ON = (12, 13, 14)
"""The releases of Debian that the wizard is tested on."""

LABELS = {
    "root": "You",
    "debian": "System",
    "kernel": "Kernel",
    "engine": "Docker",
    "networks": "Docker networks",
    "compose": "Compose",
    "projects": "Projects",
    "uplink": "IPv6 uplink",
    "manager": "Configured by",
    "sysctls": "Kernel settings",
    "ip6tables": "ip6tables",
    "firewall": "Firewall",
    "outward": "IPv6 internet",
    "prefixes_in_use": "Prefixes in use",
    "interfaces": "Interfaces",
    "earlier": "Earlier run",
}
"""The label of each field of :class:`Host`, at most sixteen characters."""

_NEEDED = ("debian", "engine", "uplink")
_BRIDGES = ("docker", "br-", "veth")
_TABLES = ("forwarding", "accept_ra", "proxy_ndp", "labels", "options")
_WIDTH = 80


@dataclass(frozen=True)
class Line:
    """One finding in plain words. An ``unknown`` says why it is; a ``problem`` is in the way."""

    label: str
    words: str
    verdict: Verdict


_NOT_ROOT = "You are not root: everything up to the preview works, and applying it needs root."


def describe(field: str, value: object) -> Line:
    """Put the value of one field of :class:`Host` into words."""
    if isinstance(value, Unknown):
        return Line(LABELS[field], value.reason, "problem" if field in _NEEDED else "unknown")
    words, verdict = _IN_WORDS[field](value)
    return Line(LABELS[field], words, verdict)


def problems(host: Host, choices: Choices | None = None) -> tuple[str, ...]:
    """Return what is in the way on this host: what is wrong and what to do, each a sentence or two.

    With any of these nothing can be planned.
    """
    return obstacles.obstacles(host, choices)


def doubts(host: Host, choices: Choices) -> tuple[str, ...]:
    """Return what makes a plan useless here unless it changes, each a sentence or two.

    None of it forbids a plan to somebody who chooses to go on all the same.
    """
    forbidden = forbidding(host, choices)
    avoidable = [each for each in problems(host, choices) if each not in forbidden]
    words = [each.removesuffix(obstacles.GO_ON_BY_FILE) for each in avoidable]
    return (*([] if host.root else [_NOT_ROOT]), *words)


def forbidding(host: Host, choices: Choices) -> tuple[str, ...]:
    """Return what is in the way on this host whatever somebody chooses, each a sentence or two."""
    return problems(host, replace(choices, unproven=True))


def notes(host: Host) -> tuple[str, ...]:
    """Return what to mind on this host, each a sentence or two; none of it is in the way."""
    found: list[str] = []
    if not host.root:
        found.append(_NOT_ROOT)
    if isinstance(host.debian, Debian):
        found += _debian_notes(host.debian)
    if isinstance(host.engine, Engine):
        found += _engine_notes(host.engine)
    if isinstance(host.compose, Compose) and not (host.compose.v1 or host.compose.v2):
        found.append(
            "Compose is not installed, so no Compose file can be checked or changed. Install it "
            "with “apt install docker-compose”."
        )
    if host.projects == ():
        found.append(
            "No Compose project was found, because no container bears Compose's labels. Start the "
            "deployment first, or name its file yourself."
        )
    if not isinstance(host.projects, Unknown):
        found += [doubt for project in host.projects for doubt in project.doubts]
    if isinstance(host.uplink, Uplink):
        found += _uplink_notes(host.uplink)
    if isinstance(host.ip6tables, Ip6tables) and host.ip6tables.other_has_rules:
        mine, other = _kinds(host.ip6tables)
        found.append(
            f"ip6tables speaks to the kernel's {mine} interface, but the {other} one holds rules "
            f"too. Packets pass both, and “ip6tables -S” shows only one: see "
            f"“ip6tables-{other}-save” for the rest."
        )
    if isinstance(host.firewall, Firewall):
        found += _firewall_notes(host.firewall)
    return tuple(found)


def as_text(host: Host) -> str:
    """Return the host as ``wizard --detect`` prints it, 80 columns wide."""
    margin = max(map(len, LABELS.values())) + 2
    lines = []
    for field in LABELS:
        line = describe(field, getattr(host, field))
        words = f"unknown: {line.words}" if line.verdict == "unknown" else line.words
        lines.append(_wrapped(words, f"{line.label:<{margin}}", " " * margin))
    for title, sentences in (("In the way", problems(host)), ("Please note", notes(host))):
        if sentences:
            lines += ["", f"{title}:", *(_wrapped(one, "- ", "  ") for one in sentences)]
    return "\n".join(lines) + "\n"


def as_json(host: Host) -> str:
    """Return the host as ``wizard --detect --json`` prints it.

    The keys are the names of the fields; an unknown part is an object with the one key
    ``unknown``, which holds the reason. ``problems`` and ``notes`` hold the sentences.
    """
    parts = {field.name: _plain(getattr(host, field.name)) for field in fields(host)}
    parts["problems"], parts["notes"] = list(problems(host)), list(notes(host))
    return json.dumps(parts, ensure_ascii=False, indent=2) + "\n"


def _wrapped(text: str, first: str, later: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_on_hyphens=False,
    )


def _plain(value: object) -> object:
    if isinstance(value, Unknown):
        return {"unknown": value.reason}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value) if field.repr}
        return {
            name: dict(part) if name in _TABLES else _plain(part) for name, part in parts.items()
        }
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, StrEnum):
        return value.value
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _debian_notes(debian: Debian) -> list[str]:
    *first, last = map(str, TESTED_ON)
    tested = f"{', '.join(first)} and {last}"
    if debian.derivative:
        return [
            f"{debian.name} derives from Debian and is not Debian itself. The wizard is tested on "
            f"Debian {tested}."
        ]
    if debian.version not in TESTED_ON:
        return [f"The wizard is tested on Debian {tested}, and this is {debian.name}."]
    return []


def _engine_notes(engine: Engine) -> list[str]:
    found = []
    if engine.swarm:
        found.append(
            "This host is part of a swarm. The wizard changes networks of this host alone, and "
            "leaves the swarm's services and overlay networks as they are."
        )
    if engine.live_restore:
        found.append(
            "Docker keeps containers running while it is restarted (live-restore). Its networks "
            "are then not made anew, so look with “wizard --check” after an upgrade of Docker."
        )
    return found


def _uplink_notes(uplink: Uplink) -> list[str]:
    found = []
    if not uplink.addresses:
        found.append(
            f"{uplink.interface} has the default route but no global address, so packets have no "
            "address to come back to."
        )
    elif all(address.interface in UNIQUE_LOCAL for address in uplink.addresses):
        found.append(
            f"{uplink.interface} has unique local addresses alone, which the internet does not "
            "route, so somebody on the way has to translate them."
        )
    return found


def _firewall_notes(firewall: Firewall) -> list[str]:
    active = [name for name in ("ufw", "firewalld") if getattr(firewall, name)]
    return [
        *(
            f"{name} is active: it filters forwarded packets too, and puts its own rules back when "
            "it is reloaded. Run “wizard --check” afterwards to see whether the containers get "
            "through."
            for name in active
        ),
    ]


def _kinds(ip6tables: Ip6tables) -> tuple[str, str]:
    return ("legacy", "nft") if ip6tables.legacy else ("nft", "legacy")


def _root(root: bool) -> tuple[str, Verdict]:
    if root:
        return "root, so everything can be read and applied", "ok"
    return "not root: you can see the plan, but applying it needs root", "note"


def _debian(debian: Debian) -> tuple[str, Verdict]:
    if debian.derivative:
        return f"{debian.name}, which derives from Debian", "note"
    if debian.version not in TESTED_ON:
        return f"{debian.name}, not tested", "note"
    return debian.name, "ok"


def _engine(engine: Engine) -> tuple[str, Verdict]:
    words = f"{engine.version}, API {engine.api_version}; "
    words += (
        f"keeps the rules for IPv6 itself ({engine.firewall_backend})"
        if engine.manages_ip6tables
        else "leaves ip6tables alone, so the wizard makes the rules"
    )
    if any(obstacles.engine_obstacles(engine)):
        return words, "problem"
    return words, "note" if _engine_notes(engine) else "ok"


def _networks(networks: tuple[DockerNetwork, ...]) -> tuple[str, Verdict]:
    with_ipv6 = [network.name for network in networks if network.ipv6]
    names = ", ".join(network.name for network in networks) or "none"
    return f"{names}; with IPv6: {', '.join(with_ipv6) or 'none'}", "ok"


def _compose(compose: Compose) -> tuple[str, Verdict]:
    installed = [
        f"{version} ({command})"
        for version, command in (
            (compose.v2, "docker-compose" if compose.standalone else "docker compose"),
            (compose.v1, "docker-compose"),
        )
        if version
    ]
    return (", ".join(installed), "ok") if installed else ("not installed", "note")


def _projects(projects: tuple[ComposeProject, ...]) -> tuple[str, Verdict]:
    if not projects:
        return "none: no container bears Compose's labels", "note"
    there = [_project(project) for project in projects if project.is_there]
    doubtful = any(project.doubts for project in projects)
    return "; ".join(there) or "none that is sure", "note" if doubtful else "ok"


def _project(project: ComposeProject) -> str:
    running = sum(container.running for container in project.containers)
    place = f" in {project.directory}" if project.directory.is_absolute() else ""
    return f"{project.name}{place}, {running} of {len(project.containers)} containers running"


def _uplink(uplink: Uplink) -> tuple[str, Verdict]:
    router = f"via {uplink.gateway}" if uplink.gateway else "without a router"
    addresses = ", ".join(
        f"{address.interface} ({address.origin}{', deprecated' if address.deprecated else ''})"
        for address in uplink.addresses
        if not address.temporary
    )
    words = f"{uplink.interface} {router} ({uplink.route_origin}); {addresses or 'no address'}"
    others = [each for each in uplink.advertised if each.interface != uplink.interface]
    for each in others:
        words += f"; {each.interface} lives by router advertisements too ({each.manager})"
    if uplink.addresses and all(address.deprecated for address in uplink.addresses):
        return words, "problem"
    return words, "note" if _uplink_notes(uplink) else "ok"


def _manager(manager: Manager) -> tuple[str, Verdict]:
    if manager is Manager.KERNEL:
        return "the kernel alone: no program was found that manages the uplink", "ok"
    if manager.kernel_handles_advertisements:
        return f"{manager}, which leaves router advertisements to the kernel", "ok"
    return f"{manager}, which handles router advertisements itself", "ok"


def _sysctls(sysctls: Sysctls) -> tuple[str, Verdict]:
    if sysctls.disabled:
        return "IPv6 is switched off", "problem"
    forwarding = "on" if sysctls.value("forwarding", "all") else "off"
    proxy = [name for name, value in sysctls.proxy_ndp if value]
    accept_ra = {
        name: value
        for name, value in sysctls.accept_ra
        if name not in ("all", "default", "lo") and not name.startswith(_BRIDGES)
    }
    accept = [f"{name}={value}" for name, value in accept_ra.items()]
    hears = ", ".join(name for name in accept_ra if sysctls.kernel_hears(name))
    return (
        f"forwarding {forwarding}; accept_ra {', '.join(accept) or 'nowhere'}, so the kernel hears "
        f"router advertisements {f'on {hears}' if hears else 'nowhere'}; "
        f"proxy_ndp {', '.join(proxy) or 'off'}",
        "ok",
    )


def _ip6tables(ip6tables: Ip6tables) -> tuple[str, Verdict]:
    mine, other = _kinds(ip6tables)
    words = f"{ip6tables.version}, {mine}"
    if ip6tables.other_has_rules is None:
        return f"{words}; whether the {other} one holds rules only root may see", "ok"
    if ip6tables.other_has_rules:
        return f"{words}; the {other} one holds rules too", "note"
    return words, "ok"


def _firewall(firewall: Firewall) -> tuple[str, Verdict]:
    active = [name for name in ("ufw", "firewalld") if getattr(firewall, name)]
    words = f"{' and '.join(active)} active" if active else "neither ufw nor firewalld is active"
    policy = firewall.forward_policy or "unknown, only root may see it"
    words = f"{words}; FORWARD policy {policy}"
    if firewall.dropping_tables:
        words += f"; nftables drops in {', '.join(firewall.dropping_tables)}"
    return words, "note" if _firewall_notes(firewall) else "ok"


def _outward(outward: Outward) -> tuple[str, Verdict]:
    return (
        (f"the host gets out ({outward.evidence})", "ok")
        if outward.works
        else (f"the host does not get out ({outward.evidence})", "problem")
    )


def _prefixes(prefixes: tuple[object, ...]) -> tuple[str, Verdict]:
    return ", ".join(map(str, prefixes)) or "none", "ok"


def _earlier(earlier: Earlier | None) -> tuple[str, Verdict]:
    if earlier is None:
        return "none", "ok"
    words = f"{words_of(earlier.state)}, started {earlier.started}"
    return words, "problem" if is_in_the_way(earlier.state) else "ok"


_IN_WORDS: Mapping[str, Callable[..., tuple[str, Verdict]]] = {
    "root": _root,
    "debian": _debian,
    "kernel": lambda release: (release, "ok"),
    "engine": _engine,
    "networks": _networks,
    "compose": _compose,
    "projects": _projects,
    "uplink": _uplink,
    "manager": _manager,
    "sysctls": _sysctls,
    "ip6tables": _ip6tables,
    "firewall": _firewall,
    "outward": _outward,
    "prefixes_in_use": _prefixes,
    "interfaces": _prefixes,
    "earlier": _earlier,
}
