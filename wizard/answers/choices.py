"""What the person wants: one frozen value, its checks against a host, and its form in TOML."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path

import tomli_w

from wizard.answers import prefixes, subprefixes
from wizard.compose.override import picks_up_override
from wizard.compose.services import Service
from wizard.host import filtering
from wizard.host.host import ComposeProject, DockerNetwork, Earlier, Host, Unknown
from wizard.host.ipv6_already import networks_with_ipv6, served
from wizard.host.outward import DEFAULT_TARGET
from wizard.host.own_objects import without_ours
from wizard.ndp.upstream import UpstreamCase
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line
from wizard.record.record import is_in_the_way

FORMAT = 1

WINDOW = (30, 900)
"""The fewest and the most seconds that there may be to say "keep"."""

NDPPD_RELEASES = (12, 13)
"""The releases of Debian that have the package ndppd."""

_BRIDGE_LENGTH = 15
"""The kernel's interface names hold IFNAMSIZ - 1 characters (linux/if.h)."""

# Docker's own rule for names (moby, daemon/names); the kernel takes all of them for a bridge.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_NAME_IN_WORDS = "letters, digits, dots, dashes and underscores only, and a letter or digit first"

_PREDEFINED_NETWORKS = {"bridge", "default", "host", "none"}
"""Names that Docker keeps for itself (moby, runconfig)."""

_GROUPS = {"all", "default"}
"""Names below net.ipv6.conf that the kernel keeps from interfaces (net/ipv6/addrconf.c)."""


class Mode(StrEnum):
    """How containers get IPv6."""

    ULA = "ula"
    ROUTED = "routed"


class Proxy(StrEnum):
    """Who answers when the router asks for a container's address (RFC 4861 §7.2.8)."""

    SERVICE = "service"
    """The kernel, with an entry for each container that a small service of ours keeps in step."""
    NDPPD = "ndppd"
    FIXED = "fixed"
    """The kernel, with entries for the addresses of today."""
    NONE = "none"
    """Nobody: the prefix is routed to this host."""


class Inwards(StrEnum):
    """What may open a connection to a container from outside."""

    PUBLISHED = "published"
    EXPOSED = "exposed"
    ALL = "all"


class Placement(StrEnum):
    """Where the change to the Compose deployment is written."""

    IN_PLACE = "in-place"
    OVERRIDE = "override"


@dataclass(frozen=True)
class Choices:
    """The answers so far; None and an empty tuple stand for a question not yet answered."""

    mode: Mode = Mode.ULA
    prefix: IPv6Network | None = None
    network: str = ""
    bridge: str = "br-ipv6"
    project: str | None = None
    file: Path | None = None
    services: tuple[str, ...] = field(default=())
    placement: Placement = Placement.IN_PLACE
    target: IPv6Address = DEFAULT_TARGET
    proxy: Proxy = Proxy.SERVICE
    """For routed addresses alone."""
    inwards: Inwards = Inwards.PUBLISHED
    """For routed addresses alone."""
    fixed: tuple[str, ...] = field(default=())
    """The services whose address is written into the Compose file. For routed addresses alone."""
    window: int = 120
    """Seconds that there are to say "keep" before everything is taken back, from 30 to 900."""
    accepted: tuple[str, ...] = ()
    """Published ports that may stop answering over IPv6, by their names, such as
    ``[::]:3000/tcp``."""
    unproven: bool = False
    """Go on where it cannot be tried whether the containers get out: this host itself does not
    reach the target, or none of the chosen services has a running container."""


def check_prefix(text: str, host: Host, mode: Mode = Mode.ULA) -> IPv6Network | str:
    """Return the prefix in ``text``, or a sentence that says why it cannot be used in the mode."""
    if mode is Mode.ROUTED and not text.strip():
        nothing = subprefixes.why_nothing_proposed(host)
        if nothing:
            return nothing
    prefix = prefixes.parse_prefix(text)
    if isinstance(prefix, str):
        return prefix
    if mode is Mode.ROUTED:
        return subprefixes.obstacle(prefix, host) or prefix
    return _check_unique_local(prefix, host)


def _check_unique_local(prefix: IPv6Network, host: Host) -> IPv6Network | str:
    """Return the unique local prefix, or a sentence that says why it cannot be used.

    From /48 to /64: RFC 4193 §3.1 gives a site a /48, and a network on a link has a /64
    (RFC 4291 §2.5.4). A shorter one than /64 gives its first /64 to the network.
    """
    if prefix.is_multicast:
        return f"{prefix} is multicast: it names groups, and no container can have such an address."
    if prefix.is_link_local:
        return f"{prefix} is link-local: its addresses are valid on one link and never routed."
    if not prefix.subnet_of(prefixes.LOCALLY_ASSIGNED):
        if prefix.subnet_of(prefixes.UNIQUE_LOCAL):
            return (
                f"{prefix} lies in the half of the unique local range that is not to be assigned "
                "by oneself (RFC 4193, section 3.1). Take one that begins with fd."
            )
        return (
            f"{prefix} is not a unique local prefix. With NAT66 the containers' addresses must not "
            "belong to anybody else: take one that begins with fd."
        )
    if prefix.prefixlen > 64:
        return f"{prefix} is too long: the network of the containers needs a /64."
    if prefix.prefixlen < 48:
        return f"{prefix} is too short: a unique local prefix is a /48 or a part of one."
    return _free(prefix, host) or prefix


def _free(prefix: IPv6Network, host: Host) -> str | None:
    host = without_ours(host)
    networks = () if isinstance(host.networks, Unknown) else host.networks
    for network in networks:
        if prefixes.overlapping(prefix, network.subnets):
            return f"{prefix} overlaps the Docker network {network.name}. Take another prefix."
    in_use = () if isinstance(host.prefixes_in_use, Unknown) else host.prefixes_in_use
    other = prefixes.overlapping(prefix, in_use)
    if other:
        return f"{prefix} overlaps {other}, which this host already uses. Take another prefix."
    return None


def check_network_name(name: str, host: Host) -> str | None:
    """Return a sentence that says why the Docker network cannot have this name, or None."""
    if not name:
        return "Type a name for the Docker network, such as mastodon_ipv6."
    shown = clean_line(name)
    if not _NAME.fullmatch(name):
        return f"{shown} cannot be the name of a Docker network: {_NAME_IN_WORDS}."
    if name in _PREDEFINED_NETWORKS:
        return f"Docker keeps the name {shown} for itself. Take another name."
    networks = without_ours(host).networks
    if not isinstance(networks, Unknown):
        for network in networks:
            if network.name == name:
                return f"A Docker network called {shown} already exists. Take another name."
    return None


def check_bridge(name: str, host: Host) -> str | None:
    """Return a sentence that says why the bridge cannot have this name, or None."""
    if not name:
        return "Type a name for the bridge interface, such as br-ipv6."
    shown = clean_line(name)
    if len(name) > _BRIDGE_LENGTH:
        return (
            f"{shown} has {len(name)} characters, and the kernel takes {_BRIDGE_LENGTH} at most "
            "for the name of an interface."
        )
    if not _NAME.fullmatch(name):
        return f"{shown} cannot be the name of an interface: {_NAME_IN_WORDS}."
    if name in _GROUPS:
        return f"The kernel keeps the name {shown} for itself. Take another name."
    interfaces = without_ours(host).interfaces
    if not isinstance(interfaces, Unknown) and name in interfaces:
        return f"This host already has an interface called {shown}. Take another name."
    return None


def check_window(seconds: object) -> int:
    """Return the seconds that there are to say "keep".

    Raises:
        ValueError: they are no number, too few to log in anew, or too many to be cut off.
    """
    if type(seconds) is not int or not WINDOW[0] <= seconds <= WINDOW[1]:
        raise ValueError(f"window must be a number of seconds from {WINDOW[0]} to {WINDOW[1]}")
    return seconds


def check_mode(mode: Mode, host: Host) -> str | None:
    """Return a sentence that says why the mode cannot be had on this host, or None."""
    return subprefixes.why_none(host) if mode is Mode.ROUTED else None


def check_proxy(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why the neighbour proxy cannot be had, or None."""
    if choices.mode is not Mode.ROUTED or choices.proxy is Proxy.NONE:
        return None
    if choices.prefix and not subprefixes.is_on_link(choices.prefix, host):
        return (
            f"{choices.prefix} is not a part of the uplink's prefix, so no neighbour asks for it "
            "and a proxy would not help. It works only if the provider routes it to this host: "
            "choose no proxy."
        )
    if choices.proxy is Proxy.NDPPD and not (
        not isinstance(host.debian, Unknown) and host.debian.version in NDPPD_RELEASES
    ):
        return "This Debian has no ndppd (Debian 12 and 13 have). Choose the wizard's own service."
    return None


def proxy_for(case: UpstreamCase, choices: Choices, host: Host) -> Proxy:
    """Return the neighbour proxy that fits what the upstream router was seen to do.

    Where nothing was seen it is the service all the same: a proxy that nobody asks does no harm,
    and without one a router that asks finds nobody.
    """
    askable = choices.prefix is not None and subprefixes.is_on_link(choices.prefix, host)
    return Proxy.NONE if case is UpstreamCase.ROUTED or not askable else Proxy.SERVICE


def check_inwards(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why the packet filter cannot be so, or None."""
    if choices.mode is not Mode.ROUTED or choices.inwards is Inwards.PUBLISHED:
        return None
    found = filtering.of_routed(host)
    if found.by_engine:
        return (
            f"{found.reason} Choose published ports, and publish in the Compose file what should "
            "be reached."
        )
    return None


def check_services(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why the project and services cannot be used, or None."""
    project = find_project(choices, host)
    if isinstance(project, str):
        return project
    if not choices.services:
        return "No service is ticked: tick at least one that should reach the IPv6 internet."
    return None


def check_fixed(choices: Choices) -> str | None:
    """Return a sentence that says why a service cannot have a fixed address, or None."""
    if choices.mode is not Mode.ROUTED:
        return None
    for service in choices.fixed:
        if service not in choices.services:
            return (
                f"{clean_line(service)} is to have a fixed address, but is not among the services "
                "that get IPv6. Tick it, or leave it out of those with a fixed address."
            )
    return None


def find_project(choices: Choices, host: Host) -> ComposeProject | str:
    """Return the chosen Compose project, or a sentence that says why there is none."""
    if isinstance(host.projects, Unknown):
        return f"The Compose projects of this host are not known. {host.projects.reason}"
    for project in host.projects:
        if project.name == choices.project:
            return project if project.is_there else " ".join(project.doubts)
    if not host.choosable_projects:
        return (
            "No Compose project runs on this host. Start it once with Compose, so that its "
            "containers exist, and then start the wizard again."
        )
    if choices.project is None:
        return "Choose the Compose project whose containers should have IPv6."
    return f"There is no Compose project called {clean_line(choices.project)} on this host."


def check(choices: Choices, host: Host) -> tuple[str, ...]:
    """Return every sentence that stands between these choices and a plan."""
    sentences: list[str | None] = [check_mode(choices.mode, host)]
    prefix = check_prefix(str(choices.prefix or ""), host, choices.mode)
    sentences.append(prefix if isinstance(prefix, str) else None)
    sentences.append(check_network_name(choices.network, host))
    sentences.append(check_bridge(choices.bridge, host))
    sentences.append(check_services(choices, host))
    sentences.append(check_gateway(choices, host))
    sentences.append(check_fixed(choices))
    sentences += [check_proxy(choices, host), check_inwards(choices, host)]
    return tuple(sentence for sentence in sentences if sentence)


def another_prefix(host: Host) -> IPv6Network:
    """Return a random unique local /64 that nothing on the host uses."""
    host = without_ours(host)
    in_use = () if isinstance(host.prefixes_in_use, Unknown) else host.prefixes_in_use
    return prefixes.first_subnet(prefixes.random_unique_local(in_use))


def defaults(host: Host) -> Choices:
    """Return what is proposed for this host: a random prefix, and a project where there is one."""
    projects = host.choosable_projects
    project = next((each for each in projects if each.name == "mastodon"), None) or next(
        iter(projects), None
    )
    known = without_ours(host).interfaces
    interfaces = () if isinstance(known, Unknown) else known
    choices = Choices(prefix=another_prefix(host), bridge=_first_free("br-ipv6", interfaces))
    return choose_project(choices, project, host) if project else choices


def resume(saved: Choices, host: Host) -> Choices:
    """Return the answers of an earlier sitting, each replaced by a proposal where it fails now.

    While a run is in force they are left alone: names and prefix are taken by what the run made,
    and they are free again once it is taken back.
    """
    if isinstance(host.earlier, Earlier) and is_in_the_way(host.earlier.state):
        return saved
    proposed = defaults(host)
    project = find_project(saved, host)
    if isinstance(project, str):
        chosen = replace(proposed, target=saved.target, unproven=saved.unproven)
    else:
        fitting = saved.file in project.files
        chosen = replace(
            choose_project(proposed, project, host),
            services=saved.services,
            placement=saved.placement,
            target=saved.target,
            unproven=saved.unproven,
        )
        chosen = replace(
            chosen, file=saved.file if fitting else chosen.file, accepted=saved.accepted
        )
        if check_network_name(saved.network, host) is None:
            chosen = replace(chosen, network=saved.network)
    if check_bridge(saved.bridge, host) is None:
        chosen = replace(chosen, bridge=saved.bridge)
    if check_mode(saved.mode, host) is None:
        chosen = choose_mode(chosen, saved.mode, host)
    if saved.prefix and not isinstance(check_prefix(str(saved.prefix), host, chosen.mode), str):
        chosen = replace(chosen, prefix=saved.prefix)
    kept = tuple(each for each in saved.fixed if each in chosen.services)
    with_filter = replace(chosen, fixed=kept, inwards=saved.inwards)
    chosen = (
        with_filter if check_inwards(with_filter, host) is None else replace(chosen, fixed=kept)
    )
    with_proxy = replace(chosen, proxy=saved.proxy)
    return with_proxy if check_proxy(with_proxy, host) is None else chosen


def answers_any(saved: Choices) -> bool:
    """Return whether these answers answer any of the questions that the screens ask."""
    return replace(saved, target=Choices.target, window=Choices.window) != Choices()


def choose_mode(choices: Choices, mode: Mode, host: Host) -> Choices:
    """Return the choices with another mode, and a prefix that fits it."""
    if choices.mode is mode and choices.prefix is not None:
        return choices
    prefix = subprefixes.propose(host) if mode is Mode.ROUTED else another_prefix(host)
    return replace(choices, mode=mode, prefix=prefix)


def choose_project(choices: Choices, project: ComposeProject, host: Host) -> Choices:
    """Return the choices with another project, and what is proposed for that project."""
    known = without_ours(host).networks
    names = () if isinstance(known, Unknown) else [each.name for each in known]
    base = re.sub(r"[^a-zA-Z0-9_.-]", "", project.name).lstrip("_.-") or "compose"
    return replace(
        choices,
        network=_first_free(
            _sorted_first(f"{base}_ipv6", networks_with_ipv6(host, project)), names, "_"
        ),
        project=project.name,
        services=(),
        file=project.files[0] if project.files else None,
        placement=(
            Placement.OVERRIDE
            if project.in_git and picks_up_override(project.files)
            else Placement.IN_PLACE
        ),
    )


def tick(choices: Choices, services: Sequence[Service], host: Host | None = None) -> Choices:
    """Return the choices with those services ticked that need the internet.

    On a host that is known, those are left out that reach the IPv6 internet already.
    """
    project = "" if host is None else find_project(choices, host)
    has_it = () if host is None or isinstance(project, str) else served(host, project)
    ticked = tuple(
        each.name
        for each in services
        if each.internet and each.attachable and each.name not in has_it
    )
    return replace(choices, services=ticked)


def untick_unknown(choices: Choices, services: Sequence[Service]) -> Choices:
    """Return the choices without the services that are not there, or cannot be attached."""
    attachable = {each.name for each in services if each.attachable}
    kept = tuple(name for name in choices.services if name in attachable)
    return replace(choices, services=kept)


def _first_free(name: str, taken: Sequence[str], between: str = "") -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}{between}{number}", number + 1
    return candidate


def _sorted_first(name: str, networks: Sequence[DockerNetwork]) -> str:
    """Return the name, with as little before it as lets it sort before those of the networks."""
    others = [network.name for network in networks]
    for before in ("", "a_", "0_", *("0" * length + "_" for length in range(2, 64))):
        if all(before + name < other for other in others):
            return before + name
    return name


def check_gateway(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why another network would keep the gateway, or None.

    Of a container's networks with both families Docker takes as the gateway the one whose name
    sorts first, unless priorities are set (moby, libnetwork, endpoints of a sandbox).
    """
    project = find_project(choices, host)
    if isinstance(project, str) or not choices.network:
        return None
    rivals = networks_with_ipv6(host, project, choices.services)
    winner = _sorted_first(choices.network, rivals)
    if winner == choices.network:
        return None
    first = min(network.name for network in rivals)
    return (
        f"{clean_line(first)}, which the chosen services are on, has IPv6 too, and Docker sends "
        "them out through the network whose name sorts first. Take a name for the new network that "
        f"sorts before it, such as {clean_line(winner)}."
    )


def to_table(choices: Choices) -> dict[str, object]:
    """Return the choices as a TOML table; a question not yet answered has no key."""
    table: dict[str, object] = {"mode": choices.mode.value}
    if choices.prefix:
        table["prefix"] = str(choices.prefix)
    table |= {"network": choices.network, "bridge": choices.bridge}
    if choices.project is not None:
        table["project"] = choices.project
    if choices.file is not None:
        table["file"] = str(choices.file)
    table |= {
        "services": list(choices.services),
        "placement": choices.placement.value,
        "target": str(choices.target),
    }
    if choices.mode is Mode.ROUTED:
        table |= {"proxy": choices.proxy.value, "inwards": choices.inwards.value}
        if choices.fixed:
            table["fixed"] = list(choices.fixed)
    if choices.accepted:
        table["accepted"] = list(choices.accepted)
    if choices.window != Choices.window:
        table["window"] = choices.window
    if choices.unproven:
        table["unproven"] = True
    return table


def from_table(table: dict[str, object]) -> Choices:
    """Return the choices in a TOML table.

    Raises:
        Refused: a key is unknown, or a value is not of its form.
    """
    known = {
        "mode", "prefix", "network", "bridge", "project", "file", "services", "placement", "target",
        "proxy", "inwards", "window", "fixed", "accepted", "unproven",
    }  # fmt: skip
    unknown = sorted(set(table) - known)
    if unknown:
        raise Refused(
            f"The answers hold a key that is not known: {clean_line(unknown[0])}. "
            f"Known are {', '.join(sorted(known))}. Nothing was changed."
        )
    try:
        lists = {key: _names(table, key) for key in ("services", "fixed", "accepted")}
        others = (*lists, "window", "unproven")
        strings = {key: value for key, value in table.items() if key not in others}
        if not isinstance(table.get("unproven", False), bool):
            raise ValueError("unproven must be true or false, without quotes")
        for key, value in strings.items():
            if not isinstance(value, str):
                raise ValueError(f"{key} must be a text in quotes")
            if "\0" in value:
                raise ValueError(f"{key} must not hold a NUL character")
        texts = {key: str(value) for key, value in strings.items()}
        proposed = Choices()
        return Choices(
            mode=Mode(texts.get("mode", proposed.mode)),
            prefix=IPv6Network(texts["prefix"]) if "prefix" in texts else None,
            network=texts.get("network", proposed.network),
            bridge=texts.get("bridge", proposed.bridge),
            project=texts.get("project"),
            file=Path(texts["file"]) if "file" in texts else None,
            services=lists["services"],
            fixed=lists["fixed"],
            placement=Placement(texts.get("placement", proposed.placement)),
            target=IPv6Address(texts.get("target", str(proposed.target))),
            proxy=Proxy(texts.get("proxy", proposed.proxy)),
            inwards=Inwards(texts.get("inwards", proposed.inwards)),
            window=check_window(table.get("window", proposed.window)),
            accepted=lists["accepted"],
            unproven=bool(table.get("unproven", proposed.unproven)),
        )
    except ValueError as error:
        raise Refused(
            f"The answers cannot be used: {clean_line(str(error))}. Nothing was changed."
        ) from error


def _names(table: dict[str, object], key: str) -> tuple[str, ...]:
    names = table.get(key, [])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise ValueError(f"{key} must be a list of names")
    if any("\0" in each for each in names):
        raise ValueError(f"{key} must not hold a NUL character")
    return tuple(names)


def dumps(choices: Choices) -> str:
    """Return an answers file."""
    return "# Answers for the wizard: wizard --answers FILE\n" + tomli_w.dumps(
        {"format": FORMAT, "choices": to_table(choices)}
    )


def loads(text: str) -> Choices:
    """Return the choices in an answers file.

    Raises:
        Refused: it is not TOML, of another format, or holds what is not known.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"The answers file is not TOML: {clean_line(str(error))}. Nothing was changed."
        ) from error
    if document.get("format") != FORMAT:
        raise Refused(
            f"The answers file has format {clean_line(str(document.get('format')))}, and this "
            f"wizard reads format {FORMAT}. Nothing was changed."
        )
    table = document.get("choices")
    if not isinstance(table, dict) or set(document) - {"format", "choices"}:
        raise Refused(
            "The answers file must hold format and a table [choices], and nothing else. "
            "Nothing was changed."
        )
    return from_table(table)
