"""Which of the kernel's two interfaces ``ip6tables`` speaks to, and whether the other has rules."""

import os
import re
from pathlib import Path

from wizard.host.host import Ip6tables
from wizard.host.looking import CannotTell, installed, output, read_if_there
from wizard.platform.text import clean_line

LEGACY_TABLES = Path("/proc/net/ip6_tables_names")

_VERSION = re.compile(r"ip6tables v(\S+)(?: \((nf_tables|legacy)\))?")


def detect() -> Ip6tables:
    """Ask ``ip6tables`` itself, and the other one's program only for what is in the kernel already.

    Raises:
        CannotTell: ip6tables is not installed.
    """
    if not installed("ip6tables"):
        raise CannotTell(
            "ip6tables is not installed on this host: install it with “apt install iptables”."
        )
    version, legacy = parse_version(output(("ip6tables", "--version")))
    return Ip6tables(version, legacy, other_has_rules=_nft_has_rules() if legacy else _legacy())


def parse_version(text: str) -> tuple[str, bool]:
    """Return the version, and whether it is the legacy one; before 1.8 there was no other.

    Raises:
        CannotTell: It is not what ip6tables prints.
    """
    found = _VERSION.search(text)
    if found is None:
        raise CannotTell(f"“ip6tables --version” printed “{clean_line(text.strip())}”.")
    return clean_line(found[1]), found[2] != "nf_tables"


def has_rules(saved: str) -> bool:
    """Whether the text of an ``ip6tables-save`` holds a rule, or a policy other than ACCEPT."""
    return any(
        line.startswith("-A ") or (line.startswith(":") and " DROP " in line)
        for line in saved.splitlines()
    )


def _legacy() -> bool | None:
    tables = read_if_there(LEGACY_TABLES)
    if tables is None:
        # A kernel without the legacy interface has no such file; a closed one is root's to read.
        return None if os.geteuid() and LEGACY_TABLES.exists() else False
    if not installed("ip6tables-legacy-save"):
        return bool(tables.split())
    # Naming the table keeps the program from making the ones that are not there yet.
    return any(
        has_rules(output(("ip6tables-legacy-save", "-t", table))) for table in tables.split()
    )


def _nft_has_rules() -> bool | None:
    if os.geteuid():
        return None
    program = installed("ip6tables-nft-save")
    return has_rules(output((program,))) if program else False
