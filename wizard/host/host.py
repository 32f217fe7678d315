"""What a host is, as the detectors found it: one frozen value that everything else reads."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path

from wizard.host.chain import ForwardChain
from wizard.host.contacts import Connection, Listener, Mention, OutsideHost
from wizard.host.obstacle import Cause


@dataclass(frozen=True)
class Unknown:
    """Something a detector could not find out, and why, in a full sentence."""

    reason: str
    cause: Cause = Cause.NOT_FOUND_OUT
    """Why it stands in the way, where no plan can do without it."""


@dataclass(frozen=True)
class Debian:
    """The release, from os-release(5); ``version`` is the major number of the Debian it is like."""

    name: str
    version: int
    derivative: bool = False


@dataclass(frozen=True)
class Ip6tablesCommand:
    """Which of the two kernels' interfaces the ``ip6tables`` command speaks to."""

    version: str
    legacy: bool
    other_has_rules: bool | None = False
    """Whether the interface that ``ip6tables`` does not speak to holds rules too; None where
    only root may see."""
    other: str = field(default="", repr=False)
    """These rules, as its own program saves them; empty where they were not seen."""
    to_docker: tuple[str, ...] = ()
    """Rules of the nat table that lead to the chain DOCKER, as ip6tables-save prints them."""
    before_docker: str = ""
    """Why FORWARD drops what is forwarded before it leads to Docker's chains, in words; empty
    where it does not. It means something only where Docker has them, from 28 on."""
    has_docker: bool = False
    """Whether these chains are there."""
    beside_filter: str = field(default="", repr=False)
    """Its rules in all tables but filter, as ip6tables-save prints them."""
    imitated: str = ""
    """The rule by which FORWARD leads to a chain of Docker's before 28 beside these chains, as
    ip6tables-save prints it. Docker takes it out when it starts (moby, deleteLegacyTopLevelRules),
    so that something else has made it since."""


@dataclass(frozen=True)
class Engine:
    """Docker Engine, the daemon of this host."""

    version: str
    api_version: str
    manages_ip6tables: bool
    firewall_backend: str = "iptables"
    live_restore: bool = False
    swarm: bool = False
    rootless: bool = False
    own_address_pools: bool = False
    """Whether the administrator told it where to take the subnets of networks from."""
    ip_forward: bool = True
    """Whether it may switch forwarding on (``ip-forward``, dockerd(8))."""
    socket: str | None = None
    """Where it answers; None where that is Docker's default socket."""
    network_defaults: tuple[tuple[str, str], ...] = ()
    """Options that bridge networks have where they name none (``default-network-opts``)."""
    next_firewall_backend: str = ""
    """What its configuration names, which holds from its next start; empty where it names none."""
    unit: str = ""
    """The unit of systemd that runs it, where that is another than docker.service."""

    @property
    def release(self) -> tuple[int, int]:
        """The first two numbers of the version, as in ``(20, 10)``."""
        numbers = [int(part) for part in self.version.split(".")[:2]]
        return numbers[0], numbers[1]


@dataclass(frozen=True)
class ExistingNetwork:
    """A network of Docker, with the containers on it."""

    id: str
    name: str
    driver: str
    bridge: str | None
    internal: bool
    ipv6: bool
    attachable: bool
    subnets: tuple[IPv4Network | IPv6Network, ...]
    labels: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Container:
    """A container of a Compose project. ``pid`` is 0 where it does not run."""

    id: str
    name: str
    service: str
    running: bool
    pid: int
    started_at: str
    networks: tuple[str, ...]
    network_mode: str
    ports: tuple[str, ...] = ()
    """Published and exposed ports, each as ``3000/tcp`` or ``127.0.0.1:3000->3000/tcp``."""
    listeners: tuple[Listener, ...] | None = None
    """Who listens inside on more than the container's own loopback; None where that was not
    seen."""
    proxied: tuple[str, ...] | None = None
    """Those of ``ports`` for which a program of the host, such as docker-proxy, listens over IPv6;
    None where that was not seen."""
    mentions: tuple[Mention, ...] = ()
    """Variables that name a part of the IPv4 subnets that it is on."""
    outside: tuple[OutsideHost, ...] = ()
    """Hosts outside that its variables name."""
    connections: tuple[Connection, ...] | None = None
    """Connections to outside that it opened and holds, or held a minute ago; None where that was
    not seen. What is proposed depends on them, and nothing else does."""


@dataclass(frozen=True)
class ComposeProject:
    """A Compose project, found from the labels on its containers."""

    name: str
    directory: Path
    files: tuple[Path, ...]
    containers: tuple[Container, ...]
    in_git: bool = False
    pointer: str | None = None
    """The name to which the host's own IPv6 address leads back and forth in the DNS; empty where
    there is none, None where nobody asked."""
    doubts: tuple[str, ...] = ()
    """Containers that claim it and are left out, and files of others, each in sentences."""
    named_by: str | None = None
    """Who names its files to Compose at each start, so that Compose looks for no override file; the
    beginning of a sentence, with its verb."""
    variables: tuple[Path, ...] = ()
    """The files of variables that Compose was given, with ``--env-file`` or ``COMPOSE_ENV_FILES``,
    in the place of the folder's ``.env``; none for that one."""

    @property
    def is_there(self) -> bool:
        """Whether any claim to it is believed; if not, there is nothing of it but doubts."""
        return bool(self.containers or self.files)


@dataclass(frozen=True)
class Compose:
    """The two generations of Compose; None where one is not installed."""

    v1: str | None
    v2: str | None
    standalone: bool = False
    """Whether version 2 is there as the program ``docker-compose`` alone, not for ``docker``."""

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """The words that start each generation that is installed, version 2 first."""
        second = ("docker-compose",) if self.standalone else ("docker", "compose")
        words = (second if self.v2 else (), ("docker-compose",) if self.v1 else ())
        return tuple(each for each in words if each)


class Origin(StrEnum):
    """How an address or a route came to the host."""

    STATIC = "static"
    ADVERTISEMENT = "router advertisement"
    DHCPV6 = "DHCPv6"
    KERNEL = "kernel"


@dataclass(frozen=True)
class Address:
    """A global address of an interface with its prefix."""

    interface: IPv6Interface
    origin: Origin
    temporary: bool = False
    deprecated: bool = False


@dataclass(frozen=True)
class Uplink:
    """The interface through which this host reaches the IPv6 internet."""

    interface: str
    gateway: IPv6Address | None
    route_origin: Origin
    addresses: tuple[Address, ...]
    mtu: int = 1500
    routed: tuple[IPv6Network, ...] = ()
    """Global prefixes that no link has: the provider routes them here, as far as can be told."""
    on_link: tuple[IPv6Network, ...] = ()
    """Global prefixes that are its neighbours' by a route alone, and by none of its addresses."""
    heard: tuple[IPv6Network, ...] = ()
    """Those of ``on_link`` whose route nobody configured: a router has said so, some time ago."""
    advertised: "tuple[Advertised, ...]" = ()
    """Every interface that lives by router advertisements, this one or another."""
    beside: tuple[str, ...] = ()
    """Other interfaces over which a default route leads that is no worse than this one's."""

    @property
    def prefixes(self) -> tuple[IPv6Network, ...]:
        """The prefixes on its link, each once: those of its addresses in their order, then others.

        An address by DHCPv6 stands alone, as a /128; what is on the link only a router says.
        """
        of_addresses = (address.interface.network for address in self.addresses)
        return tuple(dict.fromkeys((*of_addresses, *self.on_link)))


class Manager(StrEnum):
    """Who configures the uplink, and so who listens to router advertisements on it."""

    NETWORKD = "systemd-networkd"
    IFUPDOWN = "ifupdown"
    NETWORK_MANAGER = "NetworkManager"
    DHCPCD = "dhcpcd"
    KERNEL = "kernel"

    @property
    def kernel_handles_advertisements(self) -> bool:
        """Whether the kernel, rather than this program, acts on router advertisements."""
        return self in (Manager.IFUPDOWN, Manager.KERNEL)


@dataclass(frozen=True)
class NetworkFile:
    """A file by which an interface is configured."""

    path: str
    writer: str = ""
    """The program that writes it; empty where a person does."""
    instead: str = ""
    """What to do so that a change lasts, as the end of a sentence; empty where a person writes."""
    forwarding_off: int = 0
    """The line by which IPv6 forwarding is switched off whenever it is applied; 0 without one."""
    everywhere: bool = False
    """Whether that line is about every interface, and not about the uplink alone."""
    takes_bridges: bool = False
    """Whether it is about bridges or links to containers that Docker makes, too."""


@dataclass(frozen=True)
class Advertised:
    """An interface with a route or an address that came by router advertisement."""

    interface: str
    manager: Manager


@dataclass(frozen=True)
class Sysctls:
    """The values below net.ipv6.conf that matter here, by interface, ``all`` and ``default``."""

    forwarding: tuple[tuple[str, int], ...]
    accept_ra: tuple[tuple[str, int], ...]
    proxy_ndp: tuple[tuple[str, int], ...]
    disabled: bool = False
    """Whether IPv6 is switched off for the whole host."""
    forwarding_off: tuple[str, int] | None = None
    """File and line, from 1, by which sysctl(8) switches forwarding off when it reads all files."""

    def value(self, name: str, interface: str) -> int | None:
        """Return one value, such as ``value("accept_ra", "eth0")``; None where there is none."""
        table: tuple[tuple[str, int], ...] = getattr(self, name)
        return dict(table).get(interface)

    def kernel_hears(self, interface: str) -> bool | None:
        """Return whether the kernel acts on router advertisements there; None if that is unknown.

        With accept_ra=1 it does so unless it forwards on that interface, with 2 always (Linux,
        Documentation/networking/ip-sysctl.rst).
        """
        accept_ra, forwards = (self.value(name, interface) for name in ("accept_ra", "forwarding"))
        if accept_ra is None or (accept_ra == 1 and forwards is None):
            return None
        return accept_ra >= 2 or (accept_ra == 1 and not forwards)


@dataclass(frozen=True)
class Firewall:
    """Other keepers of the packet filter that are active, and the policy of the FORWARD chain."""

    ufw: bool = False
    ufw_drops_ipv6: bool = False
    """Whether ufw is told to leave IPv6 out, which to it means to drop all of this host's."""
    firewalld: bool = False
    forward_policy: str | None = None
    """Policy of ip6tables' FORWARD chain; None where it cannot be read."""
    dropping_tables: tuple[str, ...] = ()
    """Tables of nftables beside ip6tables' own that forward nothing but what they name."""
    forward_chains: tuple[ForwardChain, ...] = ()
    """The chains that may drop or translate what is forwarded, ip6tables' own among them."""
    sources: tuple[Mention, ...] = ()
    """Rules that name a private IPv4 source, Docker's own left out."""
    flushed_by: str = ""
    """What flushes the rules of all when it is typed, and by which file; empty if nothing does."""


@dataclass(frozen=True)
class Outward:
    """Whether the host itself gets out over IPv6, and what was seen."""

    works: bool
    evidence: str


@dataclass(frozen=True)
class Earlier:
    """An earlier run of the wizard for one project, from its record."""

    path: Path
    state: str
    started: str
    in_the_way: bool
    """Whether it has to be taken back before another run for its project."""
    project: str = ""
    """The Compose project that it set up; empty where the record does not say."""
    network: str = ""
    """The Docker network that it made."""


@dataclass(frozen=True)
class Host:
    """One host. Every part is a finding, or an :class:`Unknown` that says why there is none."""

    root: bool
    debian: Debian | Unknown
    kernel: str | Unknown
    engine: Engine | Unknown
    networks: tuple[ExistingNetwork, ...] | Unknown
    compose: Compose | Unknown
    projects: tuple[ComposeProject, ...] | Unknown
    uplink: Uplink | Unknown
    manager: Manager | Unknown
    network_files: tuple[NetworkFile, ...] | Unknown
    sysctls: Sysctls | Unknown
    ip6tables: Ip6tablesCommand | Unknown
    firewall: Firewall | Unknown
    outward: Outward | Unknown
    prefixes_in_use: tuple[IPv4Network | IPv6Network, ...] | Unknown
    """Every prefix that an address or a route of the host covers, default routes left out."""
    interfaces: tuple[str, ...] | Unknown
    earlier: tuple[Earlier, ...] | Unknown

    @property
    def choosable_projects(self) -> tuple[ComposeProject, ...]:
        """The Compose projects that are there; none where they are not known."""
        if isinstance(self.projects, Unknown):
            return ()
        return tuple(project for project in self.projects if project.is_there)
