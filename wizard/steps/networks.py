"""What Docker says of its networks, and of who is on them."""

from dataclasses import dataclass
from typing import Any

from wizard.platform import foreign_json
from wizard.platform.errors import StepFailed
from wizard.platform.own_names import NETWORK_LABEL
from wizard.platform.system import NOT_THERE, System
from wizard.platform.text import clean_line
from wizard.steps import removed_docker

LABEL = NETWORK_LABEL


def made_by_wizard(found: dict[str, Any]) -> bool:
    """Return whether a network is as the wizard makes one: the label names the prefix it has.

    The label alone says nothing, for anybody can give it to a network with another prefix.
    """
    pools = (found.get("IPAM") or {}).get("Config") or []
    return (found.get("Labels") or {}).get(LABEL) in [pool.get("Subnet", "") for pool in pools]


@dataclass(frozen=True)
class Member:
    """A container on a network, running or not; project and service are empty without Compose."""

    identifier: str
    name: str
    project: str
    service: str


def members(system: System, network: str) -> tuple[Member, ...]:
    """Return the containers on a network, stopped ones too.

    Raises:
        StepFailed: Docker did not answer.
    """
    labels = [f'{{{{.Label "com.docker.compose.{key}"}}}}' for key in ("project", "service")]
    row = "\t".join(("{{.ID}}", "{{.Names}}", *labels))
    result = system.run(
        ("docker", "ps", "--all", "--no-trunc", "--filter", f"network={network}", "--format", row)
    )
    if result.status != 0:
        if result.status == NOT_THERE and removed_docker.is_gone(system):
            return ()
        raise StepFailed(f"Docker did not say who is on {clean_line(network)}: {result.output}")
    return tuple(
        Member(*line.split("\t")) for line in result.output.splitlines() if line.count("\t") == 3
    )


def inspect(system: System, network: str) -> dict[str, Any] | None:
    """Return what Docker says of a network, or None where there is none of that name.

    Raises:
        StepFailed: Docker did not answer.
    """
    result = system.run(("docker", "network", "inspect", "--format", "{{json .}}", network))
    if result.status != 0:
        if "no such network" in result.output.lower() or "not found" in result.output.lower():
            return None
        if result.status == NOT_THERE and removed_docker.is_gone(system):
            return None
        if "is ambiguous" in result.output:
            raise StepFailed(_several(system, network))
        said = " ".join(result.output.split())
        raise StepFailed(f"Docker did not say what {clean_line(network)} is: {said}")
    try:
        found = foreign_json.table(result.output.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise StepFailed(f"Docker's answer on {clean_line(network)} is not understood.") from error
    # A beginning of an identifier finds a network as well as a name does.
    return found if found.get("Name") == network else None


def _several(system: System, network: str) -> str:
    """Say what to do where networks have the same name, as Docker before 25 lets them have."""
    row = f'{{{{.ID}}}}\t{{{{.Name}}}}\t{{{{.Label "{LABEL}"}}}}'
    listed = system.run(("docker", "network", "ls", "--no-trunc", "--format", row)).output
    named = [line.split("\t") for line in listed.splitlines() if line.count("\t") == 2]
    theirs = [identifier for identifier, name, ours in named if name == network and not ours]
    shown = clean_line(network)
    return (
        f"Several Docker networks are called {shown}, and Docker does not tell them apart. When "
        "nothing needs those that are not the wizard's any more, remove them, and go on: docker "
        f"network rm {clean_line(' '.join(theirs))}"
    )


def ipv6_networks(system: System) -> set[str]:
    """Return the names of the Docker networks that use IPv6.

    Raises:
        StepFailed: Docker does not say.
    """
    result = system.run(("docker", "network", "ls", "--format", "{{.IPv6}} {{.Name}}"))
    if result.status != 0:
        if result.status == NOT_THERE and removed_docker.is_gone(system):
            return set()
        raise StepFailed(
            "Docker did not say which of its networks use IPv6, so forwarding was left as it is: "
            f"{result.output.strip()}"
        )
    return {
        line.removeprefix("true ")
        for line in result.output.splitlines()
        if line.startswith("true ")
    }
