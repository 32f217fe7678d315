"""What is proposed for a host, in place of answers that are open or fail there."""

import re
from collections.abc import Sequence
from dataclasses import replace

from wizard.answers import subprefixes
from wizard.answers.checks import check_inwards, check_mode, check_prefix, check_proxy
from wizard.answers.choices import Choices, Mode, Placement, Proxy
from wizard.answers.names import check_bridge, check_network_name, first_free, sorted_first
from wizard.answers.projects import project_if_any, reads_override, written_over_by
from wizard.answers.ticking import first_tick
from wizard.compose.services import Service
from wizard.host.host import ComposeProject, Host, Unknown
from wizard.host.ipv6_already import networks_with_ipv6
from wizard.host.own_objects import in_the_way, without_ours
from wizard.ndp.upstream import UpstreamCase

_LONGEST = 64
"""Characters of a project's name in that of its network."""


def defaults(host: Host) -> Choices:
    """Return what is proposed for this host: a random prefix, and a project where there is one."""
    projects = [each for each in host.choosable_projects if not in_the_way(host, each.name)]
    projects = projects or list(host.choosable_projects)
    project = next((each for each in projects if each.name == "mastodon"), None) or next(
        iter(projects), None
    )
    host = without_ours(host, project.name if project else "")
    known = host.interfaces
    interfaces = () if isinstance(known, Unknown) else known
    choices = Choices(
        prefix=Choices.mode.addresses.propose(host), bridge=first_free("br-ipv6", interfaces, "-")
    )
    return choose_project(choices, project, host) if project else choices


def resume(saved: Choices, host: Host) -> Choices:
    """Return the answers of an earlier sitting, each replaced by a proposal where it fails now.

    While every project is set up they are left alone: names and prefix are taken by what the run
    made, and they are free again once it is taken back.
    """
    if in_the_way(host, None):
        return saved
    if _are_used(saved, host):
        return replace(defaults(host), target=saved.target, unproven=saved.unproven)
    host = without_ours(host, saved.project)
    proposed = defaults(host)
    project = project_if_any(host, saved)
    if project is None:
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
    if saved.prefix and check_prefix(str(saved.prefix), host, chosen.mode) is None:
        chosen = replace(chosen, prefix=saved.prefix)
    kept = tuple(each for each in saved.fixed if each in chosen.services)
    chosen = replace(chosen, fixed=kept, follow=saved.follow)
    with_filter = replace(chosen, inwards=saved.inwards)
    chosen = with_filter if check_inwards(with_filter, host) is None else chosen
    with_proxy = replace(chosen, proxy=saved.proxy)
    return with_proxy if check_proxy(with_proxy, host) is None else chosen


def _are_used(saved: Choices, host: Host) -> bool:
    """Return whether the answers' project is set up, and another is free, which they are not of."""
    return bool(in_the_way(host, saved.project)) and not in_the_way(host, None)


def answers_any(saved: Choices, host: Host) -> bool:
    """Return whether these answers answer any of the questions that the screens ask now."""
    asked = replace(saved, target=Choices.target, window=Choices.window) != Choices()
    return asked and not _are_used(saved, host)


def names_proxy(saved: Choices) -> bool:
    """Return whether these answers say who answers for neighbours, rather than leave it open."""
    return saved.proxy is not Choices.proxy


def choose_mode(choices: Choices, mode: Mode, host: Host) -> Choices:
    """Return the choices with another mode, and a prefix that fits it."""
    if choices.mode is mode and choices.prefix is not None:
        return choices
    return replace(choices, mode=mode, prefix=mode.addresses.propose(host))


def choose_project(choices: Choices, project: ComposeProject, host: Host) -> Choices:
    """Return the choices with another project, and what is proposed for that project."""
    host = without_ours(host, project.name)
    known = host.networks
    names = () if isinstance(known, Unknown) else [each.name for each in known]
    base = re.sub(r"[^a-zA-Z0-9_.-]", "", project.name).lstrip("_.-")[:_LONGEST] or "compose"
    return replace(
        choices,
        network=first_free(
            sorted_first(f"{base}_ipv6", networks_with_ipv6(host, project)), names, "_"
        ),
        project=project.name,
        services=(),
        file=project.files[0] if project.files else None,
        placement=(
            Placement.OVERRIDE
            if written_over_by(project) and reads_override(project)
            else Placement.IN_PLACE
        ),
    )


def tick(choices: Choices, services: Sequence[Service], host: Host | None = None) -> Choices:
    """Return the choices with those services ticked that need the internet.

    On a host that is known, those are left out that reach the IPv6 internet already, and stores
    that were seen to reach outside are not.
    """
    project = None if host is None else project_if_any(host, choices)
    ticked = tuple(each.name for each in services if first_tick(each, host, project))
    return replace(choices, services=ticked)


def untick_unknown(choices: Choices, services: Sequence[Service]) -> Choices:
    """Return the choices without the services that are not there, or cannot be attached."""
    attachable = {each.name for each in services if each.attachable}
    kept = tuple(name for name in choices.services if name in attachable)
    return replace(choices, services=kept)


def proxy_for(case: UpstreamCase, choices: Choices, host: Host) -> Proxy:
    """Return the neighbour proxy that fits what the upstream router was seen to do.

    Where nothing was seen it is the service all the same: a proxy that nobody asks does no harm,
    and without one a router that asks finds nobody.
    """
    askable = choices.prefix is not None and subprefixes.is_on_link(choices.prefix, host)
    return Proxy.NONE if case is UpstreamCase.ROUTED or not askable else Proxy.SERVICE
