"""What stands in the way of any plan on a host, as a value, and the names of its causes."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why something stands in the way, by the name that ``wizard --explain`` takes.

    Each has its page in ``wizard/explain/``.
    """

    NOT_FOUND_OUT = "not-found-out"
    """A part of the host that no plan can do without is not known, for any other reason."""

    NOT_DEBIAN = "not-debian"

    DOCKER_NOT_INSTALLED = "docker-not-installed"
    DOCKER_NOT_RUNNING = "docker-not-running"
    DOCKER_SILENT = "docker-silent"
    DOCKER_CLOSED = "docker-closed"
    DOCKER_ELSEWHERE = "docker-elsewhere"
    DOCKER_OF_OTHERS = "docker-of-others"
    DOCKER_DESKTOP = "docker-desktop"
    DOCKER_ROOTLESS = "docker-rootless"
    DOCKER_TOO_OLD = "docker-too-old"
    DOCKER_UNIT = "docker-unit"
    """Docker is run by another unit than docker.service."""
    IN_CONTAINER = "in-container"
    PODMAN = "podman"

    NOT_ROOT = "not-root"
    """No hindrance for a plan, but for its apply."""

    IPV6_OFF = "ipv6-off"
    NO_DEFAULT_ROUTE = "no-default-route"
    FORWARDING_OFF = "forwarding-off"
    """What configures the network switches it off, now and then."""
    BRIDGES_TAKEN = "bridges-taken"
    """What configures the network does so with Docker's bridges, too."""
    ADDRESS_DEPRECATED = "address-deprecated"
    NO_WAY_OUT = "no-way-out"

    UFW_WITHOUT_IPV6 = "ufw-without-ipv6"
    IP6TABLES_MISSING = "ip6tables-missing"
    FORWARD_POLICY = "forward-policy"
    FORWARD_CHAIN = "forward-chain"
    FORWARD_RULES = "forward-rules"
    """Of the ip6tables, legacy or nft, that Docker does not work with."""
    OTHER_TABLES = "other-tables"
    """Rules of either ip6tables in another table than filter."""
    SOURCE_TRANSLATED = "source-translated"
    """Others put the host's address in place of public ones."""
    BEFORE_DOCKER = "before-docker"
    """Rules of the ip6tables that Docker works with."""
    FIREWALLD = "firewalld"
    PORTS_TRANSLATED = "ports-translated"
    DOCKER_IMITATED = "docker-imitated"

    EARLIER_RUN = "earlier-run"
    RECORD_UNREADABLE = "record-unreadable"


@dataclass(frozen=True)
class Obstacle:
    """One thing that stands in the way of any plan on a host."""

    cause: Cause
    found: str
    """What was found on this host, and what it means for it, in full sentences."""
    remedy: str = ""
    """What to do, in full sentences; before ``commands`` it ends as in “type:”."""
    commands: tuple[str, ...] = ()
    """What to type, a line each, where it is another on each host; else the page says it."""

    @property
    def sentence(self) -> str:
        """What was found and what to do, as it is shown wherever nobody asks for the page."""
        return " ".join(filter(None, (self.found, self.remedy, "; ".join(self.commands))))

    def as_table(self) -> dict[str, object]:
        """Return it as the verbs print it with ``--json``."""
        return {
            "cause": self.cause.value,
            "sentence": self.sentence,
            "commands": list(self.commands),
        }
