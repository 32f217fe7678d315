"""Which services are ticked at first on a host, and why: what one does outweighs its name."""

from wizard.compose.services import Service, off_the_internet
from wizard.host import connections
from wizard.host.host import ComposeProject, Host, Unknown
from wizard.host.ipv6_already import why_not_ticked
from wizard.platform.text import clean_line


def first_tick(service: Service, host: Host | None, project: ComposeProject | None) -> bool:
    """Return whether a service is ticked at first; host and project are None where unknown."""
    return _judged(service, host, project)[0]


def reason(service: Service, host: Host | None, project: ComposeProject | None) -> str:
    """Return one sentence: why a service is ticked at first, why not, or why it cannot be."""
    return _judged(service, host, project)[1]


def _judged(
    service: Service, host: Host | None, project: ComposeProject | None
) -> tuple[bool, str]:
    said = service.internet and service.attachable, service.reason
    if host is None or project is None or not service.attachable:
        return said
    already = why_not_ticked(host, project, service.name)
    if already is not None:
        return False, already
    inside = _internal_alone(host, project, service.name)
    if inside and service.internet:
        return False, off_the_internet(clean_line(service.name), inside, "Docker keeps")
    held = {
        each
        for container in project.containers
        if container.service == service.name
        for each in container.connections or ()
    }
    if not held or not (service.internet or service.guessed):
        return said
    words = connections.in_words(sorted(held, key=str))
    name = clean_line(service.name)
    if service.guessed:
        return True, f"{name} looks like a store, but holds a connection to {words} outside."
    return True, f"{name} holds a connection to {words} outside."


def _internal_alone(host: Host, project: ComposeProject, service: str) -> tuple[str, ...]:
    """Return the networks of a service's containers where Docker lets none of them out, else none.

    A file may leave that to a variable, or to who made the network outside Compose.
    """
    on = {
        name
        for container in project.containers
        if container.service == service
        for name in container.networks
    }
    known = () if isinstance(host.networks, Unknown) else host.networks
    internal = {network.name for network in known if network.internal}
    return tuple(sorted(on)) if on <= internal else ()
