"""The systemd unit that runs the service, with the least privileges that do."""

from wizard.program import program
from wizard.program.unit_file import CONFINED, command_line

NAME = "docker-ipv6-wizard-ndp.service"
PATH = f"/etc/systemd/system/{NAME}"


def unit(uplink: str, network: str, prefix: str, socket: str | None = None) -> str:
    """Return the text of the unit.

    It is started with Docker but neither stopped nor restarted with it: containers may outlive
    Docker (``live-restore``), and the service itself bridges Docker's absence. A stop
    takes the service's entries away; a crash leaves them, and the next start finds them.

    The user is root, stripped to CAP_NET_ADMIN: Docker's socket makes any user as good as
    root, and another user could not read a Python that was installed below /root.

    Args:
        uplink: The interface towards the router.
        network: The name of the Docker network.
        prefix: The IPv6 prefix of that network, outside of which nobody is answered for.
        socket: Where Docker answers; None for its default socket.
    """
    where = ["--uplink", uplink, "--network", network, "--prefix", prefix]
    if socket is not None:
        where += ["--socket", socket]
    words = program.command("wizard.ndp", *where)
    return (
        "# Neighbour proxy for containers. Written by the wizard; wizard --undo removes it.\n"
        f"# It runs from the wizard's own copy in {program.FOLDER}.\n"
        "[Unit]\n"
        "Description=Neighbour proxy for containers\n"
        "After=docker.service docker-ipv6-wizard.service\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        f"ExecStart={command_line(words)}\n"
        # Else the programs with which it takes its entries away would be stopped with it.
        "KillMode=mixed\n"
        "Restart=always\n"
        "RestartSec=1\n"
        "WatchdogSec=120\n"
        # It has about 15 MB, and 55 MB while it reads the worst answer that is small enough.
        "MemoryMax=96M\n"
        "CapabilityBoundingSet=CAP_NET_ADMIN\n"
        f"{CONFINED}"
        "ProtectHome=read-only\n"
        "PrivateTmp=yes\n"
        "ProtectKernelTunables=yes\n"
        "ProtectProc=invisible\n"
        "RestrictAddressFamilies=AF_UNIX AF_NETLINK\n"
        "\n"
        "[Install]\n"
        "WantedBy=docker.service\n"
    )
