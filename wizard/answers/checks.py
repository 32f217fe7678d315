"""Checks of the answers against a host, each of which answers in sentences."""

from ipaddress import IPv6Network

from wizard.answers import prefixes, subprefixes
from wizard.answers.choices import Choices, Inwards, Mode, Proxy
from wizard.answers.names import check_bridge, check_gateway, check_network_name
from wizard.answers.projects import check_services
from wizard.host import filtering
from wizard.host.host import Host, Unknown
from wizard.host.own_objects import without_ours
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

NDPPD_RELEASES = (12, 13)
"""The releases of Debian that have the package ndppd."""


def check(choices: Choices, host: Host) -> tuple[str, ...]:
    """Return every sentence that stands between these choices and a plan."""
    host = without_ours(host, choices.project)
    sentences: list[str | None] = [check_mode(choices.mode, host)]
    sentences.append(check_prefix(str(choices.prefix or ""), host, choices.mode))
    sentences.append(check_network_name(choices.network, host))
    sentences.append(check_bridge(choices.bridge, host))
    sentences.append(check_services(choices, host))
    sentences.append(check_gateway(choices, host))
    sentences.append(check_fixed(choices))
    sentences += [check_proxy(choices, host), check_inwards(choices, host)]
    return tuple(sentence for sentence in sentences if sentence)


def check_mode(mode: Mode, host: Host) -> str | None:
    """Return a sentence that says why the mode cannot be had on this host, or None."""
    return mode.addresses.why_none(host)


def check_prefix(text: str, host: Host, mode: Mode = Choices.mode) -> str | None:
    """Return a sentence that says why the prefix in ``text`` cannot be used, or None."""
    try:
        usable_prefix(text, host, mode)
    except Refused as refused:
        return str(refused)
    return None


def usable_prefix(text: str, host: Host, mode: Mode = Choices.mode) -> IPv6Network:
    """Return the prefix in ``text``.

    Raises:
        Refused: it is none, or cannot be used in the mode.
    """
    if not text.strip():
        nothing = mode.addresses.why_nothing_proposed(host)
        if nothing:
            raise Refused(nothing)
    prefix = prefixes.parse_prefix(text)
    obstacle = mode.addresses.obstacle(prefix, host)
    if obstacle:
        raise Refused(obstacle)
    return prefix


def check_proxy(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why the neighbour proxy cannot be had, or None."""
    if not choices.mode.addresses.public or choices.proxy is Proxy.NONE:
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


def check_inwards(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why the packet filter cannot be so, or None."""
    if not choices.mode.addresses.public or choices.inwards is Inwards.PUBLISHED:
        return None
    found = filtering.of_routed(host)
    if found.by_engine:
        return (
            f"{found.reason} Choose published ports, and publish in the Compose file what should "
            "be reached."
        )
    return None


def check_fixed(choices: Choices) -> str | None:
    """Return a sentence that says why a service cannot have a fixed address, or None."""
    if not choices.mode.addresses.public:
        return None
    for service in choices.fixed:
        if service not in choices.services:
            return (
                f"{clean_line(service)} is to have a fixed address, but is not among the services "
                "that get IPv6. Tick it, or leave it out of those with a fixed address."
            )
    return None
