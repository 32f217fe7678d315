"""Which of the kernel's two interfaces ``ip6tables`` speaks to, and whether the other has rules."""

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from wizard.host.host import Ip6tablesCommand
from wizard.host.looking import CannotTell, installed, output, read_if_there
from wizard.host.obstacle import Cause
from wizard.host.part import Part, Words
from wizard.platform import saved_rules
from wizard.platform.text import clean_line
from wizard.ruleset import ip6tables as filter_rules
from wizard.ruleset.chains import Packet

LEGACY_TABLES = Path("/proc/net/ip6_tables_names")

FORWARDING = "DOCKER-FORWARD"
"""Docker's chain for what it forwards, from 28 on (seen on 28.5.2 and 29.7.2)."""

_BEFORE_FORWARDING = "DOCKER-ISOLATION-STAGE-1"
"""Its first chain for that before."""

_ANY = Packet("-", "tcp", 443, "-")
"""Between two interfaces that no rule names."""

_VERSION = re.compile(r"ip6tables v(\S+)(?: \((nf_tables|legacy)\))?")


def detect() -> Ip6tablesCommand:
    """Ask ``ip6tables`` itself, and the other one's program only for what is in the kernel already.

    Raises:
        CannotTell: ip6tables is not installed.
    """
    if not installed("ip6tables"):
        raise CannotTell(
            "ip6tables is not installed on this host: install it with “apt install iptables”.",
            Cause.IP6TABLES_MISSING,
        )
    version, legacy = parse_version(output(("ip6tables", "--version")))
    has, rules = _nft() if legacy else _legacy()
    saved = "" if os.geteuid() else output(("ip6tables-save",))
    return Ip6tablesCommand(
        version,
        legacy,
        has,
        rules,
        tuple(to_docker(saved)),
        before_docker(saved),
        f":{FORWARDING} " in saved,
        beside_filter(saved),
        imitated(saved),
    )


def parse_version(text: str) -> tuple[str, bool]:
    """Return the version, and whether it is the legacy one; before 1.8 there was no other.

    Raises:
        CannotTell: It is not what ip6tables prints.
    """
    found = _VERSION.search(text)
    if found is None:
        raise CannotTell(f"“ip6tables --version” printed “{clean_line(text.strip())}”.")
    return clean_line(found[1]), found[2] != "nf_tables"


def to_docker(saved: str) -> Iterator[str]:
    """Yield the rules that lead from a chain of the kernel's to DOCKER in the nat table."""
    for chain, rules in saved_rules.parse(saved, "nat")[0].items():
        if chain in ("PREROUTING", "OUTPUT"):
            leading = [rule for rule in rules if rule.split()[-2:] == ["-j", "DOCKER"]]
            yield from (clean_line(f"{chain} {rule}") for rule in leading)


def before_docker(saved: str) -> str:
    """Return why FORWARD drops all before it leads to Docker's chain, or nothing if it does not."""
    accepting = with_docker_accepting(saved)
    if not filter_rules.closes(accepting, _ANY):
        return ""
    return clean_line(filter_rules.dropping(accepting, _ANY))


@lru_cache(maxsize=4)
def with_docker_accepting(saved: str) -> str:
    """Return what is saved with one rule in Docker's chain for what it forwards: accept all."""
    rule = f"-A {FORWARDING} "
    # All that Docker lets through is in there.
    return "\n".join(
        f"{line}\n{rule}-j ACCEPT" if line.startswith(f":{FORWARDING} ") else line
        for line in saved.splitlines()
        if not line.startswith(rule)
    )


def beside_filter(saved: str) -> str:
    """Return what is saved of all tables but filter."""
    tables = re.split(r"^(?=\*)", saved, flags=re.MULTILINE)
    return "".join(each for each in tables if not each.startswith(("*filter\n", "#")))


def imitated(saved: str) -> str:
    """Return the rule with which something other than Docker leads to chains it makes, or nothing.

    docker-ipv6nat makes those that Docker had for IPv4 before 28.
    """
    rules = [rule.strip() for rule in saved_rules.parse(saved, "filter")[0].get("FORWARD", ())]
    earlier = f"-j {_BEFORE_FORWARDING}"
    return f"FORWARD {earlier}" if {earlier, f"-j {FORWARDING}"} <= {*rules} else ""


def has_rules(saved: str) -> bool:
    """Whether the text of an ``ip6tables-save`` holds a rule, or a policy other than ACCEPT."""
    return any(
        line.startswith("-A ") or (line.startswith(":") and " DROP " in line)
        for line in saved.splitlines()
    )


def _legacy() -> tuple[bool | None, str]:
    """Return whether there are legacy rules, and which."""
    tables = read_if_there(LEGACY_TABLES)
    if tables is None:
        # A kernel without the legacy interface has no such file; a closed one is root's to read.
        return (None if os.geteuid() and LEGACY_TABLES.exists() else False), ""
    if not installed("ip6tables-legacy-save"):
        return bool(tables.split()), ""
    # Naming the table keeps the program from making the ones that are not there yet.
    saved = "".join(output(("ip6tables-legacy-save", "-t", table)) for table in tables.split())
    return _known(saved)


def _nft() -> tuple[bool | None, str]:
    if os.geteuid():
        return None, ""
    program = installed("ip6tables-nft-save")
    return _known(output((program,)) if program else "")


def _known(saved: str) -> tuple[bool, str]:
    return (True, saved) if has_rules(saved) else (False, "")


def in_words(ip6tables: Ip6tablesCommand) -> Words:
    """Say which interface it speaks to, and whether the other holds rules."""
    mine, other = _kinds(ip6tables)
    words = f"{ip6tables.version}, {mine}"
    if ip6tables.other_has_rules is None:
        return f"{words}; whether the {other} one holds rules only root may see", "ok"
    if ip6tables.other_has_rules:
        return f"{words}; the {other} one holds rules too", "note"
    return words, "ok"


def notes(ip6tables: Ip6tablesCommand) -> Iterator[str]:
    """Yield where the rest of the rules is seen."""
    if ip6tables.other_has_rules:
        mine, other = _kinds(ip6tables)
        yield (
            f"ip6tables speaks to the kernel's {mine} interface, but the {other} one holds rules "
            f"too. Packets pass both, and “ip6tables -S” shows only one: see "
            f"“ip6tables-{other}-save” for the rest."
        )


def _kinds(ip6tables: Ip6tablesCommand) -> tuple[str, str]:
    return ("legacy", "nft") if ip6tables.legacy else ("nft", "legacy")


PART = Part(
    lambda host: host.ip6tables,
    label="ip6tables",
    find=lambda _: detect(),
    words=in_words,
    notes=notes,
    asked="ip6tables",
)
