"""Rules of the packet filter that name an IPv4 source, Docker's own left out."""

import os
import re
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

from wizard.host.contacts import Mention
from wizard.host.environment import networks_in
from wizard.host.looking import CannotTell, installed, output
from wizard.platform.text import clean_line

MOST = 64
"""Rules that are kept."""

_LONGEST = 160
"""Characters of a rule that are shown."""

_SAVED = re.compile(r"^-A (?P<chain>\S+) (?P<rule>.*)$")
_SOURCE = re.compile(r"(?:^|\s)(?:-s|--source) (\S+)")
_PRIVATE = tuple(
    ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


def filter_sources() -> tuple[Mention, ...]:
    """Ask iptables and nft, as root; nothing where neither can be asked."""
    if os.geteuid():
        return ()
    found: list[Mention] = []
    for program, parse in (("iptables-save", saved), ("nft", listed)):
        if not installed(program):
            continue
        try:
            words = (program,) if program != "nft" else (program, "list", "ruleset")
            found += parse(output(words))
        except CannotTell:
            continue
    return tuple(dict.fromkeys(found))[:MOST]


def saved(text: str) -> Iterator[Mention]:
    """Yield the rules with a private source in what iptables-save prints."""
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        found = _SAVED.match(line)
        if found is None or _is_docker(found["chain"]) or "MASQUERADE" in found["rule"]:
            continue
        for source in _SOURCE.findall(found["rule"]):
            for network in networks_in(source):
                if _is_private(network):
                    of_table = "" if table == "filter" else f"-t {table} "
                    yield Mention(_shown(f"iptables {of_table}{line}"), network)


def listed(text: str) -> Iterator[Mention]:
    """Yield the rules and sets with a private source in what ``nft list ruleset`` prints.

    The tables of iptables are in there too, and are left to iptables-save.
    """
    table = chain = ""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["table"] and len(words) >= 3:
            table = f"{words[1]} {words[2]}"
        elif words[:1] in (["chain"], ["set"]) and len(words) >= 2:
            chain = words[1]
        elif ("saddr" in words or words[:1] == ["elements"]) and table.split(" ")[0] in (
            "inet",
            "ip",
            "netdev",
            "bridge",
        ):
            if table in _OF_IPTABLES or "docker" in table or "masquerade" in words:
                continue
            for network in networks_in(line):
                if _is_private(network):
                    yield Mention(_shown(f"nft {table} {chain}: {line.strip()}"), network)


_OF_IPTABLES = {f"ip {table}" for table in ("filter", "nat", "mangle", "raw", "security")}


def _shown(rule: str) -> str:
    return clean_line(rule if len(rule) <= _LONGEST else f"{rule[:_LONGEST]} …")


def _is_docker(chain: str) -> bool:
    return chain.startswith("DOCKER") and chain != "DOCKER-USER"


def _is_private(network: IPv4Network) -> bool:
    return any(network.subnet_of(private) for private in _PRIVATE if private.version == 4)
