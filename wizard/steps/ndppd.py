"""ndppd's file, with a rule of ours beside what is there, and its restart."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import ClassVar

from wizard.platform.errors import Refused
from wizard.platform.reverse_edit import without_edit
from wizard.platform.system import FileState, System
from wizard.program import switched_off
from wizard.steps.actions import Action, Run, WriteFile
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before
from wizard.steps.comparing import Decisions, Found, Verdict, verdicts
from wizard.steps.objects import Object, running_unit

PATH = "/etc/ndppd.conf"
_UNIT = "ndppd.service"


def with_rule(text: str | None, uplink: str, subnet: str) -> str:
    """Return ndppd.conf(5) with a static rule for the subnet in the uplink's block.

    An uplink without a block gets one at the end. Everything else stays as it is.
    """
    rule = f"   # IPv6 for containers, by the wizard.\n   rule {subnet} {{\n      static\n   }}\n"
    block = re.search(rf"^[ \t]*proxy[ \t]+{re.escape(uplink)}[ \t]*\{{[ \t]*\n", text or "", re.M)
    if text and block:
        return text[: block.end()] + rule + text[block.end() :]
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text or ''}{gap}proxy {uplink} {{\n{rule}}}\n"


@dataclass(frozen=True)
class Ndppd(StepOf[Before]):
    """Let ndppd answer for every address of the subnet."""

    kind: ClassVar[str] = "ndppd"

    uplink: str
    subnet: str
    previous: FileState | None = None

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

    def capture(self, system: System) -> Before:
        """The files that it writes."""
        return Before(files=self.capture_files(system))

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """Put the file back and restart, or stop it where there was no file."""
        verb = "restart" if any(file.exists for file in before.files) else "stop"
        return (*self.undo_file_lines(before), f"systemctl {verb} ndppd.service")

    def compare(
        self, system: System, before: Before, leaving: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare the file."""
        return self.compare_files(system, before)

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
        kept = self.undo_files(system, before, found, decisions)
        if set(verdicts(found, decisions).values()) == {Verdict.LEAVE} and kept:
            return kept
        verb = "restart" if system.read(PATH) is not None else "stop"
        if system.run(("systemctl", "cat", _UNIT)).status == 0:
            run(system, Run(("systemctl", verb, _UNIT)), report)
        return kept
