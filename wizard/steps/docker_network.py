"""The Docker network that gives containers their IPv6 addresses."""

import re
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from wizard.compose.declaration import NETWORK_LABEL as COMPOSE_NETWORK
from wizard.compose.declaration import PROJECT_LABEL, declaration
from wizard.compose.naming import names_network
from wizard.compose.whereabouts import moved
from wizard.compose.yaml_source import Content
from wizard.host import bridge_options
from wizard.platform.errors import StepFailed
from wizard.platform.system import System
from wizard.platform.text import clean_line
from wizard.steps import removed_docker
from wizard.steps.actions import Run, difference
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before
from wizard.steps.comparing import Comparison, Decisions, Found, Treatment, left_of, treatments
from wizard.steps.kernel_parameters import forwarding_in, forwarding_now
from wizard.steps.networks import LABEL, Member, inspect, ipv6_networks, made_by_wizard, members
from wizard.steps.objects import Object
from wizard.steps.others import Other
from wizard.steps.parts import Condition, Part
from wizard.steps.sysctl import Sysctl


@dataclass(frozen=True, kw_only=True)
class DockerNetworkBefore(Before):
    """What Docker changes besides where it does the forwarding; None where it does not."""

    forwarding: tuple[tuple[str, str], ...] | None = None
    """Whether each interface forwarded, by the name of its parameter."""
    policy: str | None = None
    """Of the FORWARD chain; empty where there was no such chain."""


@dataclass(frozen=True)
class DockerNetwork(StepOf[DockerNetworkBefore]):
    """Create an attachable bridge network with both families and a fixed bridge name."""

    kind: ClassVar[str] = "docker-network"
    before_kind: ClassVar[type[Before]] = DockerNetworkBefore

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
    gateway: str = ""
    """The bridge's own IPv6 address; empty where Docker may choose."""
    ip_range: str = ""
    """From which Docker hands out IPv6 addresses; empty where that is the whole subnet."""
    ipv4: bool = True
    """Whether it has IPv4 as well (Docker 28 makes networks that have not)."""
    compose_key: str = ""
    """Its key in the Compose file by which Compose makes it; empty where Compose does not."""

    @property
    def title(self) -> str:
        """What it does."""
        return f"Create the Docker network {clean_line(self.network)} with {self.ipv6_subnet}"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        reason = (
            "The network that Compose made has IPv4 alone, and Docker cannot add IPv6 to a network "
            "that exists. A second one beside it does not disturb the first. Its bridge has a name "
            "of its own, so that rules still fit when it is made anew."
        )
        if not self.ipv4:
            reason += (
                " It has IPv6 alone, so everything over IPv4 continues through the networks that "
                "are there."
            )
        if self.compose_key:
            reason += (
                " The Compose file will say the same, and Compose takes this one for its own: it "
                "makes it again whenever it is not there."
            )
        return reason

    def actions(self) -> tuple[Run]:
        """One command."""
        options, labels = self._all_options.items(), self._labels.items()
        return (
            Run(
                (
                    *("docker", "network", "create", "--driver", "bridge"),
                    *("--attachable", *(() if self.ipv4 else ("--ipv4=false",)), "--ipv6"),
                    *(("--subnet", self.ipv4_subnet) if self.ipv4_subnet else ()),
                    *("--subnet", self.ipv6_subnet),
                    *(("--gateway", self.gateway) if self.gateway else ()),
                    *(("--ip-range", self.ip_range) if self.ip_range else ()),
                    *(word for key, value in options for word in ("--opt", f"{key}={value}")),
                    *(word for key, value in labels for word in ("--label", f"{key}={value}")),
                    self.network,
                )
            ),
        )

    @property
    def _all_options(self) -> dict[str, str]:
        return {bridge_options.NAME: self.bridge, **dict(self.options)}

    @property
    def _labels(self) -> dict[str, str]:
        labels = {LABEL: self.ipv6_subnet}
        if self.compose_key:
            labels |= {PROJECT_LABEL: self.project, COMPOSE_NETWORK: self.compose_key}
        return labels

    def declaration(self) -> dict[str, Content]:
        """Return what stands in a Compose file that makes the very same network."""
        ipv4 = [{"subnet": self.ipv4_subnet}] if self.ipv4_subnet else []
        ipv6 = {"subnet": self.ipv6_subnet, "gateway": self.gateway, "ip_range": self.ip_range}
        return declaration(
            self.network,
            ipv4=self.ipv4,
            pools=[*ipv4, {key: value for key, value in ipv6.items() if value}],
            options=self._all_options,
            labels={LABEL: self.ipv6_subnet},
        )

    def obstacle(self, system: System) -> str | None:
        """The name must be free."""
        if inspect(system, self.network) is not None:
            return f"A Docker network called {clean_line(self.network)} exists by now."
        return super().obstacle(system)

    def check(self, system: System) -> str | None:
        """Ask Docker for it."""
        found = inspect(system, self.network)
        if found is None:
            return f"The Docker network {clean_line(self.network)} is not there."
        if not self._is_ours(found) or not found.get("EnableIPv6"):
            return f"The Docker network {clean_line(self.network)} is not as it was created."
        return None

    def objects(self) -> tuple[Object, ...]:
        """The network, as the command makes it."""
        (create,) = self.actions()
        return (Object("network", self.network, create.line),)

    def parts(
        self,
        system: System,
        before: DockerNetworkBefore,
        known: Mapping[str, Sequence[str]] | None = None,
    ) -> tuple[Part, ...]:
        """Compare it; one that somebody made is not replaced while others' containers are on it."""
        (part,) = super().parts(system, before, known)
        if part.condition is not Condition.CHANGED:
            return (part,)
        guests = ", ".join(
            clean_line(each.name) for each in self._guests(members(system, self.network))
        )
        if not guests:
            return (part,)
        words = f"{part.words} It is left as it is while these containers are on it: {guests}."
        return (replace(part, words=words, wanted=None),)

    def undo_lines(self, before: DockerNetworkBefore) -> tuple[str, ...]:
        """One command."""
        return (Run(("docker", "network", "rm", self.network)).line,)

    def compare(
        self, system: System, before: DockerNetworkBefore, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare the network with what was created, and look who stands on it."""
        found = inspect(system, self.network)
        shown, with_it = clean_line(self.network), (self.bridge,)
        if found is None:
            words = f"The Docker network {shown} is not there any more."
            return (Found(self.network, Comparison.GONE, words, goes_with_it=with_it),)
        needed = self._needed(system, gone_by_then)
        if self._is_ours(found):
            return (Found(self.network, needed=needed, goes_with_it=with_it),)
        now = _described(found)
        return (
            Found(
                self.network,
                Comparison.CHANGED,
                f"The Docker network {shown} has been made anew by somebody.",
                needed,
                changed=difference(shown, self._description(), now),
                back=difference(shown, now, None),
                goes_with_it=with_it,
            ),
        )

    def _needed(self, system: System, gone_by_then: Container[str]) -> str:
        """Return who keeps it from being removed, and what to do about that, in sentences."""
        shown, needed = clean_line(self.network), []
        naming = self._named_in(system, gone_by_then)
        if naming:
            needed.append(
                f"The Docker network {shown} stays, because {clean_line(naming[0])} still names "
                "it and Compose would not start without it. Take it out of the file, run Compose's "
                "up -d, and then wizard --undo again."
            )
        guests = self._guests(members(system, self.network))
        if guests:
            leave = "; ".join(
                Run(("docker", "network", "disconnect", self.network, each.name)).line
                for each in guests
            )
            needed.append(
                f"The Docker network {shown} stays, because these containers are on it: "
                f"{', '.join(clean_line(each.name) for each in guests)}. When they have no use for "
                f"it any more, let them leave it, and continue: {clean_line(leave)}; wizard --undo"
            )
        return " ".join(needed)

    def take_back(
        self,
        system: System,
        before: DockerNetworkBefore,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Remove it, unless it is not ours any more or something stands on it."""
        (network,) = found
        treatment = treatments(found, decisions)[self.network]
        again = treatment is Treatment.OURS
        left = left_of(found, found, decisions)
        # It goes as soon as nothing stands on it; until then our containers leave it already.
        waits = left == (network.needed,)
        ours: list[Member] = []
        if network.comparison is not Comparison.GONE:
            # One that is made again at once does not have to leave the files.
            needed = self._needed(system, self.files) if again else ""
            if needed:
                return (f"{network.words} {needed}",)
            ours = [each for each in members(system, self.network) if self._is_meant(each)]
            if treatment is Treatment.LEAVE and not waits:
                return left
            if not (waits and self._named_in(system)):
                for member in ours:
                    leave = ("docker", "network", "disconnect", self.network, member.name)
                    run(system, Run(leave), report)
            if waits:
                return left
            run(system, Run(("docker", "network", "rm", self.network)), report)
        elif not again and removed_docker.left_bridge(system, self.bridge):
            # What filters it stays as long as it is there.
            run(system, Run(("ip", "link", "delete", "dev", self.bridge)), report)
        if again:
            self.apply(system, report)
            for member in ours:
                words = ("docker", "network", "connect", "--alias", member.service)
                run(system, Run((*words, self.network, member.name)), report)
            return left
        self._stop_forwarding(system, before, report)
        return ()

    def _guests(self, members_now: Sequence[Member]) -> list[Member]:
        return [each for each in members_now if not self._is_meant(each)]

    def _description(self) -> str:
        subnets = [each for each in (self.ipv4_subnet, self.ipv6_subnet) if each]
        ranges = [self.ip_range] if self.ip_range else []
        return _lines("bridge", True, True, subnets, ranges, self._all_options, self._labels)

    def _stop_forwarding(self, system: System, before: DockerNetworkBefore, report: Report) -> None:
        """Put back what Docker switched on when it made the first IPv6 network, and leaves on."""
        if not self.engine_forwards or ipv6_networks(system):
            return
        if before.forwarding is None:
            raise StepFailed("The record does not say which interfaces forwarded IPv6 before.")
        for key, value in before.forwarding:
            if forwarding_now(system).get(key) not in (None, value):
                run(system, Run(("sysctl", "--write", f"{key}={value}")), report)
        if before.policy and _forward_policy(system) not in ("", before.policy):
            command = ("ip6tables", "--wait", "10", "-P", "FORWARD", before.policy)
            run(system, Run(command), report)

    def capture(self, system: System) -> DockerNetworkBefore:
        """Add what Docker will change besides, where it does the forwarding."""
        if not self.engine_forwards:
            return DockerNetworkBefore(files=self.our_files.capture(system))
        return DockerNetworkBefore(
            files=self.our_files.capture(system),
            forwarding=forwarding_in(forwarding_now(system)),
            policy=_forward_policy(system),
        )

    def found_first(
        self, before: DockerNetworkBefore, others: Sequence[Other]
    ) -> DockerNetworkBefore:
        """Take what others found of what Docker changes when it makes the first such network.

        Of a set-up for a Docker that does not, the kernel parameters have it.
        """
        if before.forwarding is None:
            return before
        for each in others:
            if isinstance(each.step, DockerNetwork) and each.before.forwarding is not None:
                first: DockerNetworkBefore = each.before
                return replace(before, forwarding=first.forwarding, policy=first.policy)
        for each in others:
            if isinstance(each.step, Sysctl) and (found := forwarding_in(dict(each.before.live))):
                return replace(before, forwarding=found)
        return before

    def goes_back_to(
        self, before: DockerNetworkBefore, others: Sequence[Other]
    ) -> DockerNetworkBefore:
        """Leave forwarding on where kernel parameters of others have it so."""
        theirs = any(isinstance(each.step, Sysctl) and each.step.forwards for each in others)
        kept = theirs and before.forwarding is not None
        return replace(before, forwarding=()) if kept else before

    def _named_in(self, system: System, gone_by_then: Container[str] = ()) -> list[str]:
        """Return the Compose files that name it outside a comment, as far as they can be read."""
        naming = []
        for path in self.files:
            with suppress(OSError):
                file = None if path in gone_by_then else system.read(path)
                if file is not None and names_network(file.text, self.network):
                    naming.append(path)
                if file is None and path not in gone_by_then:
                    # Of a project whose folder has another name now.
                    naming += moved(system, path, self.network)
        return [path for path in dict.fromkeys(naming) if path not in gone_by_then]

    def _is_meant(self, member: Member) -> bool:
        return member.project == self.project and member.service in self.services

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return made_by_wizard(found) and found["Labels"][LABEL] == self.ipv6_subnet


def _described(found: dict[str, Any]) -> str:
    configured = (found.get("IPAM") or {}).get("Config") or []
    return _lines(
        str(found.get("Driver")),
        bool(found.get("Attachable")),
        bool(found.get("EnableIPv6")),
        [str(each.get("Subnet")) for each in configured],
        [str(each["IPRange"]) for each in configured if each.get("IPRange")],
        found.get("Options") or {},
        found.get("Labels") or {},
    )


def _lines(
    driver: str,
    attachable: bool,
    ipv6: bool,
    subnets: Sequence[str],
    ranges: Sequence[str],
    options: Mapping[str, str],
    labels: Mapping[str, str],
) -> str:
    """Return what a network is made of, line by line, so that two can be compared."""
    lines = [f"driver {driver}", f"attachable {attachable}", f"IPv6 {ipv6}"]
    lines += [f"subnet {subnet}" for subnet in sorted(subnets)]
    lines += [f"range {each}" for each in sorted(ranges)]
    lines += [f"option {key}={value}" for key, value in sorted(options.items())]
    # Compose's own differ with its release.
    lines += [
        f"label {key}={value}"
        for key, value in sorted(labels.items())
        if not key.startswith("com.docker.compose.")
    ]
    return "".join(f"{line}\n" for line in lines)


def _forward_policy(system: System) -> str:
    said = system.run(("ip6tables", "--wait", "10", "-S", "FORWARD")).output
    found = re.search(r"^-P FORWARD (\w+)$", said, re.MULTILINE)
    return found[1] if found else ""
