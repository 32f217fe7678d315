"""Other keepers of the packet filter, and the policy of the FORWARD chain of ip6tables."""

import os
import re
from pathlib import Path

from wizard.boot import ufw
from wizard.host import forward_chains, nftables_files
from wizard.host.chain import ForwardChain
from wizard.host.filter_sources import filter_sources
from wizard.host.host import Firewall
from wizard.host.looking import CannotTell, installed, is_active, output, read_if_there
from wizard.host.part import Part, Words
from wizard.host.parts.ip6tables import LEGACY_TABLES, parse_version
from wizard.platform.text import clean_line, enumerated
from wizard.ruleset.chains import Packet

_UNNAMED = Packet("-", "tcp", None, "-")
"""Between two interfaces that no rule names."""

_FLUSHING = (
    ("ferm.service", "“systemctl reload ferm” (/etc/ferm/ferm.conf)"),
    ("shorewall6.service", "“shorewall6 reload” (/etc/shorewall6)"),
)
"""Programs that have ip6tables-restore replace every table, by unit (seen on ferm 2.7 and
shorewall6 5.2.8)."""

SAVED = Path("/etc/iptables/rules.v6")
"""What Debian's netfilter-persistent loads (iptables-persistent)."""


def detect() -> Firewall:
    """Read ufw's own switch, systemd's state of firewalld, and as root the FORWARD chain."""
    chains = _forward_chains()
    active = bool(installed("ufw")) and ufw.is_enabled(read_if_there(Path(ufw.SWITCH)) or "")
    return Firewall(
        ufw=active,
        ufw_drops_ipv6=active and not ufw.lets_ipv6(read_if_there(Path(ufw.DEFAULTS))),
        firewalld=is_active("firewalld.service"),
        forward_policy=_forward_policy(),
        dropping_tables=tuple(
            dict.fromkeys(
                f"{one.family} {one.table}"
                for one in chains
                if not one.of_ip6tables and one.stops(_UNNAMED)
            )
        ),
        forward_chains=chains,
        sources=filter_sources(),
        flushed_by=flushed_by(),
    )


def flushed_by() -> str:
    """Return what somebody may type that flushes the rules of all, and by which file."""
    place = nftables_files.flushes() if is_active("nftables.service") else ""
    if place:
        return f"“systemctl reload nftables” ({place}: flush ruleset)"
    saved = read_if_there(SAVED) if is_active("netfilter-persistent.service") else None
    # ip6tables-restore replaces each table that its file names.
    if saved and re.search(r"^\*(filter|nat)\s*$", saved, re.M):
        return f"“netfilter-persistent reload” ({SAVED})"
    return next((how for unit, how in _FLUSHING if is_active(unit)), "")


def policy(listed: str) -> str | None:
    """Return the policy from what ``ip6tables -S FORWARD`` prints."""
    found = re.search(r"^-P FORWARD (\S+)", listed, re.M)
    return clean_line(found[1]) if found else None


def _forward_chains() -> tuple[ForwardChain, ...]:
    if os.geteuid() or not installed("nft"):
        return ()
    try:
        return forward_chains.parse(
            output(("nft", "-j", "list", "ruleset")), nftables_files.declared()
        )
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


def in_words(firewall: Firewall) -> Words:
    """Say who is active, and what drops forwarded packets."""
    active = [name for name in ("ufw", "firewalld") if getattr(firewall, name)]
    words = f"{enumerated(active)} active" if active else "neither ufw nor firewalld is active"
    policy = firewall.forward_policy or "unknown, only root may see it"
    words = f"{words}; FORWARD policy {policy}"
    if firewall.dropping_tables:
        words += f"; nftables drops in {', '.join(firewall.dropping_tables)}"
    return words, "note" if notes(firewall) else "ok"


def notes(firewall: Firewall) -> list[str]:
    """Return what to mind of those that are active."""
    said = []
    if firewall.ufw and not firewall.ufw_drops_ipv6:
        said.append(
            "ufw is active: it filters forwarded packets too, and puts its own rules back when it "
            "is reloaded. See with “wizard --check” afterwards that the containers get through."
        )
    if firewall.firewalld:
        said.append(
            "firewalld is active: it refuses what it passes on unless its own configuration allows "
            "that. Where it stops the containers, the plan begins with a policy that lets them "
            "through."
        )
    return said


PART = Part(
    lambda host: host.firewall,
    label="Firewall",
    find=lambda _: detect(),
    words=in_words,
    foremost=True,
    notes=notes,
    asked="ip6tables",
)
