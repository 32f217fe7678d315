"""What variables of a container name that a change of addresses touches; never their values."""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network
from urllib.parse import urlsplit

from wizard.host.contacts import Mention, OutsideHost
from wizard.platform.text import clean_line

LARGEST = 4096
"""Characters of a value that are looked at."""

MOST = 32
"""Findings that are kept of one container."""

_ADDRESS = re.compile(
    r"(?<![\w.])(?P<address>\d{1,3}(?:\.\d{1,3}){3})(?:/(?P<length>\d{1,2}))?(?![\w]|\.\d)"
)

# Where a program connects to; an address there names who is asked and not who is trusted.
_DESTINATION = re.compile(
    r"(?:^|_)(?:HOST|HOSTNAME|SERVER|SERVERS|ENDPOINT|URL|URI|DSN|RELAY|RELAYHOST|ADDRESS|ADDR)$",
    re.IGNORECASE,
)

# Names under which visitors come, and not those to which the program goes.
_OWN_NAME = re.compile(
    r"ALIAS|CDN|PUBLIC|^(?:LOCAL|WEB|SITE|BASE|ROOT|EXTERNAL|ALTERNATE|VIRTUAL|LETSENCRYPT)_|"
    r"^(?:HOST|HOSTNAME|URL|SERVER)$",
    re.IGNORECASE,
)

_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*", re.I)


def networks_in(text: str) -> Iterator[IPv4Network]:
    """Yield every IPv4 address and prefix that stands in a text."""
    for found in _ADDRESS.finditer(text):
        try:
            yield IPv4Network((found["address"], int(found["length"] or 32)), strict=False)
        except ValueError:
            continue


def mentions(variables: Iterable[str], subnets: Sequence[IPv4Network]) -> tuple[Mention, ...]:
    """Return which variables, each as ``NAME=value``, name a part of one of the subnets.

    One that names a single host to connect to is left out: the hosts keep their addresses.
    """
    found: dict[Mention, None] = {}
    for variable in variables:
        name, _, value = variable.partition("=")
        for network in networks_in(value[:LARGEST]):
            single = network.prefixlen == 32 and _DESTINATION.search(name)
            if not single and any(network.overlaps(subnet) for subnet in subnets):
                found[Mention(clean_line(name), network)] = None
    return tuple(found)[:MOST]


def outside_hosts(variables: Iterable[str]) -> tuple[OutsideHost, ...]:
    """Return which variables name a host to connect to by a name of the DNS."""
    found: dict[OutsideHost, None] = {}
    for variable in variables:
        name, _, value = variable.partition("=")
        if _DESTINATION.search(name) and not _OWN_NAME.search(name):
            for host in _hosts(value[:LARGEST]):
                found[OutsideHost(clean_line(name), host)] = None
    return tuple(found)[:MOST]


def _hosts(value: str) -> Iterator[str]:
    """Yield host names; of an URL the host alone, for a password may stand before it."""
    for part in re.split(r"[\s,;]+", value.strip().strip("\"'")):
        name = part
        if "://" in part:
            try:
                split = urlsplit(part)
                name = split.hostname or ""
            except ValueError:
                continue
            # A password with a slash in it ends the host too early.
            if "@" in part.replace(split.netloc, "", 1):
                continue
        else:
            name = re.sub(r":\d{1,5}$", "", part)
        if _HOST.fullmatch(name):
            yield name.lower()
