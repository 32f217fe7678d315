"""ndppd's file, with a rule of ours beside what is there, and its restart."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from wizard.platform.errors import Refused
from wizard.platform.reverse_edit import without_edit
from wizard.platform.system import FileState, System
from wizard.program import switched_off
from wizard.steps.actions import Action, Run, WriteFile, difference
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before
from wizard.steps.comparing import Decisions, Found, Treatment, treatments
from wizard.steps.objects import Object, running_unit
from wizard.steps.others import Other, stays, with_first_files
from wizard.steps.parts import Part
from wizard.steps.step_files import changed

PATH = "/etc/ndppd.conf"
_UNIT = "ndppd.service"


def _rule(subnet: str) -> str:
    return f"   # IPv6 for containers, by the wizard.\n   rule {subnet} {{\n      static\n   }}\n"


def with_rule(text: str | None, uplink: str, subnet: str) -> str:
    """Return ndppd.conf(5) with a static rule for the subnet in the uplink's block.

    An uplink without a block gets one at the end. Everything else stays as it is.
    """
    rule = _rule(subnet)
    block = re.search(rf"^[ \t]*proxy[ \t]+{re.escape(uplink)}[ \t]*\{{[ \t]*\n", text or "", re.M)
    if text and block:
        return text[: block.end()] + rule + text[block.end() :]
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text or ''}{gap}proxy {uplink} {{\n{rule}}}\n"


def _stands_in(text: str, uplink: str, subnet: str) -> bool:
    """Return whether a rule of ours is in the file once, directly in the uplink's block."""
    before, *after = text.split(_rule(subnet))
    said = re.sub("#.*", "", before)
    blocks = list(re.finditer(r"^[ \t]*proxy[ \t]+(\S+?)[ \t]*\{", said, re.MULTILINE))
    if len(after) != 1 or not blocks or blocks[-1][1] != uplink:
        return False
    between = said[blocks[-1].end() :]
    return between.count("{") == between.count("}")


def _alike(text: str, wanted: Part, subnets: Sequence[str]) -> bool:
    """Return whether a file differs from what is wanted in the order of the rules alone."""
    texts = [text, wanted.file.after.text if wanted.file else text]
    for subnet in subnets:
        texts = [each.replace(_rule(subnet), "") for each in texts]
    return texts[0] == texts[1]


@dataclass(frozen=True)
class Ndppd(StepOf[Before]):
    """Let ndppd answer for every address of the subnet."""

    kind: ClassVar[str] = "ndppd"

    uplink: str
    subnet: str
    previous: FileState | None = None
    beside: tuple[tuple[str, str], ...] = ()
    """The subnet of each other set-up with a rule in the same file, after the project's name."""

    @property
    def title(self) -> str:
        """What it does."""
        return f"Let ndppd answer on {self.uplink} for all of {self.subnet}"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return (
            "The provider's router asks on the link who has an address, and no container hears "
            "that. ndppd answers for them. It answers for addresses that nobody has, too, and not "
            "to a router that asks a known neighbour again by unicast, which may cost a container "
            "some seconds now and then."
        )

    def actions(self) -> tuple[Action, ...]:
        """The file, then a restart, for ndppd reads its file once."""
        text = with_rule(self.previous.text if self.previous else None, self.uplink, self.subnet)
        before = self.previous or FileState("")
        return (
            WriteFile(PATH, self.previous, FileState(text, before.mode, before.uid, before.gid)),
            Run(("systemctl", "restart", _UNIT)),
        )

    def among(self, others: Sequence[Other]) -> "Ndppd":
        """Add who else has a rule in the same file."""
        same = [(each.project, each.step) for each in others if isinstance(each.step, Ndppd)]
        return replace(self, beside=tuple((project, step.subnet) for project, step in same))

    @property
    def _projects(self) -> list[str]:
        return [project for project, _subnet in self.beside]

    def found_first(self, before: Before, others: Sequence[Other]) -> Before:
        """Take what others found: by now the file has their rules."""
        return with_first_files(before, [each for each in others if isinstance(each.step, Ndppd)])

    def check(self, system: System) -> str | None:
        """Ask systemd whether it runs."""
        said = system.run(("systemctl", "is-active", _UNIT))
        return None if said.status == 0 else f"ndppd is {said.output.strip()}."

    def obstacle(self, system: System) -> str | None:
        """Refuse where nothing could start it.

        Raises:
            Refused: it is masked; with the line to type.
        """
        if switched_off.is_masked(system, _UNIT):
            unit = f"/etc/systemd/system/{_UNIT}"
            raise Refused(f"Nothing was changed. {switched_off.in_the_way(unit)}")
        return super().obstacle(system)

    def objects(self) -> tuple[Object, ...]:
        """The unit, enabled and active."""
        return (running_unit(_UNIT),)

    def parts(
        self, system: System, before: Before, known: Mapping[str, Sequence[str]] | None = None
    ) -> tuple[Part, ...]:
        """Compare the file with what was there first and the rules of all, in whatever order."""
        if not self.beside:
            return super(Ndppd, self._upon(before)).parts(system, before, known)
        old = before.files[0].state if before.files else None
        theirs, subnets = old, (*(subnet for _project, subnet in self.beside), self.subnet)
        for subnet in subnets[:-1]:
            text = with_rule(theirs.text if theirs else None, self.uplink, subnet)
            theirs = replace(theirs or FileState(""), text=text)
        found = super(Ndppd, replace(self, previous=theirs)).parts(system, before, known)
        now = None if any(part.masks for part in found) else system.read(PATH)
        if (
            now is not None
            and all(_stands_in(now.text, self.uplink, each) for each in subnets)
            and _alike(now.text, found[0], subnets)
        ):
            return (Part(PATH), *found[1:])
        return found

    def capture(self, system: System) -> Before:
        """The files that it writes."""
        return Before(files=self.our_files.capture(system))

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """Put the file back and restart, or stop it where there was no file."""
        verb = "restart" if any(file.exists for file in before.files) else "stop"
        return (*self.our_files.undo_lines(before), f"systemctl {verb} ndppd.service")

    def compare(
        self, system: System, before: Before, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare the file."""
        if not self.beside:
            return self._upon(before).our_files.compare(system, before)
        now = system.read(PATH)
        left = None if now is None else now.text.replace(_rule(self.subnet), "")
        stay = stays(PATH, self._projects)
        if now is None or left == now.text:
            return (stay,)
        return (Found(PATH, back=difference(PATH, now.text, left)), stay)

    def leave_files(self, system: System, before: Before) -> None:
        """Leave the rules of others in its file."""
        if not self.beside:
            return super(Ndppd, self._upon(before)).leave_files(system, before)
        now = system.read(PATH)
        if now is not None:
            system.write(PATH, replace(now, text=now.text.replace(_rule(self.subnet), "")))
        return None

    def _upon(self, before: Before) -> "Ndppd":
        """Return the step as if it had been done before any other set-up."""
        return replace(self, previous=before.files[0].state if before.files else self.previous)

    def without_ours(self, before: str, after: str, now: str) -> str | None:
        """Take our rule out, where putting it in again would give the same file."""
        if self.subnet not in now:
            return now
        free = without_edit(before, after, now)
        certain = free is not None and with_rule(free, self.uplink, self.subnet) == now
        return free if certain else None

    def take_back(
        self,
        system: System,
        before: Before,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Put the file back; ndppd does not run without one."""
        if self.beside:
            return self._take_rule_out(system, report, found)
        kept = self._upon(before).our_files.undo(system, before, found, decisions)
        if set(treatments(found, decisions).values()) == {Treatment.LEAVE} and kept:
            return kept
        verb = "restart" if system.read(PATH) is not None else "stop"
        if system.run(("systemctl", "cat", _UNIT)).status == 0:
            run(system, Run(("systemctl", verb, _UNIT)), report)
        return kept

    def _take_rule_out(
        self, system: System, report: Report, found: Sequence[Found]
    ) -> tuple[str, ...]:
        """Leave the rules of others and whatever else is in the file."""
        now = system.read(PATH)
        if now is not None and any(each.name == PATH for each in found):
            free = replace(now, text=now.text.replace(_rule(self.subnet), ""))
            changed(PATH, partial(system.write, PATH, free))
            run(system, Run(("systemctl", "restart", _UNIT)), report)
        return ()
