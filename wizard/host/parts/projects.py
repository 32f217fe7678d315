"""The Compose projects of the host, from the labels that Compose puts on its containers."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from wizard.compose import claims
from wizard.compose.claims import LABEL, Claim
from wizard.host import connections, names, published
from wizard.host.contacts import Listener
from wizard.host.docker_socket import ASKED, connect, explained
from wizard.host.environment import mentions, outside_hosts
from wizard.host.host import ComposeProject, Container
from wizard.host.listeners import listeners, read_tables
from wizard.host.looking import understood
from wizard.host.part import Part, Words
from wizard.host.starters import named_by
from wizard.platform.text import clean_line
from wizard.program import trust

_AT_ONCE = 4
"""Threads that look into containers side by side."""

_ENOUGH = 4.0
"""Seconds after which the DNS is not waited for any more, so that what Docker said is known."""


@understood(ASKED)
def detect() -> tuple[ComposeProject, ...]:
    """Ask Docker for the containers with a label of Compose, running or not."""
    begun = time.monotonic()
    client = connect()
    from docker.errors import DockerException, NotFound
    from requests.exceptions import RequestException

    inspected: list[Mapping[str, Any]] = []
    images: dict[str, Mapping[str, Any]] = {}
    with client:
        try:
            for listed in client.containers(all=True, filters={"label": f"{LABEL}project"}):
                try:
                    entry = client.inspect_container(listed["Id"])
                except NotFound:
                    continue  # It ended between the two questions.
                inspected.append(entry)
            named = dict.fromkeys(str(entry.get("Image", "")) for entry in inspected)
            for image in filter(None, named):
                try:
                    # types-docker leaves this method untyped.
                    images[image] = client.inspect_image(image)  # type: ignore[no-untyped-call]
                except NotFound:
                    continue  # It was removed by force, under a stopped container.
        except (DockerException, RequestException) as error:
            raise explained(error) from error
    found = parse(inspected, images)
    return looked_into(found, min(names.DEADLINE, _ENOUGH - (time.monotonic() - begun)))


def looked_into(
    projects: Sequence[ComposeProject], seconds: float = names.DEADLINE
) -> tuple[ComposeProject, ...]:
    """Return the projects with who listens in their containers, and what names lead to.

    ``seconds`` is how long the answers of the DNS are waited for: a Docker that is slow leaves
    less, and what is not known by then is not known.
    """
    datagrams = any(_has_datagrams(one) for project in projects for one in project.containers)
    of_host = listeners(read_tables("self", ("tcp6", "udp6") if datagrams else ("tcp6",)))
    named = (
        each.name for project in projects for one in project.containers for each in one.outside
    )
    with_ipv6, pointer = names.resolve(named, seconds)
    tables = _tables(one.pid for project in projects for one in project.containers if one.pid)
    return tuple(
        replace(
            project,
            containers=tuple(
                _looked_into(one, of_host, tables.get(one.pid), with_ipv6)
                for one in project.containers
            ),
            pointer=pointer,
        )
        for project in projects
    )


def _tables(pids: Iterable[int]) -> Mapping[int, Mapping[str, str] | None]:
    """Return the tables of the containers' sockets by process; the kernel takes long for each."""
    found: dict[int, Mapping[str, str] | None] = {}
    every = list(dict.fromkeys(pids))

    def read(some: Sequence[int]) -> None:
        for pid in some:
            found[pid] = read_tables(pid, ("tcp", "tcp6", "udp", "udp6"))

    threads = [
        threading.Thread(target=read, args=(every[first::_AT_ONCE],), daemon=True)
        for first in range(min(_AT_ONCE, len(every)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _looked_into(
    container: Container,
    of_host: tuple[Listener, ...] | None,
    tables: Mapping[str, str] | None,
    with_ipv6: Mapping[str, bool],
) -> Container:
    proxied = None
    if of_host is not None:
        proxied = tuple(
            port
            for port in container.ports
            for each in published.parse(port)
            if each.address.version == 6
            and published.hears(of_host, each.protocol, each.host_port, 6)
        )
    inside = listeners(tables)
    if inside is not None:
        # Datagram sockets without a peer come and go; a published one stays.
        kept = {(each.protocol, each.port) for each in published.published(container)}
        inside = tuple(
            one for one in inside if one.protocol == "tcp" or (one.protocol, one.port) in kept
        )
    return replace(
        container,
        listeners=inside,
        proxied=proxied,
        connections=None if tables is None else connections.outward(tables),
        outside=tuple(replace(each, ipv6=with_ipv6.get(each.name)) for each in container.outside),
    )


def _has_datagrams(container: Container) -> bool:
    return any(each.protocol == "udp" for each in published.published(container))


def parse(
    inspected: Sequence[Mapping[str, Any]], images: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[ComposeProject, ...]:
    """Tell the projects from Docker's answers to ``/containers/ID/json``.

    Compose before 1.25 put no folder and no files on its labels: the folder is then ``.`` and there
    are no files.

    Args:
        inspected: The containers with a label of Compose.
        images: The answers to ``/images/ID/json`` for their images, by identifier.
    """
    claimed = claims.by_project(inspected, images or {})
    return tuple(_project(name, those) for name, those in claimed.items())


def _project(name: str, claimed: Sequence[Claim]) -> ComposeProject:
    agreed = claims.agreed(name, claimed)
    containers = sorted((_container(each) for each in agreed.claims), key=lambda made: made.name)
    return ComposeProject(
        clean_line(name),
        agreed.directory,
        agreed.files,
        tuple(containers),
        in_git=any(_in_git(file.parent) for file in agreed.files or (agreed.directory,)),
        doubts=(*agreed.doubts, *trust.of_others(agreed.files, agreed.directory)),
        named_by=named_by(agreed.directory, agreed.files, variables=agreed.variables),
        variables=agreed.variables,
    )


def _in_git(directory: Path) -> bool:
    if not directory.is_absolute():
        return False
    try:
        return any((folder / ".git").exists() for folder in (directory, *directory.parents))
    except OSError:
        return False


def _container(claim: Claim) -> Container:
    entry = claim.entry
    state, settings = entry.get("State") or {}, entry.get("NetworkSettings") or {}
    running = bool(state.get("Running"))
    return Container(
        id=clean_line(str(entry["Id"])),
        name=claim.name,
        service=clean_line(claim.service),
        running=running,
        pid=int(state.get("Pid") or 0) if running else 0,
        started_at=clean_line(str(state.get("StartedAt", ""))),
        networks=tuple(sorted(clean_line(name) for name in settings.get("Networks") or {})),
        network_mode=clean_line(str((entry.get("HostConfig") or {}).get("NetworkMode", ""))),
        ports=tuple(ports(entry)),
        mentions=mentions(_variables(entry), _subnets(settings.get("Networks") or {})),
        outside=outside_hosts(_variables(entry)),
    )


def _variables(entry: Mapping[str, Any]) -> list[str]:
    return [str(each) for each in (entry.get("Config") or {}).get("Env") or ()]


def _subnets(networks: Mapping[str, Any]) -> list[IPv4Network]:
    subnets = []
    for endpoint in networks.values():
        address, length = endpoint.get("IPAddress"), endpoint.get("IPPrefixLen")
        if address and length:
            try:
                subnets.append(IPv4Network((address, length), strict=False))
            except ValueError:
                continue
    return subnets


def ports(entry: Mapping[str, Any]) -> list[str]:
    """Return the published and exposed ports of an answer to ``/containers/ID/json``."""
    asked = (entry.get("HostConfig") or {}).get("PortBindings") or {}
    given = (entry.get("NetworkSettings") or {}).get("Ports") or {}
    exposed = (entry.get("Config") or {}).get("ExposedPorts") or {}
    shown = []
    for port in sorted({**exposed, **asked, **given}):
        published = given.get(port) or asked.get(port) or ()
        shown += [_published(binding, port) for binding in published] or [port]
    return [clean_line(text) for text in shown]


def _published(binding: Mapping[str, str], port: str) -> str:
    address, host_port = binding.get("HostIp", ""), binding.get("HostPort", "")
    if ":" in address:
        address = f"[{address}]"
    before = ":".join(part for part in (address, host_port) if part)
    return f"{before}->{port}" if before else port


def in_words(projects: tuple[ComposeProject, ...]) -> Words:
    """Name the projects that are there, with how many containers run."""
    if not projects:
        return "none: no container bears Compose's labels", "note"
    there = [_in_words(project) for project in projects if project.is_there]
    doubtful = any(project.doubts for project in projects)
    return "; ".join(there) or "none that is sure", "note" if doubtful else "ok"


def notes(projects: tuple[ComposeProject, ...]) -> Iterator[str]:
    """Yield that there is none, or what is doubtful about one."""
    if not projects:
        yield (
            "No Compose project was found, because no container bears Compose's labels. Start the "
            "deployment first, or name its file yourself."
        )
    for project in projects:
        yield from project.doubts


def _in_words(project: ComposeProject) -> str:
    running = sum(container.running for container in project.containers)
    place = f" in {project.directory}" if project.directory.is_absolute() else ""
    return f"{project.name}{place}, {running} of {len(project.containers)} containers running"


PART = Part(
    lambda host: host.projects,
    label="Projects",
    find=lambda _: detect(),
    words=in_words,
    foremost=True,
    notes=notes,
    asked=ASKED,
)
