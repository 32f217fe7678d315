"""Whether a service may have several containers at once."""

from collections.abc import Sequence

from wizard.compose.nodes import MapNode, Scalar, Value
from wizard.compose.read import ParsedFile


def is_scaled(files: Sequence[ParsedFile], service: str) -> bool:
    """Return whether the files ask for several containers of a service, or for who knows how many.

    A number that comes from a variable may be any.
    """
    for file in files:
        settings = _below(_below(file.document.root, "services"), service)
        replicas = _below(_below(settings, "deploy"), "replicas")
        for number in (_below(settings, "scale"), replicas):
            if isinstance(number, Scalar) and number.value not in ("", "0", "1"):
                return True
    return False


def _below(node: Value | None, key: str) -> Value | None:
    return node.pairs.get(key) if isinstance(node, MapNode) else None
