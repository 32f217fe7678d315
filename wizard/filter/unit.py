"""The systemd unit that keeps the rules in force, with the least privileges that do."""

from wizard.program import program
from wizard.program.unit_file import CONFINED, command_line

NAME = "docker-ipv6-wizard-filter.service"
PATH = f"/etc/systemd/system/{NAME}"


def unit(
    rules: str,
    uplink: str,
    bridge: str,
    close: str = "",
    *,
    after_docker: bool = False,
    of_docker: bool = False,
) -> str:
    """Return the text of the unit.

    At boot it is ready, with the rules loaded or the way closed, before Docker starts anything
    behind the bridge; it gives up the wait after a while, for Docker has others to start too.

    Args:
        rules: The file of the rules.
        uplink: The interface towards the internet.
        bridge: The bridge that the rules are for.
        close: The prefix to close by a route while the rules cannot be put back.
        after_docker: Whether the rules have to come before some that Docker makes.
        of_docker: Whether Docker makes the rules, and ours only stand in for them.
    """
    words = program.command("wizard.filter", "--rules", rules, "--uplink", uplink)
    words += ("--docker" if of_docker else "--bridge", bridge)
    words += ("--close", close) if close else ()
    return (
        "# Packet filter for containers. Written by the wizard; wizard --undo removes it.\n"
        f"# It runs from the wizard's own copy in {program.FOLDER}.\n"
        "[Unit]\n"
        "Description=IPv6 for containers: keep the packet filter rules in force\n"
        "After=docker-ipv6-wizard.service\n"
        f"{'After' if after_docker else 'Before'}=docker.service\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        f"ExecStart={command_line(words)}\n"
        "TimeoutStartSec=20\n"
        "Restart=always\n"
        "RestartSec=100ms\n"
        "WatchdogSec=60\n"
        # The legacy ip6tables opens a raw socket.
        "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW\n"
        f"{CONFINED}"
        # The legacy ip6tables takes a lock there, /run/xtables.lock.
        "ReadWritePaths=/run\n"
        "ProtectHome=yes\n"
        "PrivateTmp=yes\n"
        "ProtectKernelTunables=yes\n"
        "ProtectProc=invisible\n"
        "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET6 AF_INET\n"
        "\n"
        "[Install]\n"
        "WantedBy=docker.service\n"
    )
