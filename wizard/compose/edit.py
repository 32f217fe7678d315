"""Gives services of a Compose file one more network, by additions to its text alone.

The places come from the parsed tree, the text in between is never written anew. Two spots cannot
be had by adding: ``networks: *alias`` of a list, which is replaced by the list written out, and
a written null. After the edit the new text is parsed, and its meaning compared with the old one's.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain, count

from wizard.compose.declaration import digest
from wizard.compose.difference import Difference, difference
from wizard.compose.inheritance import Inheritance
from wizard.compose.insertion import Additions, Level, Unusual, text_end
from wizard.compose.joining import named_networks
from wizard.compose.meaning import DEFAULT
from wizard.compose.nodes import Alias, ListNode, MapNode, Node, Scalar, value_of, values
from wizard.compose.read import ParsedFile
from wizard.compose.read import services as services_of
from wizard.compose.tags import OVERRIDE, RESET
from wizard.compose.yaml_source import Content, flow, source, text_source, word
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line

_NETWORK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # as dockerd takes them
_ELSEWHERE = "Nothing was changed. Put the network into an override file instead"

_ROUNDS = 4
"""How often services wait for others whose networks they have too. Once is enough in every file
that anybody was seen to write: those that waited are then on the network by those others."""


def add_network(
    file: ParsedFile,
    services: Sequence[str],
    network: str,
    key: str | None = None,
    *,
    beside: Sequence[ParsedFile] = (),
    declaration: Mapping[str, Content] | None = None,
    addresses: Mapping[str, str] | None = None,
    later: Sequence[ParsedFile] = (),
) -> bytes:
    """Return a Compose file's content with services put on one more network.

    Every byte stays but for additions. What is there already is not added again, so that
    doing it twice changes nothing. A service that names no networks gets ``default`` too, where
    it was without saying so.

    Args:
        file: The file to edit.
        services: Names of services that stand in the file.
        network: The network's name in Docker.
        key: What to call the network in the file; its name if None. Another is taken if the
            project uses it for something else, or declares the network under another already.
        beside: The project's other files that Compose reads before this one, if it has several.
        declaration: What declares the network, where Compose makes it; None where it is made
            outside Compose, or where a file of the project says so already.
        addresses: The IPv6 address that is written for each service that has a fixed one.
        later: The project's files that Compose reads after this one.

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
    return joined(file, services, network, key, beside, declaration, addresses, later)


def is_external(files: Sequence[ParsedFile], network: str) -> bool:
    """Return whether a file of the project declares the network as one made outside Compose."""
    return any(
        part.meaning.external(key) == network for part in files for key in part.meaning.networks
    )


def key_of(files: Sequence[ParsedFile], network: str) -> str | None:
    """Return the key of a network that Compose makes under this name, or None."""
    return next(
        (
            key
            for part in files
            for key in part.meaning.networks
            if part.meaning.own(key) == network
        ),
        None,
    )


def joined(
    file: ParsedFile,
    services: Sequence[str],
    network: str,
    key: str | None,
    beside: Sequence[ParsedFile],
    declaration: Mapping[str, Content] | None = None,
    addresses: Mapping[str, str] | None = None,
    later: Sequence[ParsedFile] = (),
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
    known = {service.name: service for service in services_of([*beside, file, *later])}
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
    files = (*beside, file, *later)
    if is_external(files, network):
        declaration = None
    key = _key(files, network, key or network)
    content = _external(key, network) if declaration is None else dict(declaration)
    asked: dict[str, Content] = {
        name: {"ipv6_address": f'"{address}"'} for name, address in (addresses or {}).items()
    }
    try:
        chosen = set(services)
        todo = [name for name in known if name in chosen]
        result = _with_services(file, (beside, later), todo, key, asked, content)
    except Unusual as unusual:
        raise Refused(f"{unusual} {_ELSEWHERE}, or edit the file by hand.") from None
    found = difference(
        file.meaning,
        result.meaning,
        [part.meaning for part in beside],
        services,
        key,
        network,
        None if declaration is None else digest(content),
        {name: frozenset([digest(options)]) for name, options in asked.items()},
        [part.meaning for part in later],
    )
    _verify(file, found)
    return result.raw


def _key(files: Sequence[ParsedFile], network: str, wanted: str) -> str:
    meanings = [part.meaning for part in files]
    keys = dict.fromkeys(key for part in meanings for key in part.networks)
    for key in keys:
        if any(network in (part.external(key), part.own(key)) for part in meanings):
            return key
    taken = {*keys, DEFAULT}
    others = (f"{network}_ipv6_{number}" for number in count(2))
    return next(key for key in chain((wanted, f"{network}_ipv6"), others) if key not in taken)


def _verify(before: ParsedFile, found: Difference) -> None:
    if found.bystanders:
        shared = ", ".join(found.bystanders)
        raise Refused(
            f"In {before.name} {shared} shares settings with a chosen service (by an anchor or "
            f"by extends), so the network would be added there too. {_ELSEWHERE}, or choose "
            f"{shared} as well."
        )
    if not found.exact:
        raise Refused(
            f"{before.name} is written in a way too unusual for a safe edit: a trial edit changed "
            f"more, or other things, than wanted. {_ELSEWHERE}, or edit the file by hand."
        )


def _with_services(
    file: ParsedFile,
    around: tuple[Sequence[ParsedFile], Sequence[ParsedFile]],
    todo: Sequence[str],
    key: str,
    asked: Mapping[str, Content],
    declared: Mapping[str, Content],
) -> ParsedFile:
    """Return the file with services on the network, and the network declared.

    Raises:
        Unusual: A service stands at a spot that no addition can change.
    """
    for _ in range(_ROUNDS):
        additions, inheritance = Additions(file), Inheritance(file)
        beside, later = around
        files = (*beside, file, *later)
        waiting: list[str] = []
        missing: dict[str, Content] = {}
        for name in todo:
            if inheritance.is_changing(name):
                waiting.append(name)
            elif (wanted := _wanted(files, name, key, asked.get(name, {}))) is not None:
                new = _attach(additions, inheritance, name, key, wanted, asked.get(name, {}))
                if new is not None:
                    missing[word(name)] = new
        if missing:
            _put_services(additions, missing)
        _declare(additions, (*beside, *later), key, declared)
        file, todo = additions.made(), waiting
        if not todo:
            return file
    raise Unusual(
        f"{file.name} is written in a way too unusual for a safe edit: {', '.join(todo[:3])} and "
        "others share settings in a chain."
    )


def _wanted(
    files: Sequence[ParsedFile], service: str, key: str, asked: Content
) -> "Content | None":
    """Return the networks of a service that names none itself; None if it is on the network."""
    named = named_networks([part.meaning for part in files], service)
    if named is not None and key in named:
        return None
    if not asked:
        return [word(DEFAULT), word(key)] if named is None else [word(key)]
    default: dict[str, Content] = {word(DEFAULT): {}} if named is None else {}
    return {**default, word(key): asked}


def _attach(
    additions: Additions,
    inheritance: Inheritance,
    service: str,
    key: str,
    wanted: Content,
    asked: Content,
) -> "Content | None":
    """Put one service on the network; return what is to stand below one that the file has not."""
    file = additions.file
    root = file.document.root
    section = root.own("services") if root else None
    if section is None:
        return {"networks": wanted}
    container = section[1]
    if isinstance(container, Alias):
        raise Unusual(f"The services in {file.name} are written by an alias.")
    entry = container.own(service) if isinstance(container, MapNode) else None
    if entry is None:
        if service in file.meaning.services:
            raise Unusual(f"{service} in {file.name} is not written out but merged in.")
        return {"networks": wanted}
    if isinstance(entry[1], Alias):
        raise Unusual(f"{service} in {file.name} is not written out but stands for an alias.")
    inheritance.changes(service, entry[1])
    if not isinstance(entry[1], MapNode):
        additions.put(entry[1], entry[0], "networks", wanted)
        return None

    own = entry[1].own("networks")
    if own is None:
        merged = entry[1].pairs.get("networks")
        content = wanted if merged is None else _extended(merged, word(key), asked)
        additions.put(entry[1], entry[0], "networks", content)
        return None
    if not isinstance(own[1], Alias):
        inheritance.changes(service, own[1])
    _add_network(additions, own, key, wanted, asked)
    return None


def _add_network(
    additions: Additions, own: tuple[Node, Node], key: str, wanted: Content, asked: Content
) -> None:
    """Add the network to a service's own ``networks:``."""
    name, node = own
    if isinstance(node, ListNode | MapNode | Scalar) and node.tag == RESET:
        # What it takes away stays away, and what is there instead is said.
        written = f"{OVERRIDE} {flow(wanted, quoted=False)}"
        additions.splice(node.start, written, text_end(node)[0] - node.start)
    elif isinstance(node, ListNode):
        if asked:
            additions.append_as_mapping(node, name, word(key), asked)
        else:
            additions.append(node, name, word(key))
    elif isinstance(node, MapNode):
        # What it names it may only take away, and then ``default`` has to be said as well.
        for each in map(str, wanted):
            if each in node.pairs:
                raise Unusual(f"{each} is taken away in {additions.file.name} and wanted there.")
            additions.put(node, name, each, asked if each == word(key) else {})
    elif isinstance(node, Alias):
        target = node.target
        if isinstance(target, MapNode):
            alias = additions.file.document.text[node.start : node.end]
            written = f"{{<<: {alias}, {word(key)}: {flow(asked, quoted=False)}}}"
        else:
            written = flow(_extended(target, word(key), asked), quoted=False)
        additions.splice(node.start, written, node.end - node.start)
    else:
        additions.put_value(node, name, wanted)


def _put_services(additions: Additions, missing: Mapping[str, Content]) -> None:
    """Write services into the file that stand only beside it."""
    root = additions.file.document.root
    section = root.own("services") if root else None
    if section is None:
        additions.put(root, None, "services", dict(missing), Level.TOP)
    elif isinstance(section[1], MapNode):
        for name, content in missing.items():
            additions.put(section[1], section[0], name, content, Level.SERVICES)
    else:
        additions.put_value(section[1], section[0], dict(missing), Level.SERVICES)


def _external(key: str, network: str) -> dict[str, Content]:
    """Return what declares a network that Compose neither makes nor removes."""
    content: dict[str, Content] = {"external": "true"}
    return content if key == network else content | {"name": word(network)}


def _declare(
    additions: Additions, beside: Sequence[ParsedFile], key: str, content: Mapping[str, Content]
) -> None:
    """Declare the network, unless one of the project's files does."""
    file = additions.file
    if any(key in part.meaning.networks for part in (*beside, file)):
        return
    root = file.document.root
    section = root.own("networks") if root else None
    if section is None:
        if root is not None and "networks" in root.pairs:
            raise Unusual(f"The top-level networks in {file.name} are merged in.")
        additions.put(root, None, "networks", {word(key): dict(content)}, Level.TOP)
    elif isinstance(section[1], Alias):
        raise Unusual(f"The top-level networks in {file.name} are written by an alias.")
    else:
        # The section may end the file: what comes at the file's end stands behind it.
        additions.put(section[1], section[0], word(key), dict(content), Level.SERVICES)


def _extended(node: Node, key: str, asked: Content) -> Content:
    """Return inherited networks written out, and one more."""
    target = value_of(node)
    options: dict[str, Content] = {}
    if isinstance(target, ListNode):
        options = {item.value: {} for item in values(target) if isinstance(item, Scalar)}
    elif isinstance(target, MapNode):
        options = {name: _copied(value) for name, value in target.pairs.items()}
    if not asked and all(value == {} for value in options.values()):
        return [*(source(name) for name in options), key]
    return {**{source(name): value for name, value in options.items()}, key: asked}


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
