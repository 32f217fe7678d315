"""Servers outside to which chosen services go, and who see a new address from now on."""

import re
from collections.abc import Iterator

from wizard.answers.choices import Choices
from wizard.answers.projects import project_of
from wizard.host.host import ComposeProject, Container
from wizard.host.known import KnownHost
from wizard.platform.text import clean_line

MOST = 12
"""Variables that are listed."""

_MAIL = re.compile(r"SMTP|MAIL", re.IGNORECASE)


def notices(host: KnownHost, choices: Choices) -> tuple[str, ...]:
    """Return which servers of the environment are reached over IPv6 first, and what to set."""
    project = project_of(host, choices)
    mail: list[str] = []
    others: list[str] = []
    unknown: list[str] = []
    for container in _chosen(project, choices):
        for each in container.outside:
            where = f"{each.variable} of {clean_line(container.service)}"
            shown = f"{clean_line(each.name)} ({where})"
            if each.ipv6 is None:
                unknown.append(shown)
            elif each.ipv6:
                (mail if _MAIL.search(each.variable) else others).append(shown)
    found = [*_sentences(host, choices, project, _few(mail), _few(others))]
    if unknown:
        found.append(
            "The DNS did not say in time whether these have IPv6 addresses, and so will see the "
            f"containers come from a new one: {_few(unknown)}."
        )
    return tuple(found)


def _sentences(
    host: KnownHost, choices: Choices, project: ComposeProject, mail: str, others: str
) -> Iterator[str]:
    seen, spf = _seen(host, choices)
    if mail:
        yield (
            f"These mail servers have IPv6 addresses and will see mail come from {seen}: {mail}. "
            f"{_pointer(choices, project)} Add ip6:{spf} to the SPF record of the domain, where "
            "the servers do not know the sender by a password."
        )
    if others:
        yield (
            f"These servers have IPv6 addresses and will see the containers come from {seen}: "
            f"{others}. If one of them lets in certain addresses alone, add {spf} there first."
        )


def _pointer(choices: Choices, project: ComposeProject) -> str:
    if choices.mode.addresses.public:
        return (
            "Many of them refuse senders whose address has no name in the DNS: set a PTR record "
            "for the container's own address, which wizard --check shows, and an AAAA record that "
            "leads back to it."
        )
    if project.pointer:
        return f"That address has the name {clean_line(project.pointer)}, which leads back to it."
    if project.pointer is None:
        return (
            "Whether that address has a PTR record could not be found out; many of them refuse "
            "senders without one."
        )
    return (
        "That address has no PTR record that leads back to it, and many of them refuse such "
        "senders: have the provider set one, with an AAAA record for the same name."
    )


def _seen(host: KnownHost, choices: Choices) -> tuple[str, str]:
    """Return from which address the containers will be seen, in words and as it is written."""
    if choices.mode.addresses.public:
        return f"the containers' own addresses, out of {choices.prefix}", str(choices.prefix)
    for address in host.uplink.addresses:
        if not address.deprecated and not address.temporary:
            own = str(address.interface.ip)
            return f"this host's own address {own}", own
    return "this host's own IPv6 address", "that address"


def _chosen(project: ComposeProject, choices: Choices) -> tuple[Container, ...]:
    return tuple(each for each in project.containers if each.service in choices.services)


def _few(shown: list[str]) -> str:
    unique = list(dict.fromkeys(shown))
    more = f"; and {len(unique) - MOST} more" if len(unique) > MOST else ""
    return "; ".join(unique[:MOST]) + more
