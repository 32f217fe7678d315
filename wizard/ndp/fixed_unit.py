"""The systemd unit that puts fixed proxy entries back, with the least privileges that do."""

from collections.abc import Sequence

from wizard.program import program
from wizard.program.unit_file import CONFINED, command_line

NAME = "docker-ipv6-wizard-fixed.service"
PATH = f"/etc/systemd/system/{NAME}"


def unit(uplink: str, addresses: Sequence[str]) -> str:
    """Return the text of the unit, for an interface and the addresses to answer for on it."""
    each = (word for address in addresses for word in ("--address", address))
    words = program.command("wizard.ndp.fixed_service", "--uplink", uplink, *each)
    return (
        "# Neighbour proxy for containers. Written by the wizard; wizard --undo removes it.\n"
        f"# It runs from the wizard's own copy in {program.FOLDER}.\n"
        "[Unit]\n"
        "Description=Put fixed neighbour proxy entries back\n"
        "After=docker-ipv6-wizard.service\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        f"ExecStart={command_line(words)}\n"
        "Restart=always\n"
        "RestartSec=1\n"
        "WatchdogSec=120\n"
        "CapabilityBoundingSet=CAP_NET_ADMIN\n"
        f"{CONFINED}"
        "ProtectHome=yes\n"
        "PrivateTmp=yes\n"
        "ProtectKernelTunables=yes\n"
        "ProtectProc=invisible\n"
        "RestrictAddressFamilies=AF_UNIX AF_NETLINK\n"
        "\n"
        "[Install]\n"
        "WantedBy=docker.service\n"
    )
