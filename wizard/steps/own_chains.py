"""Our chains of ip6tables(8): their rules and text, how they stand, and how they are taken out."""

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.filter import order
from wizard.filter.rules import MEANWHILE
from wizard.platform.own_names import CHAIN
from wizard.platform.system import System
from wizard.steps.actions import Run, difference
from wizard.steps.base import Report, run
from wizard.steps.comparing import Comparison, Found
from wizard.steps.objects import ip6tables, rules_in

Rule = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The rules of our chain in one table, and the built-in chain that leads to it."""

    name: str
    parent: str
    rules: tuple[Rule, ...]

    @property
    def title(self) -> str:
        """What our chain in it is called."""
        return f"The chain {CHAIN} in the {self.name} table"

    @property
    def inward(self) -> tuple[Rule, ...]:
        """The rules for what goes to the bridge, before which nothing may let out another's."""
        return tuple(rule for rule in self.rules if order.is_inward(rule))

    @property
    def outward(self) -> tuple[Rule, ...]:
        """The others."""
        return tuple(rule for rule in self.rules if not order.is_inward(rule))

    @property
    def chain_lines(self) -> list[str]:
        """Our chain with its rules, as ip6tables-restore(8) takes them."""
        return [f":{CHAIN} - [0:0]", *(f"-A {CHAIN} {' '.join(rule)}" for rule in self.rules)]

    @property
    def jump(self) -> str:
        """What leads to our chain."""
        return f"-I {self.parent} -j {CHAIN}"


def merged(several: Sequence[tuple[Table, ...]]) -> tuple[Table, ...]:
    """Return the tables for the rules of several set-ups, whatever the order of these.

    What goes to a bridge is decided before anything lets out what comes from another one: else
    its containers would reach every port behind the first.
    """
    if len(several) == 1:
        return several[0]
    named: dict[str, list[Table]] = {}
    for table in sorted((table for each in several for table in each), key=lambda each: each.rules):
        named.setdefault(table.name, []).append(table)
    return tuple(
        Table(
            name,
            tables[0].parent,
            (
                *(rule for table in tables for rule in table.inward),
                *(rule for table in tables for rule in table.outward),
            ),
        )
        for name, tables in sorted(named.items())
    )


def file_text(tables: Sequence[Table]) -> str:
    """Return the text of the file that holds the rules of tables, for ip6tables-restore(8)."""
    lines = ["# IPv6 for containers. Written by the wizard; wizard --undo removes it."]
    for table in tables:
        lines += [f"*{table.name}", *table.chain_lines, table.jump, "COMMIT"]
    return "\n".join(lines) + "\n"


def is_alike(listed: Sequence[str] | None, rules: Sequence[Rule]) -> bool:
    """Return whether a chain holds these rules and no other, in an order that is right."""
    return listed is not None and order.is_alike([line.split() for line in listed], rules)


def listed_text(rules: Sequence[str]) -> str:
    """Return rules as ip6tables-save(8) lists them."""
    return "".join(f"-A {CHAIN} {rule}\n" for rule in rules)


def command(table: Table, *words: str) -> tuple[str, ...]:
    """Return the command that does something to a table."""
    return ip6tables(table.name, *words)


def table_names(system: System) -> set[str]:
    """Return the names of the tables that there are."""
    saved = system.run(("ip6tables-save",)).output
    return {line[1:] for line in saved.splitlines() if line.startswith("*")}


def is_empty(system: System, name: str) -> bool:
    """Return whether a table holds no rule and lets everything by."""
    saved = system.run(("ip6tables-save", "--table", name)).output.splitlines()
    chains = [line for line in saved if line.startswith(":")]
    rules = [line for line in saved if line.startswith("-A")]
    return not rules and all(line.split()[1] == "ACCEPT" for line in chains)


def compare(system: System, table: Table, *, shared: bool) -> Found:
    """Compare our chain in a table with how the wizard left it.

    Where it is ``shared`` with other set-ups it stays whatever is in it, and only our rules go.
    """
    listed = rules_in(system, table.name, CHAIN)
    if listed is None:
        return Found(table.title, Comparison.GONE, f"{table.title} is not there any more.")
    ours = [" ".join(rule) for rule in table.rules]
    if shared:
        there = set(ours) & set(listed)
        return Found(table.title, Comparison.UNCHANGED if there else Comparison.GONE)
    if is_alike(listed, table.rules):
        return Found(table.title)
    theirs = [rule for rule in listed if rule not in ours]
    word = "holds a rule that the wizard did not write" if theirs else "has been changed since"
    path, now = f"{CHAIN} ({table.name})", listed_text(listed)
    return Found(
        table.title,
        Comparison.CHANGED,
        f"{table.title} {word}.",
        changed=difference(path, listed_text(ours), now),
        ours_out=difference(path, now, listed_text(theirs) or None),
        back=difference(path, now, None),
    )


def take_ours_out(system: System, table: Table, report: Report) -> bool:
    """Take our rules out of our chain, and return whether others are left in it."""
    listed = rules_in(system, table.name, CHAIN) or []
    ours = {" ".join(rule) for rule in table.rules}
    # From the last, for a number is a rule's place among those that are left.
    for number in range(len(listed), 0, -1):
        if listed[number - 1] in ours:
            run(system, Run(command(table, "-D", CHAIN, str(number))), report)
    return bool(set(listed) - ours)


def remove_chain(system: System, table: Table, report: Report) -> None:
    """Remove our chain, which is empty, and what leads to it."""
    parents = dict.fromkeys((table.parent, MEANWHILE) if table.name == "filter" else [table.parent])
    for parent in parents:
        jump = (parent, "-j", CHAIN)
        while system.run(command(table, "-C", *jump)).status == 0:
            run(system, Run(command(table, "-D", *jump)), report)
    run(system, Run(command(table, "-X", CHAIN)), report)


def load_chain(system: System, table: Table, report: Report) -> None:
    """Have our chain hold our rules and no other, in one commit, whatever it held."""
    led = system.run(command(table, "-C", table.parent, "-j", CHAIN)).status == 0
    jump = [] if led else [table.jump]
    text = "\n".join([f"*{table.name}", *table.chain_lines, *jump, "COMMIT", ""])
    run(system, Run(("ip6tables-restore", "--noflush", "--wait", "10"), text), report)
