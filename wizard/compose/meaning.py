"""What a Compose file means for networks, whatever way it is written.

Merge keys, aliases and ``extends`` are resolved, ``extends`` of another file where that was read.
"""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from wizard.compose.abilities import abilities
from wizard.compose.builder import MAX_NODES
from wizard.compose.document import Document
from wizard.compose.nodes import (
    ListNode,
    MapNode,
    Scalar,
    Value,
    is_true,
    says_nothing,
    text_of,
    values,
)
from wizard.compose.tags import (
    RESET,
    WHOLE,
    check_section,
    dropped,
    is_unusual,
    of_network,
    said_of,
    text_said,
)
from wizard.compose.variables import PutIn, unset
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

Options = frozenset[bytes]
"""What a service asks of one network, a digest for each file that asks for something."""

Extended: TypeAlias = "Callable[[str], FileMeaning | None]"
"""Gives what a file says that ``extends`` names, or None where that was not read."""

DEFAULT = "default"
NO_OPTIONS: Options = frozenset()
_SERVICE_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class ServiceMeaning:
    """One service in one file.

    Attributes:
        rest: Digests of every setting but ``networks``, by key.
        networks: Networks named, with ``extends`` in the same file followed; None if none are.
        network_mode: Its ``network_mode`` (or ``net`` of old files); an empty one is none, and
            takes away what earlier files say.
        image: Its image, as written.
        unknown: Why its networks cannot be told from the file, as a sentence; else None.
        base: The service of the same file that it extends, if it does.
        drops: The keys of which what earlier files say counts no more (see :func:`dropped`).
        gone: Whether this file takes the service away.
        abilities: What lets it open tunnels (see :func:`~wizard.compose.abilities.abilities`).
        provided: Whether Compose makes no container of it, but has another program provide it
            (compose-spec, 05-services.md, provider; Compose 2.36 and later).
    """

    rest: Mapping[str, bytes]
    networks: Mapping[str, Options] | None
    network_mode: str | None
    image: str | None
    unknown: str | None
    base: str | None = None
    drops: frozenset[str] = frozenset()
    gone: bool = False
    abilities: frozenset[str] = frozenset()
    provided: bool = False


def nothing_read(_file: str) -> None:
    """Stand for other files none of which was read."""


_GONE = ServiceMeaning({}, None, None, None, None, drops=frozenset([WHOLE]), gone=True)


@dataclass(frozen=True)
class FileMeaning:
    """One Compose file.

    Attributes:
        others: Digests of every top-level setting but ``services`` and ``networks``.
        networks: The top-level networks by key.
        services: The services by name.
        put_in: Puts the project's variables into a text.
    """

    others: Mapping[str, bytes]
    networks: Mapping[str, Value]
    services: Mapping[str, ServiceMeaning]
    put_in: PutIn = field(default=unset, repr=False, compare=False)

    def external(self, key: str) -> str | None:
        """Return the name of the network behind a key if Compose neither makes nor owns it."""
        node = self.networks.get(key)
        if not isinstance(node, MapNode):
            return None
        external = said_of(node, "external")
        if isinstance(external, MapNode):  # ``external: {name: x}``, before file format 3.5
            return self._name(external) or key
        if not is_true(external, self.put_in):
            return None
        return self._name(node) or key

    def own(self, key: str) -> str | None:
        """Return the name written out for a network that Compose makes; None where none is."""
        node = self.networks.get(key)
        if not isinstance(node, MapNode) or self.external(key) is not None:
            return None
        return self._name(node)

    def _name(self, node: MapNode) -> str | None:
        name = text_of(said_of(node, "name"))
        return None if name is None else self.put_in(name)


def meaning(
    document: Document, extended: Extended = nothing_read, put_in: PutIn = unset
) -> FileMeaning:
    """Return what a document says.

    Args:
        document: The document.
        extended: What the files say that services extend.
        put_in: Puts the project's variables into a text.

    Raises:
        Refused: Services or networks are not mappings, a service has a name or shape that no
            Compose takes, or services that extend one another name networks without end.
    """
    pairs = document.root.pairs if document.root else {}
    nodes: dict[str, MapNode | None] = {}
    gone: dict[str, ServiceMeaning] = {}
    for name, node in _section(document, pairs, "services").items():
        if not _SERVICE_NAME.fullmatch(name):
            raise Refused(
                f"{document.name} has a service named “{clean_line(name)}”, which Compose does "
                "not accept: a name is made of letters, digits, dots, dashes and underscores. "
                "Nothing was changed. Rename the service, or choose another file."
            )
        if node.tag == RESET:
            gone[name] = _GONE
        elif isinstance(node, MapNode):
            nodes[name] = node
        elif isinstance(node, Scalar) and node.is_null:
            nodes[name] = None
        else:
            raise Refused(
                f"The service {name} in {document.name} is not a mapping of settings, so Compose "
                "cannot read it either. Nothing was changed. Fix the service and try again."
            )
    return FileMeaning(
        others={
            key: node.digest for key, node in pairs.items() if key not in ("services", "networks")
        },
        networks=_section(document, pairs, "networks"),
        services=_services(document, nodes, extended, put_in) | gone,
        put_in=put_in,
    )


def _section(document: Document, pairs: Mapping[str, Value], key: str) -> Mapping[str, Value]:
    node = pairs.get(key)
    check_section(document.name, key, node)
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return {}
    if not isinstance(node, MapNode):
        raise Refused(
            f"In {document.name} the top-level “{key}:” is not a mapping, so Compose cannot read "
            "it either. Nothing was changed. Fix the file and try again."
        )
    return node.pairs


def _services(
    document: Document,
    nodes: Mapping[str, MapNode | None],
    extended: Extended,
    put_in: PutIn,
) -> dict[str, ServiceMeaning]:
    """Return each service with what it takes from those that it extends, each looked at once."""
    alone = {name: _alone(document, name, node, nodes, put_in) for name, node in nodes.items()}
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
            if base is None:
                inherited = _elsewhere(document, nodes[service], extended)
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
    put_in: PutIn,
) -> ServiceMeaning:
    """Return what a service says itself."""
    if node is None:
        return ServiceMeaning({}, None, None, None, None)
    networks, unknown = _named(document, name, node.pairs.get("networks"), put_in)
    if is_unusual(node):
        unknown = (
            f"{name} carries the tag {clean_line(node.tag or '')} in {document.name}, and what "
            "that does to its networks depends on the release of Compose."
        )
    mode = first(text_of(said_of(node, "network_mode")), text_of(said_of(node, "net")))
    extends = said_of(node, "extends")
    base = None if extends is None else _extended(document, extends)[0]
    return ServiceMeaning(
        {key: value.digest for key, value in node.pairs.items() if key != "networks"},
        networks,
        None if mode is None else put_in(mode),
        text_of(said_of(node, "image")),
        unknown,
        base if base in nodes and base != name else None,
        dropped(node),
        abilities=abilities(node),
        provided=isinstance(said_of(node, "provider"), MapNode),
    )


def _extending(
    document: Document,
    name: str,
    alone: ServiceMeaning,
    node: MapNode | None,
    inherited: ServiceMeaning | None,
) -> ServiceMeaning:
    """Return a service with what it takes from the one that it extends."""
    extends = said_of(node, "extends")
    if extends is None:
        return alone
    if inherited is not None:
        kept = kept_of(inherited, alone.drops)
        return replace(
            alone,
            networks=joined_networks([kept.networks, alone.networks]),
            network_mode=first(alone.network_mode, kept.network_mode),
            image=alone.image or kept.image,
            unknown=alone.unknown or kept.unknown,
            abilities=alone.abilities | kept.abilities,
            provided=alone.provided or kept.provided,
        )
    if alone.networks or alone.unknown:
        return alone
    elsewhere = _extended(document, extends)[1]
    return replace(
        alone,
        unknown=f"{name} takes settings from {elsewhere}, so which networks it is on is not known.",
    )


def kept_of(service: ServiceMeaning, drops: frozenset[str]) -> ServiceMeaning:
    """Return what is left of a service once what comes after it has dropped some of its keys."""
    return replace(
        service,
        networks=_kept_networks(service.networks, drops),
        network_mode=None if "network_mode" in drops else service.network_mode,
        image=None if "image" in drops else service.image,
        unknown=None if "networks" in drops else service.unknown,
        abilities=service.abilities - drops,
        provided=service.provided and "provider" not in drops,
    )


def _kept_networks(
    networks: Mapping[str, Options] | None, drops: frozenset[str]
) -> Mapping[str, Options] | None:
    if not networks:
        return None if "networks" in drops else networks
    kept = {name: asked for name, asked in networks.items() if of_network(name) not in drops}
    return None if "networks" in drops else kept or None


def _elsewhere(
    document: Document, node: MapNode | None, extended: Extended
) -> ServiceMeaning | None:
    """Return the service of another file that is extended, if it is one and was read."""
    extends = said_of(node, "extends")
    if not isinstance(extends, MapNode):
        return None
    file, service = text_of(said_of(extends, "file")), text_of(said_of(extends, "service"))
    if file is None or service is None or _is_itself(document, file):
        return None
    said = extended(file)
    found = None if said is None else said.services.get(service)
    return None if found is None or found.gone else found


def _is_itself(document: Document, file: str) -> bool:
    return posixpath.normpath(file) == posixpath.basename(document.name)


def _extended(document: Document, extends: Value) -> tuple[str | None, str]:
    """Return the service of the same file that is extended, if it is one, and why it is not known.

    Of the latter as much as goes on from “takes settings from”.
    """
    if isinstance(extends, Scalar):
        return extends.value, f"the service {clean_line(extends.value)}, {_unknown(extends.value)}"
    if not isinstance(extends, MapNode):
        return None, "somewhere, which was not read"
    service = text_of(said_of(extends, "service")) or ""
    file = text_of(said_of(extends, "file"))
    if file is None or _is_itself(document, file):
        return service, f"the service {clean_line(service)}, {_unknown(service)}"
    if "$" in service:
        return None, f"the service {clean_line(service)} of {clean_line(file)}, {_unknown(service)}"
    return None, f"the file {clean_line(file)}, which was not read"


def _unknown(name: str) -> str:
    return "which has a variable in its name" if "$" in name else "which was not read"


def _named(
    document: Document, service: str, node: Value | None, put_in: PutIn
) -> tuple[Mapping[str, Options] | None, str | None]:
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return None, None
    if node.tag == RESET:
        return None, None
    if is_unusual(node):
        return None, (
            f"The networks of {service} carry the tag {clean_line(node.tag or '')} in "
            f"{document.name}, and what that does depends on the release of Compose."
        )
    if isinstance(node, MapNode):
        named = {
            name: NO_OPTIONS if says_nothing(options) else frozenset([options.digest])
            for name, options in node.pairs.items()
            if options.tag != RESET
        }
        return (None if node.pairs and not named else named), None
    if isinstance(node, ListNode):
        names = [text_said(item) for item in values(node)]
        if None not in names:
            return {put_in(name): NO_OPTIONS for name in names if name is not None}, None
    return None, f"The networks of {service} in {document.name} are not a list of names."


def first(said: str | None, before: str | None) -> str | None:
    """Return what is said, or what was said before where nothing is; an empty text is said."""
    return before if said is None else said


def joined_networks(
    parts: Sequence[Mapping[str, Options] | None],
) -> Mapping[str, Options] | None:
    """Return the networks that several parts name together; None where none names any."""
    named = [part for part in parts if part is not None]
    if not named:
        return None
    result: dict[str, Options] = {}
    for part in named:
        for name, options in part.items():
            result[name] = result.get(name, NO_OPTIONS) | options
    return result
