"""Whether a Compose file names something, wherever that may be."""

import re


def names_network(text: str, network: str) -> bool:
    """Return whether a Compose file names a network anywhere outside a comment."""
    name = re.compile(rf"(?<![\w.-]){re.escape(network)}(?![\w.-])")
    return any(name.search(line.partition("#")[0]) for line in text.splitlines())
