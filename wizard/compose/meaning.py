"""What a Compose file means for networks, whatever way it is written, and what an edit changed.

Merge keys, aliases and ``extends`` within the file are resolved. How Compose joins several files,
and what a service without ``networks:`` is on, was seen with docker-compose 1.29.2 and Compose
2.26.1 and 2.40.3: the networks of all files together, or ``default`` if none names any.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wizard.compose.builder import MAX_NODES
from wizard.compose.document import Document
from wizard.compose.nodes import ListNode, MapNode, Scalar, Value, value_of
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

Options = frozenset[bytes]
"""What a service asks of one network, a digest for each file that asks for something."""

DEFAULT = "default"
NO_OPTIONS: Options = frozenset()
_SERVICE_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class ServiceMeaning:
    """One service in one file.

    Attributes:
        rest: Digests of every setting but ``networks``, by key.
        networks: Networks named, with ``extends`` in the same file followed; None if none are.
        network_mode: Its ``network_mode`` (or ``net`` of old files), as written.
        image: Its image, as written.
        unknown: Why its networks cannot be told from the file, as a sentence; else None.
        base: The service of the same file that it extends, if it does.
    """

    rest: Mapping[str, bytes]
    networks: Mapping[str, Options] | None
    network_mode: str | None
    image: str | None
    unknown: str | None
    base: str | None = None


@dataclass(frozen=True)
class FileMeaning:
    """One Compose file.

    Attributes:
        others: Digests of every top-level setting but ``services`` and ``networks``.
        networks: The top-level networks by key.
        services: The services by name.
    """

    others: Mapping[str, bytes]
    networks: Mapping[str, Value]
    services: Mapping[str, ServiceMeaning]

    def external(self, key: str) -> str | None:
        """Return the name of the network behind a key if Compose neither makes nor owns it."""
        node = self.networks.get(key)
        if not isinstance(node, MapNode):
            return None
        external = node.pairs.get("external")
        if isinstance(external, MapNode):  # ``external: {name: x}``, before file format 3.5
            return _text(external.pairs.get("name")) or key
        if not is_true(external):
            return None
        return _text(node.pairs.get("name")) or key

    def own(self, key: str) -> str | None:
        """Return the name written out for a network that Compose makes; None where none is."""
        node = self.networks.get(key)
        if not isinstance(node, MapNode) or self.external(key) is not None:
            return None
        return _text(node.pairs.get("name"))

    def internal(self, key: str) -> bool:
        """Return whether a network is declared ``internal: true`` here."""
        node = self.networks.get(key)
        return isinstance(node, MapNode) and is_true(node.pairs.get("internal"))


def meaning(document: Document) -> FileMeaning:
    """Return what a document says.

    Raises:
        Refused: Services or networks are not mappings, a service has a name or shape that no
            Compose takes, or services that extend one another name networks without end.
    """
    pairs = document.root.pairs if document.root else {}
    nodes: dict[str, MapNode | None] = {}
    for name, node in _section(document, pairs, "services").items():
        if not _SERVICE_NAME.fullmatch(name):
            raise Refused(
                f"{document.name} has a service named “{clean_line(name)}”, which Compose does "
                "not accept: a name is made of letters, digits, dots, dashes and underscores. "
                "Nothing was changed. Rename the service, or choose another file."
            )
        if isinstance(node, MapNode):
            nodes[name] = node
        elif isinstance(node, Scalar) and node.is_null:
            nodes[name] = None
        else:
            raise Refused(
                f"The service {name} in {document.name} is not a mapping of settings, so Compose "
                "cannot read it either. Nothing was changed. Mend the service and try again."
            )
    return FileMeaning(
        others={
            key: node.digest for key, node in pairs.items() if key not in ("services", "networks")
        },
        networks=_section(document, pairs, "networks"),
        services=_services(document, nodes),
    )


def _section(document: Document, pairs: Mapping[str, Value], key: str) -> Mapping[str, Value]:
    node = pairs.get(key)
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return {}
    if not isinstance(node, MapNode):
        raise Refused(
            f"In {document.name} the top-level “{key}:” is not a mapping, so Compose cannot read "
            "it either. Nothing was changed. Mend the file and try again."
        )
    return node.pairs


def _services(document: Document, nodes: Mapping[str, MapNode | None]) -> dict[str, ServiceMeaning]:
    """Return each service with what it takes from those that it extends, each looked at once."""
    alone = {name: _alone(document, name, node, nodes) for name, node in nodes.items()}
    done: dict[str, ServiceMeaning] = {}
    named = 0
    for name in alone:
        trail: dict[str, None] = {}
        each: str | None = name
        while each is not None and each not in done and each not in trail:
            trail[each] = None
            each = alone[each].base
        for service in reversed(trail):
            base = alone[service].base
            # Of services that extend one another in a circle, one is without what it extends.
            inherited = None if base is None else done.get(base)
            done[service] = _extending(document, service, alone[service], nodes[service], inherited)
            named += len(done[service].networks or ())
            if named > MAX_NODES:
                raise Refused(
                    f"In {document.name} services extend one another so often that they name more "
                    f"than {MAX_NODES:,} networks together, which no Compose file does. Nothing "
                    "was changed. Choose another file."
                )
    return {name: done[name] for name in alone}


def _alone(
    document: Document,
    name: str,
    node: MapNode | None,
    nodes: Mapping[str, MapNode | None],
) -> ServiceMeaning:
    """Return what a service says itself."""
    if node is None:
        return ServiceMeaning({}, None, None, None, None)
    networks, unknown = _named(document, name, node.pairs.get("networks"))
    if node.tag is not None and node.tag.startswith("!"):
        unknown = (
            f"{name} carries the tag {clean_line(node.tag)} in {document.name}, and what "
            "that does to its networks depends on the release of Compose."
        )
    extends = node.pairs.get("extends")
    base = None if extends is None else _extended(document, extends)[0]
    return ServiceMeaning(
        {key: value.digest for key, value in node.pairs.items() if key != "networks"},
        networks,
        _text(node.pairs.get("network_mode")) or _text(node.pairs.get("net")),
        _text(node.pairs.get("image")),
        unknown,
        base if base in nodes and base != name else None,
    )


def _extending(
    document: Document,
    name: str,
    alone: ServiceMeaning,
    node: MapNode | None,
    inherited: ServiceMeaning | None,
) -> ServiceMeaning:
    """Return a service with what it takes from the one that it extends."""
    extends = node.pairs.get("extends") if node else None
    if extends is None:
        return alone
    if inherited is not None:
        networks = alone.networks
        if inherited.networks is not None:
            networks = _joined([inherited.networks, networks])
        return replace(
            alone,
            networks=networks,
            network_mode=alone.network_mode or inherited.network_mode,
            image=alone.image or inherited.image,
            unknown=alone.unknown or inherited.unknown,
        )
    if alone.networks or alone.unknown:
        return alone
    elsewhere = _extended(document, extends)[1]
    return replace(
        alone,
        unknown=f"{name} takes settings from {elsewhere}, which was not read, so which networks it "
        "is on is not known.",
    )


def _extended(document: Document, extends: Value) -> tuple[str | None, str]:
    """Return the service of the same file that is extended, if it is one, and words for it."""
    if isinstance(extends, Scalar):
        return extends.value, f"the service {clean_line(extends.value)}"
    if not isinstance(extends, MapNode):
        return None, "somewhere"
    service = _text(extends.pairs.get("service"))
    file = _text(extends.pairs.get("file"))
    if file is None or posixpath.normpath(file) == posixpath.basename(document.name):
        return service, f"the service {clean_line(service or '')}"
    return None, f"the file {clean_line(file)}"


def _named(
    document: Document, service: str, node: Value | None
) -> tuple[Mapping[str, Options] | None, str | None]:
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return None, None
    if node.tag is not None and node.tag.startswith("!"):
        return None, (
            f"The networks of {service} carry the tag {clean_line(node.tag)} in {document.name}, "
            "and what that does depends on the release of Compose."
        )
    if isinstance(node, MapNode):
        return {
            name: NO_OPTIONS if _says_nothing(options) else frozenset([options.digest])
            for name, options in node.pairs.items()
        }, None
    if isinstance(node, ListNode):
        names = [_text(item) for item in values(node)]
        if None not in names:
            return {name: NO_OPTIONS for name in names if name is not None}, None
    return None, f"The networks of {service} in {document.name} are not a list of names."


def values(node: ListNode) -> list[Value]:
    """Return the items of a list with aliases resolved."""
    return [value_of(item) for item in node.items]


def _says_nothing(node: Value) -> bool:
    if isinstance(node, MapNode):
        return not node.pairs
    return isinstance(node, Scalar) and node.is_null


def _text(node: Value | None) -> str | None:
    return node.value if isinstance(node, Scalar) and not node.is_null else None


def is_true(node: Value | None) -> bool:
    """Return whether a value is true to either Compose (YAML 1.1 counts ``yes`` and ``on``)."""
    return isinstance(node, Scalar) and node.value.lower() in ("true", "yes", "on", "y")


def _joined(parts: Sequence[Mapping[str, Options] | None]) -> Mapping[str, Options] | None:
    named = [part for part in parts if part is not None]
    if not named:
        return None
    result: dict[str, Options] = {}
    for part in named:
        for name, options in part.items():
            result[name] = result.get(name, NO_OPTIONS) | options
    return result


def named_networks(files: Sequence[FileMeaning], service: str) -> Mapping[str, Options] | None:
    """Return the networks that all files together name for a service; None if none does."""
    return _joined([file.services[service].networks for file in files if service in file.services])


def networks(files: Sequence[FileMeaning], service: str) -> Mapping[str, Options]:
    """Return the networks a service is on when Compose is given these files."""
    named = named_networks(files, service)
    return {DEFAULT: NO_OPTIONS} if named is None else named


@dataclass(frozen=True)
class Difference:
    """How far an edit went beyond what was wanted.

    Attributes:
        bystanders: Services that were not chosen and whose networks changed all the same.
        exact: Whether the wanted change, and no other, came about.
    """

    bystanders: tuple[str, ...]
    exact: bool


def difference(
    before: FileMeaning,
    after: FileMeaning,
    beside: Sequence[FileMeaning],
    chosen: Sequence[str],
    key: str,
    network: str,
    declared: bytes | None = None,
    addresses: Mapping[str, Options] | None = None,
) -> Difference:
    """Compare a file before and after services were given a network.

    Args:
        before: The file before.
        after: The file after.
        beside: The project's other files.
        chosen: The services that were to get the network.
        key: The network's key in the file.
        network: The network's name.
        declared: The digest of what declares it; None where it is made outside Compose.
        addresses: What services ask of it, where they ask for anything.
    """
    asked = addresses or {}
    old, new = [*beside, before], [*beside, after]
    known = {name for file in old for name in file.services}
    bystanders = tuple(
        name
        for name in sorted(known - set(chosen))
        if (name in before.services and name not in after.services)
        or networks(old, name) != networks(new, name)
    )
    exact = (
        not bystanders
        and set(after.services) <= set(before.services) | set(chosen)
        and all(
            networks(new, name) == {key: asked.get(name, NO_OPTIONS), **networks(old, name)}
            for name in chosen
        )
        and all(
            service.rest == (before.services[name].rest if name in before.services else {})
            for name, service in after.services.items()
        )
        and before.others == after.others
        and _only_added(before.networks, after.networks, key)
        and (
            any(file.external(key) == network for file in new)
            if declared is None
            else any(key in file.networks and file.networks[key].digest == declared for file in new)
        )
    )
    return Difference(bystanders, exact)


def _only_added(before: Mapping[str, Value], after: Mapping[str, Value], key: str) -> bool:
    return set(after) <= {*before, key} and all(
        name in after and after[name].digest == node.digest for name, node in before.items()
    )
