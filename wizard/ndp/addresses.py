"""Addresses out of text, of which the service reads the same ones at every event."""

import functools
from ipaddress import IPv6Address

_LONGEST = 49
"""Characters of the longest address with its prefix length: 45, as inet_ntop(3) has it, and 4."""


@functools.lru_cache(maxsize=4096)
def address(text: str) -> IPv6Address:
    """Return an address; a prefix length after it is left out.

    Raises:
        ValueError: The text is no IPv6 address, or one with a zone (RFC 4007 §11), which may hold
            anything, lines for ``ip`` too.
    """
    if "%" in text or len(text) > _LONGEST:
        raise ValueError("no address of a container")
    return IPv6Address(text.partition("/")[0])
