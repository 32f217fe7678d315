"""A systemd unit of our own, which puts everything back after a reboot or a restart of Docker."""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import ClassVar, Self

from wizard.platform.errors import Refused
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState, System, is_stopping
from wizard.program import switched_off
from wizard.program.unit_file import CONFINED
from wizard.steps import ip6tables, sysctl
from wizard.steps.actions import Action, CopyProgram, Run, WriteFile
from wizard.steps.base import Report, StepOf, run
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Decisions, Found, Treatment, treatments
from wizard.steps.objects import Object, running_unit
from wizard.steps.others import (
    Other,
    check_left,
    only_ours,
    with_first_files,
    with_what_stays,
)
from wizard.steps.shared_unit import merged

PATH = ip6tables.UNIT


@dataclass(frozen=True)
class SystemdUnit(StepOf[Before]):
    """Write a unit, enable it and start it."""

    kind: ClassVar[str] = "systemd-unit"
    needs_docker: ClassVar[bool] = False

    path: str
    text: str
    previous: FileState | None = None
    purpose: str = "Put the rules back at every boot and restart of Docker"
    bridge: str = ""
    """The bridge whose filter the unit loads: while it is there, the unit stays."""
    explanation: str = (
        "The kernel forgets packet filter rules and neighbour entries when it reboots. The unit "
        "holds plain commands and works without the wizard."
    )

    starts_copy: bool = False
    """Whether it starts the wizard's own copy (:mod:`wizard.program.program`)."""
    beside: tuple[tuple[str, str], ...] = ()
    """The text that each other set-up would have for it alone, with the name of its project."""

    @property
    def name(self) -> str:
        """The name of the unit."""
        return PurePath(self.path).name

    @property
    def title(self) -> str:
        """What it does; the unit's name, too long for a list of steps, is in the commands."""
        return self.purpose

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return self.explanation

    @property
    def _projects(self) -> list[str]:
        return [project for project, _text in self.beside]

    @property
    def whole(self) -> str:
        """The text of the unit, for all set-ups that stand on it."""
        return merged([self.text, *(text for _project, text in self.beside)])

    @property
    def _others_text(self) -> str | None:
        return merged([text for _project, text in self.beside]) if self.beside else None

    def among(self, others: Sequence[Other]) -> Self:
        """Add what others have in the same unit."""
        same = [each for each in others if self._is_same(each)]
        return replace(self, beside=tuple((each.project, each.step.text) for each in same))

    def _is_same(self, other: Other) -> bool:
        return isinstance(other.step, SystemdUnit) and other.step.path == self.path

    def found_first(self, before: Before, others: Sequence[Other]) -> Before:
        """Take what others found: by now the unit is theirs."""
        return with_first_files(before, [each for each in others if self._is_same(each)])

    def goes_back_to(self, before: Before, others: Sequence[Other]) -> Before:
        """Leave the unit with what others have in it."""
        if self._others_text is None:
            return before
        return replace(before, files=(FileBefore.of(self.path, FileState(self._others_text)),))

    def actions(self) -> tuple[Action, ...]:
        """The file, then what makes systemd read, enable and start it.

        To enable a unit makes systemd read all of them anew (systemctl(1), enable).
        """
        return (
            *([CopyProgram()] if self.starts_copy else []),
            WriteFile(self.path, self.previous, FileState(self.whole)),
            Run(("systemctl", "enable", "--now", self.name)),
            *(self._restart() if self.beside and self.whole != self._others_text else ()),
        )

    def _restart(self) -> tuple[Run, ...]:
        """Return what makes a program that runs take over another command line.

        The unit of plain commands has none: each of its commands is a step's own.
        """
        oneshot = "Type=oneshot\n" in self.text
        return () if oneshot else (Run(("systemctl", "restart", self.name)),)

    def _is_loaded(self, system: System) -> bool:
        shown = system.run(("systemctl", "show", "--property=LoadState", self.name))
        return "LoadState=loaded" in shown.output.splitlines()

    def _wanted(self) -> Iterator[str]:
        """Yield the links by which systemd starts it, as ``systemctl enable`` makes them."""
        for targets in re.findall(r"^WantedBy=(.*)$", self.text, re.MULTILINE):
            yield from (
                str(PurePath(self.path).parent / f"{each}.wants" / self.name)
                for each in targets.split()
            )

    def check(self, system: System) -> str | None:
        """Ask systemd whether it is enabled and active."""
        for question in ("is-enabled", "is-active"):
            result = system.run(("systemctl", question, self.name))
            if result.status != 0:
                return f"systemctl {question} {self.name} says: {result.output.strip()}"
        return None

    def obstacle(self, system: System) -> str | None:
        """Refuse a name that is masked, however that was done, before anything is changed.

        Raises:
            Refused: it is masked; with the line to type.
        """
        if switched_off.is_masked(system, self.name):
            raise Refused(f"Nothing was changed. {switched_off.in_the_way(self.path)}")
        check_left(self.path, self.previous, self._others_text, self._projects)
        return super().obstacle(system)

    def objects(self) -> tuple[Object, ...]:
        """The unit, enabled and active."""
        return (running_unit(self.name),)

    def capture(self, system: System) -> Before:
        """The files that it writes."""
        return Before(files=self.our_files.capture(system))

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """Disable it, remove it, and make systemd forget it."""
        if self.beside:
            restart = [each.line for each in self._restart()]
            return (only_ours(self.path, self._projects), "systemctl daemon-reload", *restart)
        return (
            f"systemctl disable --now {self.name}",
            *self.our_files.undo_lines(before),
            "systemctl daemon-reload",
        )

    def compare(
        self, system: System, before: Before, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        """Compare the file; it is needed while the bridge that it closes is there."""
        found = self.our_files.compare(system, before)
        if self.beside:
            return with_what_stays(found, self.name, self._projects)
        if not self.bridge or self.bridge in gone_by_then:
            return found
        if system.run(("ip", "link", "show", "dev", self.bridge)).status != 0:
            return found
        needed = (
            f"{self.name} stays, because it closes {self.bridge} at every boot and that is "
            "still there."
        )
        return tuple(replace(each, needed=needed) for each in found)

    def take_back(
        self,
        system: System,
        before: Before,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Disable and remove the unit; or enable it where it is put back as it was left."""
        todo = treatments(found, decisions).get(self.path, Treatment.LEAVE)
        if self.beside:
            return self._take_ours_out(system, before, report, found, decisions)
        if todo is Treatment.BACK and system.read(self.path) is not None:
            # Read anew once the file has gone: that takes the host a fifth of a second.
            run(system, Run(("systemctl", "disable", "--no-reload", self.name)), report)
            # At shutdown systemd stops it, after Docker, which in turn waits for us. What it never
            # loaded, for want of something in the file, cannot be stopped and does not run.
            if self._is_loaded(system) and not is_stopping(system):
                run(system, Run(("systemctl", "stop", self.name)), report)
        kept = self.our_files.undo(system, before, found, decisions)
        if todo is Treatment.OURS:
            for action in self.actions():
                if isinstance(action, Run):
                    run(system, action, report)
        elif not kept:
            if todo is Treatment.LEAVE:
                # Without its file it may still be started, and at every boot.
                system.run(("systemctl", "disable", "--now", self.name))
                if switched_off.is_masked(system, self.name):
                    # Of what is masked systemctl removes no link, and starts it once it is not.
                    system.run(("systemctl", "stop", self.name))
                    links = tuple(self._wanted())
                    system.run(("rm", "--force", *links))
                    for link in links:
                        system.remove_directory(str(PurePath(link).parent))
            run(system, Run(("systemctl", "daemon-reload")), report)
            system.run(("systemctl", "reset-failed", self.name))
        return kept

    def _take_ours_out(
        self,
        system: System,
        before: Before,
        report: Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        """Leave the unit, which others need, without what is ours in it."""
        kept = self.our_files.undo(system, before, found, decisions)
        # Also where an undo that was cut short had put the file right already.
        if not kept and self.whole != self._others_text:
            run(system, Run(("systemctl", "daemon-reload")), report)
            if not is_stopping(system):
                for action in self._restart():
                    run(system, action, report)
        return kept


@dataclass(frozen=True)
class FilterService(SystemdUnit):
    """The same for the service that keeps our packet filter rules in force."""

    kind: ClassVar[str] = "filter-service"


def rules_and_sysctls(
    previous: FileState | None,
    rules: ip6tables.Ip6tables | None,
    neighbours: Sequence[Run] = (),
) -> SystemdUnit:
    """Return the step for our own unit, which brings back what the kernel forgets.

    It comes before Docker, so that the first packet of a container finds the rules, and after
    everything on Debian that may flush rules when it starts. Where Docker puts rules of its own
    that ours have to come before, it comes after Docker.
    """
    after_docker = rules is not None and rules.after_docker
    commands = [f"-sysctl --load={sysctl.PATH}"]
    if rules is not None and rules.legacy:
        # With all rights, for the others may load no modules, and legacy tables are some.
        modules = (f"ip6table_{table.name}" for table in rules.tables)
        commands.insert(0, f"+-modprobe --all ip6_tables {' '.join(modules)}")
    if rules is not None:
        for table in rules.tables:
            words = ("-t", table.name, "-D", table.parent, "-j", CHAIN)
            commands.append(f"-ip6tables --wait 10 {' '.join(words)}")
        commands.append(f"ip6tables-restore --noflush --wait 10 {rules.path}")
    commands += [command.line for command in neighbours]
    return SystemdUnit(
        PATH,
        "# IPv6 for containers. Written by the wizard; wizard --undo removes it.\n"
        "[Unit]\n"
        "Description=IPv6 for containers: packet filter rules and kernel parameters\n"
        "After=systemd-sysctl.service netfilter-persistent.service nftables.service ufw.service\n"
        # For the parameters of an interface that is made meanwhile. Docker waits for it as well.
        "After=firewalld.service network-online.target\n"
        f"{'After' if after_docker else 'Before'}=docker.service\n"
        "PartOf=docker.service nftables.service netfilter-persistent.service\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        + "".join(f"ExecStart={command}\n" for command in commands)
        # The legacy ip6tables opens a raw socket, and takes a lock in /run.
        + "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW\n"
        f"{CONFINED}"
        "ReadWritePaths=/run\n"
        "ProtectHome=yes\n"
        "PrivateTmp=yes\n"
        "ProtectProc=invisible\n"
        "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET6 AF_INET\n"
        "\n[Install]\nWantedBy=docker.service\n",
        previous,
        bridge=rules.bridge if rules is not None and rules.closes_bridge else "",
    )
