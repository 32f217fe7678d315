"""A systemd unit of our own, which puts everything back after a reboot or a restart of Docker."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from wizard.steps import ip6tables, sysctl
from wizard.steps.actions import Action, Run, WriteFile
from wizard.steps.base import Before, Report, Step, run
from wizard.system import FileState, System

PATH = "/etc/systemd/system/docker-ipv6-wizard.service"


@dataclass(frozen=True)
class SystemdUnit(Step):
    """Write a unit, enable it and start it."""

    kind: ClassVar[str] = "systemd-unit"

    path: str
    text: str
    previous: FileState | None = None

    @property
    def name(self) -> str:
        """The name of the unit."""
        return PurePath(self.path).name

    @property
    def title(self) -> str:
        """What it does."""
        return f"Put the rules back at every boot and restart of Docker, with {self.name}"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return (
            "The kernel forgets packet filter rules when it reboots. The unit holds plain commands "
            "and works without the wizard."
        )

    def actions(self) -> tuple[Action, ...]:
        """The file, then what makes systemd read, enable and start it."""
        return (
            WriteFile(self.path, self.previous, FileState(self.text)),
            Run(("systemctl", "daemon-reload")),
            Run(("systemctl", "enable", "--now", self.name)),
        )

    def check(self, system: System) -> str | None:
        """Ask systemd whether it is enabled and active."""
        for question in ("is-enabled", "is-active"):
            result = system.run(("systemctl", question, self.name))
            if result.status != 0:
                return f"systemctl {question} {self.name} says: {result.output.strip()}"
        return None

    def undo_lines(self, before: Before) -> tuple[str, ...]:
        """Disable it, remove it, and make systemd forget it."""
        return (
            f"systemctl disable --now {self.name}",
            *self.undo_file_lines(before),
            "systemctl daemon-reload",
        )

    def undo(self, system: System, before: Before, report: Report) -> tuple[str, ...]:
        """Disable and remove the unit unless somebody changed it."""
        now = system.read(self.path)
        if now is not None and now.text == self.text:
            run(system, Run(("systemctl", "disable", "--now", self.name)), report)
        kept = self.undo_files(system, before)
        if not kept:
            run(system, Run(("systemctl", "daemon-reload")), report)
            system.run(("systemctl", "reset-failed", self.name))
        return kept


def rules_and_sysctls(previous: FileState | None) -> SystemdUnit:
    """Return the step for our own unit, which loads the rules and the kernel parameters again.

    It comes before Docker, so that the first packet of a container finds the rules, and after
    everything on Debian that may flush rules when it starts.
    """
    return SystemdUnit(
        PATH,
        "# IPv6 for containers. Written by the wizard; wizard --undo removes it.\n"
        "[Unit]\n"
        "Description=IPv6 for containers: packet filter rules and kernel parameters\n"
        "After=systemd-sysctl.service netfilter-persistent.service nftables.service ufw.service\n"
        "Before=docker.service\n"
        "PartOf=docker.service\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        f"ExecStart=-sysctl --load={sysctl.PATH}\n"
        f"ExecStart=-ip6tables --wait 10 -D FORWARD -j {ip6tables.CHAIN}\n"
        f"ExecStart=-ip6tables --wait 10 -t nat -D POSTROUTING -j {ip6tables.CHAIN}\n"
        f"ExecStart=ip6tables-restore --noflush --wait 10 {ip6tables.PATH}\n"
        "\n"
        "[Install]\n"
        "WantedBy=docker.service\n",
        previous,
    )
