"""Published ports that Docker forwards past the rules with which this host closes its own ports."""

from collections.abc import Iterable, Iterator, Sequence

from wizard.answers.choices import Choices
from wizard.host import filtering
from wizard.host.host import Container
from wizard.host.known import KnownHost
from wizard.host.published import Published
from wizard.modes import closed_ports
from wizard.modes.closed_ports import PortFate
from wizard.modes.plan_inputs import PlanInputs
from wizard.platform.text import clean_line
from wizard.steps.base import Step


def notices(
    host: KnownHost, choices: Choices, steps: Sequence[Step], inputs: PlanInputs
) -> tuple[str, ...]:
    """Return what these steps open over IPv6, and what stays closed though Docker would open it."""
    ports = closed_ports.fates(host, choices, inputs, steps)

    def of(wanted: PortFate) -> list[tuple[Container, Published]]:
        return [(container, port) for container, port, fate in ports if fate is wanted]

    return (
        *_opening(of(PortFate.OPENS), host),
        *_doubtful(of(PortFate.DOUBTFUL)),
        *_opened(of(PortFate.OPEN)),
        *_closed(of(PortFate.KEPT)),
    )


def _opening(ports: Iterable[tuple[Container, Published]], host: KnownHost) -> Iterator[str]:
    names, bindings = _names(ports)
    why = "Nothing that is set up here keeps them closed."
    if filtering.uses_nftables(host.engine):
        why = (
            "Docker keeps its rules in nftables on this host, where it has no chain in which a "
            "rule could keep them closed."
        )
    if names:
        yield (
            "The whole internet will be able to connect to these published ports over IPv6, which "
            f"this host's own rules (INPUT) close today: {names}. {why} {_closing_one(bindings)}"
        )


def _doubtful(ports: Iterable[tuple[Container, Published]]) -> Iterator[str]:
    names, bindings = _names(ports)
    if names:
        yield (
            "The whole internet will be able to connect to these published ports over IPv6: "
            f"{names}. Whether this host's own rules (INPUT) close them today could not be told "
            "from what ip6tables-save and nft list ruleset print, so they cannot be kept closed. "
            f"{_closing_one(bindings)}"
        )


def _opened(ports: Iterable[tuple[Container, Published]]) -> Iterator[str]:
    names, bindings = _names(ports)
    if names:
        yield (
            f"The whole internet can connect to these published ports over IPv6: {names}. Docker "
            "sends what comes to them on to the containers, and that passes the FORWARD chain: "
            "rules of the INPUT chain, ufw's among them, do not close them any more. "
            f"{_closing_one(bindings)}"
        )


def _closed(ports: Iterable[tuple[Container, Published]]) -> Iterator[str]:
    names, bindings = _names(ports)
    if names:
        yield (
            "These published ports stay closed to the internet over IPv6, as this host's own rules "
            f"(INPUT) close them today: {names}. Docker would let it in, so a rule in its chain "
            "DOCKER-USER keeps it out. To need no such rule, publish them over IPv4 alone in the "
            f"Compose file ({bindings}; 127.0.0.1 in place of 0.0.0.0 for this host alone) and run "
            "Compose's up -d before you continue."
        )


def _closing_one(bindings: str) -> str:
    return (
        "Where one is to stay closed over IPv6, publish it over IPv4 alone in the Compose file "
        f"before you continue ({bindings}; 127.0.0.1 in place of 0.0.0.0 for this host alone) and "
        "run Compose's up -d."
    )


def _names(ports: Iterable[tuple[Container, Published]]) -> tuple[str, str]:
    """Return the ports in words, and the bindings that keep each closed over IPv6."""
    names: dict[str, None] = {}
    bindings: dict[str, None] = {}
    for container, port in ports:
        names[f"{port.of_host} ({clean_line(container.service)})"] = None
        binding = f"0.0.0.0:{port.host_port}:{port.port}"
        bindings[binding if port.protocol == "tcp" else f"{binding}/{port.protocol}"] = None
    return ", ".join(names), ", ".join(f'"{each}"' for each in bindings)
