"""Packet filter rules, in chains of our own, so that they can be taken out whole."""

from dataclasses import dataclass
from typing import Any, ClassVar

from wizard.steps import legacy_ip6tables
from wizard.steps.actions import Action, MakeDirectory, Run, WriteFile
from wizard.steps.base import Before, Report, Step, run
from wizard.system import FileState, System

DIRECTORY = "/etc/docker-ipv6-wizard"
PATH = f"{DIRECTORY}/ip6tables.rules"
CHAIN = "DOCKER-IPV6-WIZARD"

Rule = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The rules of our chain in one table, and the built-in chain that leads to it."""

    name: str
    parent: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Ip6tables(Step):
    """Let the containers out, let answers in, and hide their addresses behind the host's."""

    kind: ClassVar[str] = "ip6tables"

    bridge: str
    subnet: str
    legacy: bool = False
    """Whether ``ip6tables`` is the legacy program, which python-iptables speaks to directly."""
    previous: FileState | None = None
    path: str = PATH

    @property
    def title(self) -> str:
        """What it does."""
        return f"Let packets from {self.subnet} out, behind the address of this host"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return (
            "This Docker engine leaves ip6tables alone. Unique local addresses mean nothing "
            "outside, so what leaves the bridge is given the address of the host (masquerade), "
            "answers are let back in, and nobody outside can open a connection to a container. "
            f"All rules are in chains called {CHAIN}; no other rule is touched."
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """Our rules, table by table."""
        state = ("-m", "conntrack", "--ctstate")
        return (
            Table(
                "filter",
                "FORWARD",
                (
                    ("-o", self.bridge, *state, "RELATED,ESTABLISHED", "-j", "ACCEPT"),
                    ("-i", self.bridge, *state, "RELATED,ESTABLISHED", "-j", "ACCEPT"),
                    ("-s", self.subnet, "-i", self.bridge, *state, "NEW", "-j", "ACCEPT"),
                    ("!", "-i", self.bridge, "-o", self.bridge, "-j", "DROP"),
                ),
            ),
            Table(
                "nat",
                "POSTROUTING",
                (("-s", self.subnet, "!", "-o", self.bridge, "-j", "MASQUERADE"),),
            ),
        )

    @property
    def text(self) -> str:
        """The rules in the form of ip6tables-restore(8), each table taken over in one commit."""
        lines = ["# IPv6 for containers. Written by the wizard; wizard --undo removes it."]
        for table in self.tables:
            lines += [f"*{table.name}", f":{CHAIN} - [0:0]"]
            lines += [f"-A {CHAIN} {' '.join(rule)}" for rule in table.rules]
            lines += [f"-I {table.parent} -j {CHAIN}", "COMMIT"]
        return "\n".join(lines) + "\n"

    def actions(self) -> tuple[Action, ...]:
        """The rules as a file, which the unit loads too, then loading it beside what is there."""
        return (
            MakeDirectory(DIRECTORY),
            WriteFile(self.path, self.previous, FileState(self.text)),
            Run(("ip6tables-restore", "--noflush", "--wait", "10", self.path)),
        )

    @property
    def commands(self) -> tuple[str, ...]:
        """The exact commands; on a legacy host with the remark that the library does the last."""
        if not self.legacy:
            return super().commands
        return (*super().commands, "# The wizard does the same through python-iptables here.")

    def apply(self, system: System, report: Report) -> None:
        """Write the file and load it; on a legacy host the library commits each table at once."""
        loader = legacy_ip6tables.loader() if self.legacy else None
        if loader is None:
            super().apply(system, report)
            return
        self.apply_actions(system, self.actions()[:-1], report)
        for table in self.tables:
            report(f"python-iptables: {len(table.rules)} rules into {CHAIN} in {table.name}")
            loader(table.name, table.parent, CHAIN, table.rules)

    def capture(self, system: System) -> dict[str, Any]:
        """Add the tables that were there, for the first rule in one makes it."""
        return super().capture(system) | {"tables": sorted(_tables(system))}

    def obstacle(self, system: System) -> str | None:
        """A chain of our name that is there already belongs to somebody else."""
        for table in self.tables:
            if system.run(_command(table, "-S", CHAIN)).status == 0:
                return (
                    f"The {table.name} table of ip6tables already has a chain called {CHAIN}, "
                    "which no record of the wizard knows of."
                )
        return super().obstacle(system)

    def check(self, system: System) -> str | None:
        """Look for every rule and for the two jumps."""
        for table in self.tables:
            for rule in table.rules:
                if system.run(_command(table, "-C", CHAIN, *rule)).status != 0:
                    return f"A rule is missing from {CHAIN} in {table.name}: {' '.join(rule)}"
            if system.run(_command(table, "-C", table.parent, "-j", CHAIN)).status != 0:
                return f"{table.parent} in {table.name} does not lead to {CHAIN}."
        return None

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """Take the jump, the rules and the chain out of each table."""
        commands: list[str] = []
        for table in reversed(self.tables):
            for words in (("-D", table.parent, "-j", CHAIN), ("-F", CHAIN), ("-X", CHAIN)):
                commands.append(Run(_command(table, *words)).line)
        return (*commands, *self.undo_file_lines(before), f"rmdir {DIRECTORY}")

    def undo(self, system: System, before: Before, report: Report) -> tuple[str, ...]:
        """Take out our rules one by one; a chain that still holds somebody else's rule is kept."""
        kept: list[str] = []
        for table in reversed(self.tables):
            if system.run(_command(table, "-S", CHAIN)).status != 0:
                continue
            for rule in table.rules:
                if system.run(_command(table, "-C", CHAIN, *rule)).status == 0:
                    run(system, Run(_command(table, "-D", CHAIN, *rule)), report)
            left = system.run(_command(table, "-S", CHAIN)).output
            if any(line.startswith("-A ") for line in left.splitlines()):
                kept.append(
                    f"The chain {CHAIN} in the {table.name} table holds a rule that the wizard did "
                    "not write, so the chain was kept with that rule."
                )
                continue
            jump = (table.parent, "-j", CHAIN)
            while system.run(_command(table, "-C", *jump)).status == 0:
                run(system, Run(_command(table, "-D", *jump)), report)
            run(system, Run(_command(table, "-X", CHAIN)), report)
        if not self.legacy:
            for name in _tables(system) - set(before.get("tables", [])):
                # An empty table filters nothing, but it was not there.
                if _is_empty(system, name):
                    system.remove_nft_table(name)
        kept += self.undo_files(system, before)
        system.remove_directory(DIRECTORY)
        return tuple(kept)


def _tables(system: System) -> set[str]:
    saved = system.run(("ip6tables-save",)).output
    return {line[1:] for line in saved.splitlines() if line.startswith("*")}


def _is_empty(system: System, name: str) -> bool:
    saved = system.run(("ip6tables-save", "--table", name)).output.splitlines()
    chains = [line for line in saved if line.startswith(":")]
    rules = [line for line in saved if line.startswith("-A")]
    return not rules and all(line.split()[1] == "ACCEPT" for line in chains)


def _command(table: Table, *words: str) -> tuple[str, ...]:
    return ("ip6tables", "--wait", "10", "-t", table.name, *words)
