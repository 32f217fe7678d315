"""What the wizard itself has made on a host, told by the label that its networks carry."""

from dataclasses import replace

from wizard.host.host import Earlier, ExistingNetwork, Host, Unknown
from wizard.platform.own_names import NETWORK_LABEL
from wizard.record.record import State

_OVER = tuple(str(each) for each in State if not each.in_force)
_OPEN = tuple(str(each) for each in State if each.is_open)
"""The states of a run of which nothing is left, and of one that nothing else can begin beside."""


def is_ours(network: ExistingNetwork) -> bool:
    """Return whether a network was made by the wizard: the label names the prefix that it has."""
    return dict(network.labels).get(NETWORK_LABEL, "") in [str(each) for each in network.subnets]


def without_ours(host: Host, project: str | None) -> Host:
    """Return the host as it would be without the set-up of a project; itself where there is none.

    The names and prefixes of that are free for the answers that it was made from.
    """
    networks = host.networks
    if isinstance(host.earlier, Unknown) or isinstance(networks, Unknown):
        return host
    names = {
        each.network for each in host.earlier if each.state not in _OVER and each.project == project
    }
    ours = [network for network in networks if is_ours(network) and network.name in names]
    subnets = {subnet for network in ours for subnet in network.subnets}
    bridges = {network.bridge for network in ours}
    in_use, interfaces = host.prefixes_in_use, host.interfaces
    return replace(
        host,
        networks=tuple(network for network in networks if network not in ours),
        prefixes_in_use=in_use
        if isinstance(in_use, Unknown)
        else tuple(prefix for prefix in in_use if prefix not in subnets),
        interfaces=interfaces
        if isinstance(interfaces, Unknown)
        else tuple(name for name in interfaces if name not in bridges),
    )


def in_the_way(host: Host, project: str | None) -> tuple[Earlier, ...]:
    """Return the runs that have to be over before a plan for a project can be applied.

    Without a project it is those where no project is left that could be set up.
    """
    if isinstance(host.earlier, Unknown):
        return ()
    standing = [each for each in host.earlier if each.in_the_way]
    open_ones = tuple(each for each in standing if each.state in _OPEN)
    if open_ones or not standing:
        return open_ones
    taken = {each.project for each in standing}
    if project is None and not isinstance(host.projects, Unknown):
        free = [each for each in host.choosable_projects if each.name not in taken]
        return () if free and "" not in taken else tuple(standing)
    return tuple(each for each in standing if each.project in ("", project))
