"""Other keepers of the packet filter, and the policy of the FORWARD chain of ip6tables."""

import json
import os
import re
from pathlib import Path

from wizard.detect.filter_sources import filter_sources
from wizard.detect.ip6tables import LEGACY_TABLES, parse_version
from wizard.detect.looking import CannotTell, installed, is_active, output, read_if_there
from wizard.host import Firewall
from wizard.text import clean_line

UFW = Path("/etc/ufw/ufw.conf")


def detect() -> Firewall:
    """Read ufw's own switch, systemd's state of firewalld, and as root the FORWARD chain."""
    return Firewall(
        ufw=bool(installed("ufw")) and ufw_enabled(read_if_there(UFW) or ""),
        firewalld=is_active("firewalld.service"),
        forward_policy=_forward_policy(),
        dropping_tables=_dropping_tables(),
        sources=filter_sources(),
    )


def ufw_enabled(configuration: str) -> bool:
    """Tell from ufw.conf, which ``ufw enable`` writes."""
    return re.search(r"^\s*ENABLED\s*=\s*[\"']?yes\b", configuration, re.M | re.I) is not None


def policy(listed: str) -> str | None:
    """Return the policy from what ``ip6tables -S FORWARD`` prints."""
    found = re.search(r"^-P FORWARD (\S+)", listed, re.M)
    return clean_line(found[1]) if found else None


def dropping_tables(listed: str) -> tuple[str, ...]:
    """Return the tables with a forward chain that drops, from ``nft -j list chains``.

    A packet that one table accepts still passes the others (nft(8), verdict statements), so
    no rule of ip6tables lets through what such a table drops.
    """
    try:
        chains = [entry.get("chain", {}) for entry in json.loads(listed)["nftables"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
    return tuple(
        clean_line(f"{chain['family']} {chain['table']}")
        for chain in chains
        if chain.get("hook") == "forward"
        and chain.get("policy") == "drop"
        and chain.get("family") in ("inet", "ip6")
        and (chain.get("family"), chain.get("table")) != ("ip6", "filter")
    )


def _dropping_tables() -> tuple[str, ...]:
    if os.geteuid() or not installed("nft"):
        return ()
    try:
        return dropping_tables(output(("nft", "-j", "list", "chains")))
    except CannotTell:
        return ()


def _forward_policy() -> str | None:
    if os.geteuid() or not installed("ip6tables"):
        return None
    try:
        _, legacy = parse_version(output(("ip6tables", "--version")))
        if legacy and "filter" not in (read_if_there(LEGACY_TABLES) or "").split():
            # To ask the legacy program would make the table; before that everything passes.
            return "ACCEPT"
        return policy(output(("ip6tables", "-S", "FORWARD")))
    except CannotTell:
        return None
