"""The containers that run on this host, as Docker shows them for a verification."""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from wizard.host.parts.projects import ports
from wizard.host.published import Published, parse
from wizard.platform import foreign_json
from wizard.platform.system import System
from wizard.platform.text import clean_line


@dataclass(frozen=True)
class Running:
    """A running container, with what it publishes and its addresses on each network."""

    name: str
    pid: int
    published: tuple[Published, ...]
    addresses: tuple[tuple[str, IPv4Address], ...]
    """The names of its networks, each with the container's IPv4 address there."""
    ipv6: tuple[IPv6Address, ...] = ()


def running(system: System, among: Collection[str] | None = None) -> list[Running]:
    """Return the running containers; none where Docker is silent.

    ``among`` are the identifiers of those that are meant; all are where there is none.
    """
    listed = system.run(("docker", "ps", "--quiet", "--no-trunc"))
    every = listed.output.split() if listed.status == 0 else []
    identifiers = [each for each in every if among is None or each in among]
    if not identifiers:
        return []
    form = (
        '{"Name":{{json .Name}},"Pid":{{json .State.Pid}},'
        '"Networks":{{json .NetworkSettings.Networks}},'
        '"Ports":{{json .NetworkSettings.Ports}}}'
    )
    shown = system.run(("docker", "inspect", "--format", form, *identifiers))
    found = []
    for line in shown.output.splitlines():
        if not line.startswith("{"):
            continue  # It is the complaint that a container has ended since.
        try:
            found.append(_container(foreign_json.table(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def _container(entry: dict[str, dict[str, dict[str, str]]]) -> Running:
    texts = ports({"NetworkSettings": {"Ports": entry["Ports"]}})
    addresses, ipv6 = [], []
    for network, endpoint in (entry["Networks"] or {}).items():
        if endpoint.get("IPAddress"):
            addresses.append((str(network), IPv4Address(endpoint["IPAddress"])))
        if endpoint.get("GlobalIPv6Address"):
            ipv6.append(IPv6Address(endpoint["GlobalIPv6Address"]))
    return Running(
        clean_line(str(entry["Name"])).lstrip("/"),
        int(str(entry["Pid"])),
        tuple(each for text in texts for each in parse(text)),
        tuple(addresses),
        tuple(ipv6),
    )
