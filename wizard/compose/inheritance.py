"""Which services of a Compose file have networks that stand at another service."""

from collections import defaultdict

from wizard.compose.nodes import ListNode, MapNode, Node, Value, value_of
from wizard.compose.read import ParsedFile


class Inheritance:
    """Which services have other networks once the networks of some have been added to.

    By merge keys and aliases they take nodes of the tree, by ``extends`` whole services.
    """

    def __init__(self, file: ParsedFile) -> None:
        self._takers: dict[int, list[str]] = defaultdict(list)
        self._extending: dict[str, list[str]] = defaultdict(list)
        self._changing: set[str] = set()
        root = file.document.root
        services = root.pairs.get("services") if root else None
        for name, node in services.pairs.items() if isinstance(services, MapNode) else ():
            for taken in _taken(node):
                self._takers[taken].append(name)
            base = file.meaning.services[name].base
            if base is not None:
                self._extending[base].append(name)

    def is_changing(self, service: str) -> bool:
        """Return whether a service has other networks by what has been changed."""
        return service in self._changing

    def changes(self, service: str, node: Value) -> None:
        """Note that a service's settings, or its networks, at a node are added to."""
        todo = [name for name in self._takers[id(node)] if name != service]
        todo += self._extending[service]
        while todo:
            name = todo.pop()
            if name not in self._changing:
                self._changing.add(name)
                todo += self._extending[name]


def _taken(service: Value) -> set[int]:
    """Return the identities of the nodes that say which networks a service is on."""
    found: set[int] = set()
    todo: list[Node] = [service]
    while todo:
        node = value_of(todo.pop())
        if id(node) in found:
            continue
        found.add(id(node))
        if isinstance(node, MapNode):
            own, merged = node.own("networks"), node.own("<<")
            if own is not None:
                todo.append(own[1])
            elif merged is not None:
                parts = value_of(merged[1])
                todo += parts.items if isinstance(parts, ListNode) else [parts]
    return found
