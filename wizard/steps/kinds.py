"""Every kind of step by its name, so that a record can be turned into steps again."""

from collections.abc import Mapping

from wizard.platform.errors import Refused
from wizard.platform.text import clean_line
from wizard.steps.attach import Attach
from wizard.steps.base import Step, StepOf
from wizard.steps.closed_ports import ClosedPorts
from wizard.steps.compose_file import ComposeFile
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.firewalld import Firewalld
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.mend import Mend
from wizard.steps.ndppd import Ndppd
from wizard.steps.neighbour_proxy import NeighbourProxy
from wizard.steps.package import Package
from wizard.steps.sysctl import Sysctl
from wizard.steps.systemd_unit import FilterService, SystemdUnit
from wizard.steps.withdraw import Withdraw

KINDS: Mapping[str, type[Step]] = {
    kind.kind: kind
    for kind in (
        Firewalld,
        Package,
        Ndppd,
        NeighbourProxy,
        Sysctl,
        Ip6tables,
        ClosedPorts,
        SystemdUnit,
        FilterService,
        DockerNetwork,
        ComposeFile,
        Attach,
        Mend,
        Withdraw,
    )
}

SHARED = tuple(name for name, kind in KINDS.items() if kind.among is not StepOf.among)
"""The kinds that several set-ups may need of the same thing."""


def step(kind: str, parameters: Mapping[str, object]) -> Step:
    """Return the step that a record describes.

    Raises:
        Refused: the kind is not known or the parameters do not fit it; the message says where.
    """
    if kind not in KINDS:
        raise Refused(
            "The record holds a step that this wizard does not know: "
            f"{clean_line(kind) or 'one without a kind'}. Use the wizard that wrote the record."
        )
    return KINDS[kind].from_parameters(parameters)


def needs_docker(kind: str) -> bool:
    """Return whether taking back a step of a kind may need Docker; one that is not known may."""
    return kind not in KINDS or KINDS[kind].needs_docker
