"""The services of a Compose project, and which of them need the internet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.compose.joining import Joined, is_internal, joined
from wizard.compose.meaning import DEFAULT, FileMeaning, ServiceMeaning
from wizard.compose.variables import unset
from wizard.platform.text import clean_line

# Programs that answer to other services alone. A guess, and only for what is ticked at first.
_NAMES_OF_STORES = """
    activemq aerospike arangodb artemis beanstalkd bookkeeper cache cassandra chroma clickhouse
    cockroach cockroachdb couchbase couchdb cratedb database datanode db dgraph dragonfly druid
    edgedb elasticmq elasticsearch emqx etcd ferretdb firebird foundationdb garage garnet
    gearmand graphite greptimedb hazelcast hbase hivemq immudb infinispan influxdb janusgraph
    kafka keydb kvrocks lancedb ldap lldap loki manticore manticoresearch mariadb meilisearch
    memcache memcached memgraph milvus mimir minio mongo mongodb mosquitto mssql mysql namenode
    nats neo4j nsqd nsqlookupd openldap opensearch opentsdb oracle orientdb patroni percona
    pgautoupgrade pgbouncer pgpool pgroonga pgvecto pgvector pinot postgis postgres postgresql
    prometheus pulsar qdrant questdb rabbitmq ravendb redict redis redisearch redpanda rejson
    rethinkdb riak rqlite rustfs scylla seaweedfs slapd snuba solr sonic sphinx sphinxsearch
    spilo sql sqlserver ssdb starrocks statsd surrealdb tarantool tempo tidb tikv timescaledb
    tsdb typesense valkey vchord vectorchord vernemq vespa victoria victoriametrics vitess
    weaviate yugabyte yugabytedb zincsearch zookeeper
"""
_STORES = frozenset(_NAMES_OF_STORES.split())
# Programs that send what other services send through a tunnel of their own; so do those whose
# names end in "vpn".
_TUNNELS = frozenset(
    (
        "amneziawg",
        "gluetun",
        "mullvad",
        "netbird",
        "nordlynx",
        "openconnect",
        "protonwire",
        "softether",
        "strongswan",
        "tailscale",
        "warp",
        "wg",
        "wireguard",
        "zerotier",
    )
)
# Words that tell a tool for a store from the store itself.
_TOOLS = frozenset(
    ("backup", "backups", "exporter", "admin", "commander", "insight", "ui", "web", "operator")
)
_SAYS_NOTHING = frozenset(("app", "image", "server"))
"""Last parts of images' names that only the part before tells apart, as in mssql/server."""


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
        guessed: Whether it is not ticked for its name alone, which what it does may outweigh.
    """

    name: str
    networks: tuple[str, ...] | None
    network_mode: str | None
    image: str | None
    attachable: bool
    internet: bool
    reason: str
    guessed: bool = False


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
    image, mode, named = said.image, said.network_mode or None, said.networks

    guessed = False
    obstacle = _obstacle(name, said, None if named is None else tuple(named))
    if obstacle:
        attachable, internet, reason = False, False, obstacle
    else:
        attachable = True
        internet, reason = _needs_internet(files, name, tuple(named or [DEFAULT]))
        beside = _beside_a_tunnel(name, image, said.abilities, lends)
        store = _looks_like_a_store(name, image)
        docker = _hands_out_docker(name, image)
        if beside is not None or docker is not None:
            internet, reason = False, beside or docker or reason
        elif internet and store is not None:
            internet, reason, guessed = False, store, True
    return Service(
        name=name,
        networks=None if named is None else tuple(clean_line(network) for network in named),
        network_mode=mode and clean_line(mode),
        image=image and clean_line(image),
        attachable=attachable,
        internet=internet,
        reason=reason,
        guessed=guessed,
    )


def _obstacle(name: str, said: ServiceMeaning, named: tuple[str, ...] | None) -> str | None:
    if said.provided:
        return (
            f"{name} is no container (provider): Compose has another program do what it is for, so "
            "there is nothing here that could have an address."
        )
    if said.network_mode:
        return _mode_obstacle(name, clean_line(said.network_mode))
    if said.network_mode == "" and named is None:
        return (
            f"{name} sets an empty network_mode, beside which Compose 2 knows no default network "
            "that could be named. Take network_mode out, or name the service's networks, to attach "
            "it."
        )
    if said.unknown is not None:
        return f"{said.unknown} Name its networks in a file of this project to attach it."
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


def _beside_a_tunnel(
    name: str, image: str | None, abilities: frozenset[str], lends: bool
) -> str | None:
    """Return the sentence why the end of a VPN is not ticked; None for what looks like none."""
    words = {*_words(name), *(_words(_repository(image)) if image else ())}
    if {"devices"} < abilities:
        does = "may open tunnels (/dev/net/tun, and the right to set up networks), as a VPN does"
    elif words & _TUNNELS or any(word.endswith("vpn") for word in words):
        does = "looks like a VPN"
    elif lends:
        does = "lends its network to other services, as a VPN does"
    else:
        return None
    return f"{name} {does}: what leaves over IPv6 beside its tunnel would show where this host is."


def _hands_out_docker(name: str, image: str | None) -> str | None:
    """Return the sentence why a proxy of Docker's socket is not ticked; None for any other."""
    for words in (_words(name), _words(_repository(image)) if image else set()):
        if "dockerproxy" in words or {"socket", "proxy"} <= words:
            return (
                f"{name} looks like a proxy of Docker's socket: on one more network more services "
                "could give Docker orders."
            )
    return None


def _needs_internet(
    files: Sequence[FileMeaning], name: str, on: tuple[str, ...]
) -> tuple[bool, str]:
    outward = [clean_line(network) for network in on if not is_internal(files, network)]
    if outward:
        return True, f"{name} is on {', '.join(outward)}, which reaches outside."
    return False, off_the_internet(name, on)


def off_the_internet(name: str, networks: Sequence[str], kept_by: str = "your files keep") -> str:
    """Return the sentence why a service that is on internal networks alone is not ticked."""
    return (
        f"{name} is only on internal networks ({', '.join(map(clean_line, networks))}), so it "
        "reaches nothing outside over IPv4 either. Ticked, it would reach the IPv6 internet, from "
        f"which {kept_by} it."
    )


def _looks_like_a_store(name: str, image: str | None) -> str | None:
    if image is not None and is_store(_repository(image)):
        return f"Its image {clean_line(image)} looks like a store that only talks inside."
    if is_store(name):
        return f"The name {name} looks like a store that only talks inside."
    return None


def _repository(image: str) -> str:
    """Return the last part of an image's name that says anything, without tag and digest."""
    before, _, last = unset(image).partition("@")[0].rpartition("/")
    last = last.partition(":")[0]
    return f"{before.rpartition('/')[2]}-{last}" if before and last in _SAYS_NOTHING else last


def is_store(name: str) -> bool:
    """Return whether a name looks like a database's, a cache's or a search index's."""
    words = _words(name)
    return bool(words & _STORES) and not words & _TOOLS


def _words(name: str) -> set[str]:
    return {word.rstrip("0123456789") for word in re.split(r"[^a-z0-9]+", name.lower())}
