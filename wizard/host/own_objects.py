"""What the wizard itself has made on a host, told by the label that its networks carry."""

from dataclasses import replace

from wizard.host.host import DockerNetwork, Earlier, Host, Unknown
from wizard.platform.own_names import NETWORK_LABEL

_OVER = ("rolled back", "undone")
"""The states of a run of which nothing is left; see :class:`wizard.record.record.State`."""


def is_ours(network: DockerNetwork) -> bool:
    """Return whether a network was made by the wizard: the label names the prefix that it has."""
    return dict(network.labels).get(NETWORK_LABEL, "") in [str(each) for each in network.subnets]


def without_ours(host: Host) -> Host:
    """Return the host as it would be without the run that is in force; itself where none is.

    The names and prefixes of that run are free for the answers that it was made from.
    """
    if (
        not isinstance(host.earlier, Earlier)
        or host.earlier.state in _OVER
        or isinstance(host.networks, Unknown)
    ):
        return host
    ours = [network for network in host.networks if is_ours(network)]
    subnets = {subnet for network in ours for subnet in network.subnets}
    bridges = {network.bridge for network in ours}
    in_use, interfaces = host.prefixes_in_use, host.interfaces
    return replace(
        host,
        networks=tuple(network for network in host.networks if network not in ours),
        prefixes_in_use=in_use
        if isinstance(in_use, Unknown)
        else tuple(prefix for prefix in in_use if prefix not in subnets),
        interfaces=interfaces
        if isinstance(interfaces, Unknown)
        else tuple(name for name in interfaces if name not in bridges),
    )
