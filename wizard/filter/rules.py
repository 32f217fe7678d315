"""Our rules as they should be, as they are, and what mends the difference: texts in, texts out.

Only light parts of the standard library are imported: this runs for good on small hosts.
"""

from __future__ import annotations

from wizard.filter import docker_rules, order
from wizard.filter.uplink_rules import accepts
from wizard.platform import saved_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Table:
    """Our chain in one table, with its rules and the chain that leads to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.chain = ""
        self.parent = ""
        self.rules: list[str] = []

    @property
    def jump(self) -> str:
        """What leads to our chain, as a rule of the chain that does."""
        return f"-j {self.chain}"

    def _on(self, bridge: str) -> list[list[str]]:
        words = [rule.split() for rule in self.rules]
        return [each for each in words if order.is_inward(each) and order.bridge(each) == bridge]

    def opened(self, bridge: str) -> list[str]:
        """Return the ports that our rules open on a bridge, each as ``3000/tcp``."""
        words = [each for each in self._on(bridge) if each[-2:] == ["-j", "ACCEPT"]]
        return [
            f"{each[each.index('--dport') + 1]}/{each[each.index('-p') + 1]}"
            for each in words
            if "--dport" in each and "-p" in each
        ]

    def lets_all_in(self, bridge: str) -> bool:
        """Return whether our rules let in whatever goes to a bridge."""
        return not any(each[-2:] == ["-j", "DROP"] for each in self._on(bridge))

    @property
    def must_be_first(self) -> bool:
        """Whether it lets by what Docker would masquerade, which counts only before that."""
        return self.name == "nat" and any(rule.endswith("-j ACCEPT") for rule in self.rules)


def parse(text: str) -> list[Table]:
    """Return the tables in our file, which ip6tables-restore(8) reads too.

    Raises:
        ValueError: it holds no table, or one without a chain that something leads to.
    """
    tables: list[Table] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("*"):
            tables.append(Table(line[1:]))
        elif not tables:
            continue
        elif line.startswith(":"):
            tables[-1].chain = line[1:].partition(" ")[0]
        elif line.startswith("-I "):
            tables[-1].parent = line.split()[1]
        elif line.startswith("-A "):
            words = line.split(maxsplit=2)
            if len(words) < 3:
                raise ValueError("a rule in it is cut off")
            tables[-1].rules.append(saved_rules.plain(words[2]))
    if not tables or not all(each.chain and each.parent for each in tables):
        raise ValueError("it holds no rules of ours")
    return tables


def faults(tables: Sequence[Table], saved: str, uplink: str, bridges: Sequence[str]) -> list[str]:
    """Return in words what is not as it should be; nothing where all is in force.

    Rules of others between ours are theirs, and so are those before the jump to our chain, as
    long as they let nothing in that ours would keep out.
    """
    found = []
    for table in tables:
        chains = _chains(saved, table.name)
        there = chains.get(table.chain)
        parent = _leading(table, chains)
        if there is None:
            found.append(f"the chain {table.chain} of the {table.name} table is gone")
        elif not _holds(there, table.rules):
            found.append(f"rules of {table.chain} in the {table.name} table are gone")
        elif table.jump not in chains.get(parent, []):
            found.append(f"{parent} of the {table.name} table leads to {table.chain} no more")
        elif sum(chains.get(each, []).count(table.jump) for each in _places(table)) > 1:
            found.append(f"{parent} of the {table.name} table leads to it twice")
        elif table.must_be_first and chains[parent][0] != table.jump:
            found.append(f"{parent} of the {table.name} table leads to it too late")
        elif table.name == "filter" and any(
            not table.lets_all_in(bridge)
            and accepts(saved, uplink, bridge, table.chain, table.opened(bridge))
            for bridge in bridges
        ):
            found.append(f"another rule of {parent} lets in what {table.chain} keeps out")
    return found


def mending(tables: Sequence[Table], saved: str) -> str:
    """Return what ip6tables-restore --noflush takes, in one commit a table, to have all in force.

    What others put into our chain is kept, before our rules.
    """
    lines: list[str] = []
    for table in tables:
        chains = _chains(saved, table.name)
        parent = _leading(table, chains)
        theirs = [rule for rule in chains.get(table.chain, []) if rule not in table.rules]
        lines += [f"*{table.name}", f":{table.chain} - [0:0]"]
        lines += [f"-A {table.chain} {rule}" for rule in (*theirs, *table.rules)]
        for each in _places(table):
            lines += [f"-D {each} {table.jump}"] * chains.get(each, []).count(table.jump)
        lines += [f"-I {parent} {table.jump}", "COMMIT"]
    return "".join(f"{line}\n" for line in lines)


MEANWHILE = "FORWARD"
"""What leads to our chain while a chain of Docker's that should does not, or is not there."""


def _leading(table: Table, chains: dict[str, list[str]]) -> str:
    """Return the chain that has to lead to ours; one of Docker's only where one gets to that."""
    made_by_docker = "-" in table.parent
    if made_by_docker and table.parent not in docker_rules.led_to(MEANWHILE, chains):
        return MEANWHILE
    return table.parent


def _places(table: Table) -> tuple[str, ...]:
    """Return the chains that may lead to ours."""
    return tuple(dict.fromkeys((table.parent, MEANWHILE)))


def _holds(there: Sequence[str], ours: Sequence[str]) -> bool:
    """Return whether our rules are all there in their order, whatever is between them.

    Those of several set-ups may stand in any order that closes before it opens.
    """
    kept = [rule.split() for rule in there if rule in ours]
    if not order.closes_before_it_opens(kept):
        return False
    found = order.by_bridge(kept)
    for group, rules in order.by_bridge([rule.split() for rule in ours]).items():
        rest = iter(found.get(group, ()))
        if not all(rule in rest for rule in rules):
            return False
    return True


def _chains(saved: str, wanted: str) -> dict[str, list[str]]:
    rules, _policies = saved_rules.parse(saved, wanted)
    return {chain: list(map(saved_rules.plain, each)) for chain, each in rules.items()}
