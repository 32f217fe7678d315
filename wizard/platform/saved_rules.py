"""What ``ip6tables-save`` prints of one table: its rules by chain, and the policies of its chains.

Nothing is imported: a resident service reads it too.
"""

from __future__ import annotations


def parse(saved: str, wanted: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the rules of each chain in their order, as they are written, and each chain's policy.

    A chain that somebody made has the policy ``-``; of a line that is cut off what is there counts.
    """
    rules: dict[str, list[str]] = {}
    policies: dict[str, str] = {}
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif table != wanted:
            continue
        elif line.startswith(":"):
            chain, _, rest = line[1:].partition(" ")
            rules.setdefault(chain, [])
            policies[chain] = rest.partition(" ")[0]
        elif line.startswith("-A "):
            _, chain, rule = [*line.split(maxsplit=2), "", ""][:3]
            rules.setdefault(chain, []).append(rule)
    return rules, policies


def plain(rule: str) -> str:
    """Return a rule as every release of ip6tables prints it alike."""
    return rule.strip().replace("-p icmpv6 ", "-p ipv6-icmp ")
