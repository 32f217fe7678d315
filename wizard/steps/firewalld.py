"""A policy of firewalld's that lets the containers' packets through, in a file of our own."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from wizard.platform.system import FileState, System
from wizard.steps.actions import Action, Run, WriteFile
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Decisions, Found, Treatment, treatments
from wizard.steps.others import (
    Other,
    check_left,
    only_ours,
    with_first_files,
    with_what_stays,
)
from wizard.steps.parts import Condition, Part

NAME = "docker-ipv6-wizard"
"""Of the policy; firewalld allows 18 characters (firewalld.policies(5))."""

PATH = f"/etc/firewalld/policies/{NAME}.xml"

_RELOAD = Run(("firewall-cmd", "--reload"))

_CONFIGURATIONS = (("--list-all-zones",), ("--list-all-policies",), ("--direct", "--get-all-rules"))


@dataclass(frozen=True)
class Firewalld(StepOf[Before]):
    """Let firewalld forward what comes from a prefix, and where ``inwards`` what goes there."""

    kind: ClassVar[str] = "firewalld"
    needs_docker: ClassVar[bool] = False

    prefix: str
    inwards: bool = False
    previous: FileState | None = None
    beside: tuple[tuple[str, str, bool], ...] = ()
    """What others have in the same policy: the name of the project, prefix, and whether inwards."""

    @property
    def title(self) -> str:
        """What it does."""
        return f"Let firewalld pass on the packets of {self.prefix}"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        filtered = " What may come in is filtered behind it all the same." if self.inwards else ""
        return (
            "firewalld refuses packets that it passes on and that no zone or policy of its own "
            f"allows, whatever Docker and ip6tables accept. A policy called {NAME} allows these, "
            f"after every reload and boot.{filtered} firewalld reads it when it is reloaded. To "
            "leave firewalld alone, put “firewalld = false” below [choices] in the answers."
        )

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules of the policy in firewalld's rich language, for this prefix."""
        return tuple(
            f'rule family="ipv6" {end} address="{self.prefix}" accept'
            for end in _ends(self.inwards)
        )

    @property
    def text(self) -> str:
        """The file, in the form of firewalld.policy(5), for all set-ups that stand on it."""
        return _file([(self.prefix, self.inwards), *self._prefixes])

    @property
    def _prefixes(self) -> list[tuple[str, bool]]:
        return [(prefix, inwards) for _project, prefix, inwards in self.beside]

    @property
    def _projects(self) -> list[str]:
        return [project for project, _prefix, _inwards in self.beside]

    def among(self, others: Sequence[Other]) -> "Firewalld":
        """Add what others have in the same policy."""
        steps = [(each.project, each.step) for each in others if isinstance(each.step, Firewalld)]
        same = tuple((project, step.prefix, step.inwards) for project, step in steps)
        return replace(self, beside=same)

    def found_first(self, before: Before, others: Sequence[Other]) -> Before:
        """Take what others found: by now the file is theirs."""
        same = [each for each in others if isinstance(each.step, Firewalld)]
        return with_first_files(before, same)

    def goes_back_to(self, before: Before, others: Sequence[Other]) -> Before:
        """Leave the file with the rules of others."""
        if not self.beside:
            return before
        return replace(before, files=(FileBefore.of(PATH, FileState(_file(self._prefixes))),))

    def actions(self) -> tuple[Action, ...]:
        """The file, and the reload; firewalld makes no policy without one (firewall-cmd(1))."""
        return (WriteFile(PATH, self.previous, FileState(self.text)), _RELOAD)

    def obstacle(self, system: System) -> str | None:
        """The file must be as the others left it.

        Raises:
            Refused: somebody has changed it since.
        """
        check_left(PATH, self.previous, _file(self._prefixes), self._projects)
        return super().obstacle(system)

    def preconditions(self) -> tuple[Run, ...]:
        """What is wrong in a file of firewalld's would end it at the reload."""
        return (Run(("firewall-cmd", "--check-config")),)

    def refusal(self, system: System) -> str | None:
        """Say also what the reload would take away: it could be the port of somebody's login."""
        lost = [each for words in _CONFIGURATIONS for each in _for_now(system, words)]
        if not lost:
            return super().refusal(system)
        return (
            "firewalld has to be reloaded, and some of what is in force there stands in none of "
            f"its files, or otherwise: {'; '.join(lost)}. The reload would undo that, which may "
            "close the port of your own login. To keep it for good, type: firewall-cmd "
            "--runtime-to-permanent. To drop it, type: firewall-cmd --reload."
        )

    def check(self, system: System) -> str | None:
        """Ask firewalld for every rule."""
        for rule in self.rules:
            asked = system.run(("firewall-cmd", f"--policy={NAME}", f"--query-rich-rule={rule}"))
            if asked.status != 0:
                return f"firewalld does not have “{rule}” in its policy {NAME}."
        return None

    def parts(
        self, system: System, before: Before, known: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[Part, ...]:
        """Compare the file, and ask firewalld where it runs."""
        missing = self.check(system) if _runs(system) else None
        files = super().parts(system, before, known)
        if missing is None:
            return files
        words = f"{missing} To let it read its files again, type: {_RELOAD.line}"
        return (*files, Part(f"firewalld {NAME}", Condition.MISSING, words))

    def capture(self, system: System) -> Before:
        """The files that it writes."""
        return Before(files=self.our_files.capture(system))

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """Remove the file, and the rules that are in force, without a reload."""
        removals = (each.line for each in self._removals)
        if self.beside:
            return (only_ours(PATH, self._projects), *removals)
        return (*self.our_files.undo_lines(before), *removals)

    @property
    def _removals(self) -> tuple[Run, ...]:
        return tuple(
            Run(("firewall-cmd", f"--policy={NAME}", f"--remove-rich-rule={rule}"))
            for rule in self.rules
        )

    def compare(
        self, system: System, before: Before, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare the file."""
        found = self.our_files.compare(system, before)
        return with_what_stays(found, PATH, self._projects) if self.beside else found

    def take_back(
        self,
        system: System,
        before: Before,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Remove the file, and the rules that are in force: a reload would cost connections."""
        kept = self.our_files.undo(system, before, found, decisions)
        todo = treatments(found, decisions).get(PATH)
        if system.read(PATH) is None or (self.beside and todo in (None, Treatment.BACK)):
            for rule, removal in zip(self.rules, self._removals, strict=True):
                query = ("firewall-cmd", f"--policy={NAME}", f"--query-rich-rule={rule}")
                if system.run(query).status == 0:
                    run(system, removal, report)
        elif todo is not Treatment.LEAVE and _runs(system):
            run(system, _RELOAD, report)
        return kept


def _ends(inwards: bool) -> tuple[str, ...]:
    return ("source", "destination") if inwards else ("source",)


def _file(prefixes: Sequence[tuple[str, bool]]) -> str:
    """Return the file for the prefixes of one set-up, or of several in whatever order."""
    rules = "".join(
        f'  <rule family="ipv6">\n    <{end} address="{prefix}"/>\n    <accept/>\n  </rule>\n'
        for prefix, inwards in sorted(prefixes)
        for end in _ends(inwards)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<policy target="CONTINUE">\n'
        "  <short>IPv6 for containers</short>\n"
        "  <description>Written by the wizard; wizard --undo removes it.</description>\n"
        '  <ingress-zone name="ANY"/>\n'
        '  <egress-zone name="ANY"/>\n'
        f"{rules}"
        "</policy>\n"
    )


def _runs(system: System) -> bool:
    return system.run(("firewall-cmd", "--state")).status == 0


def _for_now(system: System, words: Sequence[str]) -> list[str]:
    """Return what firewalld holds and its files do not, or the other way round.

    Which interfaces are in a zone outlasts a reload (firewall-cmd(1)).
    """
    now, for_good = (
        _settings(system.run(("firewall-cmd", *permanent, *words)).output)
        for permanent in ((), ("--permanent",))
    )
    return [each for key, each in (now | for_good).items() if (key in now) != (key in for_good)]


def _settings(listed: str) -> dict[tuple[str, ...], str]:
    """Return the settings of a list, by what tells them apart; the heads of blocks are none."""
    found, head = {}, ""
    for line in listed.splitlines():
        words = line.split()
        if line[:1].isspace() and words:
            if words[0] != "interfaces:" and head != NAME:
                found[(head, *sorted(words))] = f"{head}: {' '.join(words)}"
        elif words:
            head = words[0]
            if head in ("ipv4", "ipv6", "eb"):
                found[tuple(words)] = " ".join(words)
    return found
