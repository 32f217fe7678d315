"""Gives services of a Compose file one more network, by additions to its text alone.

The places come from the parsed tree, the text in between is never written anew. Two spots cannot
be had by adding: ``networks: *alias`` of a list, which is replaced by the list written out, and
a written null. After the edit old and new text are parsed and their meanings compared.
"""

import re
from collections.abc import Sequence

from wizard.compose.document import Alias, ListNode, MapNode, Node, Scalar, value_of
from wizard.compose.insertion import (
    Content,
    Unusual,
    append,
    flow,
    put,
    put_value,
    source,
    spliced,
    text_source,
    word,
)
from wizard.compose.meaning import DEFAULT, difference, named_networks, values
from wizard.compose.read import ComposeFile
from wizard.compose.read import services as services_of
from wizard.errors import Refused
from wizard.text import clean_line

_NETWORK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # as dockerd takes them
_OVERRIDE = "Nothing was changed. Put the network into an override file instead"


def add_network(
    file: ComposeFile,
    services: Sequence[str],
    network: str,
    key: str | None = None,
    *,
    beside: Sequence[ComposeFile] = (),
) -> bytes:
    """Return a Compose file's content with services put on a network made outside Compose.

    Every byte stays but for additions. What is there already is not added again, so that
    doing it twice changes nothing. A service that names no networks gets ``default`` too, where
    it was without saying so.

    Args:
        file: The file to edit.
        services: Names of services that stand in the file.
        network: The network's name in Docker.
        key: What to call the network in the file; its name if None. Another is taken if the
            project uses it for something else, or declares the network under another already.
        beside: The project's other files, if it has several.

    Raises:
        Refused: A service is not in the file or cannot be attached, the name is not a
            network's, or the change cannot be made without changing something else.
    """
    for name in services:
        if name not in file.meaning.services:
            raise Refused(
                f"There is no service {clean_line(name)} in {file.name}. Nothing was changed. "
                "Choose among the services that the file has."
            )
    return joined(file, services, network, key, beside)


def joined(
    file: ComposeFile,
    services: Sequence[str],
    network: str,
    key: str | None,
    beside: Sequence[ComposeFile],
) -> bytes:
    """Do what :func:`add_network` does, writing services that only stand beside into the file.

    Raises:
        Refused: As :func:`add_network`.
    """
    for wanted in (network, key or network):
        if not _NETWORK_NAME.fullmatch(wanted):
            raise Refused(
                f"“{clean_line(wanted)}” is not a name that Docker takes for a network: letters, "
                "digits, dots, dashes and underscores, and a letter or digit first. Nothing was "
                "changed. Choose another name."
            )
    known = {service.name: service for service in services_of([*beside, file])}
    for name in services:
        if name not in known:
            raise Refused(
                f"There is no service {clean_line(name)} in this project. Nothing was changed. "
                "Choose among the services that it has."
            )
        if not known[name].attachable:
            raise Refused(
                f"{known[name].reason} Nothing was changed. Leave {name} out and try again."
            )
    if not services:
        return file.raw
    key = _key(file, beside, network, key or network)
    try:
        result = file
        for name in sorted(services, key=list(known).index):
            result = _attached(result, beside, name, key)
        result = _declared(result, beside, key, network)
    except Unusual as unusual:
        raise Refused(f"{unusual} {_OVERRIDE}, or edit the file by hand.") from None
    _verify(file, result, beside, services, key, network)
    return result.raw


def _key(file: ComposeFile, beside: Sequence[ComposeFile], network: str, wanted: str) -> str:
    files = [part.meaning for part in (*beside, file)]
    keys = dict.fromkeys(key for part in files for key in part.networks)
    for key in keys:
        if any(part.external(key) == network for part in files):
            return key
    taken = {*keys, DEFAULT}
    candidates = [wanted, f"{network}_ipv6", *(f"{network}_ipv6_{n}" for n in range(2, 100))]
    return next(key for key in candidates if key not in taken)


def _verify(
    before: ComposeFile,
    after: ComposeFile,
    beside: Sequence[ComposeFile],
    services: Sequence[str],
    key: str,
    network: str,
) -> None:
    found = difference(
        before.meaning,
        after.meaning,
        [part.meaning for part in beside],
        services,
        key,
        network,
    )
    if found.bystanders:
        shared = ", ".join(found.bystanders)
        raise Refused(
            f"In {before.name} {shared} shares settings with a chosen service (by an anchor or "
            f"by extends), so the network would be added there too. {_OVERRIDE}, or choose "
            f"{shared} as well."
        )
    if not found.exact:
        raise Refused(
            f"{before.name} is written in a way too unusual for a safe edit: a trial edit changed "
            f"more, or other things, than wanted. {_OVERRIDE}, or edit the file by hand."
        )


def _attached(
    file: ComposeFile, beside: Sequence[ComposeFile], service: str, key: str
) -> ComposeFile:
    """Return the file with one service on the network."""
    meanings = [part.meaning for part in (*beside, file)]
    named = named_networks(meanings, service)
    if named is not None and key in named:
        return file
    wanted = [word(DEFAULT), word(key)] if named is None else [word(key)]

    root = file.document.root
    section = root.own("services") if root else None
    if section is None:
        return put(file, root, None, "services", {word(service): {"networks": wanted}})
    container = section[1]
    if isinstance(container, Alias):
        raise Unusual(f"The services in {file.name} are written by an alias.")
    entry = container.own(service) if isinstance(container, MapNode) else None
    if entry is None:
        if service in file.meaning.services:
            raise Unusual(f"{service} in {file.name} is not written out but merged in.")
        return put(file, container, section[0], word(service), {"networks": wanted})
    if isinstance(entry[1], Alias):
        raise Unusual(f"{service} in {file.name} is not written out but stands for an alias.")
    if not isinstance(entry[1], MapNode):
        return put(file, entry[1], entry[0], "networks", wanted)

    own = entry[1].own("networks")
    if own is None:
        merged = entry[1].pairs.get("networks")
        content = wanted if merged is None else _extended(merged, word(key))
        return put(file, entry[1], entry[0], "networks", content)
    return _with_network(file, own, key, wanted)


def _with_network(
    file: ComposeFile, own: tuple[Node, Node], key: str, wanted: list[str]
) -> ComposeFile:
    """Return the file with the network added to a service's own ``networks:``."""
    name, node = own
    if isinstance(node, ListNode):
        return append(file, node, name, word(key))
    if isinstance(node, MapNode):
        return put(file, node, name, word(key), {})
    if isinstance(node, Alias):
        target = node.target
        if isinstance(target, MapNode):
            document = file.document
            alias = document.text[node.start : node.end]
            return spliced(
                file, node.start, f"{{<<: {alias}, {word(key)}: {{}}}}", node.end - node.start
            )
        return spliced(
            file,
            node.start,
            flow(_extended(target, word(key)), quoted=False),
            node.end - node.start,
        )
    return put_value(file, node, name, wanted)


def _declared(
    file: ComposeFile, beside: Sequence[ComposeFile], key: str, network: str
) -> ComposeFile:
    """Return the file with the network declared as one that Compose neither makes nor removes."""
    if any(part.meaning.external(key) for part in (*beside, file)):
        return file
    content: dict[str, Content] = {"external": "true"}
    if key != network:
        content["name"] = word(network)
    root = file.document.root
    section = root.own("networks") if root else None
    if section is None:
        if root is not None and "networks" in root.pairs:
            raise Unusual(f"The top-level networks in {file.name} are merged in.")
        return put(file, root, None, "networks", {word(key): content})
    if isinstance(section[1], Alias):
        raise Unusual(f"The top-level networks in {file.name} are written by an alias.")
    return put(file, section[1], section[0], word(key), content)


def _extended(node: Node, key: str) -> Content:
    """Return inherited networks written out, and one more."""
    target = value_of(node)
    if isinstance(target, ListNode):
        names = [item.value for item in values(target) if isinstance(item, Scalar)]
        return [*(source(name) for name in names), key]
    if isinstance(target, MapNode):
        options = {name: _copied(value) for name, value in target.pairs.items()}
        if all(value == {} for value in options.values()):
            return [*(source(name) for name in options), key]
        return {**{source(name): value for name, value in options.items()}, key: {}}
    return [key]


def _copied(node: Node) -> Content:
    """Return the content of a node that is to be written a second time."""
    target = value_of(node)
    if isinstance(target, MapNode) and target.tag is None:
        return {source(name): _copied(value) for name, value in target.pairs.items()}
    if isinstance(target, ListNode) and target.tag is None:
        items = [_copied(item) for item in target.items]
        return [item if isinstance(item, str) else flow(item, quoted=False) for item in items]
    if isinstance(target, Scalar) and target.tag is None and "\n" not in target.value:
        if target.is_null:
            return {}
        return target.value if target.style is None else text_source(target.value)
    raise Unusual("The inherited networks have settings that cannot be written out again.")
