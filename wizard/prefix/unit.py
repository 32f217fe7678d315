"""The systemd unit that has the containers follow the uplink's prefix."""

from wizard.program import program
from wizard.program.unit_file import RESTRAINED, command_line

NAME = "docker-ipv6-wizard-prefix.service"
PATH = f"/etc/systemd/system/{NAME}"


def unit() -> str:
    """Return the text of the unit.

    It says nothing of a set-up, so that a change of one neither stops nor restarts it: which of
    them follow stands in their records. It may do what the process may that changes the host.
    """
    restraints = "".join(f"{name}={value}\n" for name, value in RESTRAINED.items())
    return (
        "# Follows the provider's prefix. Written by the wizard; wizard --undo removes it.\n"
        f"# It runs from the wizard's own copy in {program.FOLDER}.\n"
        "[Unit]\n"
        "Description=Have containers follow the IPv6 prefix of this host\n"
        "After=docker.service\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        f"ExecStart={command_line(program.command('wizard.prefix'))}\n"
        "WorkingDirectory=/\n"
        "Restart=always\n"
        "RestartSec=60\n"
        f"{restraints}"
        "UMask=0077\n"
        "\n"
        "[Install]\n"
        "WantedBy=docker.service\n"
    )
