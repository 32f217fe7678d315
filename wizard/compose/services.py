"""The services of a Compose project, and which of them need the internet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.compose.joining import Joined, is_internal, joined
from wizard.compose.meaning import DEFAULT, FileMeaning
from wizard.platform.text import clean_line

# Programs that answer to other services alone. A guess, and only for what is ticked at first.
_STORES = frozenset(
    (
        "postgres",
        "postgresql",
        "postgis",
        "pgvector",
        "timescaledb",
        "pgbouncer",
        "pgpool",
        "mysql",
        "mariadb",
        "percona",
        "redis",
        "valkey",
        "keydb",
        "dragonfly",
        "memcached",
        "memcache",
        "elasticsearch",
        "opensearch",
        "mongo",
        "mongodb",
        "cassandra",
        "scylla",
        "clickhouse",
        "influxdb",
        "couchdb",
        "cockroach",
        "cockroachdb",
        "neo4j",
        "etcd",
        "zookeeper",
        "kafka",
        "rabbitmq",
        "meilisearch",
        "typesense",
        "minio",
        "garage",
        "seaweedfs",
        "solr",
        "sonic",
        "qdrant",
        "weaviate",
        "surrealdb",
        "nats",
        "prometheus",
        "victoriametrics",
        "victoria",
        "manticore",
        "zincsearch",
        "milvus",
        "chroma",
        "pgvecto",
        "rethinkdb",
        "arangodb",
        "foundationdb",
        "ferretdb",
        "questdb",
        "mosquitto",
        "beanstalkd",
        "gearmand",
        "loki",
        "tempo",
        "mimir",
        "graphite",
        "statsd",
        "snuba",
        "kvrocks",
        "garnet",
        "db",
        "database",
        "cache",
    )
)
# Programs that send what other services send through a tunnel of their own.
_TUNNELS = frozenset(
    ("vpn", "gluetun", "openvpn", "wireguard", "transmissionvpn", "qbittorrentvpn")
)
# Words that tell a tool for a store from the store itself.
_TOOLS = frozenset(
    ("backup", "backups", "exporter", "admin", "commander", "insight", "ui", "web", "operator")
)
_DEFAULT_OF_VARIABLE = re.compile(r"\$\{[^}:-]*:?-([^}]*)\}")


@dataclass(frozen=True)
class Service:
    """One service, for somebody who chooses.

    Attributes:
        name: Its name, which every Compose limits to letters, digits, ``.``, ``_`` and ``-``.
        networks: Keys of the networks it names; None if it names none and so is on ``default``,
            or if that is not known. Cleaned: for showing.
        network_mode: Its ``network_mode``, if any; cleaned.
        image: Its image as written, if any; cleaned.
        attachable: Whether it can be given one more network.
        internet: Whether it probably talks to the internet, so is ticked at first.
        reason: One sentence: why it is ticked, why not, or why it cannot be attached.
    """

    name: str
    networks: tuple[str, ...] | None
    network_mode: str | None
    image: str | None
    attachable: bool
    internet: bool
    reason: str


def project_services(files: Sequence[FileMeaning]) -> tuple[Service, ...]:
    """Return the services of a project, as Compose sees them given all its files in this order."""
    names = dict.fromkeys(name for file in files for name in file.services)
    found = {name: said for name in names if (said := joined(files, name)) is not None}
    modes = {each.said.network_mode for each in found.values()}
    return tuple(
        _service(files, name, said, lends=f"service:{name}" in modes)
        for name, said in found.items()
    )


def _service(files: Sequence[FileMeaning], name: str, found: Joined, *, lends: bool) -> Service:
    said = found.said
    image, mode, unknown, named = said.image, said.network_mode, said.unknown, said.networks

    obstacle = _obstacle(name, mode, unknown, None if named is None else tuple(named))
    if obstacle:
        attachable, internet, reason = False, False, obstacle
    else:
        attachable = True
        internet, reason = _needs_internet(files, name, image, tuple(named or [DEFAULT]))
        if lends or _is_tunnel(name, image):
            internet, reason = (
                False,
                (
                    f"{name} looks like a VPN, or lends its network to other services: what leaves "
                    "over IPv6 beside its tunnel would show where this host is."
                ),
            )
    return Service(
        name=name,
        networks=None if named is None else tuple(clean_line(network) for network in named),
        network_mode=mode and clean_line(mode),
        image=image and clean_line(image),
        attachable=attachable,
        internet=internet,
        reason=reason,
    )


def _obstacle(
    name: str, mode: str | None, unknown: str | None, named: tuple[str, ...] | None
) -> str | None:
    if mode is not None:
        return _mode_obstacle(name, clean_line(mode))
    if unknown is not None:
        return f"{unknown} Name its networks in a file of this project to attach it."
    if named == ():
        return (
            f"{name} names an empty list of networks, which is no network for Compose v1 and the "
            "default one for Compose v2. Name its networks, or take the list out, to attach it."
        )
    return None


def _mode_obstacle(name: str, mode: str) -> str:
    kind, _, other = mode.partition(":")
    if kind == "host":
        return (
            f"{name} uses the host's own network (network_mode: host), so it has the host's IPv6 "
            "already and cannot join another network."
        )
    if kind == "none":
        return f"{name} has no network on purpose (network_mode: none)."
    if kind in ("service", "container"):
        return (
            f"{name} shares the network of the {kind} {other} (network_mode: {mode}), so it has "
            f"IPv6 as soon as {other} has."
        )
    return (
        f"{name} sets network_mode: {mode}, which Compose does not let stand beside networks. "
        "Take network_mode out to attach it."
    )


def _is_tunnel(name: str, image: str | None) -> bool:
    """Return whether a service looks like a VPN's end."""
    words = {*_words(name), *(_words(_repository(image)) if image else ())}
    return bool(words & _TUNNELS)


def _needs_internet(
    files: Sequence[FileMeaning], name: str, image: str | None, on: tuple[str, ...]
) -> tuple[bool, str]:
    shown = ", ".join(clean_line(network) for network in on)
    if all(is_internal(files, network) for network in on):
        return False, f"{name} is only on internal networks ({shown})."
    if image is not None and is_store(_repository(image)):
        return False, f"Its image {clean_line(image)} looks like a store that only talks inside."
    if is_store(name):
        return False, f"The name {name} looks like a store that only talks inside."
    outward = [clean_line(network) for network in on if not is_internal(files, network)]
    return True, f"{name} is on {', '.join(outward)}, which reaches outside."


def _repository(image: str) -> str:
    """Return the last part of an image's name, without registry, organisation, tag and digest."""
    image = _DEFAULT_OF_VARIABLE.sub(r"\1", image)
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def is_store(name: str) -> bool:
    """Return whether a name looks like a database's, a cache's or a search index's."""
    words = _words(name)
    return bool(words & _STORES) and not words & _TOOLS


def _words(name: str) -> set[str]:
    return {word.rstrip("0123456789") for word in re.split(r"[^a-z0-9]+", name.lower())}
