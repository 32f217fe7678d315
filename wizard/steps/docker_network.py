"""The Docker network that gives containers their IPv6 addresses."""

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from wizard.errors import StepFailed
from wizard.steps.actions import Action, Run
from wizard.steps.base import Before, Report, Step, run
from wizard.steps.compose_file import names_network
from wizard.steps.sysctl import forwarding_now, ipv6_networks
from wizard.system import System
from wizard.text import clean_line

LABEL = "docker-ipv6-wizard"


@dataclass(frozen=True)
class DockerNetwork(Step):
    """Create an attachable bridge network with both families and a fixed bridge name."""

    kind: ClassVar[str] = "docker-network"

    network: str
    bridge: str
    ipv4_subnet: str
    """Empty where Docker is to take one from the administrator's own pools."""
    ipv6_subnet: str
    project: str
    services: tuple[str, ...]
    """Whose containers are meant to be on it; they do not keep it from being removed."""
    options: tuple[tuple[str, str], ...] = ()
    """Further options of the bridge driver."""
    engine_forwards: bool = False
    """Whether Docker switches forwarding on for it, and closes the FORWARD chain meanwhile."""
    files: tuple[str, ...] = ()
    """The Compose files that may name it; while one does, it is not removed."""

    @property
    def title(self) -> str:
        """What it does."""
        return f"Create the Docker network {clean_line(self.network)} with {self.ipv6_subnet}"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return (
            "The network that Compose made has IPv4 alone, and Docker cannot add IPv6 to a network "
            "that exists. A second one beside it does not disturb the first. Its bridge has a name "
            "of its own, so that rules still fit when it is made anew."
        )

    def actions(self) -> tuple[Action, ...]:
        """One command."""
        options = (("com.docker.network.bridge.name", self.bridge), *self.options)
        return (
            Run(
                (
                    *("docker", "network", "create", "--driver", "bridge"),
                    *("--attachable", "--ipv6"),
                    *(("--subnet", self.ipv4_subnet) if self.ipv4_subnet else ()),
                    *("--subnet", self.ipv6_subnet),
                    *(word for key, value in options for word in ("--opt", f"{key}={value}")),
                    *("--label", f"{LABEL}={self.ipv6_subnet}"),
                    self.network,
                )
            ),
        )

    def obstacle(self, system: System) -> str | None:
        """The name must be free."""
        if inspect(system, self.network) is not None:
            return f"A Docker network called {clean_line(self.network)} exists by now."
        return super().obstacle(system)

    def check(self, system: System) -> str | None:
        """Ask the engine for it."""
        found = inspect(system, self.network)
        if found is None:
            return f"The Docker network {clean_line(self.network)} is not there."
        if not self._is_ours(found) or not found.get("EnableIPv6"):
            return f"The Docker network {clean_line(self.network)} is not as it was created."
        return None

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """One command."""
        return (Run(("docker", "network", "rm", self.network)).line,)

    def undo(self, system: System, before: Before, report: Report) -> tuple[str, ...]:
        """Remove it, unless it is not ours any more or somebody's container is on it."""
        found = inspect(system, self.network)
        shown = clean_line(self.network)
        if found is None:
            # An undo that was cut short may have removed it, and no more than that.
            self._stop_forwarding(system, before, report)
            return ()
        if not self._is_ours(found):
            return (f"The Docker network {shown} has been made anew by somebody, so it was kept.",)
        naming = [path for path in self.files if self._is_named_in(system, path)]
        members_now = members(system, self.network)
        guests = [each for each in members_now if not self._is_meant(each)]
        kept = []
        if naming:
            kept.append(
                f"The Docker network {shown} was kept, because {clean_line(naming[0])} still names "
                "it and Compose would not start without it. Take it out of the file, run Compose's "
                "up -d, and then wizard --undo again."
            )
        else:
            for member in members_now:
                if self._is_meant(member):
                    leave = ("docker", "network", "disconnect", self.network, member.name)
                    run(system, Run(leave), report)
        if guests:
            kept.append(
                f"The Docker network {shown} was kept, because these containers are on it: "
                f"{', '.join(clean_line(each.name) for each in guests)}. When they have left it, "
                f"remove it with: {self.undo_lines(before)[0]}"
            )
        if kept:
            return tuple(kept)
        run(system, Run(("docker", "network", "rm", self.network)), report)
        self._stop_forwarding(system, before, report)
        return ()

    def _stop_forwarding(self, system: System, before: Before, report: Report) -> None:
        """Put back what Docker switched on when it made the first IPv6 network, and leaves on."""
        if not self.engine_forwards or ipv6_networks(system):
            return
        for key, value in before.get("forwarding", []):
            if forwarding_now(system).get(key) not in (None, value):
                run(system, Run(("sysctl", "--write", f"{key}={value}")), report)
        policy = before.get("policy")
        if policy and _forward_policy(system) not in ("", policy):
            run(system, Run(("ip6tables", "--wait", "10", "-P", "FORWARD", policy)), report)

    def capture(self, system: System) -> dict[str, Any]:
        """Add what Docker will change besides, where it does the forwarding."""
        if not self.engine_forwards:
            return super().capture(system)
        forwarding = [[key, value] for key, value in forwarding_now(system).items()]
        # all.forwarding sets every interface, so it is put back before the others.
        forwarding.sort(key=lambda each: ".all." not in each[0])
        return super().capture(system) | {
            "forwarding": forwarding,
            "policy": _forward_policy(system),
        }

    def _is_named_in(self, system: System, path: str) -> bool:
        """Whether a Compose file names the network outside a comment, as far as it can be read."""
        try:
            file = system.read(path)
        except OSError:
            return False
        return file is not None and names_network(file.text, self.network)

    def _is_meant(self, member: "Member") -> bool:
        return member.project == self.project and member.service in self.services

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return (found.get("Labels") or {}).get(LABEL) == self.ipv6_subnet


def _forward_policy(system: System) -> str:
    said = system.run(("ip6tables", "--wait", "10", "-S", "FORWARD")).output
    found = re.search(r"^-P FORWARD (\w+)$", said, re.MULTILINE)
    return found[1] if found else ""


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
        StepFailed: the engine did not answer.
    """
    labels = [f'{{{{.Label "com.docker.compose.{key}"}}}}' for key in ("project", "service")]
    row = "\t".join(("{{.ID}}", "{{.Names}}", *labels))
    result = system.run(
        ("docker", "ps", "--all", "--no-trunc", "--filter", f"network={network}", "--format", row)
    )
    if result.status != 0:
        raise StepFailed(f"Docker did not say who is on {clean_line(network)}: {result.output}")
    return tuple(
        Member(*line.split("\t")) for line in result.output.splitlines() if line.count("\t") == 3
    )


def inspect(system: System, network: str) -> dict[str, Any] | None:
    """Return what the engine says of a network, or None where there is none of that name.

    Raises:
        StepFailed: the engine did not answer.
    """
    result = system.run(("docker", "network", "inspect", "--format", "{{json .}}", network))
    if result.status != 0:
        if "no such network" in result.output.lower() or "not found" in result.output.lower():
            return None
        said = " ".join(result.output.split())
        raise StepFailed(f"Docker did not say what {clean_line(network)} is: {said}")
    try:
        found: dict[str, Any] = json.loads(result.output.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise StepFailed(f"Docker's answer on {clean_line(network)} is not understood.") from error
    # A beginning of an identifier finds a network as well as a name does.
    return found if found.get("Name") == network else None
