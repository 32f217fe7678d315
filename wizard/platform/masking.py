"""Takes out of a text what its owner may not want strangers to read: addresses and secrets."""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

MASKED = "(masked)"
"""Stands in the place of a secret."""

_MAC = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}(?![\w:])")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:\.\d+){0,3}(?![\w:])")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)")
# Possessive, and from the beginning of a word alone: a name of others may be a long one.
_SECRET = re.compile(
    r"(?i)(?<![\w.-])((?=[\w.-]*?(?:passw|secret|token|key|credential|auth|salt|otp))"
    r"[\w.-]++[\"']?\s*+[:=]\s*+)(\S.*)"
)
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")


def masked(text: str, names: Iterable[str] = ()) -> str:
    """Return the text without addresses of hosts, secrets, and some names.

    Each address has the same name wherever it stands, so that it can be followed. Those that are
    of no host, such as the loopback's, stay.

    Args:
        text: The text.
        names: Names that are of this host alone, such as its own.
    """
    given: dict[str, str] = {}

    def name(kind: str, key: str) -> str:
        number = sum(each.startswith(kind) for each in given.values()) + 1
        return given.setdefault(key, f"{kind}-{number}")

    def address(found: re.Match[str]) -> str:
        try:
            value = ip_address(found[0])
        except ValueError:
            return found[0]
        if value.is_loopback or value.is_unspecified or value.is_multicast:
            return found[0]
        return name("ipv6" if isinstance(value, IPv6Address) else "ipv4", str(value))

    text = _SECRET.sub(lambda found: f"{found[1]}{MASKED}", text)
    text = _LOGIN.sub(f"{MASKED}@", text)
    text = _MAC.sub(lambda found: name("mac", found[0].lower()), text)
    text = _IPV6.sub(address, text)
    text = _IPV4.sub(address, text)
    for each in filter(None, names):
        text = re.sub(rf"(?<![\w-]){re.escape(each)}(?![\w-])", "this-host", text)
    return text
