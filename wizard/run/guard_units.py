"""The text of the guard's two units."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from wizard.program.unit_file import RESTRAINED, command_line, quoted

GUARD = "docker-ipv6-wizard-guard.service"
EARLY = "docker-ipv6-wizard-guard-early.service"
APPLY = "docker-ipv6-wizard-apply-"
"""How the names of the units that apply begin."""
TIMERS = "docker-ipv6-wizard-window-"
"""How the names of all timers of the guard begin."""


def guard(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the unit that takes a run back: at boot, for a timer, and when the worker has died.

    It does not wait for docker.service, which may hang while it starts; the program waits itself.
    """
    return (
        "# Takes back what nobody has kept. Written by the wizard, and removed by it.\n"
        "[Unit]\n"
        "Description=Take back a change for IPv6 in containers that nobody has kept\n"
        "After=network.target docker.socket\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=exec\n" + _service(command, environment) + "Restart=on-failure\n"
        "RestartSec=1\n"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def early(command: Sequence[str], environment: Mapping[str, str], places: Sequence[Path]) -> str:
    """Return the unit that, at boot, takes back before the network what needs no Docker."""
    needed = " ".join(quoted(str(place)) for place in places)
    return (
        "# Takes back what nobody has kept. Written by the wizard, and removed by it.\n"
        "[Unit]\n"
        "Description=Take back what had been begun for IPv6 in containers, before the network\n"
        "DefaultDependencies=no\n"
        f"RequiresMountsFor={needed}\n"
        "After=local-fs.target\n"
        "Wants=network-pre.target\n"
        "Before=systemd-sysctl.service network-pre.target docker.service\n"
        "Before=docker-ipv6-wizard.service\n"
        "Conflicts=shutdown.target\n"
        "Before=shutdown.target\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n" + _service(command, environment) + "TimeoutStartSec=90\n"
        "\n"
        "[Install]\n"
        "WantedBy=sysinit.target\n"
    )


def _service(command: Sequence[str], environment: Mapping[str, str]) -> str:
    variables = "".join(
        f"Environment={quoted(f'{name}={value}')}\n" for name, value in environment.items()
    )
    restraints = "".join(f"{name}={value}\n" for name, value in RESTRAINED.items())
    # Only the program itself is told to stop, not the command that it waits for.
    rest = f"WorkingDirectory=/\nKillMode=mixed\n{restraints}"
    return f"ExecStart={command_line(command)}\n{variables}{rest}"
