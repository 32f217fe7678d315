"""Packet filter rules, in chains of our own, so that they can be taken out whole."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import ClassVar, Self

from wizard.platform.errors import Refused
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState, System
from wizard.program import switched_off
from wizard.steps import legacy_ip6tables, own_chains
from wizard.steps.actions import Action, MakeDirectory, Run, WriteFile
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import (
    Comparison,
    Decisions,
    Found,
    Treatment,
    choice_of,
    left_of,
    treatments,
)
from wizard.steps.objects import Object, chain, rules_in
from wizard.steps.others import (
    Other,
    check_left,
    in_words,
    only_ours,
    with_first_files,
    with_what_stays,
)
from wizard.steps.own_chains import Rule, Table

DIRECTORY = "/etc/docker-ipv6-wizard"
PATH = f"{DIRECTORY}/ip6tables.rules"
UNIT = "/etc/systemd/system/docker-ipv6-wizard.service"
"""The unit that loads the rules at every boot."""


@dataclass(frozen=True, kw_only=True)
class Ip6tablesBefore(Before):
    """The tables that there were, for the first rule in one makes it."""

    tables: tuple[str, ...]


@dataclass(frozen=True)
class Ip6tables(StepOf[Ip6tablesBefore]):
    """Let the containers out and answers in, and open or close what comes from outside."""

    kind: ClassVar[str] = "ip6tables"
    before_kind: ClassVar[type[Before]] = Ip6tablesBefore
    needs_docker: ClassVar[bool] = False

    bridge: str
    subnet: str
    masquerade: bool = True
    """Whether what leaves gets the host's own address (NAT66); otherwise it keeps its own."""
    ports: tuple[str, ...] = ()
    """What is open from outside, each as ``3000/tcp``; ICMPv6 is too where nothing is hidden."""
    everything: bool = False
    """Whether everything is open from outside."""
    engine_masquerades: bool = False
    """Whether Docker would masquerade what leaves, so that it has to be let by before."""
    legacy: bool = False
    """Whether ``ip6tables`` is the legacy program, which python-iptables speaks to directly."""
    previous: FileState | None = None
    path: str = PATH
    beside: tuple[tuple[str, tuple[Table, ...]], ...] = ()
    """What other set-ups have in the same chains, each with the name of its project."""

    @property
    def _projects(self) -> list[str]:
        return [project for project, _tables in self.beside]

    def _is_same(self, other: Other) -> bool:
        return isinstance(other.step, Ip6tables) and other.step.path == self.path

    def among(self, others: Sequence[Other]) -> Self:
        """Add what others have in the same chains."""
        same = [each for each in others if self._is_same(each)]
        return replace(self, beside=tuple((each.project, each.step.tables) for each in same))

    def found_first(self, before: Ip6tablesBefore, others: Sequence[Other]) -> Ip6tablesBefore:
        """Take what others found: by now file and tables are theirs."""
        same = [each for each in others if self._is_same(each)]
        if not same:
            return before
        return replace(with_first_files(before, same), tables=same[0].before.tables)

    def goes_back_to(self, before: Ip6tablesBefore, others: Sequence[Other]) -> Ip6tablesBefore:
        """Leave the file with the rules of others."""
        if not self.beside:
            return before
        return replace(before, files=(FileBefore.of(self.path, FileState(self._others_text)),))

    @property
    def title(self) -> str:
        """What it does."""
        if self.masquerade:
            return f"Let packets from {self.subnet} out, behind the address of this host"
        if self.everything:
            return f"Let packets of {self.subnet} out and in"
        return f"Let packets of {self.subnet} out, and in only to open ports"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        own = f"All rules are in chains called {CHAIN}; no other rule is touched."
        if self.masquerade:
            return (
                "This Docker leaves ip6tables alone. Unique local addresses mean nothing "
                "outside, so what leaves the bridge is given the address of the host "
                "(masquerade), answers are let back in, and nobody outside can open a connection "
                f"to a container. {own}"
            )
        if self.everything:
            return (
                "Everybody on the internet can connect to every port of these containers, also to "
                f"those that were never published. {own}"
            )
        opened = ", ".join(self.ports) or "no port"
        return (
            "Each container has an address that the whole internet can reach, so what comes in has "
            f"to be filtered. Open are ICMPv6, which IPv6 needs (RFC 4890), and {opened}, on "
            f"every container of the network. {own}"
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """Our rules, table by table, each as ip6tables writes it."""
        state = ("-m", "conntrack", "--ctstate")
        into = ("-o", self.bridge)
        rules: list[Rule] = [
            (*into, *state, "RELATED,ESTABLISHED", "-j", "ACCEPT"),
            ("-i", self.bridge, *state, "RELATED,ESTABLISHED", "-j", "ACCEPT"),
            ("-s", self.subnet, "-i", self.bridge, *state, "NEW", "-j", "ACCEPT"),
        ]
        if self.everything:
            rules.append((*into, "-j", "ACCEPT"))
        else:
            if not self.masquerade:
                rules.append((*into, "-p", "ipv6-icmp", "-j", "ACCEPT"))
            for port in self.ports:
                number, _, protocol = port.partition("/")
                match = ("-p", protocol, "-m", protocol, "--dport", number)
                rules.append((*into, *match, "-j", "ACCEPT"))
            rules.append(("!", "-i", self.bridge, *into, "-j", "DROP"))
        tables = [Table("filter", "FORWARD", tuple(rules))]
        leaving = ("-s", self.subnet, "!", "-o", self.bridge)
        if self.masquerade:
            tables.append(Table("nat", "POSTROUTING", ((*leaving, "-j", "MASQUERADE"),)))
        elif self.engine_masquerades:
            tables.append(Table("nat", "POSTROUTING", ((*leaving, "-j", "ACCEPT"),)))
        return tuple(tables)

    @property
    def text(self) -> str:
        """The rules in the form of ip6tables-restore(8), each table taken over in one commit."""
        return own_chains.file_text(self.whole)

    @property
    def whole(self) -> tuple[Table, ...]:
        """The rules of all set-ups that stand in the same chains."""
        return own_chains.merged([self.tables, *(tables for _project, tables in self.beside)])

    @property
    def _others(self) -> tuple[Table, ...]:
        return own_chains.merged([tables for _project, tables in self.beside])

    @property
    def _others_text(self) -> str:
        return own_chains.file_text(self._others)

    def _beside(self, table: Table) -> Table | None:
        """Return what others have in the chain of a table."""
        return next((each for each in self._others if each.name == table.name), None)

    def actions(self) -> tuple[Action, ...]:
        """The rules as a file, which the unit loads too, then loading it beside what is there.

        Where the chain is there for others, each rule comes by itself, so that theirs are in force
        meanwhile; and before the file, which is what the service that keeps them goes by.
        """
        if self.beside:
            added = [run for table in self.tables for run in self._additions(table)]
            return (*added, WriteFile(self.path, self.previous, FileState(self.text)))
        return (
            MakeDirectory(DIRECTORY),
            WriteFile(self.path, self.previous, FileState(self.text)),
            Run(("ip6tables-restore", "--noflush", "--wait", "10", self.path)),
        )

    def _additions(self, table: Table) -> list[Run]:
        made = self._beside(table) is not None
        words: list[Rule] = [] if made else [("-N", CHAIN)]
        words += [("-I", CHAIN, str(at), *rule) for at, rule in enumerate(table.inward, 1)]
        words += [("-A", CHAIN, *rule) for rule in table.outward]
        words += [] if made else [("-I", table.parent, "-j", CHAIN)]
        return [Run(own_chains.command(table, *each)) for each in words]

    @property
    def commands(self) -> tuple[str, ...]:
        """The exact commands; on a legacy host with the remark that the library does the last."""
        if not self.legacy or self.beside:
            return super().commands
        return (*super().commands, "# The wizard does the same through python-iptables here.")

    def apply(self, system: System, report: Report) -> None:
        """Write the file and load it; on a legacy host the library commits each table at once."""
        loader = legacy_ip6tables.loader() if self.legacy and not self.beside else None
        if loader is None:
            super().apply(system, report)
            return
        self.apply_actions(system, self.actions()[:-1], report)
        for table in self.tables:
            report(f"python-iptables: {len(table.rules)} rules into {CHAIN} in {table.name}")
            loader(table.name, table.parent, CHAIN, table.rules)

    def capture(self, system: System) -> Ip6tablesBefore:
        """Add the tables that were there."""
        return Ip6tablesBefore(
            files=self.our_files.capture(system),
            tables=tuple(sorted(own_chains.table_names(system))),
        )

    def obstacle(self, system: System) -> str | None:
        """A chain of our name that is there already belongs to another set-up, or somebody else.

        Raises:
            Refused: what another set-up left is not as it was.
        """
        check_left(self.path, self.previous, self._others_text, self._projects)
        for table in self.tables:
            theirs = self._beside(table)
            if theirs is not None:
                self._check_chain(system, table, theirs)
            elif system.run(own_chains.command(table, "-S", CHAIN)).status == 0:
                return (
                    f"The {table.name} table of ip6tables already has a chain called {CHAIN}, "
                    "which no record of the wizard knows of."
                )
        return super().obstacle(system)

    def _check_chain(self, system: System, table: Table, theirs: Table) -> None:
        whose = in_words(self._projects)
        if table.parent != theirs.parent:
            raise Refused(
                f"Nothing was changed. The chain {CHAIN} stands in {theirs.parent} for {whose}, "
                f"and {table.parent} would have to lead to it as well. Take that set-up back "
                "first, with wizard --undo."
            )
        if not own_chains.is_alike(rules_in(system, table.name, CHAIN), theirs.rules):
            raise Refused(
                f"Nothing was changed. The chain {CHAIN} of the {table.name} table, which serves "
                f"{whose}, is not as the wizard left it. wizard --check {whose.split()[0]} says "
                "what is not in effect; put that right first."
            )

    def check(self, system: System) -> str | None:
        """Compare the rules in our chains, and look for the jumps to them."""
        whole = {table.name: table for table in self.whole}
        for table in self.tables:
            listed = rules_in(system, table.name, CHAIN)
            if listed is None:
                return f"The {table.name} table has no chain {CHAIN}."
            if not own_chains.is_alike(listed, whole[table.name].rules):
                return f"The rules of {CHAIN} in the {table.name} table are not as written."
            if system.run(own_chains.command(table, "-C", table.parent, "-j", CHAIN)).status != 0:
                return f"{table.parent} in {table.name} does not lead to {CHAIN}."
        return None

    def objects(self) -> tuple[Object, ...]:
        """Our chain in each table, with the rules of all in it and what leads to it."""
        whole = {table.name: table for table in self.whole}
        return tuple(
            chain(table.name, table.parent, CHAIN, tuple(map(" ".join, whole[table.name].rules)))
            for table in self.tables
        )

    def undo_lines(self, before: Ip6tablesBefore) -> tuple[str, ...]:
        """Take the jump, the rules and the chain out of each table."""
        commands: list[str] = []
        for table in reversed(self.tables):
            if self._beside(table) is not None:
                commands += [
                    Run(own_chains.command(table, "-D", CHAIN, *rule)).line for rule in table.rules
                ]
                continue
            for words in (("-D", table.parent, "-j", CHAIN), ("-F", CHAIN), ("-X", CHAIN)):
                commands.append(Run(own_chains.command(table, *words)).line)
        if self.beside:
            return (only_ours(self.path, self._projects), *commands)
        return (*commands, *self.our_files.undo_lines(before), f"rmdir {DIRECTORY}")

    def compare(
        self, system: System, before: Ip6tablesBefore, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare our chain in each table, then the file; first whether they are needed."""
        needed = self._needed(system, gone_by_then)
        chains = [
            own_chains.compare(system, table, shared=self._beside(table) is not None)
            for table in reversed(self.tables)
        ]
        files = self.our_files.compare(system, before)
        found = tuple(replace(each, needed=needed) for each in (*chains, *files))
        if self.beside:
            return with_what_stays(found, f"The chain {CHAIN}", self._projects)
        return found

    @property
    def after_docker(self) -> bool:
        """Whether they are loaded after Docker has made its own, and not before it starts."""
        return self.engine_masquerades

    @property
    def closes_bridge(self) -> bool:
        """Whether they stay while the bridge does, for what is behind it is open without them."""
        return not (self.masquerade or self.engine_masquerades)

    def _needed(self, system: System, gone_by_then: Container[str]) -> str:
        if self.closes_bridge and self.bridge not in gone_by_then and self._has_bridge(system):
            return (
                f"The rules in {CHAIN} stay, because {self.bridge} is still there and what is "
                "behind it would be open to the internet."
            )
        if self.beside:
            return ""
        unit = None if switched_off.is_masked(system, PurePath(UNIT).name) else system.read(UNIT)
        if unit is not None and UNIT not in gone_by_then and self.path in unit.text:
            return f"The rules in {CHAIN} stay, because {UNIT} stays and loads them."
        return ""

    def take_back(
        self,
        system: System,
        before: Ip6tablesBefore,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Take out our rules one by one; a chain that still holds somebody else's rule is kept."""
        todo, by_name = treatments(found, decisions), {each.name: each for each in found}
        kept: list[str] = []
        if self.beside:
            # First, for the service that keeps the rules goes by it.
            kept += self.our_files.undo(system, before, found, decisions)
        for table in reversed(self.tables):
            if table.title not in by_name:
                continue
            each = by_name[table.title]
            match todo[table.title]:
                case Treatment.BACK if self._beside(table) is not None:
                    own_chains.take_ours_out(system, table, report)
                case Treatment.BACK:
                    if each.comparison is Comparison.CHANGED:
                        run(system, Run(own_chains.command(table, "-F", CHAIN)), report)
                    own_chains.take_ours_out(system, table, report)
                    own_chains.remove_chain(system, table, report)
                case Treatment.OURS_OUT if own_chains.take_ours_out(system, table, report):
                    kept.append(each.left(choice_of(each, decisions)))
                case Treatment.OURS_OUT:
                    own_chains.remove_chain(system, table, report)
                case Treatment.OURS:
                    own_chains.load_chain(system, table, report)
            kept += left_of([each], found, decisions)
        if not self.legacy:
            for name in own_chains.table_names(system) - set(before.tables):
                # An empty table filters nothing, but it was not there.
                if own_chains.is_empty(system, name):
                    system.remove_nft_table(name)
        if not self.beside:
            kept += self.our_files.undo(system, before, found, decisions)
        system.remove_directory(DIRECTORY)
        return tuple(dict.fromkeys(kept))

    def _has_bridge(self, system: System) -> bool:
        return system.run(("ip", "link", "show", "dev", self.bridge)).status == 0
