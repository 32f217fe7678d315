"""Running containers join the network without a restart."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import ClassVar

from wizard.platform.system import System
from wizard.platform.text import clean_line
from wizard.steps.actions import Run
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before
from wizard.steps.comparing import Comparison, Decisions, Found, Treatment, treatments
from wizard.steps.networks import inspect, made_by_wizard, members
from wizard.steps.objects import Object, connection


@dataclass(frozen=True)
class Attach(StepOf[Before]):
    """Connect containers that run to the network."""

    kind: ClassVar[str] = "attach"

    network: str
    containers: tuple[tuple[str, str, str], ...]
    """Identifier, name and service of each."""
    addresses: tuple[str, ...] = ()
    """The IPv6 address of each in the same order; empty where Docker may choose."""
    published: tuple[str, ...] = ()
    """The services among them with published ports that Docker moves to the new network."""

    @property
    def title(self) -> str:
        """What it does."""
        count = len(self.containers)
        which = "the running container" if count == 1 else f"the {count} running containers"
        return f"Connect {which} to {clean_line(self.network)}, without a restart"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        reason = (
            "No container stops: each gets one more interface with an IPv6 address, and keeps "
            "those it has."
        )
        if self.published:
            reason += f" {self.interruption} The same happens once more when this is undone."
        return reason

    @property
    def interruption(self) -> str:
        """What becomes of published ports, now as when it is undone; empty where there are none.

        Seen on 26.1.5 and 28.5.2 alike, also where the new network has IPv6 alone.
        """
        if not self.published:
            return ""
        names = clean_line(", ".join(self.published))
        return (
            f"Connections that are open through a published port of {names} end. For about a tenth "
            "of a second nothing answers there, for Docker moves these ports to another network."
        )

    def actions(self) -> tuple[Run, ...]:
        """One command for each container; the alias is the one Compose would give it."""
        addresses = self.addresses or ("",) * len(self.containers)
        return tuple(
            Run(
                (
                    *("docker", "network", "connect", "--alias", service),
                    *(("--ip6", address) if address else ()),
                    *(self.network, name),
                )
            )
            for (_identifier, name, service), address in zip(
                self.containers, addresses, strict=True
            )
        )

    def obstacle(self, system: System) -> str | None:
        """The same containers must still run."""
        names = [name for _identifier, name, _service in self.containers]
        seen = ("--type=container", "--format", "{{.Id}} {{.Name}} {{.State.Running}}")
        # Of all at once, for the docker command takes longer to start than to ask.
        told = system.run(("docker", "inspect", *seen, *names)).output.splitlines()
        for identifier, name, _service in self.containers:
            if f"{identifier} /{name} true" not in told:
                return f"The container {clean_line(name)} is not the one that ran a moment ago."
        return super().obstacle(system)

    def check(self, system: System) -> str | None:
        """Ask Docker who is on the network."""
        joined = {member.identifier for member in members(system, self.network)}
        for identifier, name, _service in self.containers:
            if identifier not in joined:
                return f"The container {clean_line(name)} is not on {clean_line(self.network)}."
        return None

    def objects(self) -> tuple[Object, ...]:
        """The place of each container on the network."""
        return tuple(
            connection(self.network, name, command)
            for (_identifier, name, _service), command in zip(
                self.containers, self.actions(), strict=True
            )
        )

    def capture(self, system: System) -> Before:
        """The files that it writes."""
        return Before(files=self.our_files.capture(system))

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """One command for each container."""
        return tuple(
            Run(("docker", "network", "disconnect", self.network, name)).line
            for _identifier, name, _service in self.containers
        )

    def compare(
        self, system: System, before: Before, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Ask Docker who is still on the network that the wizard made."""
        network = inspect(system, self.network)
        joined: set[str] = set()
        if network is not None and made_by_wizard(network):
            joined = {member.identifier for member in members(system, self.network)}
        return tuple(
            Found(name)
            if identifier in joined
            else Found(
                name,
                Comparison.GONE,
                f"The container {clean_line(name)}, as it was, is not on "
                f"{clean_line(self.network)} any more.",
            )
            for identifier, name, _service in self.containers
        )

    def take_back(
        self,
        system: System,
        before: Before,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Disconnect those that are still on it."""
        for name, treatment in treatments(found, decisions).items():
            if treatment is Treatment.BACK:
                run(system, Run(("docker", "network", "disconnect", self.network, name)), report)
        return ()
