"""The systemd unit that runs the service, before anything can make an interface stop listening."""

from collections.abc import Sequence

from wizard.program import program
from wizard.program.unit_file import CONFINED, command_line

NAME = "docker-ipv6-wizard-uplink.service"
PATH = f"/etc/systemd/system/{NAME}"


def unit(interfaces: Sequence[str], file: str, *, forwarding: bool) -> str:
    """Return the text of the unit.

    It starts before the network, so that it is there when ``ifup`` sets accept_ra, and before
    Docker, which switches forwarding on. Should the program not start, the parameters of ``file``
    are set all the same.

    The user is root, whose the files below /proc/sys are, with the two capabilities that are
    needed: one to set parameters of the network, and one to send ICMPv6.

    Args:
        interfaces: Those that are kept listening; without any, the host is kept forwarding alone.
        file: The file of kernel parameters, of sysctl.d(5).
        forwarding: Whether IPv6 forwarding is to be on before Docker starts.
    """
    what = "listening to IPv6 router advertisements while it forwards"
    words = program.command(
        "wizard.uplink", *(("--forwarding",) if forwarding else ()), *interfaces
    )
    return (
        "# Keeps this host's own IPv6. Written by the wizard; wizard --undo removes it.\n"
        f"# It runs from the wizard's own copy in {program.FOLDER}.\n"
        "[Unit]\n"
        f"Description=Keep this host {what if interfaces else 'forwarding IPv6'}\n"
        "DefaultDependencies=no\n"
        f"RequiresMountsFor={program.PYTHON} {program.FOLDER}\n"
        "After=local-fs.target systemd-sysctl.service\n"
        "Wants=network-pre.target\n"
        "Before=network-pre.target networking.service docker.service\n"
        "Conflicts=shutdown.target\n"
        "Before=shutdown.target\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        f"ExecStartPre=-sysctl --load={file}\n"
        f"ExecStart={command_line(words)}\n"
        "Restart=always\n"
        "RestartSec=1\n"
        # The network waits for it at boot, so it must not take long to fail.
        "TimeoutStartSec=20\n"
        "WatchdogSec=120\n"
        "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW\n"
        f"{CONFINED}"
        "ProtectHome=yes\n"
        "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET6\n"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )
